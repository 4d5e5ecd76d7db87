"""Files of a load, read back by other programs' readers: the numbers are those of the summary."""

import base64
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from msgspec.structs import replace
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from tests.support import recordings as made

from tailtune.bundle import Bundle, BundleWriter, Workspace
from tailtune.errors import SetupError, UsageError
from tailtune.judge.summary import summarize
from tailtune.lab.load_files import wanted_files, write_files
from tailtune.model.codec import from_json
from tailtune.model.recording import Kind
from tailtune.model.results import LoadResult
from tailtune.show.export.load import exports

SECONDS = 3
REQUESTS = 4000
"""Of each of two operations, in each second."""
NAMES = ("get, it", "put")


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, LoadResult]:
    workspace = Workspace(tmp_path_factory.mktemp("load"))
    report = made.load_report(
        operations=[made.operation_count(name, SECONDS * REQUESTS) for name in NAMES],
        scheduled_duration_ns=SECONDS * made.S,
    )
    with BundleWriter.create(workspace, Kind.LOAD) as writer:
        write_latencies(writer)
        writer.add_table("outcomes", made.table("outcomes", outcomes()))
        writer.add_table("requests", made.table("requests", [{"window": "measure", "status": 200, "done_ns": 5}] * 3))
        writer.add_table("requests", made.table("requests", [{"window": "measure", "status": 418, "done_ns": 6}]))
        path = writer.finish(made.manifest(Kind.LOAD, load=report))
    bundle = Bundle.open(path)
    return bundle, LoadResult(url="http://x/", loop=report.loop_name, summary=summarize(bundle), report=report)


def write_latencies(writer: BundleWriter) -> None:
    random = np.random.default_rng(7)
    for second in range(SECONDS):
        for operation in range(len(NAMES)):
            values = random.lognormal(13 + operation, 0.7, REQUESTS).astype(np.int64)
            for kind, part in (("latency", 1), ("service-time", 1), ("send-lag", 2)):
                table = made.latency(values // part, operation=operation, interval=second)
                writer.add_table("latency", of_kind(table, kind))


def of_kind(table: pa.Table, kind: str) -> pa.Table:
    field = table.schema.field("kind")
    column = pa.array([kind] * table.num_rows).cast(field.type)
    return table.set_column(table.schema.get_field_index("kind"), field, column)


def outcomes() -> list[dict[str, Any]]:
    return [
        {"window": "measure", "slice": -1, "operation": operation, "interval": second, "outcome": kind, "count": count}
        for operation in range(len(NAMES))
        for second in range(SECONDS)
        for kind, count in ((0, REQUESTS - 2), (2, 2))
    ]


def written(load: tuple[Bundle, LoadResult], name: str, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    write_files(wanted_files([str(folder / name)]), load[1], load[0])
    assert [path.name for path in folder.iterdir()] == [name]
    return folder / name


def test_the_text_of_all_requests_gives_the_quantiles_of_the_summary(load: Any, tmp_path: Path) -> None:
    histogram = HdrHistogram.decode(written(load, "a.hdr", tmp_path).read_bytes().strip())
    latency = load[1].summary.measure.latency
    assert histogram.get_total_count() == latency.requests
    for one in latency.quantiles:
        assert histogram.get_value_at_percentile(one.q * 100) == pytest.approx(one.estimate.point, rel=0.001)
    assert histogram.get_max_value() == pytest.approx(latency.max_ns, rel=0.001)


def test_the_log_has_each_operation_in_each_second(load: Any, tmp_path: Path) -> None:
    path = written(load, "a.hlog", tmp_path)
    reader = HistogramLogReader(str(path), HdrHistogram(1, 10**12, 4))
    sums = {name: HdrHistogram(1, 10**12, 4) for name in ("get_it", "put")}
    starts = []
    while (one := reader.get_next_interval_histogram()) is not None:
        sums[one.get_tag()].add(one)
        starts.append(one.get_start_time_stamp())
    reader.close()
    assert len(starts) == len(NAMES) * SECONDS
    assert starts[2] - starts[0] == pytest.approx(1000, abs=1)
    for summary, name in zip(load[1].summary.measure.operations, sums, strict=True):
        assert sums[name].get_total_count() == summary.requests
        p99 = summary.quantiles[2].estimate.point
        assert sums[name].get_value_at_percentile(99) == pytest.approx(p99, rel=0.001)
    head = path.read_text().splitlines()
    assert head[0] == "#[Histogram log format version 1.3]"
    assert "loop: open" in head[1]


def test_openmetrics_is_read_by_prometheus_and_tells_the_numbers_of_the_summary(load: Any, tmp_path: Path) -> None:
    text = written(load, "a.om", tmp_path).read_text()
    assert text.endswith("# EOF\n")
    families = {family.name: family for family in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]
    [about] = families["tailtune_load"].samples
    assert about.labels["loop"] == "open"
    latency = load[1].summary.measure.latency
    quantiles = {
        (one.labels["operation"], one.labels["quantile"]): one.value
        for one in families["tailtune_latency_quantile_seconds"].samples
    }
    assert quantiles["", "0.99"] == latency.quantiles[2].estimate.point / 1e9
    counts = [one for one in families["tailtune_latency_seconds"].samples if one.name.endswith("_count")]
    assert {one.labels["operation"]: one.value for one in counts} == dict.fromkeys(NAMES, SECONDS * REQUESTS)


def test_lines_of_json_are_one_a_second_and_operation(load: Any, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in written(load, "a.ndjson", tmp_path).read_text().splitlines()]
    assert [(one["interval"], one["operation"]) for one in lines[:4]] == [(0, ""), (0, NAMES[0]), (0, "put"), (1, "")]
    assert len(lines) == 3 * SECONDS
    assert {one["loop"] for one in lines} == {"open"}
    assert lines[0]["requests"] == 2 * REQUESTS
    assert lines[0]["outcomes"] == {"ok": 2 * REQUESTS - 4, "timeout": 4}
    assert lines[0]["latency_ns"]["p99"] > lines[0]["latency_ns"]["p50"] > lines[0]["send_lag_ns"]["p50"]
    assert lines[1]["latency_ns"]["p99.9"] is None, "4,000 requests do not carry a p99.9"


def test_the_table_of_seconds_has_the_same_numbers(load: Any, tmp_path: Path) -> None:
    with written(load, "a.csv", tmp_path / "csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [json.loads(line) for line in written(load, "a.ndjson", tmp_path / "json").read_text().splitlines()]
    assert len(rows) == len(lines)
    for row, line in zip(rows, lines, strict=True):
        assert row["loop"] == "open"
        assert float(row["latency_p50_ns"]) == line["latency_ns"]["p50"]
        assert float(row["send_lag_max_ns"]) == line["send_lag_ns"]["max"]
        assert int(row["timeout"]) == line["outcomes"]["timeout"]
        assert row["latency_p99.9_ns"] == str(line["latency_ns"]["p99.9"] or "")


def test_a_closed_loop_has_no_send_lag_in_any_file(load: Any, tmp_path: Path) -> None:
    bundle, result = load
    closed = replace(result, report=replace(result.report, loop="closed", max_connections=2, send_lag_ns={}))
    rows = list(csv.DictReader(written((bundle, closed), "a.csv", tmp_path / "csv").read_text().splitlines()))
    assert {row["send_lag_p50_ns"] + row["send_lag_max_ns"] for row in rows} == {""}
    assert "latency in ns from the send;" in written((bundle, closed), "a.hlog", tmp_path / "hlog").read_text()


def test_the_request_log_is_the_table_of_the_recording(load: Any, tmp_path: Path) -> None:
    table = pq.read_table(written(load, "a.parquet", tmp_path / "parquet"))
    assert table["status"].to_pylist() == [200, 200, 200, 418]
    assert table.schema.metadata[b"tailtune.loop"] == b"open"
    text = pyarrow.csv.read_csv(written(load, "requests.csv", tmp_path / "csv"))
    assert text["done_ns"].to_pylist() == [5, 5, 5, 6]


def test_the_result_is_a_file_as_well(load: Any, tmp_path: Path) -> None:
    assert from_json(written(load, "a.json", tmp_path).read_bytes(), LoadResult) == load[1]


def test_an_encoded_histogram_begins_as_the_format_says(load: Any, tmp_path: Path) -> None:
    content = base64.b64decode(written(load, "a.hdr", tmp_path).read_bytes())
    assert content[:4] == (0x1C849314).to_bytes(4, "big")


@pytest.mark.parametrize(
    ("name", "format_name", "path", "requests"),
    [
        ("out/a.hlog", "hlog", "out/a.hlog", False),
        ("csv:a.json", "csv", "a.json", False),
        ("x.requests.csv", "requests-csv", "x.requests.csv", True),
        ("a:b.csv", "csv", "a:b.csv", False),
        ("a.parquet", "parquet", "a.parquet", True),
    ],
)
def test_the_end_of_the_name_or_what_stands_before_it_is_the_format(
    name: str, format_name: str, path: str, requests: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    [one] = wanted_files([name])
    assert (one.format, str(one.path), one.needs_requests) == (format_name, path, requests)


def test_a_name_without_a_format_lists_them() -> None:
    with pytest.raises(UsageError) as caught:
        wanted_files(["out.xyz"])
    assert all(name in caught.value.hint for name in exports())


def test_a_file_that_could_not_be_written_is_refused_before_the_load(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be written"):
        wanted_files([str(tmp_path / "missing" / "a.csv")])


def test_a_full_disk_leaves_no_piece_behind(load: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.hdr").write_text("older")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(SetupError, match="No space left"):
        write_files(wanted_files([str(tmp_path / "a.hdr")]), load[1], load[0])
    assert [path.read_text() for path in tmp_path.iterdir()] == ["older"]


def test_devices_are_written_to_directly(load: Any) -> None:
    write_files(wanted_files(["csv:/dev/null"]), load[1], load[0])
    assert Path("/dev/null").is_char_device()
