"""From the stacks of a profile to the tables that people read."""

from typing import Final

from tailtune.errors import UsageError
from tailtune.judge.names import normalized
from tailtune.judge.profile_shares import share_of_value
from tailtune.judge.profile_stacks import Group, Stacks
from tailtune.judge.profile_tree import tree_of
from tailtune.model.profile_diff import Grouping
from tailtune.model.profile_view import Call, Calls, ListedLine, Listing, ProfileRow, ProfileTable

_NEAREST: Final = 5
"""Names proposed where none fits."""


def table_of(stacks: Stacks, title: str, by: Grouping, *, top: int, tree: bool) -> ProfileTable:
    """Group the stacks; `top` rows, 0: all."""
    groups = stacks.groups(by)
    shown = groups[:top] if top else groups
    hottest = stacks.hottest(by)
    return ProfileTable(
        title=title,
        kind=stacks.kind,
        unit=stacks.unit,
        by=by.value,
        total=stacks.total,
        samples=stacks.samples,
        rows=[_row(group, stacks, hottest[group.name], by) for group in shown],
        unlisted=len(groups) - len(shown),
        tree=tree_of(stacks) if tree else None,
    )


def _row(group: Group, stacks: Stacks, hottest: tuple[str, str, str, int, bool, bool], by: Grouping) -> ProfileRow:
    _, file, module, line, _, _ = hottest
    total, effective = stacks.total, stacks.effective_samples
    place = f"{file}:{line}" if file and line else file
    return ProfileRow(
        name=group.name,
        module="" if by is Grouping.MODULE else module,
        place=place if by in (Grouping.FUNCTION, Grouping.LINE) else "",
        own=group.own,
        cumulative=group.cumulative,
        own_share=share_of_value(group.own, total, group.own_samples, effective),
        cumulative_share=share_of_value(group.cumulative, total, group.cumulative_samples, effective),
    )


def functions_like(stacks: Stacks, asked: str) -> list[str]:
    """Return the functions that `asked` means: the one of this name, else all whose name holds it.

    Raises:
        UsageError: if there is none.
    """
    names = {normalized(frame[0]) for frame in stacks.frames}
    wanted = normalized(asked)
    if wanted in names:
        return [wanted]
    found = sorted(name for name in names if asked in name)
    if not found:
        raise UsageError(f"no function of this profile has `{asked}` in its name", hint="--top 0 lists all functions")
    return found


def calls_of(stacks: Stacks, function: str, direction: str) -> Calls:
    """Return who calls a function, or what it calls, with the value that goes through each call.

    A stack counts once for each caller or callee, also where the function calls itself.
    """
    names = [normalized(frame[0]) for frame in stacks.frames]
    step = 1 if direction == "callers" else -1
    found: dict[str, float] = {}
    for stack, value in enumerate(stacks.weights.value.tolist()):
        ids = stacks.frame_ids(stack)
        around = {
            names[ids[at + step]] if 0 <= at + step < len(ids) else ""
            for at, frame in enumerate(ids)
            if names[frame] == function
        }
        for name in around:
            found[name] = found.get(name, 0.0) + value
    end = "(nothing: it is the root)" if direction == "callers" else "(itself)"
    calls = [Call(name=name or end, value=value) for name, value in found.items() if value]
    return Calls(
        function=function,
        direction=direction,
        unit=stacks.unit,
        total=stacks.total,
        calls=sorted(calls, key=lambda call: (-call.value, call.name)),
    )


def listings_of(stacks: Stacks, function: str) -> list[Listing]:
    """Return the lines of a function, without their text; one listing a file, most value first."""
    files: dict[str, list[ListedLine]] = {}
    for found in stacks.lines(function):
        line = ListedLine(line=found.line, own=found.own, cumulative=found.cumulative, text="")
        files.setdefault(found.file, []).append(line)
    listings = [
        Listing(
            function=function,
            file=file,
            unit=stacks.unit,
            total=stacks.total,
            lines=sorted(lines, key=lambda line: line.line),
            note="",
        )
        for file, lines in files.items()
    ]
    return sorted(listings, key=lambda listing: -sum(line.cumulative for line in listing.lines))
