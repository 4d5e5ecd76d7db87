"""What is told of a queue: who had the CPUs, or Go's processors, while the slowest requests waited for one."""

from typing import Final

from tailtune.judge.cpu_queue import CpuQueue, InFrontOperation
from tailtune.judge.facts import Facts
from tailtune.judge.request_bands import GO_TRACE
from tailtune.model.finding import Evidence
from tailtune.model.request_parts import Place
from tailtune.model.units import format_quantile, format_share

_NAMED: Final = 0.05
_THREADS: Final = "tables/waits.parquet"


def queue_evidence(facts: Facts) -> list[Evidence]:
    """Return who was in front of the slowest requests; nothing where it is not known that anybody was."""
    queue = facts.queue
    if queue is None:
        return []
    source = GO_TRACE if queue.is_of_processors else _THREADS
    return [
        Evidence(text=_who(facts, queue), source=source, count=queue.count),
        *([_functions(queue.places)] if queue.places else []),
        *_operations(facts, queue),
    ]


def in_code(places: list[Place]) -> str:
    """Return the functions with their shares; those with little are left out, but for the first one."""
    kept = [*places[:1], *(place for place in places[1:] if place.share >= _NAMED)]
    return ", ".join(f"{place.function} ({format_share(place.share, 0)})" for place in kept)


def operation_in_front(facts: Facts, least: float) -> str:
    """Return the name of the operation that so much is waited for, in [0, 1]; empty: there is none, or only one."""
    workload, queue = facts.manifest.workload, facts.queue
    if workload is None or queue is None or len(workload.operations) < 2:
        return ""
    return next((_name(facts, one) for one in queue.operations if one.share >= least), "")


def _who(facts: Facts, queue: CpuQueue) -> str:
    what, who = f"all {facts.service_cpus} CPUs", "other threads"
    if queue.is_of_processors:
        what, who = f"all of GOMAXPROCS={facts.processors or '?'}", "other goroutines"
    rest = max(0.0, 1 - queue.of_busy - queue.of_collector - queue.of_measuring)
    shares = [f"{queue.count:,} other requests had {format_share(queue.of_busy, 0)}"]
    if queue.is_of_processors:
        shares.append(f"the collector {format_share(queue.of_collector, 0)}")
        shares.append(f"what measures {format_share(queue.of_measuring, 0)}")
    return (
        f"in {format_share(queue.of_ready, 0)} of what requests above {format_quantile(queue.above)} wait in "
        f"{', '.join(queue.parts)}, the service has {what}; of this, {', '.join(shares)}, {who} {format_share(rest, 0)}"
    )


def _functions(places: list[Place]) -> Evidence:
    count = sum(place.count for place in places)
    return Evidence(text=f"these compute in {in_code(places)}", source="tables/samples.parquet", count=count)


def _operations(facts: Facts, queue: CpuQueue) -> list[Evidence]:
    if not operation_in_front(facts, 0.0):
        return []
    told = ", ".join(
        f"`{_name(facts, one)}` has {format_share(one.share, 0)} ({format_share(one.of_requests)} of requests)"
        for one in queue.operations
    )
    return [Evidence(text=f"of what is waited for, operation {told}", source="tables/requests.parquet")]


def _name(facts: Facts, operation: InFrontOperation) -> str:
    operations = facts.manifest.workload.operations if facts.manifest.workload else []
    return operations[operation.number].name if operation.number < len(operations) else f"#{operation.number}"
