"""The service once more, on simulated caches: Cachegrind counts the misses of each line of code.

A program runs 20 to 100 times slower in it and one thread at a time, so nothing of its latency is kept, and the
requests are few, one after another. What the start and the first requests cost is counted by a start of its own and
taken off: Cachegrind counts from the beginning of a program to its end.
"""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import pyarrow as pa

from tailtune.errors import NothingMeasuredError, SetupError
from tailtune.model.caches import CacheSimulation
from tailtune.model.knobs import KnobPlace
from tailtune.model.project import Variant
from tailtune.model.recording import Phase
from tailtune.model.units import NS_PER_S, Duration, format_bytes
from tailtune.model.workload import Workload
from tailtune.record import registry
from tailtune.record.formats.cachegrind import Cachegrind, beyond, read_cachegrind, table
from tailtune.record.host.machine import last_level_cache_bytes
from tailtune.record.phases.bench import Bench, Plan
from tailtune.record.phases.player import Player
from tailtune.record.phases.seeds import derive_seed
from tailtune.record.phases.service import Build, RunningService, start
from tailtune.record.ports import Asked, Quota
from tailtune.record.processes.process import Ended, supervisor

_FIRST: Final = Quota(requests=20, each=0, seconds=60)
"""What both starts are asked: after it, what is made at first use is there."""
_ALL: Final = Quota(requests=220, each=0, seconds=120)
_READY: Final = Duration(120 * NS_PER_S)
"""For getting ready, or ten times what the service's own check grants."""
_ANSWER: Final = Duration(60 * NS_PER_S)
"""For an answer, at least."""
_STOP_SECONDS: Final = 60.0
"""For ending by SIGTERM, and for Cachegrind to write its file."""
_TIMES_READY: Final = 10
_MOST_LL_BYTES: Final = 32 << 20
"""A larger last level is shared with more cores than a service has: of 260 MiB, a guest on two CPUs owns little."""
_LL: Final = f"--LL={_MOST_LL_BYTES},16,64"
_HINT: Final = "logs/simulate.stderr.txt of the recording holds what valgrind said"


class _Counted(NamedTuple):
    """What one start came to."""

    asked: Asked
    content: Cachegrind


def find_valgrind() -> str:
    """Return the path of valgrind.

    Raises:
        SetupError: if it is not on PATH.
    """
    found = shutil.which("valgrind", path=os.environ.get("PATH", os.defpath))
    if found is None:
        raise SetupError(
            "valgrind is not on PATH, which simulates the caches",
            hint="on Debian and Ubuntu, apt-get install valgrind; or leave out --simulate-caches",
        )
    return found


def simulate(
    plan: Plan, bench: Bench, built: Build, workload: Workload, folder: Path
) -> tuple[CacheSimulation, pa.Table]:
    """Run a built variant on simulated caches; return what was simulated, and the table `caches`.

    Args:
        plan: of the trial.
        bench: its engine, and the writer whose logs take the output of the program.
        built: the variant with its artifact. Its knobs of the start count as far as they change what the program
            does; limits and priorities, and settings of the machine, are about its speed and are left out.
        workload: the requests, of which the first ones of a schedule are asked.
        folder: existing, for schedules and Cachegrind's files.

    Raises:
        SetupError: if valgrind is not there, or it left no file that can be read.
        NothingMeasuredError: if no request was answered beyond the first ones.
        NotReadyError: if the program is not ready in time.
        ServiceDiedError: if it ends meanwhile.
    """
    one = _Simulation(plan, bench, built, workload, folder)
    first, whole = one.counted(_FIRST), one.counted(_ALL)
    requests = whole.asked.answered - first.asked.answered
    if requests <= 0:
        trouble = whole.asked.trouble or first.asked.trouble or "they took too long"
        raise NothingMeasuredError(f"in valgrind, no more than the first requests were answered: {trouble}", hint=_HINT)
    counts = beyond(whole.content.places, first.content.places)
    told = CacheSimulation(tool=one.version, requests=requests, caches=whole.content.caches)
    return told, table(counts)


class _Simulation:
    """What both starts share."""

    def __init__(self, plan: Plan, bench: Bench, built: Build, workload: Workload, folder: Path) -> None:
        self._plan = plan
        self._bench = bench
        self._folder = folder
        self._valgrind = find_valgrind()
        self.version = self._said_version()
        timeout = max(_READY, Duration(_TIMES_READY * plan.service.ready.timeout))
        ready = msgspec.structs.replace(plan.service.ready, timeout=timeout)
        self._service = msgspec.structs.replace(plan.service, ready=ready)
        self._built = msgspec.structs.replace(built, variant=_started(built.variant))
        self._player = Player(bench.engine, _patient(workload), plan.root, folder)
        seed = workload.seed if plan.seed is None else plan.seed
        self._schedule = self._player.compile_answers(derive_seed(seed, Phase.SIMULATE), _ALL)

    def counted(self, quota: Quota) -> _Counted:
        """Start the program, ask it, end it, and read what Cachegrind counted."""
        output = self._folder / f"cachegrind.{quota.requests}.out"
        log = self._bench.writer.log_path
        service = start(
            self._service, self._built, root=self._plan.root, cpus=self._bench.layout.service,
            stdout=log("simulate.stdout.txt"), stderr=log("simulate.stderr.txt"), under=self._command(output),
        )  # fmt: skip
        done = False
        try:
            service.wait_ready()
            asked, _ = self._player.ask(self._schedule, service.port, quota, self._polled(service, quota))
            service.process.check(Phase.SIMULATE)
            done = True
        finally:
            ended = service.stop(grace=done, grace_seconds=_STOP_SECONDS)
        return _Counted(asked, _read(output, ended))

    def _command(self, output: Path) -> list[str]:
        """Valgrind with its options; `%` has a meaning in the name of its file, and vgdb would leave pipes behind."""
        options = ["--tool=cachegrind", "--cache-sim=yes", "--branch-sim=no", "--vgdb=no", "--fair-sched=try"]
        if last_level_cache_bytes() > _MOST_LL_BYTES:
            options.append(_LL)
        return [self._valgrind, *options, f"--cachegrind-out-file={str(output).replace('%', '%%')}"]

    def _polled(self, service: RunningService, quota: Quota) -> Callable[[], None]:
        """Return what says how far the time is gone, and ends the asking when the program ends."""
        begun = time.monotonic()

        def poll() -> None:
            gone = time.monotonic() - begun
            self._bench.progress.advance(gone, quota.seconds, f"at most {quota.requests} requests")
            service.process.check(Phase.SIMULATE)

        return poll

    def _said_version(self) -> str:
        command = [self._valgrind, "--version"]
        done = supervisor().run(command, workdir=self._folder, env=os.environ, scratch=self._folder)
        said = done.stdout.decode(errors="replace").strip()
        if done.status != 0 or not said:
            raise SetupError(f"`{' '.join(command)}` failed: exit status {done.status}", detail=done.stderr)
        return said


def _started(variant: Variant) -> Variant:
    """The variant with its knobs of the start alone; `start` leaves out which of them are limits."""
    launch = {name: level for name, level in variant.knobs.items() if registry.knob(name).place is KnobPlace.LAUNCH}
    return msgspec.structs.replace(variant, knobs=launch, instrument=None)


def _patient(workload: Workload) -> Workload:
    """The workload with time for slow answers."""
    operations = [msgspec.structs.replace(one, timeout=max(one.timeout, _ANSWER)) for one in workload.operations]
    return msgspec.structs.replace(workload, operations=operations)


def _read(path: Path, ended: Ended) -> Cachegrind:
    try:
        with path.open("rb") as stream:
            return read_cachegrind(stream)
    except FileNotFoundError:
        raise SetupError(
            f"Cachegrind left no file: the program ended with {ended}",
            hint=f"the service has to end at SIGTERM within {_STOP_SECONDS:.0f} s; {_HINT}",
        ) from None
    except (OSError, ValueError) as error:
        raise SetupError(f"Cachegrind's file of {_size(path)} cannot be used: {error}", hint=_HINT) from error


def _size(path: Path) -> str:
    try:
        return format_bytes(path.stat().st_size)
    except OSError:
        return "unknown size"
