"""Which operations recorded requests fall into, and what of each varies from request to request."""

import re
from collections import Counter
from typing import Final

import msgspec

from tailtune.errors import UsageError
from tailtune.model.generator import Generator
from tailtune.model.routes import route
from tailtune.model.units import Duration
from tailtune.model.workload import Operation
from tailtune.record.ports import Recorded

MOST_ROUTES: Final = 50
"""Routes with an operation of their own; further ones share one for each method."""
MOST_OPERATIONS: Final = 1_000
OTHER: Final = "other"
_PLACEHOLDER: Final = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")
_DEFAULT_TIMEOUT_NS: Final = 10_000_000_000

Key = tuple[str, str, tuple[str, ...], bool]


class Kind(msgspec.Struct, kw_only=True):
    """Requests of one operation: what the first one had, and what others had differently."""

    name: str
    first: Recorded
    count: int = 0
    varies: set[str] = msgspec.field(default_factory=set)
    """`path`, `body` and names of headers."""
    statuses: Counter[int] = msgspec.field(default_factory=Counter)
    """Classes of answers: 2 for 2xx."""

    def add(self, request: Recorded) -> None:
        """Take one more request."""
        self.count += 1
        if request.path != self.first.path:
            self.varies.add("path")
        if request.body != self.first.body:
            self.varies.add("body")
        if request.headers != self.first.headers:
            mine = self.first.headers
            self.varies |= {f"header {name}" for name, value in request.headers.items() if mine.get(name) != value}
        if request.status:
            self.statuses[request.status // 100] += 1

    def operation(self) -> Operation:
        """Return the operation whose varying parts come from columns of a trace."""
        data: dict[str, str | list[str] | Generator] = {}
        path, body = self.first.path, None
        if "path" in self.varies:
            path, data["path"] = "/{path}", Generator(trace="path", encoded=True)
        headers = {name: self._header(name, value, data) for name, value in self.first.headers.items()}
        if self.first.body is not None:
            body = literal("body", self.first.body.decode(), data)
            if "body" in self.varies:
                body, data["body"] = "{body}", Generator(trace="body")
        return Operation(
            name=self.name,
            method=self.first.method,
            path=path,
            headers=headers,
            body=body,
            data=data,
            weight=float(max(self.count, 1)),
            expected_status=expected(self.statuses),
            timeout=Duration(self.first.timeout_ns or _DEFAULT_TIMEOUT_NS),
        )

    def _header(self, name: str, value: str, data: dict[str, str | list[str] | Generator]) -> str:
        placeholder = placeholder_of(name)
        if f"header {name}" in self.varies:
            data[placeholder] = Generator(trace=column_of(name))
            return f"{{{placeholder}}}"
        return literal(placeholder, value, data)


class Kinds:
    """All operations of a source, in the order of their first requests."""

    def __init__(self) -> None:
        """Begin without any."""
        self.all: list[Kind] = []
        self._index: dict[Key, int] = {}
        self._routes: set[tuple[str, str]] = set()
        self._names: Counter[str] = Counter()

    def add(self, request: Recorded) -> int:
        """Take a request; return the number of its operation.

        Raises:
            UsageError: if there would be more than MOST_OPERATIONS.
        """
        key = self._key(request)
        if key not in self._index:
            if len(self.all) >= MOST_OPERATIONS:
                raise UsageError(
                    f"line {request.line}: there are more than {MOST_OPERATIONS:,} kinds of requests",
                    hint="their headers differ too much: import a part of them",
                )
            self._index[key] = len(self.all)
            self.all.append(Kind(name=self.unique_name(f"{key[0]} {key[1]}"), first=request))
        index = self._index[key]
        self.all[index].add(request)
        return index

    def _key(self, request: Recorded) -> Key:
        place = (request.method, route(request.path))
        if place not in self._routes:
            if len(self._routes) >= MOST_ROUTES:
                place = (request.method, OTHER)
            else:
                self._routes.add(place)
        return (*place, tuple(request.headers), request.body is not None)

    def unique_name(self, name: str) -> str:
        """Return a name that no operation has yet."""
        self._names[name] += 1
        return name if self._names[name] == 1 else f"{name} ({self._names[name]})"


def expected(statuses: Counter[int]) -> str:
    """Return the class of statuses that most answers had; success when none is known."""
    most = statuses.most_common(1)
    return f"{most[0][0]}xx" if most and most[0][0] in range(2, 6) else "2xx"


def placeholder_of(header: str) -> str:
    """Return the name of the placeholder that stands for a header's value."""
    return "header_" + re.sub(r"[^a-z0-9]", "_", header.lower())


def column_of(header: str) -> str:
    """Return the name of the trace's column with a header's values."""
    return f"header {header.lower()}"


def literal(name: str, text: str, data: dict[str, str | list[str] | Generator]) -> str:
    """Return text as a template: as it is, or drawn from a list of one where its braces would be a placeholder."""
    if not _PLACEHOLDER.search(text):
        return text
    data[name] = [text]
    return f"{{{name}}}"
