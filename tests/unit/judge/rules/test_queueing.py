"""The rule for queues behind other requests: what triggers it, what explains it instead, and near misses."""

import dataclasses

import msgspec
import pytest
from tests.support import request_results
from tests.support.facts import apply, estimate, facts, one, scheduling

from tailtune.judge.cause import Rank
from tailtune.judge.cpu_queue import CpuQueue, InFrontOperation
from tailtune.judge.explain import rank
from tailtune.judge.facts import Facts
from tailtune.model.finding import Group, Strength
from tailtune.model.recording import CpuLayout
from tailtune.model.request_parts import Place, RequestBands
from tailtune.model.workload import Operation, Workload

SERVE = "net/http.(*conn).serve"
WAITS = request_results.part("reader runnable", request_results.WAITING, 0.9, 20e6)
TWO = [Operation(name="page"), Operation(name="print")]


def queue(**changes: object) -> CpuQueue:
    """12 ms of 20 ms each, behind requests of which most are of the second operation; half take 1 ms."""
    found = CpuQueue(
        above=0.99,
        requests=16,
        least_ns=6_810_000,
        most_ns=38_400_000,
        latency_ns=20e6,
        share=estimate(0.6),
        mean_ns=12e6,
        usual_ns=1e6,
        count=310,
        places=[
            Place(function="main.render", share=0.61, count=410),
            Place(function="main.index", share=0.3, count=200),
            Place(function="main.log", share=0.02, count=12),
        ],
        operations=[InFrontOperation(1, 0.8, 0.01), InFrontOperation(0, 0.2, 0.99)],
        of_ready=0.9,
        of_busy=0.85,
        of_collector=0.1,
        of_measuring=0.01,
        on_cpu=0.97,
        parts=("reader waiting for a P", "way in"),
        is_of_processors=True,
        example="r121",
    )
    return dataclasses.replace(found, **changes)  # type: ignore[arg-type]


def with_queue(found: CpuQueue | None, *, cores: float = 0.5, processors: int = 1, operations: int = 1) -> Facts:
    bands = RequestBands(
        window="diagnose",
        requests=1600,
        divided=1600,
        handed_over=0,
        bands=[request_results.MEDIAN, msgspec.structs.replace(request_results.TAIL, mean_ns=20e6, parts=[WAITS])],
        coverage=None,
        undivided=[],
        warnings=[],
        followed=1600,
    )
    given = facts({f"{SERVE};main.render": 60, f"{SERVE};main.index": 20, "runtime.mcall": 920}, cores=cores)
    workload = Workload(operations=TWO[:operations])
    manifest = msgspec.structs.replace(given.manifest, workload=workload)
    return dataclasses.replace(given, manifest=manifest, bands=bands, queue=found, processors=processors)


def test_what_slow_requests_queue_behind_is_named():
    cause = one("queueing", with_queue(queue()))
    told = cause.finding
    assert told.id == "queueing"
    assert told.title == (
        "requests above p99 wait for a P behind other requests, in main.render (61 %), main.index (30 %)"
        ": 12.0 ms each, 60.0 % of their time"
    )
    assert (told.group, told.strength) == (Group.CONCURRENCY, Strength.STRONG)
    assert told.share_of == "wall time of requests above p99"
    assert told.disproof == "the wait stays at half the rate, 50 requests per second"
    assert told.confirm == "tailtune run --rate 50"
    assert cause.saving == pytest.approx(0.6)
    assert cause.parts == ("reader waiting for a P", "way in")
    assert [evidence.text for evidence in told.evidence] == [
        "in 90 % of what requests above p99 wait in reader waiting for a P, way in, the service has all of "
        "GOMAXPROCS=1; of this, 310 other requests had 85 %, the collector 10 %, what measures 1 %, "
        "other goroutines 4 %",
        "these compute in main.render (61 %), main.index (30 %)",
        "the service keeps what it may compute on 50 % busy, on average",
        "16 requests took 6.81 ms to 38.4 ms, 20.0 ms on average; half of all are answered within 1.00 ms of being "
        "sent",
        "look at one: tailtune explain --request r121",
    ]


def test_threads_wait_for_a_cpu():
    threads = queue(is_of_processors=False, of_collector=0, of_measuring=0, parts=("reader runnable",), places=[])
    given = with_queue(threads, processors=0)
    told = one("queueing", given).finding
    assert told.title == ("requests above p99 wait for a CPU behind other requests: 12.0 ms each, 60.0 % of their time")
    assert told.evidence[0].text == (
        "in 90 % of what requests above p99 wait in reader runnable, the service has all 1 CPUs; of this, 310 other "
        "requests had 85 %, other threads 15 %"
    )
    assert told.proposal.startswith("Make what has the CPU cheaper")


def test_the_operation_in_front_is_named_where_there_are_several():
    told = one("queueing", with_queue(queue(), operations=2)).finding
    assert "behind other requests, mostly of operation `print`, in main.render (61 %), main.index (30 %)" in told.title
    assert "Let requests of `print`, which are longer than the others, not stand in front" in told.proposal
    assert told.evidence[2].text == (
        "of what is waited for, operation `print` has 80 % (1.0 % of requests), `page` has 20 % (99.0 % of requests)"
    )
    even = queue(operations=[InFrontOperation(0, 0.45, 0.5), InFrontOperation(1, 0.45, 0.5)])
    assert "operation" not in one("queueing", with_queue(even, operations=2)).finding.title
    usual = one("queueing", with_queue(queue(operations=[InFrontOperation(0, 0.8, 0.7)]), operations=2)).finding
    assert "mostly of operation `page`" in usual.title
    assert "Where few requests are longer than the others, let them not stand in front" in usual.proposal


def test_where_cpus_idle_more_processors_are_the_experiment():
    given = with_queue(queue(), cores=0.5)
    layout = CpuLayout(engine=[0], service=[1, 2], note="")
    given = dataclasses.replace(given, manifest=msgspec.structs.replace(given.manifest, layout=layout))
    told = one("queueing", given).finding
    assert told.confirm == "tailtune compare base base+gomaxprocs=2"
    assert told.proposal.endswith("Let GOMAXPROCS be 2, the number of CPUs, of which the others idle.")


def test_of_few_requests_it_is_the_slowest_tenth():
    told = one("queueing", with_queue(queue(above=0.9))).finding
    assert told.title.startswith("requests above p90 wait for a P")
    assert told.share_of == "wall time of requests above p90"
    assert apply("queueing", with_queue(queue(above=0.9, mean_ns=2e6)))
    assert apply("queueing", with_queue(queue(above=0.9, mean_ns=1.9e6))) == []


@pytest.mark.parametrize(
    "found",
    [
        None,
        queue(share=estimate(0.24)),
        queue(mean_ns=3.9e6),
        queue(of_ready=0.49),  # other programs had the CPUs
        queue(of_busy=0.49),  # and so the collector, or goroutines of no request
        queue(on_cpu=0.49),  # those that had a P waited for a CPU
    ],
)
def test_what_does_not_matter_or_is_not_behind_requests_is_no_finding(found: CpuQueue | None):
    assert apply("queueing", with_queue(found)) == []


def test_idle_and_saturated_services_and_too_many_processors_are_left_to_others():
    assert apply("queueing", with_queue(queue(), cores=0.29)) == []
    assert apply("queueing", with_queue(queue(), cores=0.75)) == []
    assert one("utilization", with_queue(queue(), cores=0.75)).finding.evidence[1].text.startswith("in 90 % of what")
    assert apply("queueing", with_queue(queue(), processors=2)) == []


def test_it_stands_behind_what_names_the_code_and_before_remarks():
    given = waiting(with_queue(queue(share=estimate(0.9), is_of_processors=False), processors=0))
    busy = dataclasses.replace(given, cpu=facts({f"{SERVE};main.render": 600, "runtime.mcall": 400}).cpu)
    assert [finding.rule for finding in rank(busy)] == ["hot-function", "queueing", "run-queue-wait"]


def waiting(given: Facts) -> Facts:
    """The same, with threads that wait for a CPU for two fifths of mean latency."""
    measure = msgspec.structs.replace(given.measure, scheduling=scheduling(run_delay_ns_per_request=2e6))
    return dataclasses.replace(given, summary=msgspec.structs.replace(given.summary, measure=measure))


def test_a_wait_for_a_cpu_behind_its_own_is_not_said_to_be_the_machines():
    given = waiting(with_queue(queue(is_of_processors=False), processors=0))
    cause = one("run-queue-wait", given)
    assert cause.finding.title.endswith("keeps its CPUs 50 % busy, and mostly has them itself while slow requests wait")
    assert (cause.finding.group, cause.rank) == (Group.CONCURRENCY, Rank.REMARK)
    assert one("run-queue-wait", waiting(with_queue(queue(is_of_processors=False), cores=0.7))).rank is Rank.REMARK
    assert one("run-queue-wait", waiting(with_queue(None, cores=0.7))).rank is Rank.SPECIFIC
    others = dataclasses.replace(given, queue=queue(is_of_processors=False, of_ready=0.4))
    assert one("run-queue-wait", others).finding.title.endswith("only 50 % busy: others use them as well")
    seen = [("stress (another program)", 0.9, 40), ("main.render", 0.1, 4)]
    crowded = request_results.part("runnable", request_results.WAITING, 0.5, 1e7, *seen)
    tail = msgspec.structs.replace(request_results.TAIL, parts=[crowded])
    crowding = dataclasses.replace(others, bands=msgspec.structs.replace(request_results.BANDS, bands=[tail]))
    told = one("run-queue-wait", crowding).finding
    assert told.title.endswith("only 50 % busy: stress and others use them as well")
    assert told.evidence[1].text == (
        "while requests above p99 waited for a CPU, it was had by stress (another program) (90 %)"
    )
    of_processors = dataclasses.replace(given, queue=queue())
    assert one("run-queue-wait", of_processors).finding.title.endswith("others use them as well")


def test_what_a_specific_cause_tells_of_the_same_waits_is_not_told_again():
    from tests.unit.judge.rules.test_long_run import runs

    given = with_queue(queue())
    both = dataclasses.replace(given, long_runs=runs(share=estimate(0.3)))
    assert [finding.rule for finding in rank(both) if finding.rule in ("long-run", "queueing")] == ["long-run"]
    little = dataclasses.replace(given, long_runs=runs(share=estimate(0.29)))
    told = [finding.rule for finding in rank(little) if finding.rule in ("long-run", "queueing")]
    assert told == ["long-run", "queueing"]
    elsewhere = dataclasses.replace(given, long_runs=runs(share=estimate(0.5), parts=("waiting for a P",)))
    assert "queueing" in [finding.rule for finding in rank(elsewhere)]
