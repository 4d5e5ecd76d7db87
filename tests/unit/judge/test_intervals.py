"""The seconds of a load: nothing is lost between them and the whole."""

from pathlib import Path

import pyarrow as pa
import pytest
from tests.support import recordings as made

from tailtune.bundle import Bundle, BundleWriter, Workspace
from tailtune.judge.intervals import cumulative_buckets, interval_buckets, interval_summaries, total_buckets
from tailtune.model.load import LoadReport
from tailtune.model.recording import Kind


def bundle_of(root: Path, report: LoadReport, *tables: pa.Table) -> Bundle:
    with BundleWriter.create(Workspace(root), Kind.LOAD) as writer:
        for table in tables:
            writer.add_table("latency", table)
        return Bundle.open(writer.finish(made.manifest(Kind.LOAD, load=report)))


def test_a_second_without_requests_is_there_and_empty(tmp_path: Path) -> None:
    report = made.load_report(scheduled_duration_ns=2_500_000_000)
    bundle = bundle_of(tmp_path, report, made.latency([5, 6]), made.latency([7], interval=2))
    found = interval_summaries(bundle, report)
    assert [(one.interval, one.requests, one.seconds) for one in found] == [(0, 2, 1.0), (1, 0, 1.0), (2, 1, 0.5)]
    assert found[1].latency_max_ns is None
    assert found[0].outcomes is None, "outcomes were not recorded"
    assert found[0].latency[0].estimate is None, "two requests carry no median"
    assert found[0].send_lag_max_ns is None


def test_all_buckets_together_are_all_requests(tmp_path: Path) -> None:
    report = made.load_report(operations=[made.operation_count("a", 3), made.operation_count("b", 2)])
    bundle = bundle_of(tmp_path, report, made.latency([5, 6, 6]), made.latency([7, 1_000_000], operation=1, interval=1))
    pieces = list(interval_buckets(bundle, report))
    assert [(one.operation, one.interval, one.values_ns, one.counts) for one in pieces] == [
        ("a", 0, [5, 6], [1, 2]),
        ("b", 1, [7, 1_000_000], [1, 1]),
    ]
    total = total_buckets(bundle, report)
    assert (total.values_ns, total.counts, total.max_ns) == ([5, 6, 7, 1_000_000], [1, 2, 1, 1], 1e6)


def test_bounds_reach_around_all_requests_and_counts_grow(tmp_path: Path) -> None:
    report = made.load_report()
    bundle = bundle_of(tmp_path, report, made.latency([900, 1_000, 50_000]))
    [one] = cumulative_buckets(bundle, report)
    assert one.operation == "get"
    assert one.bounds_ns[0] <= 900
    assert one.bounds_ns[-1] >= 50_000
    assert one.bounds_ns[8] / one.bounds_ns[0] == pytest.approx(2)
    assert one.counts == sorted(one.counts)
    assert (one.counts[-1], one.total, one.sum_ns) == (3, 3, 51_900)


def test_a_load_without_requests_has_no_buckets(tmp_path: Path) -> None:
    report = made.load_report()
    bundle = bundle_of(tmp_path, report)
    assert interval_summaries(bundle, report) == []
    assert list(interval_buckets(bundle, report)) == []
    assert cumulative_buckets(bundle, report)[0].bounds_ns == []
