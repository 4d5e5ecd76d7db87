"""Templates of the paths in a log, without what names one thing or one person.

Paths form a tree by their segments. A segment stays as it is only where it is a plain word that is
frequent in the whole log, that many clients ask for, and that stands at a place where such words are
the rule. Everything else becomes a key.
"""

import re
from collections.abc import Iterator
from typing import Final, Self

from tailtune.judge.fit_keys import Keys
from tailtune.model.routes import names_one

MOST_CHILDREN: Final = 500
MOST_DEPTH: Final = 12
MOST_NODES: Final = 20_000
FREQUENT: Final = 0.01
"""Share of all requests from which on a word or a route is frequent."""
FEWEST: Final = 10
_WORDS_RULE: Final = 0.8
"""Share of a place's requests that its frequent words must have to be the rule there."""
_ENOUGH_CLIENTS: Final = 5
_MANY_CLIENTS: Final = 20
_WORD: Final = re.compile(
    r"[A-Za-z]{1,24}(?:[-_][A-Za-z]{1,24}){0,3}(?:\.(?:html?|js|css|json|xml|txt|png|jpe?g|svg|ico|php))?|v\d{1,2}"
)
_ALIKE: Final = 3
"""So many words at one place with the same places below them are names of things."""


class Node:
    """A place in the tree: the requests that pass it, what comes next, and who asked."""

    def __init__(self) -> None:
        """Begin without requests."""
        self.count = 0
        self.ends: dict[str, int] = {}
        """Method → requests whose path ends here."""
        self.words: dict[str, Node] = {}
        self.key: Node | None = None
        """Where any key leads."""
        self.keys = Keys()
        self.clients: set[int] = set()

    def merge(self, other: Self) -> None:
        """Take over the requests of another place."""
        self.count += other.count
        for method, count in other.ends.items():
            self.ends[method] = self.ends.get(method, 0) + count
        for word, child in other.words.items():
            self.words.setdefault(word, Node()).merge(child)
        if other.key is not None:
            self.key = self.key or Node()
            self.key.merge(other.key)
        self.keys.merge(other.keys)
        self.clients |= set(list(other.clients)[:_ENOUGH_CLIENTS])

    def demote(self, word: str) -> None:
        """Make a word a key."""
        child = self.words.pop(word)
        self.key = self.key or Node()
        self.key.merge(child)
        self.keys.add(word, child.count)


class Tree:
    """All paths of a log, in bounded memory."""

    def __init__(self) -> None:
        """Begin without paths."""
        self.root = Node()
        self.clients: set[int] = set()
        self._nodes = 1

    def add(self, method: str, segments: list[str], client: int | None) -> None:
        """Count a path by its segments."""
        if client is not None and len(self.clients) < _MANY_CLIENTS:
            self.clients.add(client)
        node = self.root
        node.count += 1
        for segment in segments[:MOST_DEPTH]:
            node = self._next(node, segment)
            node.count += 1
            if client is not None and len(node.clients) < _ENOUGH_CLIENTS:
                node.clients.add(client)
        node.ends[method] = node.ends.get(method, 0) + 1

    def _next(self, node: Node, segment: str) -> Node:
        known = node.words.get(segment)
        if known is not None:
            return known
        if not is_word(segment) or self._nodes >= MOST_NODES:
            node.keys.add(segment)
            node.key = node.key or Node()
            return node.key
        if len(node.words) >= MOST_CHILDREN:
            self._prune(node)
        self._nodes += 1
        return node.words.setdefault(segment, Node())

    def _prune(self, node: Node) -> None:
        """Make the rarer half of a place's words keys."""
        by_count = sorted(node.words, key=lambda word: node.words[word].count)
        for word in by_count[: MOST_CHILDREN // 2]:
            node.demote(word)
        self._nodes -= MOST_CHILDREN // 2

    def settle(self) -> None:
        """Keep the words that may be kept; make all others keys."""
        self._settle(self.root, max(FEWEST, FREQUENT * self.root.count), len(self.clients) >= _MANY_CLIENTS)

    def _settle(self, node: Node, least: float, known_clients: bool) -> None:
        frequent = {
            word
            for word, child in node.words.items()
            if child.count >= least and (not known_clients or len(child.clients) >= _ENOUGH_CLIENTS)
        }
        passing = node.count - sum(node.ends.values())
        if sum(node.words[word].count for word in frequent) < _WORDS_RULE * passing and self._keyed(node, least):
            frequent = set()
        for word in _alike(node, frequent):
            frequent.discard(word)
        for word in sorted(set(node.words) - frequent):
            node.demote(word)
        for child in [*node.words.values(), *([node.key] if node.key else [])]:
            self._settle(child, least, known_clients)

    def _keyed(self, node: Node, least: float) -> bool:
        """Whether keys are frequent at a place, rather than strays of no route."""
        rare = sum(child.count for child in node.words.values() if child.count < least)
        return (node.key.count if node.key else 0) + rare >= least and node is not self.root

    def routes(self) -> Iterator[tuple[str, list[str | Keys], int]]:
        """Yield method, segments (a word, or the keys at that place) and requests of each route."""
        yield from _routes(self.root, [])


def _routes(node: Node, segments: list[str | Keys]) -> Iterator[tuple[str, list[str | Keys], int]]:
    for method, count in node.ends.items():
        yield method, segments, count
    for word, child in node.words.items():
        yield from _routes(child, [*segments, word])
    if node.key is not None:
        yield from _routes(node.key, [*segments, node.keys])


def _alike(node: Node, words: set[str]) -> set[str]:
    """Return the words below which the same places follow: `/users/ann/orders`, `/users/bob/orders`."""
    shapes: dict[tuple[object, ...], list[str]] = {}
    for word in words:
        child = node.words[word]
        below = tuple(sorted(child.words)), child.key is not None
        if below != ((), False):
            shapes.setdefault(below, []).append(word)
    return {word for alike in shapes.values() if len(alike) >= _ALIKE for word in alike}


def is_word(segment: str) -> bool:
    """Whether a segment may be a word of a route rather than a key."""
    return _WORD.fullmatch(segment) is not None and not (names_one(segment) and not segment.isalpha())
