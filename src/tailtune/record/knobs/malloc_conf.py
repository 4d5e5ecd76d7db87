"""Settings of jemalloc, preloaded or linked in."""

import re
from typing import Final

from tailtune.record.knob import Plain, environment, with_environment
from tailtune.record.ports import Launch

_VARIABLES: Final = ("MALLOC_CONF", "_RJEM_MALLOC_CONF")
"""Of the library, and of the one that Rust's crate tikv-jemallocator links in."""


class MallocConf(Plain):
    """Adds to MALLOC_CONF; jemalloc lets later settings win."""

    name = "malloc-conf"
    help = "settings of jemalloc, preloaded by `allocator` or linked into the program"
    levels = "`key:value` with commas between, such as `narenas:2,dirty_decay_ms:0`"
    examples = ("narenas:1", "background_thread:true")
    takes = "a program with jemalloc; it ignores keys that it does not know, with a line on stderr"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if not re.fullmatch(r"[a-z0-9_.]+:[^,:\s]+(,[a-z0-9_.]+:[^,:\s]+)*", level):
            raise self.impossible(level)

    def apply(self, launch: Launch, level: str) -> Launch:
        """See `ports.Knob.apply`."""
        merged = {name: f"{launch.env.get(name, '')},{level}".lstrip(",") for name in _VARIABLES}
        return with_environment(launch, **merged)

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:  # noqa: ARG002
        """Read the environment of the process."""
        found = environment(pid)
        value = None if found is None else found.get(_VARIABLES[0], "unset")
        return self.told(value, level, same=value is not None and f",{value},".endswith(f",{level},"))


KNOB = MallocConf()
