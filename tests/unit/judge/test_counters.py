"""What the processor counted, by request."""

import pyarrow as pa
import pytest

from tailtune.bundle.schema import COUNTERS
from tailtune.judge.counters import counters


def table(counts: dict[str, int], *, kernel: bool = True) -> pa.Table:
    rows = [
        {
            "window": "measure",
            "event": event,
            "count": count,
            "counted": count,
            "enabled_ns": 1_000,
            "running_ns": 1_000,
            "kernel": kernel,
        }
        for event, count in counts.items()
    ]
    return pa.Table.from_pylist(rows, schema=COUNTERS)


ALL = {"cycles": 4_000_000, "instructions": 3_000_000, "cache-misses": 6_000, "stalled-cycles-backend": 1_000_000}


def test_counts_are_divided_by_requests_and_by_one_another() -> None:
    found = counters(table(ALL), "measure", 1000)
    assert found is not None
    assert (found.instructions_per_request, found.instructions_per_cycle) == (3_000, 0.75)
    assert (found.misses_per_request, found.misses_per_1000_instructions) == (6, 2)
    assert (found.stalled_share, found.kernel, found.lent_share) == (0.25, True, 1.0)


def test_what_is_not_counted_is_absent_and_the_rest_is_not() -> None:
    found = counters(table({"instructions": 3_000_000}, kernel=False), "measure", 1000)
    assert found is not None
    assert (found.instructions_per_request, found.kernel) == (3_000, False)
    assert found.instructions_per_cycle is found.misses_per_request is found.stalled_share is None
    assert found.misses_per_1000_instructions is None


def test_a_counter_that_never_moved_does_not_work() -> None:
    found = counters(table(ALL | {"cache-misses": 0}), "measure", 1000)
    assert found is not None
    assert found.misses_per_request is None
    assert counters(table({"cycles": 0, "instructions": 0}), "measure", 1000) is None


def test_nothing_is_told_of_another_window_or_without_requests() -> None:
    assert counters(table(ALL), "diagnose", 1000) is None
    assert counters(table(ALL), "measure", 0) is None
    assert counters(COUNTERS.empty_table(), "measure", 1000) is None


def test_the_least_lucky_event_tells_how_much_is_extended() -> None:
    rows = table(ALL).to_pylist()
    rows[2]["running_ns"] = 250
    found = counters(pa.Table.from_pylist(rows, schema=COUNTERS), "measure", 1000)
    assert found is not None
    assert found.lent_share == pytest.approx(0.25)
