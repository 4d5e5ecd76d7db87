"""Overlap of slow requests with events: what is planted is found with its share, what is not is not claimed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailtune.judge.grouped_times import Integers
from tailtune.judge.overlap import CONFIDENCE, Event, Overlap, Spans, binomial_bounds, overlaps
from tailtune.model.estimate import Estimate

MS = 1_000_000
WINDOW = 8_000 * MS
REQUESTS = 2_400


def spans(*pairs: tuple[int, int]) -> Spans:
    return Spans.joined(*(np.array(times, dtype=np.int64) for times in zip(*pairs, strict=True)))


def scattered(draw: np.random.Generator, count: int, length_ns: int) -> Spans:
    begin = draw.integers(0, WINDOW, count)
    return Spans.joined(begin, begin + length_ns)


def bounds(estimate: Estimate) -> tuple[float, float]:
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low, estimate.high


def holds(estimate: Estimate, value: float) -> bool:
    low, high = bounds(estimate)
    return low <= value <= high


def one(begin: Integers, length: Integers, events: Spans) -> Overlap:
    [found] = overlaps(begin, begin + length, {Event.COLLECTION: events}, "measure")
    return found


def story(draw: np.random.Generator, events: Spans, planted: float) -> Overlap:
    """Requests of 1 ms, 30 of them of 20 ms; so many of these begin during an event, the others anywhere."""
    begin, length = draw.integers(0, WINDOW, REQUESTS), np.full(REQUESTS, MS)
    length[:30] = 20 * MS + np.arange(30)
    inside = draw.random(30) < planted
    chosen = draw.integers(0, len(events), 30)
    begin[:30][inside] = events.begin_ns[chosen][inside]
    return one(begin, length, events)


def test_what_is_planted_is_found_with_its_share():
    draw = np.random.default_rng(1)
    found = [story(draw, scattered(draw, 20, 40 * MS), planted=0.8) for _ in range(100)]
    assert all(item.is_beyond_chance for item in found)
    shares = [item.beyond_chance for item in found]
    assert np.mean([share.point for share in shares]) == pytest.approx(0.8, abs=0.05)
    assert sum(holds(share, 0.8) for share in shares) >= 97
    assert all(bounds(item.lift)[0] > 1 for item in found)


def test_what_is_chance_is_not_claimed():
    draw = np.random.default_rng(2)
    found = [story(draw, scattered(draw, 20, 40 * MS), planted=0.0) for _ in range(200)]
    assert sum(item.is_beyond_chance for item in found) <= 200 * (1 - CONFIDENCE)
    assert np.mean([item.together.point / item.chance for item in found]) == pytest.approx(1, abs=0.1)


def test_slow_phases_without_a_reason_are_not_claimed_much_more_often():
    """All slow requests begin in eight phases of 100 ms, which have nothing to do with the events."""
    draw, claimed = np.random.default_rng(3), 0
    for _ in range(200):
        begin, length = draw.integers(0, WINDOW, REQUESTS), np.full(REQUESTS, MS)
        length[:30] = 20 * MS + np.arange(30)
        phases = draw.integers(0, WINDOW - 100 * MS, 8)
        begin[:30] = phases[draw.integers(0, 8, 30)] + draw.integers(0, 100 * MS, 30)
        claimed += one(begin, length, scattered(draw, 20, 40 * MS)).is_beyond_chance
    assert claimed <= 4


def test_long_requests_meet_events_by_chance():
    """Every slow request outlasts the pause between events: all of them meet one, and that says nothing."""
    begin, length = np.arange(1000, dtype=np.int64) * 8 * MS, np.full(1000, MS)
    length[::100] = 90 * MS
    events = spans(*((at, at + MS) for at in range(0, WINDOW, 80 * MS)))
    found = one(begin, length, events)
    assert found.together.point == 1
    assert found.chance > 0.98
    assert not found.is_beyond_chance


def test_a_busy_time_is_no_reason():
    """Most requests come, and most events happen, in the first half: then most slow ones do, too."""
    draw = np.random.default_rng(4)
    claimed = 0
    for _ in range(200):
        begin = np.where(draw.random(REQUESTS) < 0.9, 0.5, 1.0) * draw.random(REQUESTS) * WINDOW
        length = np.full(REQUESTS, MS)
        length[:30] = 5 * MS + np.arange(30)
        at = draw.integers(0, WINDOW // 2, 20)
        claimed += one(begin.astype(np.int64), length, Spans.joined(at, at + 30 * MS)).is_beyond_chance
    assert claimed <= 4


def test_one_long_event_is_one_observation():
    begin, length = np.arange(1000, dtype=np.int64) * 8 * MS, np.full(1000, MS)
    length[500:510] = 20 * MS
    events = spans((4_000 * MS, 4_100 * MS), *((at * 1_000 * MS, at * 1_000 * MS + 1) for at in range(1, 4)), (1, 2))
    found = one(begin, length, events)
    assert found.together.point == 1
    assert found.together.n == 1
    assert not found.is_beyond_chance


def test_too_little_says_nothing():
    begin, length = np.arange(1000, dtype=np.int64) * 8 * MS, np.full(1000, MS)
    length[::100] = 20 * MS
    few = spans(*((at, at + MS) for at in range(0, 4 * MS, MS * 2)))
    assert overlaps(begin, begin + length, {Event.FAULTS: few}, "measure") == []
    many = scattered(np.random.default_rng(5), 20, MS)
    assert overlaps(begin[:400], (begin + length)[:400], {Event.FAULTS: many}, "measure") == []
    alike = np.full(1000, MS)
    assert overlaps(begin, begin + alike, {Event.FAULTS: many}, "measure") == []


def test_stretches_are_joined():
    found = spans((50, 60), (10, 20), (15, 30), (30, 31), (70, 65), (55, 56))
    assert (found.begin_ns.tolist(), found.end_ns.tolist()) == ([10, 50], [31, 60])
    assert found.distance(np.array([0, 10, 31, 32, 60, 61])).tolist()[:5] == [10, 0, 0, 18, 0]
    assert found.distance(np.array([61]))[0] > 1 << 61
    assert len(Spans.joined(np.empty(0, np.int64), np.empty(0, np.int64))) == 0


TIMES = st.integers(0, 60)


@settings(deadline=None)
@given(st.lists(st.tuples(TIMES, TIMES), min_size=1, max_size=12), st.lists(TIMES, min_size=1, max_size=12))
def test_distances_are_as_by_looking_at_all(pairs, moments):
    found = spans(*pairs).distance(np.array(moments, dtype=np.int64)).tolist()
    right = [(begin, end) for begin, end in pairs if begin <= end]
    for moment, distance in zip(moments, found, strict=True):
        ahead = [max(0, begin - moment) for begin, end in right if end >= moment]
        assert distance == min(ahead) if ahead else distance > 1 << 61


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(1, 1e6))
def test_bounds_of_a_share_hold_it(share, n):
    low, high = binomial_bounds(share, n)
    assert 0 <= low <= share <= high <= 1
    narrow = binomial_bounds(share, 10 * n)
    assert narrow[1] - narrow[0] <= high - low + 1e-9


def test_bounds_of_whole_numbers_are_those_of_clopper_and_pearson():
    assert binomial_bounds(0.2, 10, 0.95) == pytest.approx((0.02521, 0.55610), abs=1e-4)  # 2 of 10
    assert binomial_bounds(0.0, 10, 0.95) == pytest.approx((0, 0.30850), abs=1e-4)
    assert binomial_bounds(1.0, 10, 0.95) == pytest.approx((0.69150, 1), abs=1e-4)


HOSTILE = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 50)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(HOSTILE, HOSTILE), max_size=20),
    st.lists(st.tuples(HOSTILE, HOSTILE), max_size=20),
    st.integers(0, 30),
)
def test_damaged_times_never_crash(requests, events, repeats):
    pairs = requests * repeats + [(at * MS, at * MS + MS + at) for at in range(510)]
    begin, end = (np.array(times, dtype=np.int64) for times in zip(*pairs, strict=True))
    happened = [*events, *((at * MS, at * MS + 5) for at in range(6))]
    for found in overlaps(begin, end, {Event.SWITCHES: spans(*happened)}, "measure"):
        assert 0 < found.chance <= 1
        for share in (found.together, found.beyond_chance):
            assert holds(share, share.point)
            assert 0 <= bounds(share)[0] <= bounds(share)[1] <= 1
        assert found.together.n >= 1
