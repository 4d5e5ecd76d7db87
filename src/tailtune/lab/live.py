"""A load while it runs: each second of the engine, judged with what the machine took from it meanwhile."""

from collections.abc import Callable, Collection

from tailtune.judge.live import LiveFacts, LiveLoad, judge_second
from tailtune.model.live import LiveSecond
from tailtune.model.workload import Arrival, Protocol, Workload
from tailtune.record.host.account import EngineHost
from tailtune.record.ports import Interval, Progress

OnSecond = Callable[[LiveSecond], None]


class Watch:
    """Takes the intervals of one play."""

    def __init__(self, workload: Workload, cpus: Collection[int], progress: Progress, on_second: OnSecond) -> None:
        """Judge the seconds of `workload`, played on `cpus`, and hand them on."""
        self._load = _live_load(workload)
        self._host = EngineHost(cpus)
        self._progress = progress
        self._on_second = on_second
        self._sent = 0

    def __call__(self, one: Interval) -> None:
        """One second is over, or the rest of one at the end."""
        self._sent += one.sent
        host = self._host.lap()
        facts = LiveFacts(
            elapsed_s=one.index + one.seconds,
            seconds=one.seconds,
            sent=one.sent,
            sent_in_all=self._sent,
            completed=one.completed,
            errors=one.errors,
            p50_ns=one.p50_ns,
            p99_ns=one.p99_ns,
            lag_p99_ns=one.lag_p99_ns,
            in_flight=one.in_flight,
        )
        self._progress.advance(facts.elapsed_s, self._load.total_s)
        self._on_second(judge_second(self._load, facts, host))


def connections_of(workload: Workload) -> int:
    """Return how many connections the workload allows; in a closed loop that is their number."""
    return (workload.connections or 1) if workload.arrival is Arrival.CLOSED else workload.max_connections


def _live_load(workload: Workload) -> LiveLoad:
    closed = workload.arrival is Arrival.CLOSED
    even = workload.arrival in (Arrival.POISSON, Arrival.CONSTANT) and not workload.profile
    one_a_connection = workload.protocol is Protocol.HTTP1 and not closed
    return LiveLoad(
        total_s=workload.duration.seconds,
        rate_per_s=workload.rate_per_s if even else None,
        max_in_flight=workload.max_connections if one_a_connection else None,
        closed=closed,
        sessions=workload.arrival is Arrival.SESSIONS,
    )
