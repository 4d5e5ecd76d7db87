"""Memory in time, from tables and heap profiles of a recording."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.pprof import encode
from tests.support.recordings import S, latency, load_report, manifest, table

from tailtune.bundle import Bundle, BundleWriter, Workspace
from tailtune.judge.facts import gather
from tailtune.judge.memory import Trend, piled, retained, trend
from tailtune.judge.stackprofile import StackProfile
from tailtune.model.recording import Kind

MIB = 1 << 20
HEAP = [("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes")]


def test_a_line_is_found_through_steps_and_a_single_outlier():
    sizes = [(40 + 2 * second) * MIB for second in range(11)]
    sizes[4] += 100 * MIB
    found = trend(np.arange(11) * S, sizes)
    assert found is not None
    assert found.grows
    assert found.per_s.point == pytest.approx(2 * MIB)
    assert [found.per_s.low, found.per_s.high] == pytest.approx([2 * MIB, 2 * MIB])
    assert found.grown_bytes == pytest.approx(20 * MIB)
    assert found.last_bytes - found.first_bytes == pytest.approx(found.grown_bytes)


@pytest.mark.parametrize(
    "sizes",
    [
        [50] * 10,
        [40, 60, 40, 60, 40, 60, 40, 60, 40, 60],
        [10, 30, 50, 70, 90, 90, 90, 90, 90, 90, 90, 90],
        [90, 80, 70, 60, 50, 40, 30, 20, 10, 0],
    ],
)
def test_standing_still_swinging_settling_and_falling_is_no_growth(sizes):
    found = trend(np.arange(len(sizes)) * S, np.array(sizes) * MIB)
    assert found is not None
    assert not found.grows


def test_noise_alone_hardly_ever_grows():
    rng = np.random.default_rng(1)
    found = [trend(np.arange(10) * S, 50 * MIB + rng.normal(0, MIB, 10)) for _ in range(400)]
    assert sum(isinstance(one, Trend) and one.grows for one in found) <= 0.025 * 400


def test_few_readings_and_readings_at_one_time_tell_nothing():
    assert trend([], []) is None
    assert trend(np.arange(5) * S, np.arange(5) * MIB) is None
    assert trend([S] * 8, np.arange(8) * MIB) is None


def test_many_readings_are_thinned_and_tell_the_same():
    found = trend(np.arange(100_000) * S, np.arange(100_000) * MIB)
    assert found is not None
    assert found.per_s.n <= 300
    assert found.per_s.point == pytest.approx(MIB)


def test_what_came_to_live_is_told_by_function():
    before = heap({"net/http.(*conn).serve;main.keep": 10 * MIB, "main.start": 30 * MIB, "runtime.main": MIB})
    after = heap({"net/http.(*conn).serve;main.keep": 40 * MIB, "main.start": 25 * MIB, "runtime.main": 11 * MIB})
    found = retained(before, after, 10)
    assert found is not None
    assert found.per_s == pytest.approx(3.5 * MIB)
    assert found.owners == [("main.keep", 0.75)]
    assert retained(None, after, 10) is None
    assert retained(before, None, 10) is None
    assert retained(before, after, 0) is None


def test_goroutines_that_came_to_be_are_told_by_function():
    before, after = heap({"net/http.(*conn).serve": 10, "main.watch": 5}), heap({"main.watch": 305, "main.main": 1})
    found = piled(before, after, 4)
    assert found is not None
    assert (found.more, found.owners[0][0]) == (291, "main.watch")
    assert piled(None, after, 4) is None
    assert piled(before, None, 4) is None


def heap(live: Mapping[str, int]) -> StackProfile:
    return StackProfile.from_collapsed([f"{stack} {size}" for stack, size in live.items()], "profiles/heap.pb.gz")


def dump(live: Mapping[tuple[str, ...], int]) -> bytes:
    """A heap profile as Go writes them, of bytes that live by stack, leaf first."""
    return encode({stack: (100, 2 * size, 50, size) for stack, size in live.items()}, HEAP)


def recorded(
    folder: Path,
    *,
    rates: Sequence[int] = (100,) * 10,
    heaps: Sequence[str] = ("go-heap.measure", "go-heap.diagnose"),
    limited: bool = False,
) -> Bundle:
    """A service that holds 40 MiB, and 2 MiB more each second; it is measured for 10 s, diagnosed for 5 s."""
    readings = [("measure", second) for second in range(11)] + [("diagnose", 12 + tenth / 2) for tenth in range(11)]
    process = [
        {
            "window": window,
            "slice": -1,
            "t_ns": int((100 + at) * S),
            "rss_bytes": int((40 + 2 * at) * MIB),
            "threads": 4,
        }
        for window, at in readings
    ]
    collections = []
    live = 20
    for number in range(40):
        goal = 2 * live if not limited else max(live, min(2 * live, 48))
        live = 20 + number
        collections.append({"t_ns": (94 + number) * S, "heap_live_bytes": live * MIB, "heap_goal_bytes": goal * MIB})
    with BundleWriter.create(Workspace(folder), Kind.RUN) as writer:
        for second, rate in enumerate(rates):
            writer.add_table("latency", latency(range(1, rate + 1), interval=second))
        writer.add_table("process", table("process", process))
        writer.add_table("gc", table("gc", collections))
        for number, name in enumerate(heaps):
            size = (30 + 14 * number) * MIB
            writer.add_file(f"profiles/{name}.pb.gz", dump({("main.keep", "net/http.(*conn).serve"): size}))
        for number, window in enumerate(("measure", "diagnose")):
            waiting = encode({("runtime.gopark", "main.watch"): (30 + 400 * number,)}, [("goroutine", "count")])
            writer.add_file(f"profiles/go-goroutine.{window}.pb.gz", waiting)
        return Bundle.open(writer.finish(manifest(load=load_report())))


def memory(bundle: Bundle) -> Any:
    found = gather(bundle, None).memory
    assert found is not None
    return found


def test_a_recording_tells_what_is_resident_and_what_lives(tmp_path):
    found = memory(recorded(tmp_path))
    assert found.resident.per_s.point == pytest.approx(2 * MIB)
    assert found.resident_later.per_s.point == pytest.approx(2 * MIB)
    assert found.live.per_s.point == pytest.approx(MIB)
    assert found.is_rate_steady
    assert found.threads == (4, 4)
    assert found.retained.source == "profiles/go-heap.diagnose.pb.gz"
    assert found.retained.grown_bytes == 14 * MIB
    assert found.retained.seconds == pytest.approx(7)
    assert found.retained.owners == [("main.keep", 1.0)]
    assert found.headroom.most == pytest.approx(found.headroom.now)
    assert (found.goroutines.more, found.goroutines.owners) == (400, [("main.watch", 1.0)])
    assert found.goroutines.seconds == pytest.approx(4.5)


def test_the_heap_profiles_of_jemalloc_are_read_alike(tmp_path):
    found = memory(recorded(tmp_path, heaps=("allocations.measure", "allocations.diagnose")))
    assert found.retained.source == "profiles/allocations.diagnose.pb.gz"
    assert found.retained.per_s == pytest.approx(2 * MIB)


def test_one_heap_profile_tells_no_growth(tmp_path):
    assert memory(recorded(tmp_path, heaps=("go-heap.measure",))).retained is None


def test_room_above_what_lives_shrinks_below_a_limit(tmp_path):
    room = memory(recorded(tmp_path, limited=True)).headroom
    assert room.most > 0.8
    assert room.now < 0.8


def test_a_load_that_rises_is_known(tmp_path):
    assert not memory(recorded(tmp_path, rates=(50,) * 5 + (100,) * 5)).is_rate_steady
    assert memory(recorded(tmp_path / "falling", rates=(100,) * 5 + (50,) * 5)).is_rate_steady


def test_a_recording_without_readings_tells_nothing(tmp_path):
    with BundleWriter.create(Workspace(tmp_path), Kind.RUN) as writer:
        writer.add_table("latency", latency(range(1, 2001)))
        bundle = Bundle.open(writer.finish(manifest(load=load_report())))
    assert gather(bundle, None).memory is None
