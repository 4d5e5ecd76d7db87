"""Rules about tasks that wait for timers, the network or one another: what triggers each, and near misses."""

import dataclasses

import msgspec
import numpy as np
import pytest
from tests.support import request_results
from tests.support.facts import apply, estimate, facts, one
from tests.support.request_results import WAITING, part

from tailtune.judge.facts import Facts
from tailtune.judge.tail import RequestTimes
from tailtune.model.finding import Strength
from tailtune.model.request_parts import PartShare

MEAN = 20e6
SEEN = ("carrier::attempt", 0.8, 16)


def waits(name: str, share: float, together: float = 1.0, low: float | None = None) -> PartShare:
    found = part(name, WAITING, share, MEAN, SEEN)
    known = found.share if low is None else msgspec.structs.replace(found.share, low=low)
    return msgspec.structs.replace(found, together=together, share=known)


def with_tail(*parts: PartShare, usual: tuple[PartShare, ...] = ()) -> Facts:
    tail = msgspec.structs.replace(
        request_results.TAIL, parts=list(parts), mean_ns=MEAN, waiting=estimate(sum(one.share.point for one in parts))
    )
    median = msgspec.structs.replace(request_results.MEDIAN, parts=list(usual), mean_ns=1e6)
    bands = msgspec.structs.replace(request_results.BANDS, bands=[median, tail], followed=0)
    return dataclasses.replace(facts(), bands=bands)


def test_a_wait_that_a_timer_ended_is_told_as_such():
    cause = one("timer-wait", with_tail(waits("timer", 0.6), waits("timer or network", 0.3)))
    assert cause.finding.id == "timer-wait:carrier::attempt"
    assert (
        "wait for a timer (a sleep, a time-out that passes, a back-off), and go on in carrier::" in cause.finding.title
    )
    assert cause.finding.share.point == pytest.approx(0.9)
    assert cause.parts == ("timer", "timer or network")


def test_where_timers_are_the_lesser_part_it_may_be_another_service():
    given = with_tail(waits("timer", 0.3), waits("timer or network", 0.6))
    assert apply("timer-wait", given) == []
    assert one("outside-wait", given).finding.share.point == pytest.approx(0.9)
    assert apply("outside-wait", with_tail(waits("timer", 0.6))) == []


@pytest.mark.parametrize("rule", ["timer-wait", "outside-wait", "task-hand-off"])
def test_little_is_no_finding_and_neither_is_what_ordinary_requests_wait_as_well(rule: str):
    assert apply(rule, with_tail(waits("timer", 0.05), waits("timer or network", 0.04))) == []
    asks_always = part("timer or network", WAITING, 0.9, 6e6)
    assert apply(rule, with_tail(waits("timer", 0.9, 20), usual=(asks_always, part("timer", WAITING, 0.1, 6e6)))) == []
    assert apply(rule, facts()) == []


def test_tasks_that_go_on_together_wait_for_one_of_them():
    given = with_tail(waits("timer", 0.6, 15), waits("timer or network", 0.3, 15))
    cause = one("task-hand-off", given)
    assert "wait for one other task, which waits for a timer, and go on together, 15 at a time" in cause.finding.title
    assert any(evidence.source == "tables/wait_ends.parquet" for evidence in cause.finding.evidence)
    assert apply("timer-wait", given) == apply("outside-wait", given) == []
    assert apply("task-hand-off", with_tail(waits("timer", 0.9, 3))) == []


def test_how_a_wait_divides_into_two_parts_does_not_make_it_uncertain():
    given = with_tail(waits("timer", 0.5, low=0.0), waits("timer or network", 0.4, low=0.0), waits("way in", 0.05))
    share = one("timer-wait", given).finding.share
    assert share.low == pytest.approx(0.95 - 0.07, abs=0.06)


def test_waits_that_are_all_as_long_are_told_by_their_length():
    service = np.concatenate([np.full(970, 1e6), np.linspace(20e6, 20.5e6, 30)])
    times = RequestTimes(service, service)
    fixed = dataclasses.replace(with_tail(waits("timer", 0.96)), times=times)
    assert apply("timer-wait", fixed) == []
    seen = one("fixed-wait", fixed)
    assert (seen.finding.strength, seen.parts) == (Strength.STRONG, ("timer",))
    assert any("carrier::attempt" in evidence.text for evidence in seen.finding.evidence)
    little = dataclasses.replace(with_tail(waits("timer", 0.5)), times=times)
    assert one("timer-wait", little).finding.share.point == pytest.approx(0.5)
    assert one("fixed-wait", little).parts == ()
