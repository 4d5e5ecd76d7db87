"""One epoch of an experiment: all its variants started, warmed, loaded in slices, and stopped."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from tailtune.errors import NotReadyError, ServiceDiedError
from tailtune.model.knobs import Applied
from tailtune.model.recording import Phase, SteadyState
from tailtune.model.units import Duration
from tailtune.record.formats import rows
from tailtune.record.host.interference import Probe
from tailtune.record.host.speed import Gauge, gauged
from tailtune.record.phases.bench import Bench, Journal, Plan, away_from_service
from tailtune.record.phases.epochs import EpochPlan
from tailtune.record.phases.player import Player
from tailtune.record.phases.saturation import Saturation
from tailtune.record.phases.service import Build, RunningService, start
from tailtune.record.phases.slices import SliceRecorder
from tailtune.record.phases.warm_up import WarmUp

Services = Mapping[int, RunningService]
"""Number of a variant → its running service."""


@dataclass(frozen=True, kw_only=True)
class Stand:
    """What all epochs of an experiment share."""

    plan: Plan
    bench: Bench
    journal: Journal
    builds: Sequence[Build]
    """By number of the variant, the baseline first."""
    players: Sequence[Player]
    """The same way: variants may differ in their load."""
    probe: Probe
    seed: int
    slice_length: Duration
    saturation: int = 0
    """Connections of the closed load that tells the throughput; 0: none."""


@dataclass
class EpochRecord:
    """What an epoch left, complete."""

    tables: list[tuple[str, pa.Table]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    applied: list[Applied] = field(default_factory=list)
    """Knobs of all variants, with what their processes showed."""


class EpochRun:
    """One restart of the variants of an epoch's plan; nothing is written here."""

    def __init__(self, stand: Stand, plan: EpochPlan, title: str) -> None:
        """Prepare an epoch; `title` names it in progress and phases."""
        self._stand = stand
        self._plan = plan
        self._title = title
        self._bench = stand.bench
        self._journal = stand.journal
        self._services: dict[int, RunningService] = {}
        self.dead: list[str] = []
        """Variants that ended by themselves."""

    def run(
        self, advance: Callable[[int], None], once_ready: Callable[[Services], None] = lambda _: None
    ) -> EpochRecord:
        """Start, warm and load all variants, and return the rows.

        Args:
            advance: told of each slice that is done.
            once_ready: called when all are ready, before they are warmed.

        Raises:
            TailtuneError: if a service does not start, get ready or live.
        """
        stand = self._stand
        for one in self._plan.slices:  # compiled ahead, so that no variant cools down meanwhile
            stand.players[one.variant].compile(one.seed, stand.slice_length)
        with ExitStack() as stack, self._naming_the_dead():
            services = {index: stack.enter_context(self.started(index)) for index in self._plan.start_order}
            once_ready(services)
            stack.enter_context(away_from_service(self._bench.layout))
            states = {index: self._warm(index, services[index]) for index in self._plan.start_order}
            applied = [row for index in sorted(services) for row in services[index].applied()]
            cpus = gauged(self._bench.layout.service, virtual=self._bench.environment.virtual_machine)
            gauge = stack.enter_context(Gauge(cpus))
            recorder = SliceRecorder(self._bench, services, stand.probe, gauge, stand.players)
            with self._journal.phase(Phase.MEASURE, self._title):
                for one in self._plan.slices:
                    recorder.record(self._plan.epoch, one, stand.slice_length)
                    advance(one.position + 1)
                saturated = self._saturate(services)
            applied = [one for index in sorted(services) for one in services[index].applied()]
        tables = [*recorder.tables(), ("epochs", self._starts(states))]
        return EpochRecord(tables=tables + saturated, warnings=recorder.warnings(), applied=applied)

    @contextmanager
    def _naming_the_dead(self) -> Iterator[None]:
        """Note which variants ended by themselves when that is what ends the epoch."""
        try:
            yield
        except (ServiceDiedError, NotReadyError):
            self.dead = [self._stand.builds[index].name for index, one in self._services.items() if one.has_ended]
            raise

    def _saturate(self, services: Services) -> list[tuple[str, pa.Table]]:
        stand = self._stand
        if not stand.saturation:
            return []
        part = Saturation(stand.players, services, stand.saturation, stand.slice_length)
        return [("saturation", rows.from_dicts("saturation", part.record(self._plan)))]

    @contextmanager
    def started(self, index: int, mark: str = "") -> Iterator[RunningService]:
        """Start a variant and wait until it is ready; stop it at the end, at once if something failed.

        `mark` tells the log of a further start from the first one's.
        """
        one, plan = self._stand.builds[index], self._stand.plan
        side = f"{'candidate' if index else 'baseline'}{index if index > 1 else ''}"
        label = f"{side}.{self._plan.epoch:03}{mark and f'.{mark}'}"
        with self._journal.phase(Phase.START, f"{self._title}: {one.name}"):
            service = start(
                plan.service,
                one,
                root=plan.root,
                cpus=self._bench.layout.service,
                stdout=self._bench.writer.log_path(f"{label}.stdout.txt"),
                stderr=self._bench.writer.log_path(f"{label}.stderr.txt"),
            )
        if not mark:
            self._services[index] = service
        done = False
        try:
            with self._journal.phase(Phase.READY, one.name):
                service.wait_ready()
            yield service
            done = True
        finally:
            service.stop(grace=done)

    def _warm(self, index: int, service: RunningService) -> SteadyState:
        stand, name = self._stand, service.build.name
        with self._journal.phase(Phase.WARM_UP, f"{self._title}: {name}"):
            warm_up = WarmUp(service, stand.players[index], stand.seed)
            state = warm_up.run(stand.plan.warm_up_cap, self._bench.steady, self._bench.progress)
            self._journal.note(f"{name}: {state.reason}")
        return state

    def _starts(self, states: Mapping[int, SteadyState]) -> pa.Table:
        found: list[dict[str, Any]] = [
            {
                "epoch": self._plan.epoch,
                "start_order": order,
                "variant": self._stand.builds[index].name,
                "reason": states[index].reason,
                "steady": states[index].steady,
                "warm_up_seconds": states[index].seconds,
            }
            for order, index in enumerate(self._plan.start_order)
        ]
        return rows.from_dicts("epochs", found)
