"""What could not be imported: counted by reason, with the first of each kind shown."""

from typing import Final

from tailtune.model.imports import Skipped

_EXAMPLE_BYTES: Final = 100
_MOST_REASONS: Final = 20
_OTHER: Final = "other"


class Notes:
    """Gathers what an importer leaves out; memory does not grow with the source."""

    def __init__(self) -> None:
        """Begin without any."""
        self.warnings: list[str] = []
        self._skipped: dict[str, Skipped] = {}

    def skip(self, line: int, why: str, text: bytes = b"") -> None:
        """Count something that is left out."""
        known = self._skipped.get(why)
        if known is None and len(self._skipped) >= _MOST_REASONS:
            why, known = _OTHER, self._skipped.get(_OTHER)
        if known is None:
            example = text[:_EXAMPLE_BYTES].decode("utf-8", "backslashreplace")
            self._skipped[why] = Skipped(why=why, count=1, first_line=line, example=printable(example))
        else:
            known.count += 1

    def warn(self, text: str) -> None:
        """Keep a warning, once."""
        if text not in self.warnings and len(self.warnings) < _MOST_REASONS:
            self.warnings.append(text)

    @property
    def skipped(self) -> list[Skipped]:
        """What was left out, by reason, most frequent first."""
        return sorted(self._skipped.values(), key=lambda one: -one.count)

    @property
    def skipped_count(self) -> int:
        """How much was left out."""
        return sum(one.count for one in self._skipped.values())


def printable(text: str) -> str:
    """Replace what a terminal would obey."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
