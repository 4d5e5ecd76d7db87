"""A paired comparison of two variants: epochs of interleaved slices, written epoch by epoch."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from tailtune.errors import TailtuneError, UsageError
from tailtune.model.project import Variant
from tailtune.model.recording import Artifact, Kind, Manifest, Phase, SteadyState
from tailtune.model.units import NS_PER_S, Duration
from tailtune.model.workload import Arrival
from tailtune.record.engine.load import compile_workload
from tailtune.record.formats import rows
from tailtune.record.host.interference import Probe
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
from tailtune.record.phases.epochs import EpochPlan, plan_epoch
from tailtune.record.phases.instrumenting import instrument_warnings
from tailtune.record.phases.player import Player
from tailtune.record.phases.service import Build, RunningService, build, start
from tailtune.record.phases.slices import SliceRecorder
from tailtune.record.phases.warm_up import WarmUp

_VARIANTS: Final = 2


class ExperimentPlan(Plan, frozen=True, kw_only=True):
    """All inputs of an experiment."""

    variants: dict[str, Variant]
    """Two by name, the baseline first."""
    epochs: int = 8
    pairs: int = 2
    """Pairs of slices in an epoch."""
    slice_length: Duration = Duration(4 * NS_PER_S)


def run_experiment(plan: ExperimentPlan, bench: Bench) -> Manifest:
    """Carry out an experiment and finish its recording; the writer is closed whatever happens.

    Each finished epoch is on disk before the next begins, and is kept when the experiment is cut short.

    Raises:
        UsageError: if there are not two variants, or the service's port is fixed.
        RunInterruptedError: on Ctrl-C; finished epochs are kept.
        TailtuneError: if a service does not build, start, get ready or live; finished epochs are kept.
            RecordingError if the disk refuses: nothing is kept.
    """
    experiment = _Experiment(plan, bench)
    with bench.writer:
        _check(plan)
        try:
            with scratch() as folder:
                experiment.run(folder)
            manifest = experiment.manifest()
            bench.writer.finish(manifest)
        except (TailtuneError, KeyboardInterrupt) as error:
            during = experiment.journal.current
            seal_failed(bench.writer, error, experiment.manifest(failure_text(error, during)), during)
    return manifest


def _check(plan: ExperimentPlan) -> None:
    if len(plan.variants) != _VARIANTS:
        raise UsageError(f"an experiment compares two variants, not {len(plan.variants)}")
    if plan.service.port:
        raise UsageError(
            f"both variants run at the same time, but the service's port is fixed to {plan.service.port}",
            hint="let the service take its port from {port} in `args` or `env`, and remove `port`",
        )


class _Experiment:
    """The state of an experiment that runs."""

    def __init__(self, plan: ExperimentPlan, bench: Bench) -> None:
        self.plan = plan
        self.bench = bench
        self.journal = Journal(bench.progress)
        self.seed = plan.workload.seed if plan.seed is None else plan.seed
        self.created = now_utc()
        self.artifacts: list[Artifact] = []
        language = plan.service.language
        self.warnings = [text for item in plan.variants.items() for text in instrument_warnings(*item, language)]

    def run(self, folder: Path) -> None:
        """Build both, then go through the epochs."""
        plan = self.plan
        builds = [self._build(name, variant) for name, variant in plan.variants.items()]
        player = Player(self.bench.engine, plan.workload, plan.root, folder)
        self._warn_of_cut(folder)
        probe = Probe(self.bench.layout.service)
        try:
            for number in range(plan.epochs):
                _Epoch(self, plan_epoch(self.seed, number, plan.pairs), builds, player, probe).run()
                self.bench.writer.checkpoint(self.manifest())
        finally:
            probe.close()

    def manifest(self, failure: str = "") -> Manifest:
        """Return the recording's table of contents as far as the experiment came."""
        plan = self.plan
        return Manifest(
            id=self.bench.writer.id,
            kind=Kind.EXPERIMENT,
            created_utc=self.created,
            command=plan.command,
            environment=self.bench.environment,
            service=plan.service,
            variants=plan.variants,
            workload_name=plan.workload_name,
            workload=plan.workload,
            goals=plan.goals,
            artifacts=self.artifacts,
            seed=self.seed,
            phases=self.journal.records,
            layout=self.bench.layout,
            partial=bool(failure),
            failure=failure,
            warnings=self.warnings,
        )

    def warn(self, text: str) -> None:
        """Keep a warning, once."""
        if text not in self.warnings:
            self.warnings.append(text)
            self.bench.progress.warn(text)

    def _warn_of_cut(self, folder: Path) -> None:
        """Say that slices hold only the beginning of a trace, where they do."""
        plan, path = self.plan, folder / "whole.schedule"
        if plan.workload.arrival is not Arrival.TRACE or plan.workload.duration <= plan.slice_length:
            return
        lengths = (plan.workload.duration, plan.slice_length)
        whole, part = (compile_workload(plan.workload, plan.root, path, duration=one).requests for one in lengths)
        path.unlink()
        if part < whole:
            self.warn(
                f"each slice replays the first {plan.slice_length} of the trace, {part:,} of {whole:,} requests:"
                " what comes later is not compared; --slice-duration makes slices longer"
            )

    def _build(self, name: str, variant: Variant) -> Build:
        with self.journal.phase(Phase.BUILD, name):
            artifact = build(self.plan.service, name, variant, self.plan.root, self.plan.cache)
        self.artifacts.append(artifact)
        return Build(name=name, variant=variant, artifact=artifact)


class _Epoch:
    """One restart of both variants; its rows are written when it is complete."""

    def __init__(
        self, experiment: _Experiment, plan: EpochPlan, builds: list[Build], player: Player, probe: Probe
    ) -> None:
        self._experiment = experiment
        self._plan = plan
        self._builds = builds
        self._player = player
        self._probe = probe
        self._bench = experiment.bench
        self._journal = experiment.journal

    def run(self) -> None:
        """Start, warm and load both, then write the rows."""
        for one in self._plan.slices:  # compiled ahead, so that no variant cools down meanwhile
            self._player.compile(one.seed, self._experiment.plan.slice_length)
        with ExitStack() as stack:
            services = {index: stack.enter_context(self._started(index)) for index in self._plan.start_order}
            stack.enter_context(away_from_service(self._bench.layout))
            states = {index: self._warm(services[index]) for index in self._plan.start_order}
            recorder = SliceRecorder(self._bench, services, self._probe, self._player)
            self._measure(recorder)
        with uninterrupted():
            self._write(recorder, states)
        for warning in recorder.warnings():
            self._experiment.warn(warning)

    @contextmanager
    def _started(self, index: int) -> Iterator[RunningService]:
        """Start a variant and wait until it is ready; stop it at the end, at once if something failed."""
        one, epoch = self._builds[index], self._plan.epoch
        log = self._bench.writer.log_path
        label = ("baseline", "candidate")[index]
        with self._journal.phase(Phase.START, f"epoch {epoch + 1}: {one.name}"):
            service = start(
                self._experiment.plan.service,
                one,
                root=self._experiment.plan.root,
                cpus=self._bench.layout.service,
                stdout=log(f"{label}.{epoch:03}.stdout.txt"),
                stderr=log(f"{label}.{epoch:03}.stderr.txt"),
            )
        done = False
        try:
            with self._journal.phase(Phase.READY, one.name):
                service.wait_ready()
            yield service
            done = True
        finally:
            service.stop(grace=done)

    def _warm(self, service: RunningService) -> SteadyState:
        name = service.build.name
        with self._journal.phase(Phase.WARM_UP, f"epoch {self._plan.epoch + 1}: {name}"):
            warm_up = WarmUp(service, self._player, self._experiment.seed)
            state = warm_up.run(self._experiment.plan.warm_up_cap, self._bench.steady, self._bench.progress)
            self._journal.note(f"{name}: {state.reason}")
        return state

    def _measure(self, recorder: SliceRecorder) -> None:
        plan, total = self._experiment.plan, self._experiment.plan.epochs * len(self._plan.slices)
        with self._journal.phase(Phase.MEASURE, f"epoch {self._plan.epoch + 1} of {plan.epochs}"):
            for one in self._plan.slices:
                recorder.record(self._plan.epoch, one, plan.slice_length)
                self._bench.progress.advance(one.slice + 1, total, self._builds[one.variant].name)

    def _write(self, recorder: SliceRecorder, states: dict[int, SteadyState]) -> None:
        for name, table in recorder.tables():
            self._bench.writer.add_table(name, table)
        starts: list[dict[str, Any]] = [
            {
                "epoch": self._plan.epoch,
                "start_order": order,
                "variant": self._builds[index].name,
                "reason": states[index].reason,
                "steady": states[index].steady,
                "warm_up_seconds": states[index].seconds,
            }
            for order, index in enumerate(self._plan.start_order)
        ]
        self._bench.writer.add_table("epochs", rows.from_dicts("epochs", starts))
