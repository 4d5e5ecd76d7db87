"""How long naming takes: the first report of a large binary, and the next one, which finds the names in the cache.

`.venv/bin/python benchmarks/profile/naming.py [BINARY ...]`. Each measurement is a process of its own; it reads a heap
profile whose 50,000 addresses lie evenly in the code of one binary. Without arguments: large binaries of this machine.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tailtune import _native

_ADDRESSES: Final = 50_000
_TEXT: Final = re.compile(r" \.text +PROGBITS +([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)")
_BASE: Final = 0x7000_0000_0000
_MEASURE: Final = r"""
import pathlib, re, resource, sys, time
from tailtune._native import read_heap_v2
data = pathlib.Path(sys.argv[1]).read_bytes()
began = time.perf_counter()
profile = read_heap_v2(data)
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
frames = [frame[0] for frame in profile.frames()]
stacks = profile.stacks()
named = sum(not re.fullmatch(r"\[.*\]\+0x[0-9a-f]+", frames[stack[0]]) for stack in stacks)
print(seconds, peak, named / len(stacks), sum(len(stack) > 1 for stack in stacks) / len(stacks), sep="\t")
"""


def speed(binaries: list[Path]) -> None:
    """Print a table: seconds and memory of the first and of the second report."""
    print("| binary | MB | cold s | warm s | peak MB cold | peak MB warm | named | with inlined calls |")
    print("|---|---|---|---|---|---|---|---|")
    for binary in binaries:
        with tempfile.TemporaryDirectory() as folder:
            dump = Path(folder) / "dump"
            dump.write_text(_dump(binary))
            cold, warm = _measured(dump), _measured(dump)
        size = binary.stat().st_size / 1e6
        print(
            f"| {binary.name} | {size:.0f} | {cold[0]:.2f} | {warm[0]:.3f} | {cold[1]:.0f} | {warm[1]:.0f} | "
            f"{cold[2]:.1%} | {cold[3]:.1%} |",
            flush=True,
        )


def large_binaries() -> list[Path]:
    """Large binaries that are likely to be there: written in Go, the Rust compiler's, and our own with line tables."""
    tools = [
        Path(found).resolve() for name in ("go", "terraform", "kubectl", "docker") if (found := shutil.which(name))
    ]
    libraries: list[Path] = []
    if shutil.which("rustc"):
        root = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True).stdout
        libraries = sorted(Path(root.strip(), "lib").glob("librustc_driver*.so"))
    return [*tools, *libraries, Path(_native.__file__)]


def _dump(binary: Path) -> str:
    """A heap profile with single-address stacks all over the binary's code."""
    headers = subprocess.run(["readelf", "-SW", str(binary)], capture_output=True, text=True, check=True).stdout
    found = _TEXT.search(headers)
    if not found:
        raise RuntimeError(f"{binary} has no code section")
    offset, size = int(found[2], 16), int(found[3], 16)
    step = max(1, size // _ADDRESSES)
    # A caller's address is looked up one byte before, inside of its call.
    addresses = range(_BASE + offset + 1, _BASE + offset + size, step)
    stacks = "".join(f"@ {address:#x}\n  t*: 1: 64 [1: 64]\n" for address in addresses)
    maps = f"{_BASE:x}-{_BASE + offset + size:x} r-xp 00000000 00:00 1 {binary}\n"
    return f"heap_v2/1\n  t*: {len(addresses)}: 64 [{len(addresses)}: 64]\n{stacks}\nMAPPED_LIBRARIES:\n{maps}"


def _measured(dump: Path) -> list[float]:
    """Seconds, MB, share named, share with inlined calls."""
    environment = os.environ | {"XDG_CACHE_HOME": str(dump.parent)}
    command = [sys.executable, "-c", _MEASURE, str(dump)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [float(number) for number in done.stdout.split("\t")]


if __name__ == "__main__":
    speed([Path(name).resolve() for name in sys.argv[1:]] or large_binaries())
