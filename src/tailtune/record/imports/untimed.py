"""Requests without times → a workload that draws among them, by operations of equal requests."""

import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from tailtune.errors import UsageError
from tailtune.model.generator import Generator
from tailtune.model.routes import route
from tailtune.model.units import Duration
from tailtune.model.workload import Operation, Workload
from tailtune.record.imports.operations import MOST_OPERATIONS, Kinds, literal, placeholder_of
from tailtune.record.ports import ImportNotes, Recorded

MOST_REQUESTS: Final = 200_000
_INLINE: Final = 12
"""Values that stand in the workload itself; more go into a file."""
_INLINE_BYTES: Final = 4096
_DEFAULT_TIMEOUT_NS: Final = 10_000_000_000
_BY_RATE: Final = "give --rate to import them as a trace that keeps their order"


class Files:
    """Writes what a workload refers to beside it."""

    def __init__(self, output: Path) -> None:
        """Write beside `output`, with names that begin as its own."""
        self._folder = output.parent
        self._stem = output.stem
        self.written: list[Path] = []

    def values(self, values: list[str]) -> str:
        """Write one value a line; return the file's name."""
        path = self._folder / f"{self._stem}.paths-{len(self.written) + 1}.txt"
        path.write_text("".join(f"{value}\n" for value in values), encoding="utf-8")
        self.written.append(path)
        return path.name

    def bodies(self, bodies: list[bytes]) -> str:
        """Write each body into a file of its own; return the glob that finds them."""
        folder = self._folder / f"{self._stem}.bodies-{len(self.written) + 1}"
        folder.mkdir(exist_ok=True)
        for old in folder.glob("*.body"):
            old.unlink()
        for number, body in enumerate(bodies):
            (folder / f"{number:06d}.body").write_bytes(body)
        self.written.append(folder)
        return f"{folder.name}/*.body"


def draw_among(requests: Iterable[Recorded], files: Files, notes: ImportNotes) -> tuple[Workload, int]:
    """Return a workload that sends these requests in random order, and how many they are.

    Path and body of a request stay together: an operation has one body and many paths, or one path
    and many bodies, whichever needs fewer operations.

    Raises:
        UsageError: if there is none, or too many that differ in both.
    """
    del notes
    listed = list(itertools.islice(requests, MOST_REQUESTS + 1))
    if not listed:
        raise UsageError("the source holds no request", hint="is it the right format and the right file?")
    if len(listed) > MOST_REQUESTS:
        raise UsageError(f"there are more than {MOST_REQUESTS:,} requests without times", hint=_BY_RATE)
    groups = min(_grouped(listed, _all_but_path), _grouped(listed, _all_but_body), key=len)
    if len(groups) > MOST_OPERATIONS:
        raise UsageError(
            f"{len(groups):,} combinations of headers, paths and bodies are more than {MOST_OPERATIONS:,} operations",
            hint=_BY_RATE,
        )
    names = Kinds()
    return Workload(operations=[_operation(group, names, files) for group in groups]), len(listed)


def _all_but_path(request: Recorded) -> object:
    return (_digest(request.body), route(request.path) if request.body is None else "")


def _all_but_body(request: Recorded) -> object:
    return request.path


def _digest(body: bytes | None) -> bytes:
    return b"" if body is None else hashlib.sha256(body).digest()


def _grouped(requests: list[Recorded], by: Callable[[Recorded], object]) -> list[list[Recorded]]:
    groups: dict[object, list[Recorded]] = {}
    for one in requests:
        key = (one.method, tuple(one.headers.items()), one.body is None, one.timeout_ns, by(one))
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _operation(group: list[Recorded], names: Kinds, files: Files) -> Operation:
    first = group[0]
    data: dict[str, str | list[str] | Generator] = {}
    paths = [one.path for one in group]
    routes = {route(path) for path in paths}
    name = names.unique_name(f"{first.method} {routes.pop() if len(routes) == 1 else 'several'}")
    path = first.path
    if len(set(paths)) > 1:
        path, data["path"] = "/{path}", _paths(paths, files)
    headers = {name: literal(placeholder_of(name), value, data) for name, value in first.headers.items()}
    body, body_files = _body([one.body for one in group], data, files)
    return Operation(
        name=name,
        method=first.method,
        path=path,
        headers=headers,
        body=body,
        body_files=body_files,
        data=data,
        weight=float(len(group)),
        expected_status="2xx",
        timeout=Duration(first.timeout_ns or _DEFAULT_TIMEOUT_NS),
    )


def _paths(paths: list[str], files: Files) -> Generator:
    values = [path.removeprefix("/") for path in paths]
    if len(values) <= _INLINE or not all(values):  # a file cannot hold an empty value
        return Generator(choice=values, encoded=True)
    return Generator(choice=files.values(values), encoded=True)


def _body(
    bodies: list[bytes | None], data: dict[str, str | list[str] | Generator], files: Files
) -> tuple[str | None, str | None]:
    """Return the template of the body or the glob of its files."""
    counts = Counter(body for body in bodies if body is not None)
    if not counts:
        return None, None
    if len(counts) == 1:
        [body] = counts
        text = _inline(body)
        return (literal("body", text, data), None) if text is not None else (None, files.bodies([body]))
    return None, files.bodies([body for body in bodies if body is not None])


def _inline(body: bytes) -> str | None:
    try:
        return body.decode() if len(body) <= _INLINE_BYTES else None
    except UnicodeDecodeError:
        return None


def at_rate(requests: Iterable[Recorded], rate_per_s: float) -> Iterable[Recorded]:
    """Give requests times: equal gaps, in their order."""
    for number, request in enumerate(requests):
        yield msgspec.structs.replace(request, at_ns=round(number * 1e9 / rate_per_s))
