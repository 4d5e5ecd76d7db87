"""Settings of the C library's own malloc."""

from typing import Final

from tailtune.record.knob import Pairs, environment, with_environment
from tailtune.record.ports import Launch

_VARIABLE: Final = "GLIBC_TUNABLES"
_SPACE: Final = "glibc.malloc."
_KNOWN: Final = (
    "arena_max", "arena_test", "check", "hugetlb", "mmap_max", "mmap_threshold", "mxfast", "perturb", "tcache_count",
    "tcache_max", "tcache_unsorted_limit", "top_pad", "trim_threshold",
)  # fmt: skip
"""The GNU C Library Reference Manual, Memory Allocation Tunables."""


class GlibcMalloc(Pairs):
    """Adds to GLIBC_TUNABLES; `arena_max` is what MALLOC_ARENA_MAX says too."""

    name = "glibc-malloc"
    help = "settings of glibc's malloc, such as how many arenas threads share"
    levels = f"`key=value` with commas between; keys: {', '.join(_KNOWN)}"
    examples = ("arena_max=1", "tcache_count=0")
    takes = "a program on glibc that allocates with it"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        pairs = self.pairs(level)
        if unknown := sorted(pairs.keys() - set(_KNOWN)):
            raise self.impossible(level, f"glibc has no malloc.{unknown[0]}")
        if any(":" in value for value in pairs.values()):
            raise self.impossible(level)

    def apply(self, launch: Launch, level: str) -> Launch:
        """See `ports.Knob.apply`."""
        merged = _tunables(launch.env) | {f"{_SPACE}{key}": value for key, value in self.pairs(level).items()}
        return with_environment(launch, **{_VARIABLE: ":".join(f"{key}={value}" for key, value in merged.items())})

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:  # noqa: ARG002
        """Read the environment of the process."""
        found = environment(pid)
        if found is None:
            return None
        tunables = _tunables(found)
        shown = {key: tunables.get(f"{_SPACE}{key}", "unset") for key in self.pairs(level)}
        return self.told(
            ",".join(f"{key}={value}" for key, value in shown.items()), level, same=shown == self.pairs(level)
        )


def _tunables(env: dict[str, str]) -> dict[str, str]:
    pairs = (item.partition("=") for item in env.get(_VARIABLE, "").split(":"))
    return {key: value for key, _, value in pairs if key}


KNOB = GlibcMalloc()
