"""The calls of a profile as a tree, cut to what can be read."""

from dataclasses import dataclass, field
from typing import Final

from tailtune.judge.names import normalized
from tailtune.judge.profile_stacks import Stacks
from tailtune.model.profile_view import ProfileNode, ProfileTree

SMALLEST_SHARE: Final = 0.01
DEEPEST: Final = 40
ROOT: Final = "all"


@dataclass
class _Node:
    name: str
    own: float = 0.0
    total: float = 0.0
    calls: dict[str, "_Node"] = field(default_factory=dict)


def tree_of(stacks: Stacks, smallest_share: float = SMALLEST_SHARE, deepest: int = DEEPEST) -> ProfileTree:
    """Return the tree of calls, without those below a share of the total or too deep."""
    root = _grown(stacks)
    nodes: list[ProfileNode] = []
    cut, todo = 0, [(root, 0)]
    while todo:
        node, depth = todo.pop()
        if node.total < smallest_share * root.total or depth > deepest:
            cut += 1
            continue
        nodes.append(ProfileNode(depth=depth, name=node.name, own=node.own, total=node.total))
        todo += [(call, depth + 1) for call in sorted(node.calls.values(), key=lambda call: (call.total, call.name))]
    return ProfileTree(nodes=nodes, smallest_share=smallest_share, deepest=deepest, cut=cut)


def _grown(stacks: Stacks) -> _Node:
    names = [normalized(frame[0]) for frame in stacks.frames]
    root = _Node(ROOT)
    for stack, value in enumerate(stacks.weights.value.tolist()):
        if not value:
            continue
        node = root
        node.total += value
        for frame in reversed(stacks.frame_ids(stack)):
            name = names[frame]
            node = node.calls.setdefault(name, _Node(name))
            node.total += value
        node.own += value
    return root
