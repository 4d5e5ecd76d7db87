"""Records the slices of one epoch: load on one variant, readings of it and of the machine at both edges."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from tailtune.model.load import LoadReport
from tailtune.model.recording import Phase
from tailtune.model.units import Duration
from tailtune.record.engine.load import read_latency
from tailtune.record.formats import rows
from tailtune.record.host.interference import HostReader, HostReading, Probe
from tailtune.record.host.speed import Gauge, Speed
from tailtune.record.phases.bench import Bench
from tailtune.record.phases.epochs import SlicePlan
from tailtune.record.phases.heap_use import collections_of, heap_use
from tailtune.record.phases.player import Player
from tailtune.record.phases.service import RunningService
from tailtune.record.processes import proc
from tailtune.record.processes.usage import Usage, UsageReader

WINDOW: Final = "slice"
_COUNTED: Final = ("minor_faults", "major_faults", "voluntary_switches", "involuntary_switches")
_LEAST_SLEEP_NS: Final = 10_000_000
_IDLE_SHARE: Final = 0.005
"""CPU that an idle variant may use, as a share of one CPU, before it counts as a disturbance."""


class SliceRecorder:
    """Plays slices and keeps their rows until the epoch is complete."""

    def __init__(
        self,
        bench: Bench,
        services: Mapping[int, RunningService],
        probe: Probe,
        gauge: Gauge,
        players: Sequence[Player],
    ) -> None:
        """Record slices on `services`, all running, by variant."""
        self._gauge = gauge
        self._bench = bench
        self._services = services
        self._players = players
        self._usage = {index: UsageReader(service.process.pid) for index, service in services.items()}
        cpus = {*bench.layout.engine, *bench.layout.service}
        self._hosts = {index: HostReader(probe, cpus, one.process.pid) for index, one in services.items()}
        self._tables: dict[str, list[pa.Table]] = {"latency": [], "process": [], "host": []}
        self._slices: list[dict[str, Any]] = []
        self._idle_cpu_ns = dict.fromkeys(services, 0)
        self._idle_ns = dict.fromkeys(services, 0)
        self._engine_warnings: list[list[str]] = []

    def record(self, epoch: int, plan: SlicePlan, length: Duration) -> None:
        """Play one slice and keep its rows.

        Raises:
            ServiceDiedError: if a variant ends.
        """
        service = self._services[plan.variant]
        player = self._players[plan.variant]
        schedule = player.compile(plan.seed, length)
        kept: list[tuple[_Edge, pa.Table]] = []
        before = self._read(plan.variant)
        with service.under_load():
            report = player.play(
                schedule,
                service.port,
                on_interval=lambda _: None,
                poll=self._check,
                keep=lambda output, _: kept.append((self._read(plan.variant), _latency(output, plan.slice))),
            )
        self._check()
        [(after, latency)] = kept
        checked = self._bench.check_load(report, latency)
        self._keep(plan, latency, before, after)
        self._slices.append(_row(epoch, plan, service.build.name, checked, before, after))
        self._engine_warnings.append(report.warnings)

    def tables(self) -> Iterator[tuple[str, pa.Table]]:
        """Give the rows of all slices so far, table by table."""
        for name, parts in self._tables.items():
            yield name, pa.concat_tables(parts)
        collections = {one.build.name: collections_of(one) for one in self._services.values()}
        told = [row | heap_use(row, collections[row["variant"]]) for row in self._slices]
        yield "slices", rows.from_dicts("slices", told)

    def warnings(self) -> list[str]:
        """Say what the engine said in every slice, and which variants used the CPU while the other was loaded."""
        first, *others = self._engine_warnings or [[]]
        lasting = [warning for warning in first if all(warning in other for other in others)]
        shares = {index: cpu / max(self._idle_ns[index], 1) for index, cpu in self._idle_cpu_ns.items()}
        return lasting + [
            f"{self._services[index].build.name} uses the CPU while it gets no load, which disturbs the others"
            for index, share in shares.items()
            if share > _IDLE_SHARE
        ]

    def _read(self, loaded: int) -> "_Edge":
        return _Edge(
            usage={index: reader.read() for index, reader in self._usage.items()},
            background_cpu_ns=sum(service.background_cpu_ns() for service in self._services.values()),
            own_cpu_ns={index: proc.cpu_ns(service.process.pid) for index, service in self._services.items()},
            host=self._hosts[loaded].read(),
            speed=self._gauge.read(),
            asleep_ns=time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns(),
        )

    def _check(self) -> None:
        for service in self._services.values():
            service.process.check(Phase.MEASURE)

    def _keep(self, plan: SlicePlan, latency: pa.Table, before: "_Edge", after: "_Edge") -> None:
        self._tables["latency"].append(latency)
        constant = {"window": WINDOW, "slice": plan.slice}
        used = [before.usage[plan.variant], after.usage[plan.variant]]
        self._tables["process"].append(rows.table("process", used, Usage._fields, **constant))
        self._tables["host"].append(rows.table("host", [before.host, after.host], HostReading._fields, **constant))
        for index in self._services.keys() - {plan.variant}:
            self._idle_cpu_ns[index] += after.usage[index].cpu_ns - before.usage[index].cpu_ns
            self._idle_ns[index] += after.usage[index].t_ns - before.usage[index].t_ns


@dataclass(frozen=True, kw_only=True)
class _Edge:
    """Readings at one edge of a slice."""

    usage: dict[int, Usage]
    own_cpu_ns: dict[int, int]
    """Of the first process of each service."""
    host: HostReading
    """Of the machine, and of the control group of the service that is loaded."""
    speed: Speed
    asleep_ns: int
    """How long the machine has slept since it was switched on."""
    background_cpu_ns: int = 0
    """Of what runs beside the services on purpose."""

    def others_cpu_ns(self, variant: int) -> int:
        """CPU time of the processes that the service started."""
        return self.usage[variant].cpu_ns - self.own_cpu_ns[variant]


def _slept(before: _Edge, after: _Edge) -> int:
    """How long the machine slept in between; reading two clocks one after the other makes some µs of nothing."""
    slept = after.asleep_ns - before.asleep_ns
    return slept if slept > _LEAST_SLEEP_NS else 0


def _latency(output: Path, number: int) -> pa.Table:
    return read_latency(output, WINDOW, number)


def _row(epoch: int, plan: SlicePlan, variant: str, report: LoadReport, before: _Edge, after: _Edge) -> dict[str, Any]:
    """Return the slice's row of the table `slices`."""
    first, last = before.usage[plan.variant], after.usage[plan.variant]
    host_first, host_last = before.host, after.host
    busy = host_last.busy_ns - host_first.busy_ns
    used = sum(after.usage[index].cpu_ns - one.cpu_ns for index, one in before.usage.items())  # the idle variant's too
    speed = after.speed.since(before.speed)
    used += after.background_cpu_ns - before.background_cpu_ns + speed.cpu_ns
    return {
        "epoch": epoch,
        "slice": plan.slice,
        "pair": plan.pair,
        "position": plan.position,
        "variant": variant,
        "schedule_sha256": report.schedule_sha256,
        "validity": report.validity.value,
        "reasons": "; ".join(reason.message for reason in report.reasons),
        "seed": plan.seed,
        "started_ns": report.started_ns,
        "ended_ns": report.started_ns + report.elapsed_ns,
        "requests": report.sent_requests,
        "completed": report.completed_requests,
        "unexpected": sum(operation.unexpected_status for operation in report.operations),
        "cpu_user_ns": last.cpu_user_ns - first.cpu_user_ns,
        "cpu_system_ns": last.cpu_system_ns - first.cpu_system_ns,
        "peak_rss_bytes": last.peak_rss_bytes,
        "steal_ns": host_last.steal_ns - host_first.steal_ns,
        "other_busy_ns": max(busy - used - report.engine_cpu_ns, 0),
        "throttled_ns": host_last.throttled_ns - host_first.throttled_ns,
        "probe_delay_ns": host_last.probe_delay_ns - host_first.probe_delay_ns,
        "rss_bytes": last.rss_bytes,
        **{name: getattr(last, name) - getattr(first, name) for name in _COUNTED},
        "children_cpu_ns": max(after.others_cpu_ns(plan.variant) - before.others_cpu_ns(plan.variant), 0),
        "suspended_ns": _slept(before, after),
        "gauge_pieces": speed.pieces,
        "gauge_ns": speed.piece_ns,
    }
