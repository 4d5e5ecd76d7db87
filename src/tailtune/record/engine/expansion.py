"""From operations of a workload to complete HTTP/1.1 requests: templates, data and body files.

Everything here is decided by the workload and its seed, so that a schedule is the same wherever it is compiled.
"""

import hashlib
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tailtune.errors import ConfigError
from tailtune.model.generator import Generator
from tailtune.model.units import format_bytes
from tailtune.model.workload import Operation, Workload

MAX_POOL: Final = 2_000
"""Different requests of one operation; beyond it a draw of so many combinations stands for all."""
MAX_POOL_BYTES: Final = 256 * 1024 * 1024

_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_METHOD: Final = re.compile(r"[A-Z]+")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FRAMING_HEADERS: Final = frozenset({"content-length", "transfer-encoding"})
_BODY_METHODS: Final = frozenset({"POST", "PUT", "PATCH"})
_PATH_CHARACTERS: Final = "/?#[]@!$&'()*+,;=:%-._~"
_BODY: Final = "body file"
"""Name under which body files are drawn; no placeholder can have it."""


def expand_payloads(workload: Workload, root: Path) -> list[list[bytes]]:
    """Return for each operation the pool of complete requests among which its schedule draws.

    A pool holds every combination of the values of an operation's placeholders and body files where
    there are at most MAX_POOL, else MAX_POOL combinations drawn by the workload's seed. A value that
    stands twice in its list counts twice.

    Args:
        workload: Operations, data and seed.
        root: Directory that file names are relative to.

    Raises:
        ConfigError: For impossible values, unknown placeholders, and files that are missing or empty.
    """
    if not workload.operations:
        raise ConfigError("the workload has no operations", hint="Add at least one operation with a path.")
    return [_pool(operation, workload.seed, root) for operation in workload.operations]


def _pool(operation: Operation, seed: int, root: Path) -> list[bytes]:
    _check(operation)
    choices: dict[str, Sequence[str | bytes]] = {
        name: _values(operation, name, root) for name in _placeholders(operation)
    }
    if operation.body_files is not None:
        choices[_BODY] = _body_files(operation, operation.body_files, root)
    pool: list[bytes] = []
    size = 0
    for combination in _combinations(choices, f"{seed}/{operation.name}"):
        pool.append(_request(operation, combination))
        size += len(pool[-1])
        if size > MAX_POOL_BYTES:
            raise _refusal(
                operation, f"its requests take more than {format_bytes(MAX_POOL_BYTES)}", "Use fewer or smaller bodies."
            )
    return pool


def _refusal(operation: Operation, problem: str, hint: str) -> ConfigError:
    return ConfigError(f"operation {operation.name!r}: {problem}", hint=hint)


def _check(operation: Operation) -> None:
    if not _METHOD.fullmatch(operation.method):
        raise _refusal(
            operation, f"method {operation.method!r} is not one", "Use an HTTP method in capitals, such as GET."
        )
    if not (math.isfinite(operation.weight) and operation.weight > 0):
        raise _refusal(operation, f"weight {operation.weight} is not above 0", "Use a relative frequency above 0.")
    if not operation.path.startswith("/") or re.search(r"\s", operation.path):
        raise _refusal(operation, f"path {operation.path!r} is not one", "Begin it with / and leave out white space.")
    if operation.body is not None and operation.body_files is not None:
        raise _refusal(operation, "it has both `body` and `body_files`", "Keep one of them.")
    for name, value in operation.headers.items():
        _check_header(operation, name, value)


def _check_header(operation: Operation, name: str, value: str) -> None:
    if not _HEADER_NAME.fullmatch(name):
        raise _refusal(operation, f"header {name!r} is not a name", "Use letters, digits and hyphens.")
    if name.lower() in _FRAMING_HEADERS:
        raise _refusal(operation, f"header {name!r} is set by tailtune", "Leave it out; it follows from the body.")
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
        raise _refusal(operation, f"header {name!r} holds a control character", "Use text on one line.")


def _placeholders(operation: Operation) -> list[str]:
    """Return the names used in path, headers and body, each once, in order."""
    texts = [operation.path, *operation.headers.values(), operation.body or ""]
    return list(dict.fromkeys(itertools.chain.from_iterable(map(_PLACEHOLDER.findall, texts))))


def _values(operation: Operation, name: str, root: Path) -> list[str]:
    """Return the values of one placeholder, from its list or its file."""
    if name not in operation.data:
        known = ", ".join(sorted(operation.data)) or "none"
        raise _refusal(
            operation, f"placeholder {{{name}}} has no data (known: {known})", f"Give values for {name} in `data`."
        )
    given = operation.data[name]
    if isinstance(given, Generator):
        raise _refusal(operation, f"placeholder {{{name}}} is made by a generator", "Give a list or a file.")
    values = _lines(operation, name, root / given) if isinstance(given, str) else given
    if not values:
        source = root / given if isinstance(given, str) else "its list"
        raise _refusal(operation, f"{source} holds no value for {{{name}}}", "Put at least one value there.")
    return values


def _lines(operation: Operation, name: str, path: Path) -> list[str]:
    text = _read(operation, path, f"the values of {{{name}}}")
    try:
        lines = text.decode().splitlines()
    except UnicodeDecodeError as error:
        raise _refusal(
            operation, f"{path} is not UTF-8 text: {error}", "Save it as UTF-8, with one value a line."
        ) from None
    return [line for line in lines if line.strip()]


def _read(operation: Operation, path: Path, purpose: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _refusal(
            operation,
            f"cannot read {path}, which should hold {purpose}: {error.strerror}",
            "File names are relative to tailtune.toml.",
        ) from None


def _body_files(operation: Operation, pattern: str, root: Path) -> list[bytes]:
    """Return the contents of all files that the glob finds, in the order of their names."""
    relative = bool(pattern) and not Path(pattern).is_absolute()
    try:
        paths = sorted(path for path in root.glob(pattern) if path.is_file()) if relative else None
    except ValueError:  # pathlib refuses `**` beside other text
        paths = None
    if paths is None:
        raise _refusal(operation, f"body_files {pattern!r} is not a relative glob", "Write bodies/*.json.")
    if not paths:
        raise _refusal(operation, f"no file matches body_files {pattern!r} under {root}", "Correct the glob.")
    size = sum(path.stat().st_size for path in paths)
    if size > MAX_POOL_BYTES:
        raise _refusal(
            operation,
            f"the {len(paths)} files of body_files {pattern!r} have {format_bytes(size)},"
            f" more than {format_bytes(MAX_POOL_BYTES)}",
            "Choose fewer files.",
        )
    return [_read(operation, path, "a body") for path in paths]


def _combinations(choices: Mapping[str, Sequence[str | bytes]], seed: str) -> Iterator[dict[str, str | bytes]]:
    """Yield all combinations, or MAX_POOL of them drawn by seed."""
    if math.prod(map(len, choices.values())) <= MAX_POOL:
        for values in itertools.product(*choices.values()):
            yield dict(zip(choices, values, strict=True))
        return
    for number in range(MAX_POOL):
        yield {name: values[_draw(f"{seed}/{name}/{number}", len(values))] for name, values in choices.items()}


def _draw(purpose: str, count: int) -> int:
    """Return a number below `count` that depends on `purpose` only, on every machine and version."""
    return int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8]) % count


def _request(operation: Operation, values: Mapping[str, str | bytes]) -> bytes:
    """Write one request with its placeholders filled in."""

    def fill(template: str, *, encode: bool = False) -> str:
        def value(match: re.Match[str]) -> str:
            text = str(values[match[1]])
            return quote(text, safe="") if encode else text

        return _PLACEHOLDER.sub(value, template)

    headers = {"Host": "localhost", "User-Agent": "tailtune"}
    for name, template in operation.headers.items():
        headers = {known: text for known, text in headers.items() if known.lower() != name.lower()}
        headers[name] = fill(template)
        _check_header(operation, name, headers[name])
    body = values.get(_BODY, fill(operation.body or "").encode())
    assert isinstance(body, bytes)
    if body or operation.method in _BODY_METHODS:
        headers["Content-Length"] = str(len(body))
    path = quote(fill(operation.path, encode=True), safe=_PATH_CHARACTERS)
    head = [f"{operation.method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(head) + "\r\n\r\n").encode("utf-8") + body
