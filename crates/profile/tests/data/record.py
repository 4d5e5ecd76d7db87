# ruff: noqa: INP001, S108 - a script beside what it writes; the path lands in the recordings
"""Makes the recordings in this folder with the perf of this machine, and strips what is of this machine.

Run as root in this folder: `python3 record.py`. Needs perf and a C compiler.
"""

import struct
import subprocess
from pathlib import Path

PROGRAM = """
#include <pthread.h>
#include <time.h>
static volatile unsigned long sink;
__attribute__((noinline)) static void nap(void) { struct timespec t = {0, 300000}; nanosleep(&t, 0); }
__attribute__((noinline)) static void spin(int n) { for (int i = 0; i < n; i++) sink += i; }
static void *work(void *a) { for (int i = 0; i < 6; i++) { spin(8000000); nap(); } return a; }
int main() { pthread_t t; pthread_create(&t, 0, work, 0); work(0); pthread_join(t, 0); return 0; }
"""
CLOCK = ["-e", "cpu-clock", "-F", "800", "-m", "8"]
RECORDINGS = {
    "clock.data": [*CLOCK, "-g"],
    "clock-packed.data": ["-z", *CLOCK, "-g"],
    "copies.data": ["-e", "cpu-clock", "-F", "400", "-m", "8", "--call-graph", "dwarf,512"],
    "switch.data": ["-c", "1", "-e", "sched:sched_switch,sched:sched_wakeup", "-g", "--switch-events", "-m", "64"],
}
TRACING_DATA, BUILD_ID, ARCH, EVENT_DESC, COMPRESSED = 1, 2, 6, 12, 27
KEPT = {TRACING_DATA, BUILD_ID, ARCH, EVENT_DESC, COMPRESSED}


def main() -> None:
    """Record, strip, and write what perf says of each recording beside it."""
    work = Path("/tmp/recorded")
    work.mkdir(exist_ok=True)
    (work / "tiny.c").write_text(PROGRAM)
    subprocess.run(["gcc", "-O1", "-fno-omit-frame-pointer", "-pthread", "-o", "tiny", "tiny.c"], cwd=work, check=True)
    for name, arguments in RECORDINGS.items():
        record = ["perf", "record", "-q", "-o", name, *arguments, str(work / "tiny")]
        subprocess.run(record, check=True)
        said = subprocess.run(["perf", "script", "--no-inline", "-i", name], check=True, capture_output=True)
        Path(name).with_suffix(".script").write_bytes(said.stdout)
        Path(name).write_bytes(stripped(Path(name).read_bytes()))
    pipe = subprocess.run(
        ["perf", "record", "-q", "-o", "-", *CLOCK, "-g", str(work / "tiny")], check=True, capture_output=True
    )
    Path("clock.pipe").write_bytes(pipe_stripped(pipe.stdout))


def pipe_stripped(data: bytes) -> bytes:
    """Return the stream without the records of features that describe the machine."""
    header_feature = 80
    kept, offset = data[:16], 16
    while offset < len(data):
        kind, _, size = struct.unpack_from("<IHH", data, offset)
        record = data[offset : offset + size]
        if kind != header_feature or struct.unpack_from("<Q", record, 8)[0] in KEPT:
            kept += record
        offset += size
    return kept


def stripped(data: bytes) -> bytes:
    """Return the file without the features that describe the machine."""
    data_offset, data_size = struct.unpack_from("<QQ", data, 40)
    (features,) = struct.unpack_from("<Q", data, 72)
    table = data_offset + data_size
    names = [feature for feature in range(64) if features >> feature & 1]
    kept = []
    for index, feature in enumerate(names):
        offset, size = struct.unpack_from("<QQ", data, table + 16 * index)
        if feature in KEPT:
            kept.append((feature, data[offset : offset + size]))
    offset = table + 16 * len(kept)
    places, contents = b"", b""
    for _, content in kept:
        places += struct.pack("<QQ", offset + len(contents), len(content))
        contents += content
    header = data[:72] + struct.pack("<Q", sum(1 << feature for feature, _ in kept)) + data[80:104]
    return header + data[104:table] + places + contents


if __name__ == "__main__":
    main()
