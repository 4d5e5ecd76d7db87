"""Settings of mimalloc, preloaded or linked in."""

from tailtune.record.knob import Pairs, environment, with_environment
from tailtune.record.ports import Launch


class MiMalloc(Pairs):
    """Sets variables that begin with MIMALLOC_."""

    name = "mimalloc"
    help = "settings of mimalloc, preloaded by `allocator` or linked into the program"
    levels = "`key=value` with commas between, such as `purge_delay=0`: MIMALLOC_PURGE_DELAY"
    examples = ("purge_delay=0", "eager_commit=0")
    takes = "a program with mimalloc; it ignores keys that it does not know"

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if not all(key.replace("_", "").isalnum() for key in self.pairs(level)):
            raise self.impossible(level)

    def apply(self, launch: Launch, level: str) -> Launch:
        """See `ports.Knob.apply`."""
        return with_environment(launch, **self._variables(level))

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:  # noqa: ARG002
        """Read the environment of the process."""
        found = environment(pid)
        if found is None:
            return None
        wanted = self._variables(level)
        shown = {name: found.get(name, "unset") for name in wanted}
        return self.told(",".join(f"{name}={value}" for name, value in shown.items()), level, same=shown == wanted)

    def _variables(self, level: str) -> dict[str, str]:
        return {f"MIMALLOC_{key.upper()}": value for key, value in self.pairs(level).items()}


KNOB = MiMalloc()
