"""From operations of a workload to what the schedule's compiler takes: templates in parts, and their generators.

Everything here is decided by the workload alone; what is drawn is drawn by the compiler.
"""

import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from tailtune.model.generator import Generator
from tailtune.model.workload import Operation, Protocol
from tailtune.record.engine.files import bodies_of, lines_of
from tailtune.record.engine.numbers import number
from tailtune.record.engine.templates import names_in, parts, refusal

_METHOD: Final = re.compile(r"[A-Z]+")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FRAMING_HEADERS: Final = frozenset({"content-length", "transfer-encoding"})
_HTTP: Final = frozenset({Protocol.HTTP1, Protocol.HTTP2})
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_UNSAID: Final = 200


class Blobs:
    """Bodies of all operations, one after the other."""

    def __init__(self) -> None:
        """Begin without any."""
        self.all: list[bytes] = []

    def add(self, bodies: Iterable[bytes]) -> dict[str, int]:
        """Append bodies; return where they stand."""
        first = len(self.all)
        self.all.extend(bodies)
        return {"first": first, "count": len(self.all) - first}


def operation_spec(operation: Operation, protocol: Protocol, root: Path, blobs: Blobs) -> dict[str, Any]:
    """Return one operation as the compiler takes it; bodies from files go into `blobs`.

    Raises:
        ConfigError: For impossible values, unknown placeholders, and files that are missing or empty.
    """
    _check(operation, protocol)
    over_http = protocol in _HTTP
    files = operation.body_files
    body = None if operation.body is None else parts(operation, operation.body)
    headers = _headers(operation) if over_http else list(operation.headers.items())
    return {
        "name": operation.name,
        "weight": float(operation.weight),
        "timeout_ns": int(operation.timeout),
        "expect": _expect(operation, protocol),
        "method": operation.method if over_http else "POST",
        "authority": "",
        "path": parts(operation, operation.path, in_path=True),
        "headers": [[name, parts(operation, value)] for name, value in headers],
        "body": body,
        "body_blobs": None if files is None else blobs.add(bodies_of(operation, files, root)),
        "grpc_method": operation.method if protocol is Protocol.GRPC else "",
        "data": {name: _generator(operation, name, root) for name in _names(operation)},
    }


def _names(operation: Operation) -> list[str]:
    return names_in([operation.path, *operation.headers.values(), operation.body or ""])


def _headers(operation: Operation) -> list[tuple[str, str]]:
    """Return the headers in order: those of the tool first, unless the operation has its own."""
    own = {name.lower() for name in operation.headers}
    tools = [("Host", "localhost"), ("User-Agent", "tailtune")]
    return [*((name, value) for name, value in tools if name.lower() not in own), *operation.headers.items()]


def _expect(operation: Operation, protocol: Protocol) -> dict[str, Any]:
    low, high = _statuses(operation, protocol)
    return {
        "status_low": low,
        "status_high": high,
        "body_contains": operation.expected_body,
        "body_sha256": operation.expected_body_sha256.lower(),
    }


def _statuses(operation: Operation, protocol: Protocol) -> tuple[int, int]:
    """Return the lowest and the highest status of success."""
    expected = operation.expected_status
    if isinstance(expected, str):
        if not re.fullmatch(r"[1-5]xx", expected):
            raise refusal(operation, f"expected_status {expected!r} is none", 'Write a number, or "2xx".')
        return int(expected[0]) * 100, int(expected[0]) * 100 + 99
    if protocol not in _HTTP and expected == _UNSAID:
        return 0, 0
    return expected, expected


def _check(operation: Operation, protocol: Protocol) -> None:
    if not (math.isfinite(operation.weight) and operation.weight > 0):
        raise refusal(operation, f"weight {operation.weight} is not above 0", "Use a relative frequency above 0.")
    if operation.body is not None and operation.body_files is not None:
        raise refusal(operation, "it has both `body` and `body_files`", "Keep one of them.")
    if protocol in _HTTP:
        if not _METHOD.fullmatch(operation.method):
            raise refusal(
                operation, f"method {operation.method!r} is not one", "Use an HTTP method in capitals, such as GET."
            )
        if not operation.path.startswith("/") or re.search(r"\s", operation.path):
            raise refusal(
                operation, f"path {operation.path!r} is not one", "Begin it with / and leave out white space."
            )
    for name, value in operation.headers.items():
        _check_header(operation, name, value)


def _check_header(operation: Operation, name: str, value: str) -> None:
    if not _HEADER_NAME.fullmatch(name):
        raise refusal(operation, f"header {name!r} is not a name", "Use letters, digits and hyphens.")
    if name.lower() in _FRAMING_HEADERS:
        raise refusal(operation, f"header {name!r} is set by tailtune", "Leave it out; it follows from the body.")
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
        raise refusal(operation, f"header {name!r} holds a control character", "Use text on one line.")


def _generator(operation: Operation, name: str, root: Path) -> dict[str, Any]:
    """Return the generator of one placeholder."""
    given = operation.data[name]
    if not isinstance(given, Generator):
        return {"kind": "choice", "values": _values(operation, name, given, root)}
    if given.choice is not None:
        return {"kind": "choice", "values": _values(operation, name, given.choice, root)}
    if given.zipf is not None:
        values = None if given.values is None else _values(operation, name, given.values, root)
        ranks = len(values) if values is not None else given.n
        return {"kind": "zipf", "n": ranks, "s": float(given.zipf), "values": values}
    if given.uuid:
        return {"kind": "uuid"}
    if given.counter is not None:
        return {"kind": "counter", "start": given.counter, "step": 1 if given.step is None else given.step}
    if given.text is not None:
        return {"kind": "text", "size": number(given.text), "alphabet": given.alphabet or _ALPHABET}
    if given.trace is not None:
        return {"kind": "trace", "column": given.trace}
    return {"kind": "number", **number(given), "digits": given.digits or 0}


def _values(operation: Operation, name: str, given: str | list[str], root: Path) -> list[str]:
    """Return the values of a list or a file."""
    values = lines_of(operation, name, root / given) if isinstance(given, str) else given
    if not values:
        source = root / given if isinstance(given, str) else "its list"
        raise refusal(operation, f"{source} holds no value for {{{name}}}", "Put at least one value there.")
    return values
