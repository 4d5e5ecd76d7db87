"""What knobs share: the defaults of `ports.Knob`, and how a running process tells what is in force."""

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

from tailtune.errors import UsageError
from tailtune.model.knobs import KnobPlace
from tailtune.model.project import Language, Service, Variant
from tailtune.model.workload import Workload
from tailtune.record.ports import Launch, Started
from tailtune.record.processes import proc

REBUILT: Final = "another binary is built; the sources stay as they are"
ENDS: Final = "ends with the process"


class Plain:
    """A knob that does nothing: others override what they do."""

    name = ""
    help = ""
    levels = ""
    examples: tuple[str, ...] = ()
    takes = ""
    undo = ENDS
    place = KnobPlace.LAUNCH

    def check(self, level: str) -> None:
        """Accept every level but none at all."""
        if not level:
            raise self.impossible(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """Need nothing."""
        return ""

    def vary(self, variant: Variant, level: str) -> Variant:  # noqa: ARG002
        """Change nothing of the build."""
        return variant

    def apply(self, launch: Launch, level: str) -> Launch:  # noqa: ARG002
        """Change nothing of the start."""
        return launch

    def hold(self, process: Started, level: str) -> contextlib.AbstractContextManager[None]:  # noqa: ARG002
        """Do nothing around the process."""
        return contextlib.nullcontext()

    def load(self, workload: Workload, level: str) -> Workload:  # noqa: ARG002
        """Change nothing of the workload."""
        return workload

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:  # noqa: ARG002
        """See nothing."""
        return None

    def impossible(self, level: str, why: str = "") -> UsageError:
        """Return the error for a level that cannot be."""
        return UsageError(f"{self.name}={level} is impossible{why and f': {why}'}", hint=f"{self.name}: {self.levels}")

    def told(self, found: str | None, level: str, *, same: bool | None = None) -> str | None:
        """Return `NAME=LEVEL` if what was found is as asked, else `NAME=FOUND`; None if nothing was found."""
        if found is None:
            return None
        return f"{self.name}={level if (found == level if same is None else same) else found}"


class Variable(Plain):
    """A knob that is one variable of the environment."""

    variable = ""

    def apply(self, launch: Launch, level: str) -> Launch:
        """Set the variable."""
        return with_environment(launch, **{self.variable: level})

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:  # noqa: ARG002
        """Read it from the process."""
        found = environment(pid)
        return None if found is None else self.told(found.get(self.variable, "unset"), level)


class Built(Plain):
    """A knob of the build."""

    undo = REBUILT
    place = KnobPlace.BUILD


class CargoProfile(Built):
    """A knob that is one key of cargo's release profile, of the knob's name."""

    takes = "a Rust package"
    accepted: tuple[str, ...] = ()
    """Its levels."""

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if level not in self.accepted:
            raise self.impossible(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        return only_built(service, Language.RUST)

    def vary(self, variant: Variant, level: str) -> Variant:
        """See `ports.Knob.vary`."""
        return msgspec.structs.replace(variant, cargo_profile={**variant.cargo_profile, self.name: level})


class Pairs(Plain):
    """A knob whose levels are `KEY=VALUE`, with commas between."""

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        self.pairs(level)

    def pairs(self, level: str) -> dict[str, str]:
        """Split a level.

        Raises:
            UsageError: if it is not of this form, or names a key twice.
        """
        split = [part.partition("=") for part in level.split(",")]
        found = {key: value for key, sign, value in split if sign and key and value and not {*key} & {*" \t"}}
        if len(found) != len(split):
            raise self.impossible(level)
        return found


def only(service: Service, language: Language) -> str:
    """Say why a setting of one language means nothing for this service; empty if it may; a command may be any."""
    if service.language in (language, Language.COMMAND):
        return ""
    return f"it is a setting of {language.value.capitalize()} programs, and this is a {service.language} service"


def only_built(service: Service, language: Language) -> str:
    """Say why a setting of one language's build means nothing for this service; empty if it does."""
    if service.language is Language.COMMAND:
        return "nothing is built: the service is a command"
    return only(service, language)


def with_environment(launch: Launch, **variables: str) -> Launch:
    """Return the launch with these variables."""
    return msgspec.structs.replace(launch, env={**launch.env, **variables})


def environment(pid: int) -> dict[str, str] | None:
    """Read the environment that a process was started with; None where it may not be seen."""
    try:
        content = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    pairs = (item.partition("=") for item in content.decode(errors="replace").split("\0"))
    return {name: value for name, sign, value in pairs if sign}


def status(pid: int, name: str) -> str | None:
    """Read a line of `/proc/PID/status`; None where there is none."""
    for line in proc.read(proc.PROC / str(pid) / "status").splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return value.strip()
    return None


def not_allowed(cpus: set[int]) -> str:
    """Say which of some CPUs we may not use; empty if all."""
    allowed = os.sched_getaffinity(0)
    missing = sorted(cpus - allowed)
    return f"CPU {', '.join(map(str, missing))} may not be used; allowed: {sorted(allowed)}" if missing else ""
