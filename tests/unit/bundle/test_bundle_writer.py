"""Writing and reading one recording."""

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.recordings import latency, manifest, record, table

from tailtune.bundle import Bundle, BundleWriter, Catalogue, Workspace
from tailtune.bundle.schema import TABLES
from tailtune.errors import RecordingError
from tailtune.model.codec import to_json
from tailtune.model.recording import FORMAT_VERSION, Kind


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


def test_what_is_written_is_read(workspace):
    with BundleWriter.create(workspace, Kind.RUN) as writer:
        writer.add_table("latency", latency([5, 1, 5]))
        writer.add_table("latency", latency([7], window="diagnose"))
        writer.add_file("profiles/on-cpu.measure.pb.gz", b"profile")
        writer.log_path("service.stderr").write_text("hello")
        path = writer.finish(manifest(warnings=["w"]))
    bundle = Bundle.open(path)
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{4}", bundle.id)
    assert bundle.manifest.warnings == ["w"]
    assert bundle.manifest.tables == {"latency": 3}
    assert bundle.table("latency")["value_ns"].to_pylist() == [1, 5, 7]
    assert bundle.table("latency").schema.equals(TABLES["latency"])
    assert bundle.file("profiles/on-cpu.measure.pb.gz") == b"profile"
    assert bundle.files() == ["logs/service.stderr", "profiles/on-cpu.measure.pb.gz", "tables/latency.parquet"]
    assert sorted(bundle.manifest.checksums) == bundle.files()
    bundle.verify()


def test_a_table_that_was_not_recorded_is_empty(workspace):
    bundle = Bundle.open(workspace.run(record(workspace)))
    for name, schema in TABLES.items():
        if name != "latency":
            assert bundle.table(name).num_rows == 0
            assert bundle.table(name).schema.equals(schema)


def test_the_order_of_variants_is_kept(workspace):
    from tailtune.model.project import Variant

    variants = {"slow": Variant(), "fast": Variant(), "a": Variant()}
    bundle = Bundle.open(workspace.run(record(workspace, variants=variants)))
    assert list(bundle.manifest.variants) == ["slow", "fast", "a"]


def test_ids_sort_by_time(workspace):
    ids = [record(workspace) for _ in range(5)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 5


@pytest.mark.parametrize(
    "columns",
    [{"window": ["measure"]}, {**{name: [] for name in TABLES["gc"].names}, "extra": []}],
    ids=["missing", "unknown"],
)
def test_columns_outside_the_schema_are_refused(workspace, columns):
    with BundleWriter.create(workspace, Kind.RUN) as writer, pytest.raises(ValueError, match="columns missing or unk"):
        writer.add_table("gc", pa.table(columns))


def test_nulls_and_unknown_tables_are_refused(workspace):
    rows = table("gc", [{}])
    nulls = rows.set_column(0, "t_ns", pa.array([None], pa.int64()))
    with BundleWriter.create(workspace, Kind.RUN) as writer:
        with pytest.raises(ValueError, match="table gc"):
            writer.add_table("gc", nulls)
        with pytest.raises(ValueError, match="no table is named 'nonsense'"):
            writer.add_table("nonsense", nulls)


@pytest.mark.parametrize("name", ["../escape", "/etc/passwd", "", "profiles/../../x", ".hidden"])
def test_names_outside_the_recording_are_refused(workspace, name):
    with BundleWriter.create(workspace, Kind.RUN) as writer, pytest.raises(ValueError, match="not a name inside"):
        writer.add_file(name, b"")


def test_leaving_without_finishing_leaves_nothing(workspace):
    with BundleWriter.create(workspace, Kind.RUN) as writer:
        writer.add_table("latency", latency([1]))
        assert writer.path.exists()
    assert list(workspace.runs.iterdir()) == []


def test_checkpoints_end_as_one_file(workspace):
    with BundleWriter.create(workspace, Kind.EXPERIMENT) as writer:
        for value in range(3):
            writer.add_table("latency", latency([value], "slice", value))
            writer.checkpoint(manifest(Kind.EXPERIMENT))
        writer.add_table("latency", latency([3], "slice", 3))
        bundle = Bundle.open(writer.finish(manifest(Kind.EXPERIMENT)))
    assert bundle.files() == ["tables/latency.parquet"]
    assert bundle.table("latency")["slice"].to_pylist() == [0, 1, 2, 3]
    assert not bundle.manifest.partial
    bundle.verify()


def test_a_newer_format_is_refused(workspace):
    path = workspace.run(record(workspace))
    document = json.loads((path / "manifest.json").read_bytes()) | {"format_version": FORMAT_VERSION + 1, "kind": "?"}
    (path / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(RecordingError, match=f"format version {FORMAT_VERSION + 1}") as caught:
        Bundle.open(path)
    assert "upgrade" in caught.value.hint


def test_unknown_fields_and_columns_are_tolerated(workspace):
    path = workspace.run(record(workspace, [4]))
    document = json.loads((path / "manifest.json").read_bytes()) | {"news": 1}
    (path / "manifest.json").write_text(json.dumps(document))
    rows = Bundle.open(path).table("latency")
    pq.write_table(rows.append_column("extra", pa.array([1])), path / "tables" / "latency.parquet")
    assert Bundle.open(path).table("latency")["value_ns"].to_pylist() == [4]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format_version": 1}', b"\xff\x00"])
def test_a_damaged_manifest_is_named(workspace, content):
    path = workspace.run(record(workspace))
    (path / "manifest.json").write_bytes(content)
    with pytest.raises(RecordingError, match=r"manifest\.json is damaged"):
        Bundle.open(path)
    entries = Catalogue(workspace).list()
    assert len(entries) == 1
    assert "manifest.json is damaged" in entries[0].damaged


@pytest.mark.parametrize("content", [b"", b"PAR1", b"nonsense" * 100])
def test_a_damaged_table_is_named(workspace, content):
    path = workspace.run(record(workspace))
    (path / "tables" / "latency.parquet").write_bytes(content)
    bundle = Bundle.open(path)
    with pytest.raises(RecordingError, match=r"latency\.parquet cannot be read"):
        bundle.table("latency")
    with pytest.raises(RecordingError, match=r"changed since it was recorded: tables/latency\.parquet"):
        bundle.verify()


def test_a_table_without_a_column_is_named(workspace):
    path = workspace.run(record(workspace))
    rows = Bundle.open(path).table("latency")
    pq.write_table(rows.drop_columns("count"), path / "tables" / "latency.parquet")
    with pytest.raises(RecordingError, match="lacks the column 'count'"):
        Bundle.open(path).table("latency")


def test_a_missing_recording_and_a_missing_file_are_named(workspace):
    with pytest.raises(RecordingError, match="nowhere is not a recording"):
        Bundle.open(workspace.runs / "nowhere")
    with pytest.raises(RecordingError, match=r"none\.gz cannot be read"):
        Bundle.open(workspace.run(record(workspace))).file("profiles/none.gz")


def test_the_manifest_is_readable_json(workspace):
    text = (workspace.run(record(workspace)) / "manifest.json").read_text()
    assert text.startswith('{\n  "format_version": 1,')
    assert json.loads(text)["goals"] == json.loads(to_json(manifest().goals))
