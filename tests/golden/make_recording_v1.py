"""Made `recording-v1`, the golden recording of format version 1: every table, a log and a profile.

Run from the root of the repository: `python -m tests.golden.make_recording_v1`. It refuses to replace the
recording: files of a released format version stay as they were written. A new version gets a recording of its own.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
from tests.support.pprof import encode
from tests.support.recordings import S, artifact, latency, load_report, manifest, operation_count, table

from tailtune.bundle import Bundle, BundleWriter, Workspace
from tailtune.bundle.schema import TABLES
from tailtune.model.project import Goals, Language, Service, Variant
from tailtune.model.recording import FORMAT_VERSION, CpuLayout, Kind, Manifest, Phase, PhaseRecord, SteadyState
from tailtune.model.units import Duration
from tailtune.model.workload import Operation, Workload

FOLDER = Path(__file__).parent / "recording-v1"
EXPECTED = FOLDER.with_suffix(".json")
TYPES = [("samples", "count"), ("cpu", "nanoseconds")]
HANDLER = ("main.handle", "net/http.(*conn).serve", "runtime.goexit")
STACKS = {
    ("runtime.mallocgc", "regexp.Compile", *HANDLER): (60, 60 * S // 1000),
    ("math.Log", *HANDLER): (140, 140 * S // 1000),
}


def main() -> None:
    if FOLDER.exists() or FORMAT_VERSION != 1:
        sys.exit(f"{FOLDER} exists, or the format is not version 1 any more: make a recording of the new version")
    with tempfile.TemporaryDirectory() as root, BundleWriter.create(Workspace(Path(root)), Kind.RUN) as writer:
        for name, rows in _tables().items():
            writer.add_table(name, rows)
        writer.add_file(
            "profiles/on-cpu.diagnose.pb.gz", encode(STACKS, [("samples", "count"), ("cpu", "nanoseconds")])
        )
        writer.log_path("service.stderr.txt").write_text("listening\n", encoding="utf-8")
        shutil.copytree(writer.finish(_manifest()), FOLDER)
    bundle = Bundle.open(FOLDER)
    lines = [f"{json.dumps(name)}: {json.dumps(bundle.table(name).to_pylist())}" for name in TABLES]
    EXPECTED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _tables() -> dict[str, pa.Table]:
    values = np.random.default_rng(1).lognormal(np.log(5e6), 0.5, (10, 100)).round(-6)
    process = [
        {"window": "measure", "t_ns": S + tick * S, "cpu_user_ns": tick * 200_000_000, "peak_rss_bytes": 1 << 25}
        for tick in range(11)
    ]
    rows = {name: table(name, [_sample_row(name)]) for name in TABLES}
    return rows | {
        "latency": pa.concat_tables([latency(part, interval=second) for second, part in enumerate(values)]),
        "process": table("process", process),
    }


def _sample_row(name: str) -> dict[str, object]:
    """One row with a value of its own in each column."""
    return {field.name: _sample(field.type, number) for number, field in enumerate(TABLES[name], 1)}


def _sample(kind: pa.DataType, number: int) -> object:
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind):
        return "measure" if pa.types.is_dictionary(kind) else f"text {number}"
    if pa.types.is_floating(kind):
        return number + 0.5
    return bool(number % 2) if pa.types.is_boolean(kind) else number


def _manifest() -> Manifest:
    return manifest(
        service=Service(language=Language.GO, package="./cmd/api", args=["--port={port}"]),
        variants={"base": Variant(env={"GOGC": "200"})},
        workload_name="default",
        workload=Workload(operations=[Operation(name="get", timeout=Duration(1_500_000_000))]),
        goals=Goals(p99=Duration(20_000_000)),
        artifacts=[artifact("base", "ab" * 32)],
        schedule_sha256="cd" * 32,
        seed=7,
        phases=[PhaseRecord(phase=Phase.MEASURE, started_ns=S, ended_ns=11 * S)],
        steady=SteadyState(steady=True, seconds=4.0, reason="calm"),
        layout=CpuLayout(engine=[0], service=[1], note=""),
        load=load_report(operations=[operation_count("get", 1000)]),
        warnings=["golden"],
    )


if __name__ == "__main__":
    main()
