"""Functions that seem to have moved: gone from one package, there in another, under the same last name."""

from collections import Counter
from collections.abc import Mapping, Sequence

from tailtune.judge.names import is_standard, short


def moved(vanished: Sequence[str], appeared: Sequence[str]) -> Mapping[str, str]:
    """Return new name → old name, where exactly one function on each side is called the same.

    The standard library does not move from one build to the next; what only has a common name, such as two
    functions called `New`, is not unique and is left alone.
    """
    old, new = _by_last_name(vanished), _by_last_name(appeared)
    return {new[name]: old[name] for name in new if name in old}


def _by_last_name(names: Sequence[str]) -> dict[str, str]:
    candidates = {name: last_name(name) for name in names if not is_standard(name)}
    counts = Counter(candidates.values())
    return {last: name for name, last in candidates.items() if last and counts[last] == 1}


def last_name(function: str) -> str:
    """Return what stays of a name when its package, crate or module changes; empty where nothing certain does.

    Rust: the type and the method, or the function. Go: what follows the package.
    """
    name = short(function)
    if "::" in function:
        return name
    package, _, rest = name.partition(".")
    return rest if package else ""
