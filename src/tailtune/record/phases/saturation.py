"""How many requests a second each variant answers when it always has some to answer: closed load, after the slices."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tailtune.model.recording import Phase
from tailtune.model.units import Duration
from tailtune.record.phases.epochs import EpochPlan, SlicePlan
from tailtune.record.phases.player import Player
from tailtune.record.phases.service import RunningService


class Saturation:
    """Closed load on many connections, on the variants of an epoch by turns."""

    def __init__(
        self, players: Sequence[Player], services: Mapping[int, RunningService], connections: int, length: Duration
    ) -> None:
        """Load `services` on so many connections, each for `length` at a time."""
        self._players = [player.closed(connections) for player in players]
        self._services = services
        self._connections = connections
        self._length = length

    def record(self, plan: EpochPlan) -> Iterator[dict[str, Any]]:
        """Play as many stretches as the epoch has slices, in their order, and yield rows of `saturation`.

        Raises:
            ServiceDiedError: if a variant ends.
        """
        for one in plan.slices:
            yield self._stretch(plan.epoch, one)

    def _stretch(self, epoch: int, plan: SlicePlan) -> dict[str, Any]:
        service, player = self._services[plan.variant], self._players[plan.variant]
        schedule = player.compile(plan.seed, self._length)
        with service.under_load():
            report = player.play(
                schedule,
                service.port,
                on_interval=lambda _: None,
                poll=lambda: service.process.check(Phase.MEASURE),
            )
        return {
            "epoch": epoch,
            "pair": plan.pair,
            "position": plan.position,
            "variant": service.build.name,
            "validity": report.validity.value,
            "seed": plan.seed,
            "connections": self._connections,
            "completed": report.completed_requests,
            "elapsed_ns": report.elapsed_ns,
        }
