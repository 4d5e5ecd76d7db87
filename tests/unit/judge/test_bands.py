"""Shares of bands: complete, ordered, with intervals that hold, and honest about what is too few."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.recordings import record
from tests.support.request_stories import (
    DISK,
    LOCK,
    MAIN,
    READ,
    RECEIVE,
    WRITE,
    Story,
    one_connection,
    recorded,
    service,
)

from tailtune.bundle import Bundle, Workspace
from tailtune.errors import NothingMeasuredError, UsageError
from tailtune.judge.bands import BANDS, Ranks, bands_of, parse_band, share_of_time
from tailtune.judge.request_bands import divided, request_bands
from tailtune.judge.request_parts import divide
from tailtune.model.request_parts import Band, PartKind, RequestBands

MS = 1_000_000


def judged(story: Story, chosen: Ranks | None = None) -> RequestBands:
    return bands_of(divide(story.tables()), "diagnose", chosen)


def share(band: Band, part: str) -> float:
    return sum(one.share.point for one in band.parts if one.part == part)


def assert_complete(band: Band) -> None:
    assert sum(one.share.point for one in band.parts) == pytest.approx(1)
    assert band.computing.point + band.waiting.point + band.unknown.point == pytest.approx(1)
    for kind, estimate in zip(PartKind, (band.computing, band.waiting, band.unknown), strict=True):
        of_kind = sum(one.share.point for one in band.parts if one.kind is kind)
        assert of_kind == pytest.approx(estimate.point)
    assert band.parts[-1].part == "residue"
    shares = [one.share.point for one in band.parts[:-1]]
    assert shares == sorted(shares, reverse=True)


def test_the_tail_waits_where_the_median_computes():
    found = judged(service())
    assert [band.name for band in found.bands] == ["p45-p55", "p90-p99", "above p99"]
    for band in found.bands:
        assert_complete(band)
    median, _, tail = found.bands
    assert (median.requests, tail.requests) == (200, 20)
    assert median.computing.point == pytest.approx(1 / 1.1, abs=1e-3)
    assert median.parts[0].part == "on CPU"
    assert tail.parts[0].part == "lock"
    assert share(tail, "lock") > 0.7
    assert [one.function for one in tail.parts[0].places] == ["cache::get"]
    assert tail.most_ns > tail.least_ns > median.most_ns


def test_waits_for_a_cpu_belong_to_the_wait_before_them_but_not_to_being_preempted():
    story = Story()
    story.connection(0, 4000)
    at = 10 * MS
    for _ in range(200):
        story.wait(7, at - 1, (*RECEIVE, MAIN), MS // 10)
        story.call(READ, at + MS // 10, 7, 4000)
        story.wait(7, at + MS, (*DISK, MAIN), MS, 3 * MS)
        story.wait(7, at + 6 * MS, (*DISK, MAIN), 0, MS)
        story.wait(7, at + 8 * MS, (*LOCK, MAIN), MS)
        story.call(WRITE, at + 10 * MS, 7, 4000)
        story.request(at, at, at + 10 * MS)
        at += 20 * MS
    story.wait(7, at, (*RECEIVE, MAIN), MS)
    parts = {one.part: one for one in judged(story).bands[0].parts}
    assert parts["disk I/O"].share.point == pytest.approx(0.1, abs=0.01)
    assert parts["runnable"].share.point == pytest.approx(0.4, abs=0.01)
    behind = parts["disk I/O"].then_runnable
    assert behind is not None
    assert behind.point == pytest.approx(0.3, abs=0.01)
    assert [parts[name].then_runnable for name in ("lock", "on CPU", "runnable")] == [None, None, None]


def test_the_slowest_are_named():
    tail = judged(service()).bands[-1]
    assert tail.examples == ["r1957", "r1907", "r1857"]


def test_what_is_known_of_the_slowest_is_covered():
    found = judged(service())
    assert found.coverage is not None
    assert found.coverage.point == pytest.approx(1)
    story = service()
    story.rows["waits"] = [row for row in story.rows["waits"] if row["blocked_ns"] < 2 * MS]
    story.rows["socket_calls"] = [row for row in story.rows["socket_calls"] if row["t_ns"] < 1000 * MS]
    less = judged(story).coverage
    assert less is not None
    assert less.point < 0.5


def test_requests_that_could_not_be_divided_are_counted_by_reason():
    story = service(200)
    story.request(5, 6, 10 * MS, connection=9)
    found = judged(story)
    assert (found.requests, found.divided, found.handed_over) == (201, 200, 0)
    assert [(one.reason, one.requests) for one in found.undivided] == [("connection not known", 1)]


def test_too_few_requests_have_no_band():
    found = judged(service(100))
    assert [band.name for band in found.bands] == ["p45-p55", "p90-p99"]
    assert found.coverage is None
    assert any("above p99: too few requests (1)" in warning for warning in found.warnings)
    nothing = judged(Story())
    assert (nothing.bands, nothing.coverage, nothing.requests) == ([], None, 0)


def test_a_single_request_is_no_band_and_no_error():
    assert judged(one_connection()).bands == []


def test_clocks_that_disagree_are_warned_of():
    story = service(200)
    story.request(100 * MS, 100 * MS, 90 * MS)
    found = judged(story)
    assert any("clocks disagree" in warning for warning in found.warnings)
    assert all(band.least_ns >= 0 for band in found.bands)


def test_what_was_not_recorded_is_warned_of():
    story = service(200)
    story.rows["waits"] = []
    found = judged(story)
    assert any("not recorded" in warning for warning in found.warnings)
    assert share(found.bands[0], "server") > 0.8


@pytest.mark.parametrize(
    ("text", "ranks", "name"),
    [
        ("p99.9", Ranks(0.999, 1.0), "above p99.9"),
        ("p90-p99", Ranks(0.9, 0.99), "p90-p99"),
        ("45-55", Ranks(0.45, 0.55), "p45-p55"),
        ("p0", Ranks(0.0, 1.0), "above p0"),
    ],
)
def test_bands_are_read(text: str, ranks: Ranks, name: str):
    assert parse_band(text) == ranks
    assert parse_band(text).name == name


@pytest.mark.parametrize("text", ["", "p", "p100", "p99-p90", "above p99", "p99.9.9", "p-1", "p99-p101"])
def test_what_is_no_band_is_refused(text: str):
    with pytest.raises(UsageError, match="no band"):
        parse_band(text)


def test_a_chosen_band_stands_alone():
    found = judged(service(), parse_band("p50"))
    assert [(band.name, band.requests) for band in found.bands] == [("above p50", 1000)]


@settings(deadline=None)
@given(st.integers(0, 40))
def test_a_band_of_all_has_all_requests(count: int):
    story = Story()
    for number in range(count):
        story.request(number, 0, number + 10)
    found = divide(story.tables())
    assert sum(band.requests for band in bands_of(found, "diagnose", Ranks(0.0, 1.0)).bands) in (0, count)


def test_usual_bands_do_not_overlap():
    assert all(first.high <= second.low for first, second in pairwise(BANDS))


def test_intervals_cover_about_as_promised():
    """Shares of 0.3 that are alike within a piece of the window."""
    generator = np.random.default_rng(3)
    piece = np.repeat(np.arange(24), 20)
    covered = 0
    for _ in range(400):
        total = generator.exponential(1e6, len(piece)).astype(np.int64) + 1
        mean = np.clip(0.3 + 0.1 * generator.standard_normal(24), 0, 1)[piece]
        spent = (total * np.clip(mean + 0.2 * generator.standard_normal(len(piece)), 0, 1)).astype(np.int64)
        found = share_of_time(spent, total, piece)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.309 <= found.high  # clipping at 0 moves the mean a little
    assert 0.9 <= covered / 400 <= 0.995


def test_few_pieces_carry_no_interval():
    ones = np.ones(10, dtype=np.int64)
    found = share_of_time(ones, 2 * ones, np.array([0, 1] * 5))
    assert (found.point, found.low, found.high, found.n) == (0.5, None, None, 10)
    assert share_of_time(ones * 0, ones * 0, ones).point == 0


def test_a_recording_tells_where_the_time_goes(tmp_path):
    story = service(1000)
    story.wait(9, 5, DISK, 5)
    bundle = recorded(tmp_path, story)
    found, timeline = request_bands(bundle, divided(bundle), request="r957")
    assert found is not None
    assert found.bands[-1].parts[0].part == "lock"
    assert timeline is not None
    assert [step.part for step in timeline.steps] == ["way in", "reader on CPU", "on CPU", "lock", "on CPU"]


def test_a_recording_without_sockets_tells_nothing(tmp_path):
    workspace = Workspace(tmp_path)
    bundle = Bundle.open(workspace.run(record(workspace)))
    assert divided(bundle) is None
    assert request_bands(bundle, None) == (None, None)
    with pytest.raises(NothingMeasuredError, match="does not tell"):
        request_bands(bundle, None, band="p99")
    with pytest.raises(NothingMeasuredError, match="does not tell"):
        request_bands(bundle, None, request="r1")
