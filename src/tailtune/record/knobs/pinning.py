"""Thread pinning: each thread of the service on a CPU of its own."""

import contextlib
import os
from collections.abc import Iterator

from tailtune.errors import SetupError
from tailtune.model.knobs import EACH_CPU, KnobPlace, cpus_of
from tailtune.model.project import Service
from tailtune.record.knob import Plain, not_allowed, with_environment
from tailtune.record.ports import Launch, Started
from tailtune.record.processes import proc
from tailtune.record.processes.pinning import pinned


class Pinning(Plain):
    """Spreads threads over CPUs once the service is ready: many programs count their CPUs when they start."""

    name = "pinning"
    help = "each thread of the service on one CPU, by turns, from when it is ready; threads born later too"
    levels = "`each`: over the service's CPUs; or the CPUs, such as `0,2-3`"
    examples = (EACH_CPU, "0-1")
    takes = "CPUs that the tool itself may use; new threads run where their parent runs for up to 20 ms"
    undo = "threads that live on get the CPUs of their process back; else it ends with the process"
    place = KnobPlace.MACHINE

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        try:
            _cpus(level)
        except ValueError:
            raise self.impossible(level) from None

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:  # noqa: ARG002 - as the port asks
        """See `ports.Knob.needs`."""
        return not_allowed(_cpus(level))

    def apply(self, launch: Launch, level: str) -> Launch:
        """Fix how many CPUs a Go program sees: it counts again while it runs, and would count one."""
        if "GOMAXPROCS" in launch.env:
            return launch
        cpus = _cpus(level) or set(launch.cpus) or os.sched_getaffinity(0)
        return with_environment(launch, GOMAXPROCS=str(len(cpus)))

    @contextlib.contextmanager
    def hold(self, process: Started, level: str) -> Iterator[None]:
        """See `ports.Knob.hold`."""
        with contextlib.ExitStack() as stack:
            try:
                cpus = sorted(_cpus(level) or os.sched_getaffinity(process.pid))
                stack.enter_context(pinned(process.pid, cpus))
            except ProcessLookupError:
                pass  # it has ended; whoever watches it says so
            except OSError as error:
                raise SetupError(f"{self.name}={level} is refused by the kernel: {error.strerror}") from error
            yield

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:  # noqa: ARG002
        """Read the affinity of each thread."""
        sets = list[set[int]]()
        for task in proc.tasks(pid):
            with contextlib.suppress(OSError):
                sets.append(os.sched_getaffinity(task))
        if not sets:
            return None
        loose = sum(len(one) > 1 for one in sets)
        wanted = _cpus(level)
        outside = sum(bool(wanted) and not one <= wanted for one in sets)
        found = f"{loose} of {len(sets)} threads not pinned" if loose else f"{outside} of {len(sets)} threads elsewhere"
        return self.told(found, level, same=not loose and not outside)


def _cpus(level: str) -> set[int]:
    return set() if level == EACH_CPU else cpus_of(level)


KNOB = Pinning()
