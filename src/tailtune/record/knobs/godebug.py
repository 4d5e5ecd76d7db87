"""GODEBUG: settings of Go's runtime, beside those that the tool needs for its traces."""

from tailtune.model.project import Language, Service
from tailtune.record.knob import Pairs, environment, only, with_environment
from tailtune.record.ports import Launch


class GoDebug(Pairs):
    """Merges settings into GODEBUG; those of the level win."""

    name = "godebug"
    help = "settings of Go's runtime; they join what the tool sets for its traces, and win over it"
    levels = "`key=value` with commas between, such as `madvdontneed=1,asyncpreemptoff=1`"
    examples = ("madvdontneed=1", "asyncpreemptoff=1")
    takes = "a Go program; the runtime ignores keys that it does not know"

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        return only(service, Language.GO)

    def apply(self, launch: Launch, level: str) -> Launch:
        """See `ports.Knob.apply`."""
        merged = _settings(launch.env) | self.pairs(level)
        return with_environment(launch, GODEBUG=",".join(f"{key}={value}" for key, value in merged.items()))

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:  # noqa: ARG002
        """Read the environment of the process."""
        found = environment(pid)
        if found is None:
            return None
        settings = _settings(found)
        shown = {key: settings.get(key, "unset") for key in self.pairs(level)}
        return self.told(
            ",".join(f"{key}={value}" for key, value in shown.items()), level, same=shown == self.pairs(level)
        )


def _settings(env: dict[str, str]) -> dict[str, str]:
    pairs = (item.partition("=") for item in env.get("GODEBUG", "").split(","))
    return {key: value for key, _, value in pairs if key}


KNOB = GoDebug()
