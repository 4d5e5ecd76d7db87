"""Templates of a workload as parts: text as it is, and names whose values are drawn."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from tailtune.errors import ConfigError
from tailtune.model.generator import Generator
from tailtune.model.workload import Operation

PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
Part = dict[str, str]


def refusal(operation: Operation, problem: str, hint: str) -> ConfigError:
    """Return the error that names an operation and what is wrong with it."""
    return ConfigError(f"operation {operation.name!r}: {problem}", hint=hint)


def parts(operation: Operation, template: str, *, in_path: bool = False) -> list[Part]:
    """Split a template at its placeholders; other braces are text.

    Args:
        operation: Gives values for the placeholders.
        template: Text with placeholders.
        in_path: Percent-encode the values, unless their generator says that they are encoded.

    Raises:
        ConfigError: for a placeholder without data.
    """
    return list(_pieces(operation, template, in_path=in_path))


def _pieces(operation: Operation, template: str, *, in_path: bool) -> Iterator[Part]:
    end = 0
    for found in PLACEHOLDER.finditer(template):
        if found.start() > end:
            yield {"text": template[end : found.start()]}
        encode = in_path and not _is_encoded(operation, found[1])
        yield {"data": found[1], "encode": "percent" if encode else "none"}
        end = found.end()
    if end < len(template):
        yield {"text": template[end:]}


def names_in(templates: Iterable[str]) -> list[str]:
    """Return the names of all placeholders, each once, in order."""
    return list(dict.fromkeys(name for template in templates for name in PLACEHOLDER.findall(template)))


def _is_encoded(operation: Operation, name: str) -> bool:
    if name not in operation.data:
        known = ", ".join(sorted(operation.data)) or "none"
        raise refusal(
            operation, f"placeholder {{{name}}} has no data (known: {known})", f"Give values for {name} in `data`."
        )
    given = operation.data[name]
    return isinstance(given, Generator) and bool(given.encoded)
