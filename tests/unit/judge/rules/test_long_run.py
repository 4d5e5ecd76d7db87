"""The rule for long runs: what triggers it, and near misses that must not."""

import dataclasses
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.support import request_results
from tests.support.facts import apply, collections, estimate, facts, one
from tests.support.long_runs import RUNS

from tailtune.judge.explain import rank
from tailtune.judge.facts import Facts
from tailtune.judge.long_runs import LongRuns
from tailtune.judge.memory import Headroom, Memory, trend
from tailtune.judge.stackprofile import StackProfile
from tailtune.judge.tail import SizedTimes, Tail
from tailtune.model.finding import Group, Strength
from tailtune.model.recording import CpuLayout
from tailtune.model.request_parts import PartKind, Place, RequestBands

STACK = "net/http.(*conn).serve;main.report;main.total"


def runs(**changes: Any) -> LongRuns:
    return dataclasses.replace(RUNS, **changes)


def with_runs(found: LongRuns | None, *, processors: int = 1, cores: float = 0.4) -> Facts:
    bands = RequestBands(
        window="diagnose",
        requests=1600,
        divided=1600,
        handed_over=0,
        bands=[request_results.MEDIAN, msgspec.structs.replace(request_results.TAIL, mean_ns=20e6)],
        coverage=None,
        undivided=[],
        warnings=[],
        followed=1600,
    )
    given = facts({STACK: 400, "net/http.(*conn).serve;main.answer": 100}, cores=cores)
    return dataclasses.replace(given, bands=bands, long_runs=found, processors=processors)


def test_a_goroutine_that_computes_for_long_is_named_with_what_waits_for_it():
    cause = one("long-run", with_runs(runs()))
    told = cause.finding
    assert told.id == "long-run:main.total"
    assert told.title == (
        "requests above p99 wait for a P that computes for other requests, in main.total: 12.0 ms each, 60.0 % of "
        "their time"
    )
    assert (told.group, told.strength) == (Group.CONCURRENCY, Strength.STRONG)
    assert told.share_of == "wall time of requests above p99"
    assert told.confirm == "tailtune compare base base+gomaxprocs=4"
    assert cause.saving == pytest.approx(0.6)
    assert cause.parts == ("reader waiting for a P", "way in")
    assert [evidence.text for evidence in told.evidence] == [
        "16 long runs, of 4.00 ms or more without a wait, had a P meanwhile: main.total (92 %), main.index (8 %)",
        "goroutine 37 computes 30.0 ms in main.total for r120, and 9 requests wait 104 ms together",
        "goroutine 44 computes 20.0 ms, and 1 request waits 11.0 ms for it",
        "while they waited and all of GOMAXPROCS=1 were busy, long runs had 90 %, shorter ones 6 %, the "
        "collector 3 %, what measures 1 %",
        "16 requests took 6.81 ms to 38.4 ms, 20.0 ms on average; half of all are answered within 200 µs of being sent",
        "look at one: tailtune explain --request r121",
    ]


def test_its_stacks_are_those_of_the_function():
    (seen,) = one("long-run", with_runs(runs())).seen
    assert [seen.profile.names(stack) for stack in seen.stacks] == [STACK.split(";")[::-1]]


def test_work_of_no_request_is_called_so():
    title = one("long-run", with_runs(runs(of_requests=0.2))).finding.title
    assert "wait for a P that computes for goroutines of no request, in main.total" in title


@pytest.mark.parametrize(
    "found",
    [
        None,
        runs(share=estimate(0.09)),
        runs(mean_ns=7.9 * 0.2e6),  # they wait no longer than before any busy service
        runs(places=[]),
    ],
)
def test_little_short_and_unseen_waits_are_no_finding(found: LongRuns | None):
    assert apply("long-run", with_runs(found)) == []


def test_with_more_processors_than_cpus_the_kernel_switches():
    assert apply("long-run", with_runs(runs(), processors=2)) == []


def test_a_busy_processor_is_told_where_there_are_more_cpus():
    """Queues of short requests are no long runs; that the P is busy explains them."""
    given = dataclasses.replace(with_runs(None, cores=0.8))
    assert one("utilization", given).finding.title.startswith("the service keeps its 1 CPUs 80 % busy")
    layout = CpuLayout(engine=[0], service=[1, 2], note="")
    two = dataclasses.replace(given, manifest=msgspec.structs.replace(given.manifest, layout=layout))
    told = one("utilization", two).finding
    assert told.title.startswith("the service keeps the 1 of 2 CPUs that GOMAXPROCS lets it compute on 80 % busy")
    assert told.share.point == pytest.approx(0.8)
    assert told.confirm == "tailtune compare base base+gomaxprocs=2"
    assert apply("utilization", dataclasses.replace(two, processors=2)) == []


def test_a_square_that_others_wait_for_saves_their_waits_as_well():
    draw = np.random.default_rng(5)
    size = 2.0 * np.exp(draw.normal(0, 1, 3000))
    service = (0.2 + 0.01 * size**2) * draw.uniform(1.0, 1.1, 3000) * 1e6
    served = "net/http.(*conn).serve"
    profile = StackProfile.from_collapsed([f"{served};main.total 180"], "profiles/on-cpu.diagnose.pb.gz")
    tail = Tail(30, 1e9, 25, profile, profile, 4e9)
    square = facts(sized=SizedTimes(service, service, size * 1024), tail=tail)
    alone = one("quadratic", square)
    assert alone.saving == alone.finding.share.point
    behind = one("quadratic", dataclasses.replace(square, long_runs=runs(share=estimate(0.1))))
    assert behind.saving == pytest.approx(min(1.0, alone.saving + 0.1))
    elsewhere = runs(places=[Place(function="main.index", share=1.0, count=40)])
    assert one("quadratic", dataclasses.replace(square, long_runs=elsewhere)).saving == alone.saving
    for function, more in (("main.total", 0.1), ("main.index", 0.0)):
        unread = request_results.part("reader on CPU", PartKind.WAITING, 0.1, 20e6, (function, 1.0, 60))
        band = msgspec.structs.replace(request_results.TAIL, parts=[unread])
        bands = msgspec.structs.replace(request_results.BANDS, bands=[band])
        found = one("quadratic", dataclasses.replace(square, bands=bands))
        assert found.saving == pytest.approx(min(1.0, alone.saving + more))


def test_what_the_collector_has_the_processor_for_is_told_by_its_own_rule():
    costly = with_runs(runs(share=estimate(0.0), collector=estimate(0.8), collector_ns=16e6))
    measure = msgspec.structs.replace(costly.measure, gc=collections(cpu_share=0.2))
    costly = dataclasses.replace(costly, summary=msgspec.structs.replace(costly.summary, measure=measure))
    assert apply("long-run", costly) == []
    cause = one("garbage-collection", costly)
    assert cause.finding.title.endswith(
        "; those above p99 wait for a P that it has, 16.0 ms each, 80.0 % of their time"
    )
    assert cause.saving == pytest.approx(0.4)
    little = dataclasses.replace(costly, long_runs=runs(collector=estimate(0.09)))
    assert "above p99" not in one("garbage-collection", little).finding.title


def test_what_the_collector_has_it_for_near_a_limit_is_the_price_of_what_is_kept():
    given = with_runs(runs(collector=estimate(0.8)))
    measure = msgspec.structs.replace(given.measure, gc=collections(cpu_share=0.2))
    line = trend(np.arange(11) * 1e9, (40 + np.arange(11)) * 2.0**20)
    assert line is not None
    kept = Memory(resident=line, live=line, is_rate_steady=True, headroom=Headroom(most=1.0, now=0.25))
    summary = msgspec.structs.replace(given.summary, measure=measure)
    cause = one("memory-growth", dataclasses.replace(given, summary=summary, memory=kept))
    assert cause.saving == pytest.approx(0.8 * 0.75)


@pytest.mark.parametrize(("own", "first"), [(0.7, "hot-function"), (0.5, "long-run")])
def test_a_function_comes_before_the_waits_for_it_where_slow_requests_compute_in_it_themselves(own: float, first: str):
    given = with_runs(runs())
    computing = request_results.part("on CPU", request_results.COMPUTING, own, 20e6, ("main.total", 0.95, 300))
    assert given.bands is not None
    bands = [
        msgspec.structs.replace(band, parts=[computing]) if band.high_q == 1 else band for band in given.bands.bands
    ]
    given = dataclasses.replace(given, bands=msgspec.structs.replace(given.bands, bands=bands))
    told = [finding.id for finding in rank(given) if finding.rule in ("hot-function", "long-run")]
    assert told[0] == f"{first}:main.total"
    assert {"hot-function:main.total", "long-run:main.total"} <= {*told}
