"""pprof files read, merged and summed up by function, beside `go tool pprof -top` on the same files.

`.venv/bin/python benchmarks/profile pprof`. Needs Go. Three cases: ten files of 10 MB each, unpacked; ten as large as
Go can hold in about half of the memory; one of 100 MB. The files are made up: walks through one random graph of calls,
16 to 64 deep and recursive now and then, each with a label; most stacks of a file are in others too. Each side is a
process of its own and reads files that are in the page cache; one that takes most of the memory is killed, and its row
says so. Go sorts by own values; ours sorts by both, and in the first case Go runs once more to check the other order.
"""

import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

_MANY: Final = 10
_MB_PER_SECOND: Final = 5
"""Unpacked, of all files of a case together, that are worth a second of `--seconds`."""
_MOST_MB: Final = 100
"""Together, except in the largest case, where it is so much each; the size that the goal is about."""
_LARGEST_TIMES: Final = 3
"""How many times as much the largest case may have."""
_MOST_MEMORY: Final = 0.6
"""Share of the machine's memory at which a process is killed."""
_LOOK_SECONDS: Final = 0.01
_GO_TIMES: Final = 21
"""Memory that go tool pprof takes, in sizes of all unpacked files together; measured at ten of 10 MB."""
_DEPTHS: Final = (16, 32, 48, 64)
_FIRST, _LOCATIONS, _FUNCTIONS = 128, 16_000, 5_000
"""Locations have numbers of two bytes each, so that all samples of one depth are equally long."""
_CHANCES: Final = (0.7, 0.2, 0.07, 0.03)
"""Of the calls of a location: most take the same way."""
_SAMPLE_BYTES: Final = 24
"""Of a sample without its stack."""
_ENDPOINTS: Final = 200
_WORDS: Final = ("", "samples", "count", "cpu", "nanoseconds", "endpoint")
_KIND: Final = _WORDS[1]
_ROWS: Final = 20
_OURS: Final = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tailtune._native import Profile
from tailtune.judge.profile_stacks import Stacks
from tailtune.model.profile_diff import Grouping

with ThreadPoolExecutor(2) as pool:
    read = list(pool.map(lambda name: Profile.from_pprof(Path(name).read_bytes()), sys.argv[3:]))
groups = Stacks.of(Profile.merge(read), sys.argv[1]).groups(Grouping.FUNCTION)
for order in (lambda group: group.own, lambda group: group.cumulative):
    for group in sorted(groups, key=order, reverse=True)[: int(sys.argv[2])]:
        print(f"{group.own:.0f} {group.cumulative:.0f} {group.name}")
"""
_GO_ROW: Final = re.compile(r"^\s*(\d+)\s+\S+%\s+\S+%\s+(\d+)\s+\S+%\s+(\S+)", re.MULTILINE)
_OUR_ROW: Final = re.compile(r"^(\d+) (\d+) (\S+)$", re.MULTILINE)

Row = tuple[str, ...]
"""Own value, cumulative value, function."""


class Case(NamedTuple):
    """Files to make and read."""

    files: int
    megabytes: int
    """Unpacked, of each."""
    cumulative: bool = False
    """Whether to run Go once more, for its cumulative order."""


class Cost(NamedTuple):
    """What a process took and said."""

    seconds: float
    cpu_seconds: float
    resident_mb: float
    output: str
    killed: bool


def run(seconds: float = 20.0) -> None:
    """Measure all cases and print the table; files are smaller where there is less time or memory.

    Raises:
        RuntimeError: if a process fails, or the numbers are not equal.
    """
    go = subprocess.run(["go", "tool", "-n", "pprof"], check=True, capture_output=True, text=True).stdout.strip()
    print("| files | | wall, s | CPU, s | resident, MB | times faster: wall, CPU |\n|---|---|---|---|---|---|")
    for case in _cases(seconds):
        with tempfile.TemporaryDirectory() as folder:
            theirs, ours = _measure(go, _write(Path(folder), case), cumulative=case.cumulative)
        faster = ""
        if not theirs.killed and not ours.killed:
            faster = f"{theirs.seconds / ours.seconds:.2f}, {theirs.cpu_seconds / ours.cpu_seconds:.2f}"
        size = f"{case.files} × {case.megabytes} MB"
        print(
            f"| {size} | go tool pprof | {_cells(theirs)} | |\n| {size} | ours | {_cells(ours)} | {faster} |",
            flush=True,
        )
    print(f"\nWhere both got to the end, the {_ROWS} largest functions are equal.")


def _cases(seconds: float) -> list[Case]:
    together, fits = min(_MOST_MB, _MB_PER_SECOND * seconds), _memory() / 2 / 1e6 / _GO_TIMES
    largest = min(_LARGEST_TIMES * together, _MANY * _MOST_MB, fits)
    small, large, one = (max(1, round(size)) for size in (together / _MANY, largest / _MANY, together))
    return [Case(_MANY, small, cumulative=True), Case(_MANY, large), Case(1, one)]


def _measure(go: str, files: Sequence[str], *, cumulative: bool) -> tuple[Cost, Cost]:
    """Return the costs of Go's side and of ours, whose rows are equal as far as both came to the end."""
    top = [go, "-symbolize=none", f"-sample_index={_KIND}", f"-nodecount={_ROWS}", "-top"]
    theirs = _cost([*top, *files])
    ours = _cost([sys.executable, "-c", _OURS, _KIND, str(_ROWS), *files])
    if not theirs.killed and not ours.killed:
        rows = _top(_OUR_ROW, ours)
        _check(rows[:_ROWS], _top(_GO_ROW, theirs), column=0)
        if cumulative:
            _check(rows[_ROWS:], _top(_GO_ROW, _cost([*top, "-cum", *files])), column=1)
    return theirs, ours


def _cells(cost: Cost) -> str:
    if cost.killed:
        return f"killed: out of memory | | {cost.resident_mb:,.0f}"
    return f"{cost.seconds:.2f} | {cost.cpu_seconds:.2f} | {cost.resident_mb:,.0f}"


def _memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _top(row: re.Pattern[str], cost: Cost) -> list[Row]:
    return [match.groups() for match in row.finditer(cost.output)]


def _check(ours: list[Row], theirs: list[Row], column: int) -> None:
    """Compare rows; of functions with equal values at the end of the list, either side may have others."""
    if len(ours) != _ROWS or [row[column] for row in ours] != [row[column] for row in theirs]:
        raise RuntimeError(f"other values: {ours} and {theirs}")
    last = ours[-1][column]
    if {row for row in ours if row[column] != last} != {row for row in theirs if row[column] != last}:
        raise RuntimeError(f"other functions: {ours} and {theirs}")


def _write(folder: Path, case: Case) -> list[str]:
    """Write the files, gzip'd like Go's; return their names."""
    random = np.random.default_rng(1)
    of_depth = case.megabytes * 1_000_000 // sum(2 * depth + _SAMPLE_BYTES for depth in _DEPTHS)
    callees = random.integers(0, _LOCATIONS, (_LOCATIONS, len(_CHANCES)))
    walks = [_walks(random, callees, depth, of_depth * 10 // 9) for depth in _DEPTHS]
    tables, names = _tables(), []
    for at in range(case.files):
        packer = zlib.compressobj(level=1, wbits=31)
        path = folder / f"{at}.pb.gz"
        with path.open("wb") as file:
            file.write(packer.compress(tables))
            for walk in walks:
                chosen = walk[random.permutation(len(walk))[:of_depth]]
                file.write(packer.compress(_samples(random, chosen)))
            file.write(packer.flush())
        names.append(str(path))
    return names


def _walks(random: np.random.Generator, callees: npt.NDArray[np.int64], depth: int, count: int) -> Bytes:
    """Return stacks, leaf first, as the bytes of the location numbers."""
    stacks = np.empty((count, depth), dtype=np.int64)
    here = random.integers(0, 16, count)
    for at in reversed(range(depth)):
        stacks[:, at] = here
        here = callees[here, random.choice(len(_CHANCES), count, p=_CHANCES)]
    return _varints(stacks + _FIRST, 2).reshape(count, 2 * depth)


def _samples(random: np.random.Generator, stacks: Bytes) -> bytes:
    """Return one sample for each stack: 1 to 9 events of 10 ms, and an endpoint as a label that goes with the leaf."""
    count, length = stacks.shape
    events = random.integers(1, 10, (count,))
    endpoints = stacks[:, 0].astype(np.int64) % _ENDPOINTS + len(_WORDS)
    body = [
        _constant(count, b"\x0a" + _padded(length)),
        stacks,
        _constant(count, b"\x12\x06"),
        _varints(events, 2),
        _varints(events * 10_000_000, 4),
        _constant(count, b"\x1a\x05" + bytes([0x08, _WORDS.index("endpoint"), 0x10])),
        _varints(endpoints, 2),
    ]
    size = sum(part.shape[1] for part in body)
    return np.concatenate([_constant(count, b"\x12" + _padded(size)), *body], axis=1).tobytes()


def _tables() -> bytes:
    """Return all of a profile but its samples: sample types, functions, locations and strings."""
    texts = [*_WORDS, *(f"/endpoint/{at}" for at in range(_ENDPOINTS))]
    first = len(texts)
    texts += [f"example.org/service/package{at % 97}.Function{at}" for at in range(_FUNCTIONS)]
    parts = [_message(1, _number(1, kind) + _number(2, kind + 1)) for kind in (1, 3)]
    parts += [_message(5, _number(1, at + 1) + _number(2, first + at)) for at in range(_FUNCTIONS)]
    for at in range(_LOCATIONS):
        line = _message(4, _number(1, at % _FUNCTIONS + 1) + _number(2, at % 900 + 1))
        parts.append(_message(4, _number(1, at + _FIRST) + _number(3, 0x400000 + 16 * at) + line))
    parts += [_message(6, text.encode()) for text in texts]
    return b"".join(parts)


def _message(field: int, body: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _padded(len(body)) + body


def _number(field: int, number: int) -> bytes:
    return bytes([field << 3]) + _varints(np.array([number]), 4).tobytes()


def _padded(number: int) -> bytes:
    return _varints(np.array([number]), 2).tobytes()


def _varints(numbers: npt.NDArray[np.int64], width: int) -> Bytes:
    """Return varints that are padded to a width, which the format allows, along a new last axis."""
    groups = [numbers >> 7 * at & 0x7F | (0x80 if at + 1 < width else 0) for at in range(width)]
    return np.stack(groups, axis=-1).astype(np.uint8)


def _constant(count: int, data: bytes) -> Bytes:
    return np.broadcast_to(np.frombuffer(data, np.uint8), (count, len(data)))


def _cost(command: Sequence[str]) -> Cost:
    with tempfile.TemporaryFile("w+") as file:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.DEVNULL)
        status, usage, killed = _waited(process.pid)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        file.seek(0)
        output = file.read()
    if process.returncode and not killed:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output, killed)


def _waited(pid: int) -> tuple[int, resource.struct_rusage, bool]:
    """Wait for a process, and kill it if its memory grows too large; return status, usage, whether it was killed."""
    most = _MOST_MEMORY * _memory() / os.sysconf("SC_PAGE_SIZE")
    killed = False
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return status, usage, killed
        if int(Path(f"/proc/{pid}/statm").read_text().split()[1]) > most:
            os.kill(pid, signal.SIGKILL)
            killed = True
        time.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    run(*map(float, sys.argv[1:]))
