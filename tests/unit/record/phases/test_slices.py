"""The row of a slice: differences of the readings at its edges."""

from dataclasses import replace

from tests.support.recordings import S, load_report

from tailtune.record.host.interference import HostReading
from tailtune.record.host.speed import Speed
from tailtune.record.phases.epochs import SlicePlan
from tailtune.record.phases.slices import _Edge, _row
from tailtune.record.processes.usage import Usage


def edge(loaded_ns: int, idle_ns: int, busy_ns: int, asleep_ns: int = 0) -> _Edge:
    usage = {0: used(idle_ns), 1: used(loaded_ns)}
    host = HostReading(**dict.fromkeys(HostReading._fields, 0) | {"busy_ns": busy_ns})
    own = {0: idle_ns, 1: loaded_ns - S}
    return _Edge(usage=usage, own_cpu_ns=own, host=host, speed=Speed(0, 0, 0), asleep_ns=asleep_ns)


def used(cpu_ns: int) -> Usage:
    return Usage(**dict.fromkeys(Usage._fields, 0) | {"cpu_user_ns": cpu_ns})


def test_neither_variant_counts_as_another_program() -> None:
    """The idle one may have work of its own: dropping pairs for it would be dropping on a variant's doing."""
    plan = SlicePlan(slice=3, pair=1, position=1, variant=1, seed=7)
    report = load_report(engine_cpu_ns=S)
    row = _row(0, plan, "fast", report, edge(5 * S, 2 * S, 20 * S), edge(7 * S, 3 * S, 28 * S))
    assert row["cpu_user_ns"] == 2 * S
    assert row["other_busy_ns"] == (8 - 2 - 1 - 1) * S


def test_the_gauge_is_no_other_program_and_counts_between_the_edges() -> None:
    plan = SlicePlan(slice=3, pair=1, position=1, variant=1, seed=7)
    before = replace(edge(5 * S, 2 * S, 20 * S), speed=Speed(10, 400_000, S))
    after = replace(edge(7 * S, 3 * S, 28 * S), speed=Speed(510, 20_400_000, 2 * S))
    row = _row(0, plan, "fast", load_report(engine_cpu_ns=S), before, after)
    assert (row["gauge_pieces"], row["gauge_ns"]) == (500, 20_000_000)
    assert row["other_busy_ns"] == (8 - 2 - 1 - 1 - 1) * S


def test_what_runs_beside_a_variant_on_purpose_is_no_other_program() -> None:
    plan = SlicePlan(slice=3, pair=1, position=1, variant=1, seed=7)
    before, after = edge(5 * S, 2 * S, 20 * S), edge(7 * S, 3 * S, 28 * S)
    row = _row(0, plan, "fast", load_report(engine_cpu_ns=S), before, replace(after, background_cpu_ns=3 * S))
    assert row["other_busy_ns"] == (8 - 2 - 1 - 1 - 3) * S


def test_what_its_other_processes_used_and_how_long_the_machine_slept_is_told() -> None:
    plan = SlicePlan(slice=3, pair=1, position=1, variant=1, seed=7)
    before, after = edge(5 * S, 2 * S, 20 * S), edge(7 * S, 3 * S, 28 * S, asleep_ns=60 * S)
    row = _row(0, plan, "fast", load_report(), before, after)
    assert row["children_cpu_ns"] == 0
    assert row["suspended_ns"] == 60 * S
    assert _row(0, plan, "fast", load_report(), before, edge(7 * S, 3 * S, 28 * S, asleep_ns=900))["suspended_ns"] == 0
