"""Events from tables that anybody may record, and when they are asked for."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.recordings import latency, load_report, manifest, table

from tailtune.bundle import Bundle, BundleWriter, Workspace
from tailtune.judge.explain import explain
from tailtune.judge.overlap import Event
from tailtune.judge.overlap_events import bursts, collections, seen_together, tells_requests, throttled
from tailtune.model.finding import Strength
from tailtune.model.recording import Kind

MS = 1_000_000
START = 1_000_000 * MS


def process_rows(*growths: int, name: str = "minor_faults", step: int = 100 * MS) -> list[dict[str, Any]]:
    """Readings of one counter that grows by so much from each to the next."""
    total = [sum(growths[:number]) for number in range(len(growths) + 1)]
    return [{"window": "diagnose", "t_ns": START + at * step, name: value} for at, value in enumerate(total)]


def test_a_burst_is_a_reading_with_far_more_than_usual():
    rows = table("process", process_rows(5, 5, 30, 40, 5, 5, 5, 5, 9, 5, 50))
    found = bursts(rows, ("minor_faults", "major_faults"))
    assert [(at - START) // MS for at in found.begin_ns.tolist()] == [200, 1000]
    assert [(at - START) // MS for at in found.end_ns.tolist()] == [400, 1100]


@pytest.mark.parametrize("growths", [(5,) * 20, (5, 50, 5), (0,) * 20, ()])
def test_what_is_even_or_too_short_has_no_burst(growths: tuple[int, ...]):
    assert len(bursts(table("process", process_rows(*growths)), ("minor_faults",))) == 0


def test_a_throttled_period_reaches_back_before_its_reading():
    rows = [
        {"t_ns": START + at * 100 * MS, "throttled_periods": periods, "throttled_ns": periods * 30 * MS}
        for at, periods in enumerate((0, 0, 1, 1, 1, 9))
    ]
    found = throttled(table("host", rows))
    assert [(at - START) // MS for at in found.begin_ns.tolist()] == [70, 300]
    assert [(at - START) // MS for at in found.end_ns.tolist()] == [200, 500]
    assert len(throttled(table("host", []))) == len(throttled(table("host", rows[:1]))) == 0


def test_collections_last_as_long_as_their_phases():
    row = {"t_ns": START, "stw_sweep_ns": MS, "mark_ns": 5 * MS, "stw_mark_ns": 2 * MS}
    found = collections(table("gc", [row, {**row, "t_ns": START + 100 * MS}]))
    assert found.begin_ns.tolist() == [START, START + 100 * MS]
    assert (found.end_ns - found.begin_ns).tolist() == [10 * MS] * 2
    assert len(collections(table("gc", []))) == 0


def recorded(folder: Path, *, sockets: bool = False, meets: bool = True) -> Bundle:
    """1,000 requests, 8 ms apart; every hundredth takes 20 ms, and 10 of 20 collections begin with one of those.

    Without `meets`, the collections begin 400 ms after them.
    """
    requests, calls = list[dict[str, Any]](), list[dict[str, Any]]()
    for window in ("measure", "diagnose"):
        base = START if window == "measure" else START + 10_000 * MS
        for at in range(1000):
            begin = base + at * 8 * MS
            times = {"intended_ns": begin, "sent_ns": begin, "done_ns": begin + (20 * MS if at % 100 == 50 else MS)}
            requests.append({"window": window, "status": 200, **times})
            calls.append({"window": window, "t_ns": begin + MS // 4, "tid": 7, "kind": 0, "peer_port": 4, "bytes": 9})
            calls.append({"window": window, "t_ns": begin + MS // 2, "tid": 7, "kind": 1, "peer_port": 4, "bytes": 9})
    late = 0 if meets else 400 * MS
    gc = [{"t_ns": START + 400 * MS + at * 800 * MS + late, "mark_ns": 10 * MS, "procs": 2} for at in range(20)]
    rows: dict[str, list[dict[str, Any]]] = {"requests": requests, "gc": gc}
    if sockets:
        rows["socket_calls"] = calls
        rows["connections"] = [{"window": window, "local_port": 4} for window in ("measure", "diagnose")]
    with BundleWriter.create(Workspace(folder), Kind.RUN) as writer:
        for name, content in rows.items():
            writer.add_table(name, table(name, content))
        writer.add_table("latency", latency([row["done_ns"] - row["intended_ns"] for row in requests[:1000]]))
        return Bundle.open(writer.finish(manifest(load=load_report())))


def test_a_recording_without_privileges_tells_what_overlaps(tmp_path: Path):
    bundle = recorded(tmp_path)
    [found] = seen_together(bundle, "measure", "diagnose")
    assert (found.kind, found.window, found.events, found.requests) == (Event.COLLECTION, "measure", 10, 10)
    assert found.together.point == 1
    assert found.is_beyond_chance
    last = explain(bundle)[-1]
    assert (last.id, last.strength) == ("overlap:garbage-collection", Strength.WEAK)
    assert "seen together, not proved" in last.title
    assert last.confirm.startswith("tailtune compare base gogc400")
    assert last.share.low is not None
    assert 0 < last.share.low <= last.share.point <= 1


def test_events_that_miss_the_slow_requests_are_no_finding(tmp_path: Path):
    bundle = recorded(tmp_path, meets=False)
    [found] = seen_together(bundle, "measure", "diagnose")
    assert found.together.point == 0
    assert not [one for one in explain(bundle) if one.rule == "overlap"]


def test_where_requests_are_divided_nothing_is_told_by_overlap(tmp_path: Path):
    bundle = recorded(tmp_path, sockets=True)
    assert seen_together(bundle, "measure", "diagnose")[0].is_beyond_chance
    assert not [one for one in explain(bundle) if one.rule == "overlap"]
    assert not tells_requests(None)
