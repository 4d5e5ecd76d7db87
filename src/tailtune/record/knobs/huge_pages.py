"""Transparent huge pages, for this process alone."""

from typing import Final

import msgspec

from tailtune.record.knob import Plain, status
from tailtune.record.ports import Launch

_LEVELS: Final = ("system", "off")


class HugePages(Plain):
    """Forbids transparent huge pages by prctl(2), PR_SET_THP_DISABLE; the program inherits it."""

    name = "huge-pages"
    help = (
        "whether the kernel may give the process transparent huge pages: fewer misses, but stalls while they are made"
    )
    levels = "`system`: as the machine is set; `off`: never"
    examples = _LEVELS
    takes = "nothing; where the machine is set to `never`, or to `madvise` and nobody asks, `off` changes nothing"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if level not in _LEVELS:
            raise self.impossible(level)

    def apply(self, launch: Launch, level: str) -> Launch:
        """See `ports.Knob.apply`."""
        return msgspec.structs.replace(launch, huge_pages=level != "off")

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:  # noqa: ARG002
        """Read `THP_enabled` of the process (Linux 5.0)."""
        enabled = status(pid, "THP_enabled")
        return self.told(None if enabled is None else _LEVELS[0 if enabled == "1" else 1], level)


KNOB = HugePages()
