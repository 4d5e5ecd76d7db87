"""A paired comparison of variants: epochs of interleaved slices, written epoch by epoch."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from tailtune.errors import TailtuneError, UsageError
from tailtune.model.gates import Gates
from tailtune.model.pprof_address import PPROF_PORT, pprof_address
from tailtune.model.project import Variant
from tailtune.model.recording import Artifact, Design, Kind, Manifest, Phase
from tailtune.model.units import NS_PER_S, Duration
from tailtune.model.workload import Arrival
from tailtune.record.engine.load import compile_workload
from tailtune.record.host.interference import Probe
from tailtune.record.phases.answers import compare_answers
from tailtune.record.phases.bench import (
    Bench,
    Journal,
    Plan,
    failure_text,
    now_utc,
    scratch,
    seal_failed,
    uninterrupted,
)
from tailtune.record.phases.epoch import EpochRun, Services, Stand
from tailtune.record.phases.epochs import plan_epoch
from tailtune.record.phases.gates import run_gates
from tailtune.record.phases.instrumenting import instrument_warnings
from tailtune.record.phases.player import Player
from tailtune.record.phases.seeds import derive_seed
from tailtune.record.phases.service import Build, build
from tailtune.record.phases.settings import contradictions, loaded
from tailtune.record.phases.training import trained
from tailtune.record.ports import ForecastOf

_PROBE_PAIRS: Final = 4
_PROBE_SLICE: Final = Duration(NS_PER_S)
MOST_CANDIDATES: Final = 12
"""That one experiment compares with its baseline: all run at the same time."""


class ExperimentPlan(Plan, frozen=True, kw_only=True):
    """All inputs of an experiment."""

    variants: dict[str, Variant]
    """By name, the baseline first."""
    gates: Gates | None = None
    """What variants have to pass besides; None: nothing."""
    design: Design = Design(epochs=8, pairs=2, slice_ns=4 * NS_PER_S, budget_ns=0)


def run_experiment(plan: ExperimentPlan, bench: Bench, earlier: Manifest | None = None) -> Manifest:
    """Carry out an experiment and finish its recording; the writer is closed whatever happens.

    Each finished epoch is on disk before the next begins, and is kept when the experiment is cut short.

    Args:
        plan: of the whole experiment.
        bench: its tools; with `look`, the epochs end when that says so.
        earlier: what the recording held before, when it is continued.

    Raises:
        UsageError: if there are not two variants or more, or the service's port is fixed.
        RunInterruptedError: on Ctrl-C; finished epochs are kept.
        TailtuneError: if a service does not build, start, get ready or live; finished epochs are kept.
            RecordingError if the disk refuses: epochs up to the last checkpoint are kept.
    """
    experiment = _Experiment(plan, bench, earlier)
    with bench.writer:
        _check(plan)
        try:
            with scratch() as folder:
                experiment.run(folder)
            manifest = experiment.manifest()
            bench.writer.finish(manifest)
        except (TailtuneError, KeyboardInterrupt) as error:
            during = experiment.journal.current
            failed = experiment.manifest(failure_text(error, during))
            command = "sweep" if failed.is_sweep else "compare"
            again = f"tailtune {command} --resume {bench.writer.id}" if experiment.done else ""
            seal_failed(bench.writer, error, failed, during, again=again)
    return manifest


def _check(plan: ExperimentPlan) -> None:
    if not 1 <= len(plan.variants) - 1 <= MOST_CANDIDATES:
        raise UsageError(
            f"an experiment compares a baseline with 1 to {MOST_CANDIDATES} candidates, not {len(plan.variants) - 1}"
        )
    if plan.service.port:
        raise UsageError(
            f"the variants run at the same time, but the service's port is fixed to {plan.service.port}",
            hint="let the service take its port from {port} in `args` or `env`, and remove `port`",
        )
    address = pprof_address(plan.service.pprof)
    if address is not None and address.port.isdecimal():
        raise UsageError(
            f"the variants run at the same time, but net/http/pprof answers on the fixed port {address.port}",
            hint=f'let the service take that port from {PPROF_PORT} too: pprof = ":{PPROF_PORT}{address.path}"',
        )


class _Experiment:
    """The state of an experiment that runs."""

    def __init__(self, plan: ExperimentPlan, bench: Bench, earlier: Manifest | None) -> None:
        self.plan = plan
        self.bench = bench
        self.journal = Journal(bench.progress)
        self.design = plan.design
        self.done = 0
        self.seed = plan.workload.seed if plan.seed is None else plan.seed
        self.created = now_utc()
        self.artifacts: list[Artifact] = []
        self.answers = earlier.answers if earlier else []
        self.gates = earlier.gates if earlier else []
        language = plan.service.language
        self.warnings = [text for item in plan.variants.items() for text in instrument_warnings(*item, language)]
        self._going = list(range(1, len(plan.variants)))
        self._earlier = earlier
        self.applied = list(earlier.applied) if earlier else []
        if earlier is not None:
            self.journal.records[:0] = earlier.phases
            self.warnings = [*earlier.warnings, *(text for text in self.warnings if text not in earlier.warnings)]
            self.seed, self.created = earlier.seed, earlier.created_utc
            self.done = earlier.design.made if earlier.design else 0

    def run(self, folder: Path) -> None:
        """Build all, then go through the epochs."""
        plan = self.plan
        builds = [self._build(name, variant) for name, variant in plan.variants.items()]
        self._check_artifacts()
        players = list(self._players(folder))
        self._warn_of_cut(folder)
        probe = Probe(self.bench.layout.service)
        stand = Stand(
            plan=plan,
            bench=self.bench,
            journal=self.journal,
            builds=builds,
            players=players,
            probe=probe,
            seed=self.seed,
            slice_length=Duration(self.design.slice_ns),
            saturation=self.design.saturation,
        )
        try:
            if self._earlier is None and plan.gates is not None:
                with self.journal.phase(Phase.GATES):
                    self.gates = run_gates(plan, plan.gates, builds, self.bench, players[0])
            if self.bench.forecast is not None and self._earlier is None:
                self._foretell(stand, self.bench.forecast)
            self._epochs(stand)
        finally:
            probe.close()

    def _players(self, folder: Path) -> Iterator[Player]:
        """Yield a player for each variant; those whose knobs leave the load alone share one, and its schedules."""
        plan = self.plan
        common = Player(self.bench.engine, plan.workload, plan.root, folder)
        for number, variant in enumerate(plan.variants.values()):
            workload = loaded(plan.workload, variant)
            if workload == plan.workload:
                yield common
                continue
            own = folder / f"load-{number}"
            own.mkdir()
            yield Player(self.bench.engine, workload, plan.root, own)

    def manifest(self, failure: str = "") -> Manifest:
        """Return the recording's table of contents as far as the experiment came."""
        plan = self.plan
        return Manifest(
            id=self.bench.writer.id,
            kind=Kind.EXPERIMENT,
            created_utc=self.created,
            command=self._earlier.command if self._earlier else plan.command,
            environment=self.bench.environment,
            service=plan.service,
            variants=plan.variants,
            workload_name=plan.workload_name,
            workload=plan.workload,
            goals=plan.goals,
            artifacts=self.artifacts or (self._earlier.artifacts if self._earlier else []),
            seed=self.seed,
            phases=self.journal.records,
            layout=self.bench.layout,
            applied=self.applied,
            partial=bool(failure),
            failure=failure,
            design=msgspec.structs.replace(self.design, made=self.done),
            warnings=self.warnings,
            answers=self.answers,
            gates=self.gates,
        )

    def warn(self, text: str) -> None:
        """Keep a warning, once."""
        if text not in self.warnings:
            self.warnings.append(text)
            self.bench.progress.warn(text)

    def _epochs(self, stand: Stand) -> None:
        begun, budget_s = time.monotonic(), self.design.budget_ns / NS_PER_S
        first = self.done
        while self._going and self.done < self.design.epochs:
            spent = time.monotonic() - begun
            if budget_s and self.done > first and spent + spent / (self.done - first) > budget_s:
                self._end(f"the budget of {Duration(self.design.budget_ns)} is spent")
                return
            self._epoch(stand)
            self.bench.writer.checkpoint(self.manifest())
            self._look(budget_s - (time.monotonic() - begun) if budget_s else 0.0)
        if self._going:
            self._end(f"all {self.design.epochs} epochs were made")

    def _foretell(self, stand: Stand, forecast: ForecastOf) -> None:
        """Load the baseline against itself for some seconds; its rows are looked at and thrown away."""
        plan = plan_epoch(derive_seed(self.seed, "probe"), 0, _PROBE_PAIRS)
        length = min(_PROBE_SLICE, Duration(self.design.slice_ns))
        twice = msgspec.structs.replace(stand.builds[0], name=f"{stand.builds[0].name} (again)")
        players = [stand.players[0]] * 2
        probe = replace(stand, builds=[stand.builds[0], twice], players=players, slice_length=length, saturation=0)
        begun = time.monotonic()
        self.bench.progress.note("a probe of the baseline against itself tells how long a decision takes here")
        tables = EpochRun(probe, plan, "probe").run(lambda _: None).tables
        restarts_s = time.monotonic() - begun - len(plan.slices) * length / NS_PER_S
        candidates = len(self.plan.variants) - 1
        slices_s = 2 * self.design.pairs * candidates * self.design.slice_ns / NS_PER_S
        epoch_s = restarts_s * (1 + candidates) / 2 + slices_s * (2 if self.design.saturation else 1)
        self.design = msgspec.structs.replace(self.design, forecasts=forecast(dict(tables), epoch_s))

    def _epoch(self, stand: Stand) -> None:
        most = len(self.plan.variants) - 1
        plan = plan_epoch(self.seed, self.done, self.design.pairs, self._going, most)
        total = self.design.epochs * len(plan.slices)

        def advance(slices: int) -> None:
            self.bench.progress.advance(self.done * len(plan.slices) + slices, total)

        run = EpochRun(stand, plan, f"epoch {self.done + 1}")
        first = self.done == 0 and self.bench.answers is not None
        try:
            record = run.run(advance, once_ready=lambda services: self._ask(stand, run, services) if first else None)
        finally:
            self.design = msgspec.structs.replace(self.design, died=list({*self.design.died, *run.dead}))
        with uninterrupted():
            for name, table in record.tables:
                self.bench.writer.add_table(name, table)
            self.done += 1
            self.applied = record.applied
        for warning in [*record.warnings, *contradictions(record.applied)]:
            self.warn(warning)

    def _ask(self, stand: Stand, run: EpochRun, services: Services) -> None:
        """Compare the answers of fresh variants."""
        if self.bench.answers is None:
            return
        with self.journal.phase(Phase.ANSWERS):
            self.answers = compare_answers(
                [services[index] for index in sorted(services)],
                stand.players[0],
                seed=self.seed,
                judge=self.bench.answers,
                again=lambda: run.started(0, "again"),
            )

    def _look(self, seconds_left: float) -> None:
        if self.bench.look is None:
            return
        names = list(self.plan.variants)
        look = self.bench.look(self.bench.writer.path, seconds_left)
        for line in look.text.splitlines():
            self.bench.progress.note(line)
        self._going = [number for number in self._going if names[number] in look.going]
        if not self._going:
            self._end(look.why)

    def _end(self, why: str) -> None:
        self.design = msgspec.structs.replace(self.design, ended=why)

    def _warn_of_cut(self, folder: Path) -> None:
        """Say that slices hold only the beginning of a trace, where they do."""
        plan, path, length = self.plan, folder / "whole.schedule", Duration(self.design.slice_ns)
        if plan.workload.arrival is not Arrival.TRACE or plan.workload.duration <= length:
            return
        lengths = (plan.workload.duration, length)
        whole, part = (compile_workload(plan.workload, plan.root, path, duration=one).requests for one in lengths)
        path.unlink()
        if part < whole:
            self.warn(
                f"each slice replays the first {length} of the trace, {part:,} of {whole:,} requests:"
                " what comes later is not compared; --slice-duration makes slices longer"
            )

    def _build(self, name: str, variant: Variant) -> Build:
        with self.journal.phase(Phase.BUILD, name):
            variant = trained(self.plan, self.bench, name, variant)
            artifact = build(self.plan.service, name, variant, self.plan.root, self.plan.cache)
        self.artifacts.append(artifact)
        for note in artifact.notes:
            self.warn(note)
        return Build(name=name, variant=variant, artifact=artifact)

    def _check_artifacts(self) -> None:
        """Refuse to go on with other programs than those that the first epochs measured.

        Raises:
            UsageError: if one differs.
        """
        before = {one.variant: one.sha256 for one in self._earlier.artifacts} if self._earlier else {}
        for one in self.artifacts:
            if before.get(one.variant, one.sha256) != one.sha256:
                raise UsageError(
                    f"variant {one.variant} is another program now than in the first {self.done} epochs",
                    hint="its source or toolchain changed meanwhile: begin a new experiment",
                )
