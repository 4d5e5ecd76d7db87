"""One thing wrong in a configuration file, and how it is told."""

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from tailtune.errors import ConfigError

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What was found at which key, and what is accepted there."""

    key: str
    """Dotted path as it would be written in TOML, for example `workloads.default.operations[1].weight`."""
    found: str
    """What is wrong, as the rest of a sentence that begins with the key."""
    accepted: str
    hint: str = ""

    def __str__(self) -> str:
        """Return the problem as one sentence."""
        return f"{self.key}: {self.found}; accepted: {self.accepted}"


def join(path: str, key: str) -> str:
    """Append a key to a dotted path, quoted where TOML wants quotes."""
    name = key if _BARE_KEY.fullmatch(key) else f'"{key}"'
    return f"{path}.{name}" if path else name


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `did you mean ...?` for a misspelled name, or nothing when no known name is near."""
    wanted, names = name.lower(), list(known)
    close = difflib.get_close_matches(wanted, names, n=1, cutoff=0.6)
    close += [name for name in names if wanted and (wanted.startswith(name) or name.startswith(wanted))]
    return f"did you mean `{close[0]}`?" if close else ""


def listed(names: Iterable[str]) -> str:
    """Print names as an enumeration."""
    return ", ".join(f"`{name}`" for name in names)


def config_error(file: Path, problems: Sequence[Problem]) -> ConfigError:
    """Return the error that tells all problems of a file: the first as message, the others as detail."""
    first, *others = problems
    return ConfigError(
        f"{file}: {first}",
        hint=first.hint or f"correct `{first.key}` in {file.name}",
        detail="\n".join(f"{problem} {problem.hint}".rstrip() for problem in others),
    )
