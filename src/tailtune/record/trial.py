"""One trial: build → start → ready → warm-up → measure → diagnose → drain → stop."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from tailtune.errors import NothingMeasuredError, RecordingError, TailtuneError
from tailtune.model.knobs import Applied
from tailtune.model.load import LoadReport
from tailtune.model.project import Variant
from tailtune.model.recording import Artifact, CollectorRecord, Kind, Manifest, Phase, SteadyState
from tailtune.model.units import NS_PER_S, Duration
from tailtune.record.engine.load import read_connections, read_latency, read_requests
from tailtune.record.phases.bench import (
    Bench,
    Journal,
    Plan,
    away_from_service,
    failure_text,
    now_utc,
    scratch,
    seal_failed,
    uninterrupted,
)
from tailtune.record.phases.capturing import Capturing
from tailtune.record.phases.instrumenting import instrument_warnings
from tailtune.record.phases.player import Player
from tailtune.record.phases.seeds import derive_seed
from tailtune.record.phases.service import Build, RunningService, build, start
from tailtune.record.phases.settings import contradictions, loaded
from tailtune.record.phases.simulating import simulate
from tailtune.record.phases.training import trained
from tailtune.record.phases.warm_up import WarmUp
from tailtune.record.ports import Interval
from tailtune.record.processes.process import how_ended
from tailtune.record.processes.usage import UsageReader

if TYPE_CHECKING:
    from tailtune.model.caches import CacheSimulation

_DRAIN_LIMIT_NS: Final = 2 * NS_PER_S
_DRAIN_STEP_SECONDS: Final = 0.1
_IDLE_SHARE: Final = 0.05


class TrialPlan(Plan, frozen=True, kw_only=True):
    """All inputs of a trial."""

    variant_name: str
    variant: Variant
    measure: Duration | None = None
    """Length of the measure window; absent: the workload's own."""
    diagnose: Duration = Duration(10 * NS_PER_S)
    """Length of the diagnose window; 0 leaves it out."""
    collectors: list[str] | None = None
    """Names; absent: all that apply."""
    simulate_caches: bool = False
    """Whether the service runs once more behind all windows, on simulated caches."""
    fail_if: tuple[str, ...] = ()
    """Conditions of `--fail-if`, for the record: judging is not done here."""


def run_trial(plan: TrialPlan, bench: Bench) -> Manifest:
    """Carry out a trial and finish its recording; the writer is closed whatever happens.

    Raises:
        RunInterruptedError: on Ctrl-C; the partial recording is kept.
        TailtuneError: if the service does not build, start, get ready or live, or no request completed;
            the partial recording is kept. RecordingError if the disk refuses: nothing is kept.
    """
    trial = _Trial(plan, bench)
    with bench.writer:
        try:
            with scratch() as folder:
                trial.run(folder)
            manifest = trial.manifest()
            bench.writer.finish(manifest)
        except (TailtuneError, KeyboardInterrupt) as error:
            during = trial.journal.current
            seal_failed(bench.writer, error, trial.manifest(failure_text(error, during)), during)
    return manifest


class _Window(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of load with collectors around it."""

    phase: Phase
    length: Duration
    schedule: Path


class _Trial:
    """The state of a trial that runs."""

    def __init__(self, plan: TrialPlan, bench: Bench) -> None:
        self.plan = plan
        self.bench = bench
        self.journal = Journal(bench.progress)
        self.seed = plan.workload.seed if plan.seed is None else plan.seed
        self.created = now_utc()
        self.artifact: Artifact | None = None
        self.steady: SteadyState | None = None
        self.loads = dict[Phase, LoadReport]()
        self.collectors: list[CollectorRecord] = []
        self.caches: CacheSimulation | None = None
        self.workload = plan.workload
        self.applied = list[Applied]()
        self.warnings = instrument_warnings(plan.variant_name, plan.variant, plan.service.language)

    def run(self, folder: Path) -> None:
        """Go through all phases."""
        plan = self.plan
        self.workload = loaded(plan.workload, plan.variant)
        with self.journal.phase(Phase.BUILD, plan.variant_name):
            variant = trained(plan, self.bench, plan.variant_name, plan.variant)
            self.artifact = build(plan.service, plan.variant_name, variant, plan.root, plan.cache)
            if self.artifact.reused:
                self.journal.note("taken from an earlier build of this commit")
        self.warnings += self.artifact.notes
        built = Build(name=plan.variant_name, variant=variant, artifact=self.artifact)
        player = Player(self.bench.engine, self.workload, plan.root, folder, watch=self.bench.layout.engine)
        windows = self._windows(player)
        with self.journal.phase(Phase.START):
            service = self._start(built)
        done = False
        try:
            with away_from_service(self.bench.layout):
                self._with_service(service, player, windows)
            done = True
        finally:
            self._stop(service, grace=done)
        if plan.simulate_caches:
            self._simulate(built, folder)

    def manifest(self, failure: str = "") -> Manifest:
        """Return the recording's table of contents as far as the trial came."""
        plan, measured = self.plan, self.loads.get(Phase.MEASURE)
        return Manifest(
            id=self.bench.writer.id,
            kind=Kind.RUN,
            created_utc=self.created,
            command=plan.command,
            environment=self.bench.environment,
            service=plan.service,
            variants={plan.variant_name: plan.variant},
            workload_name=plan.workload_name,
            workload=self.workload,
            goals=plan.goals,
            fail_if=list(plan.fail_if),
            artifacts=[self.artifact] if self.artifact else [],
            schedule_sha256=measured.schedule_sha256 if measured else "",
            seed=self.seed,
            phases=self.journal.records,
            steady=self.steady,
            layout=self.bench.layout,
            applied=self.applied,
            load=measured,
            diagnose_load=self.loads.get(Phase.DIAGNOSE),
            collectors=self.collectors,
            caches=self.caches,
            partial=bool(failure),
            failure=failure,
            warnings=self.warnings,
        )

    def _start(self, built: Build) -> RunningService:
        log = self.bench.writer.log_path
        service = start(
            self.plan.service,
            built,
            root=self.plan.root,
            cpus=self.bench.layout.service,
            stdout=log("service.stdout.txt"),
            stderr=log("service.stderr.txt"),
        )
        self.journal.note(f"pid {service.process.pid}, port {service.port}")
        return service

    def _windows(self, player: Player) -> list[_Window]:
        """Plan the windows and compile their schedules, before there is a service that would cool down meanwhile."""
        plan = self.plan
        lengths = {Phase.MEASURE: plan.measure or plan.workload.duration, Phase.DIAGNOSE: plan.diagnose}
        seeds = {Phase.MEASURE: self.seed, Phase.DIAGNOSE: derive_seed(self.seed, Phase.DIAGNOSE)}
        return [
            _Window(phase=phase, length=length, schedule=player.compile(seeds[phase], length))
            for phase, length in lengths.items()
            if length
        ]

    def _with_service(self, service: RunningService, player: Player, windows: list[_Window]) -> None:
        with self.journal.phase(Phase.READY):
            self.journal.note(f"{service.wait_ready():.2f} s")
        subject = service.subject({window.phase: window.length.seconds for window in windows})
        capturing = Capturing(subject, self.bench.writer, self.plan.collectors)
        try:
            with self.journal.phase(Phase.WARM_UP):
                warm_up = WarmUp(service, player, self.seed)
                self.steady = warm_up.run(self.plan.warm_up_cap, self.bench.steady, self.bench.progress)
                self.journal.note(self.steady.reason)
            self.applied = service.applied()
            self.warnings += contradictions(self.applied)
            for window in windows:
                self._window(window, service, player, capturing)
        finally:
            with uninterrupted():
                self.collectors = capturing.records()
                capturing.close()
                self.warnings += capturing.warnings
        with self.journal.phase(Phase.DRAIN):
            self._drain(service)

    def _window(self, window: _Window, service: RunningService, player: Player, capturing: Capturing) -> None:
        """Measure or diagnose: the collectors are around the load, what they and the engine saw is stored."""
        phase, length = window.phase, window.length
        progress = self.bench.progress

        def on_interval(one: Interval) -> None:
            progress.advance(one.index + one.seconds, length.seconds, f"{one.completed / one.seconds:.0f} requests/s")

        def poll() -> None:
            capturing.poll()
            service.process.check(phase)

        def keep(output: Path, report: LoadReport | None) -> None:
            with uninterrupted():
                capturing.end()  # before the log is read and written, which takes this machine's time
                writer = self.bench.writer
                latency = read_latency(output, phase)
                writer.add_table("latency", latency)
                started_ns = report.started_ns if report else 0
                outcomes = read_requests(output, phase, started_ns, lambda batch: writer.add_table("requests", batch))
                for connections in read_connections(output, phase):
                    writer.add_table("connections", connections)
                if report is not None:  # else the seconds of the outcomes are not known
                    writer.add_table("outcomes", outcomes)
                    self.loads[phase] = self.bench.check_load(report, latency)

        with self.journal.phase(phase, f"{length}"):
            capturing.begin(phase)
            try:
                with service.under_load():
                    report = player.play(window.schedule, service.port, on_interval=on_interval, poll=poll, keep=keep)
            finally:
                with uninterrupted():
                    capturing.end()
            service.process.check(phase)
            if phase is Phase.MEASURE and report.completed_requests == 0:
                raise NothingMeasuredError(
                    f"none of {report.sent_requests} requests to {service.build.name} was completed",
                    hint="does the service answer the workload's paths? see logs/service.stderr.txt of the recording",
                    detail=service.process.stderr_tail(),
                )

    def _drain(self, service: RunningService) -> None:
        """Let the service finish what it still does, so that its stop interrupts nothing."""
        usage = UsageReader(service.process.pid)
        begun = last = usage.read()
        while last.t_ns - begun.t_ns < _DRAIN_LIMIT_NS:
            time.sleep(_DRAIN_STEP_SECONDS)
            now = usage.read()
            if now.cpu_ns - last.cpu_ns <= _IDLE_SHARE * (now.t_ns - last.t_ns):
                return
            last = now
        self.warnings.append("the service still used the CPU 2 s after the last request")

    def _simulate(self, built: Build, folder: Path) -> None:
        """Count misses of caches; what was measured before does not depend on whether that works."""
        writer = self.bench.writer
        writer.checkpoint(self.manifest())  # a kill from here on loses nothing of it
        with self.journal.phase(Phase.SIMULATE):
            try:
                self.caches, table = simulate(self.plan, self.bench, built, self.workload, folder)
            except RecordingError:
                raise
            except TailtuneError as error:
                hint = f"; {error.hint}" if error.hint else ""
                self.warnings.append(f"caches were not simulated: {error.message}{hint}")
                self.journal.note("not done")
            else:
                writer.add_table("caches", table)
                self.journal.note(f"{self.caches.requests} requests in {self.caches.tool}")

    def _stop(self, service: RunningService, *, grace: bool) -> None:
        """End the service; the phase that failed stays the current one for the error's text."""
        failed = None if grace else self.journal.current
        status = service.process.status
        if grace and status is not None:
            self.warnings.append(f"the service ended by itself, with {how_ended(status)}, before it was stopped")
        with self.journal.phase(Phase.STOP):
            ended = service.stop(grace=grace)
            self.journal.note(str(ended))
        if grace and ended.killed:
            self.warnings.append("the service did not end within 5 s of SIGTERM and was killed")
        self.journal.current = failed or self.journal.current
