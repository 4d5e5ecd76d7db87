"""What is left when writers are killed, when the disk is full, and when several write at once."""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.recordings import latency, manifest, record

from tailtune.bundle import Bundle, BundleWriter, Catalogue, Workspace
from tailtune.model.recording import Kind

ROOT = Path(__file__).resolve().parents[3]
_WRITE_FOREVER = """
import sys
from pathlib import Path
from tests.support.recordings import latency, manifest
from tailtune.bundle import BundleWriter, Workspace
from tailtune.model.recording import Kind
workspace = Workspace(Path(sys.argv[1]))
count = int(sys.argv[2])
while count:
    count -= 1
    with BundleWriter.create(workspace, Kind.RUN) as writer:
        for value in range(3):
            writer.add_table("latency", latency([value] * 10))
            writer.add_file(f"profiles/{value}.bin", bytes(1000))
            if count % 2:
                writer.checkpoint(manifest())
        print(writer.finish(manifest()).name, flush=True)
"""


def start_writer(root: Path, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WRITE_FOREVER, str(root), str(count)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_finished_recordings_survive_a_kill_at_any_moment(tmp_path):
    generator = random.Random(7)
    workspace = Workspace(tmp_path)
    finished: list[str] = []
    for _ in range(8):
        writer = start_writer(tmp_path, 10_000)
        assert writer.stdout is not None
        finished.append(writer.stdout.readline().strip())
        time.sleep(generator.uniform(0, 0.06))
        writer.send_signal(signal.SIGKILL)
        rest, _ = writer.communicate()
        finished += [line for line in rest.split("\n") if len(line) == len(finished[0])]
        listed = {entry.id: entry for entry in Catalogue(workspace).list()}
        assert set(finished) <= set(listed)
        for entry in listed.values():
            assert not entry.damaged
            bundle = Bundle.open(Path(entry.path))
            bundle.verify()
            assert bundle.manifest.partial or bundle.table("latency").num_rows == 3
            assert bundle.table("latency").num_rows == bundle.manifest.tables["latency"]
    assert workspace.unfinished() == []


def test_several_processes_write_at_once(tmp_path):
    writers = [start_writer(tmp_path, 12) for _ in range(4)]
    while any(writer.poll() is None for writer in writers):
        Catalogue(Workspace(tmp_path)).list()
        time.sleep(0.02)
    outputs = [writer.communicate() for writer in writers]
    assert [error for _, error in outputs] == [""] * 4
    ids = [identifier for text, _ in outputs for identifier in text.split()]
    assert len(set(ids)) == 48
    entries = Catalogue(Workspace(tmp_path)).list()
    assert {entry.id for entry in entries} == set(ids)
    assert not any(entry.partial or entry.damaged for entry in entries)


def test_a_checkpointed_recording_becomes_a_partial_one(tmp_path):
    workspace = Workspace(tmp_path)
    writer = BundleWriter.create(workspace, Kind.EXPERIMENT)
    writer.add_table("latency", latency([1], "slice", 0))
    writer.checkpoint(manifest(Kind.EXPERIMENT))
    writer.log_path("service.stderr").write_text("last words")
    writer.add_table("latency", latency([2], "slice", 1))  # not checkpointed: its footer is missing
    abandon(writer)
    (entry,) = Catalogue(workspace).list()
    assert (entry.id, entry.partial) == (writer.id, True)
    assert "before the recording was finished" in entry.failure
    bundle = Bundle.open(Path(entry.path))
    assert bundle.table("latency")["value_ns"].to_pylist() == [1]
    assert bundle.files() == ["logs/service.stderr", "tables/latency.parquet"]
    bundle.verify()


def test_a_recording_without_checkpoint_is_removed(tmp_path):
    workspace = Workspace(tmp_path)
    kept = record(workspace)
    writer = BundleWriter.create(workspace, Kind.RUN)
    writer.add_table("latency", latency([1]))
    abandon(writer)
    assert [entry.id for entry in Catalogue(workspace).list()] == [kept]
    assert workspace.unfinished() == []


def test_the_recording_of_a_living_writer_is_left_alone(tmp_path):
    workspace = Workspace(tmp_path)
    with BundleWriter.create(workspace, Kind.RUN) as writer:
        assert Catalogue(workspace).list() == []
        assert writer.path.exists()
        # Even under a process id that is not alive, as from within another container:
        elsewhere = writer.path.with_name(writer.path.name.rpartition("-")[0] + f"-{dead_pid()}")
        writer.path.rename(elsewhere)
        assert Catalogue(workspace).list() == []
        assert elsewhere.exists()


def test_a_disk_that_refuses_loses_no_finished_recording(tmp_path):
    workspace = Workspace(tmp_path)
    kept = record(workspace)
    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from tailtune.bundle import BundleWriter, Workspace\n"
        "from tailtune.errors import RecordingError\n"
        "from tailtune.model.recording import Kind\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "try:\n"
        "    with BundleWriter.create(Workspace(Path(sys.argv[1])), Kind.RUN) as writer:\n"
        "        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "        writer.add_file('profiles/small.bin', bytes(1000))\n"
        "        writer.add_file('profiles/large.bin', bytes(100_000))\n"
        "except RecordingError as error:\n"
        "    print(error.message, '|', error.hint)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "profiles/large.bin cannot be written: File too large | finished recordings are untouched" in done.stdout
    assert [path.name for path in workspace.runs.iterdir()] == [kept]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def abandon(writer: BundleWriter) -> None:
    """Leave everything as a killed process would: lock released, directory named after a dead process."""
    for table in writer._open.values():
        table.close()
        os.truncate(table.path, 8)
    writer._lock.close()
    writer.path.rename(writer.path.with_name(writer.path.name.rpartition("-")[0] + f"-{dead_pid()}"))
    writer._closed = True


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
    return process.pid
