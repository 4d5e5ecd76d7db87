"""Guesses from source text: how a program is told its port, where it listens, what it answers.

Nothing is parsed in full: a guess only has to be right often enough to save typing, and it always
says which line it comes from.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

MAX_FILE_BYTES: Final = 512 * 1024
"""Larger sources are generated, and hold no main function."""

_PORT_NAMES: Final = re.compile(r"(?:http|web|server|service|listen|api|app)?[-_.]?port|p", re.IGNORECASE)
_ADDRESS_NAMES: Final = re.compile(
    r"(?:http|web|server|service|listen|listening|api|app|bind)?[-_.]?(?:addr|address|listen|bind|http|listener)",
    re.IGNORECASE,
)
_OTHERS: Final = re.compile(
    r"db|database|postgres|pg|mysql|redis|kafka|mongo|smtp|nats|metric|admin|debug|pprof|remote|peer", re.IGNORECASE
)
"""Names with these words are ports of something else."""
_LOOPBACK: Final = "127.0.0.1:{port}"


class Source(msgspec.Struct, frozen=True):
    """One source file: where it is, as the user would name it, and its text."""

    name: str
    text: str

    def place(self, offset: int) -> str:
        """Return `file:line` of an offset into the text."""
        return f"{self.name}:{self.text.count(chr(10), 0, offset) + 1}"


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way to tell a program its port."""

    args: list[str] = []
    env: dict[str, str] = {}
    port: int = 0
    """The default it stands in for; 0: none seen."""
    evidence: str


def read_sources(files: Iterable[Path], root: Path) -> list[Source]:
    """Return the regular files that can be read and are not too large, named relative to `root`."""
    sources = []
    for path in files:
        try:
            if path.is_file() and path.stat().st_size <= MAX_FILE_BYTES:
                sources.append(Source(str(path.relative_to(root)), path.read_text(encoding="utf-8", errors="replace")))
        except OSError:
            continue
    return sources


def found(pattern: re.Pattern[str], sources: Sequence[Source]) -> Iterator[tuple[Source, re.Match[str]]]:
    """Yield every match with the source it is in, leaving out lines that are comments."""
    for source in sources:
        for match in pattern.finditer(source.text):
            line = source.text[source.text.rfind("\n", 0, match.start()) + 1 : match.start()]
            if not line.lstrip().startswith("//"):
                yield source, match


def port_value(name: str, default: str = "") -> str:
    """Return what to pass for a flag or variable of this name: `{port}`, an address with it, or nothing.

    The default, where there is one, tells an address from a port better than the name does.
    """
    plain = name.strip("-")
    if _OTHERS.search(plain):
        return ""
    is_port, is_address = _PORT_NAMES.fullmatch(plain) is not None, _ADDRESS_NAMES.fullmatch(plain) is not None
    if not is_port and not is_address:
        return ""
    if default.startswith(":"):
        return ":{port}" if is_port else _LOOPBACK
    if ":" in default:
        return _LOOPBACK
    if default.isdecimal() and int(default) > 0:
        return "{port}"
    return "{port}" if is_port else _LOOPBACK


def port_in(text: str) -> int:
    """Return the port in text such as `:8080`, `127.0.0.1:8080` or `8080`; 0 when there is none."""
    match = re.fullmatch(r"(?:.*:)?(\d{1,5})", text.strip())
    return int(match.group(1)) if match and 0 < int(match.group(1)) <= 65_535 else 0


def environment_ways(pattern: re.Pattern[str], sources: Sequence[Source]) -> Iterator[Way]:
    """Yield the variables that give a port; the group of the pattern that matched is the variable's name."""
    for source, match in found(pattern, sources):
        name = _group(match)
        if value := port_value(name):
            yield Way(env={name: value}, evidence=f"{source.place(match.start())}: environment {name}")


def listening_ports(pattern: re.Pattern[str], sources: Sequence[Source]) -> Iterator[tuple[int, str]]:
    """Yield ports and where they stand; the group that matched holds the address or port."""
    for source, match in found(pattern, sources):
        if port := port_in(_group(match)):
            yield port, f"{source.place(match.start())}: port {port}"


def plain_routes(pattern: re.Pattern[str], sources: Sequence[Source]) -> list[str]:
    """Return the routes without parameters, in order; the group that matched is the route."""
    routes = (_group(match) for _, match in found(pattern, sources))
    return list(dict.fromkeys(route for route in routes if not re.search(r"[{}:*<>$\s]", route)))


def _group(match: re.Match[str]) -> str:
    """Return what the one group that took part matched: patterns are alternatives with one group each."""
    return str(match.group(match.lastindex or 0))
