"""Share of user samples that get a name, and inlined frames beside `addr2line -i` and `go tool addr2line`.

`.venv/bin/python benchmarks/profile coverage`, for each program. What is sampled of Go is stripped; its twin, with the
same code and DWARF 4 (which binutils reads, unlike Go's DWARF 5), is what the other tools are asked. binutils names the
innermost inlined call after the function around it; such frames are compared by their lines. Of cgo it takes the file
that cgo made for the one that it was made from.
"""

import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import naming
from live import sampled

from tailtune._native import Profile, normalize_function

_PROGRAMS: Final = Path(__file__).parent / "programs"
_SHOWN: Final = 5
"""Disagreements that are printed, of each comparison."""
_UNNAMED: Final = re.compile(r"\[unknown\]|\[[^\]]*\]\+0x[0-9a-f]+")
_REMARK: Final = re.compile(r"\[stack [^\]]*\]")
_MAPPING: Final = re.compile(r"(\d+): 0x([0-9a-f]+)/0x[0-9a-f]+/0x([0-9a-f]+) (\S+)")
_LOCATION: Final = re.compile(r"\s*\d+: 0x([0-9a-f]+) (?:M=(\d+) )?(.*)")
_FRAME: Final = re.compile(r"(.*) (\S*):(\d+):\d+ s=\d+(?:\(.*\))?")
_LLVM_CLONE: Final = re.compile(r" \(\.llvm\.\d+\)$")
_LEGACY_MARKS: Final = {"_$": "$", "$LT$": "<", "$GT$": ">", "$u7b$": "{", "$u7d$": "}"}
"""What Rust's mangling makes of punctuation; LLVM demangles such names as C++, and leaves these."""
_SEGMENT: Final = re.compile(r"LOAD\s+0x([0-9a-f]+) 0x([0-9a-f]+) 0x[0-9a-f]+ 0x([0-9a-f]+)")

Frame = tuple[str, str]
"""Function without its path and type arguments, and `file:line`."""
Chain = list[Frame]
"""Innermost call first."""
Chains = dict[int, Chain]
"""By virtual address in the file."""


class Program(NamedTuple):
    """A program to sample, and a build of the same code that tells more of itself."""

    label: str
    sampled: Path
    twin: Path
    is_go: bool = False


def run(seconds: float = 5.0) -> None:
    """Sample each program for `seconds`; print shares and agreements, what disagrees, and how long naming takes.

    Raises:
        RuntimeError: if a program cannot be built or sampled, or a tool is missing.
    """
    print(
        "| program | user samples | leaf named | all frames named | addresses | of them inlined | "
        "as `addr2line -i` | as `llvm-addr2line -i` | as `go tool addr2line` |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    told = []
    with tempfile.TemporaryDirectory() as folder:
        for program in programs(Path(folder)):
            profile = sampled([program.sampled], seconds)
            chains = our_chains(profile, program, Path(folder))
            samples, leaf, whole = shares(profile)
            inlined = sum(len(chain) > 1 for chain in chains.values())
            cells = [program.label, samples, f"{leaf:.2%}", f"{whole:.2%}", len(chains), inlined]
            for tool, (ours, theirs) in answers(program, chains).items():
                differ = disagreements(ours, theirs)
                cells.append(f"{len(theirs) - len(differ)} of {len(theirs)}" if theirs else "—")
                told += [f"{program.label}, {tool}: {line}" for line in differ[:_SHOWN]]
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    print("\n" + "\n".join(told or ["Nothing disagrees."]) + "\n")
    naming.speed(naming.large_binaries())


def programs(folder: Path) -> Iterator[Program]:
    """Build the programs one after another."""
    for label, pie in {"stripped": [], "stripped, PIE": ["-buildmode=pie"]}.items():
        stripped = _go(folder, "names", [*pie, "-ldflags=-s -w"])
        yield Program(f"Go, {label}", stripped, _go(folder, "names", pie), is_go=True)
    cgo = _go(folder, "names_cgo", [])
    yield Program("Go with cgo", cgo, cgo, is_go=True)
    for label, options in {"line tables": [], "line tables, LTO": ["-Clto=fat", "-Ccodegen-units=1"]}.items():
        rust = _rust(folder, options)
        yield Program(f"Rust release, {label}", rust, rust)


def shares(profile: Profile) -> tuple[int, float, float]:
    """Count samples with user frames; the shares of them whose leaf, and all of whose frames, have names."""
    frames, values = profile.frames(), profile.values(0)
    total = leaf = whole = 0
    for stack, count in zip(profile.stacks(), values, strict=True):
        user = [frames[row][0] for row in stack if not frames[row][5] and not _REMARK.match(frames[row][0])]
        named = [bool(name) and not _UNNAMED.fullmatch(name) for name in user]
        total += count * bool(user)
        leaf += count * any(named[:1])
        whole += count * (bool(user) and all(named))
    return total, leaf / max(1, total), whole / max(1, total)


def our_chains(profile: Profile, program: Program, folder: Path) -> Chains:
    """Our frames of each sampled address of the program's own file that has a name."""
    file = folder / "profile.pb.gz"
    file.write_bytes(profile.to_pprof())
    raw = _said(["go", "tool", "pprof", "-symbolize=none", "-raw", str(file)])
    locations, mappings = raw.split("Locations\n")[1].split("Mappings\n")
    own = {
        number: (int(start, 16), int(offset, 16))
        for number, start, offset, path in _MAPPING.findall(mappings)
        if path == str(program.sampled)
    }
    place = _addresses(program.sampled)
    chains: Chains = {}
    chain: Chain = []
    for line in locations.splitlines():
        begins = _LOCATION.fullmatch(line)
        if begins:
            chain = []
            if begins[2] in own:
                start, offset = own[begins[2]]
                chains[place(int(begins[1], 16) - start + offset)] = chain
        frame = _FRAME.fullmatch(begins[3] if begins else line.strip())
        if frame:
            chain.append(_frame(frame[1], frame[2], frame[3]))
    return {address: chain for address, chain in chains.items() if chain and not _UNNAMED.fullmatch(chain[0][0])}


def answers(program: Program, ours: Chains) -> dict[str, tuple[Chains, Chains]]:
    """Each tool's name with what it should say and says of the same addresses, as far as it knows them."""
    ends = {address: [(chain[-1][0], chain[0][1])] for address, chain in ours.items()}
    binutils = addr2line("addr2line", program.twin, list(ours))
    for address, chain in binutils.items():
        if len(chain) > 1 and chain[0][0] == ours[address][-1][0]:
            chain[0] = (ours[address][0][0], chain[0][1])
    llvm = addr2line("llvm-addr2line", program.twin, list(ours)) if shutil.which("llvm-addr2line") else {}
    go = go_tool(program.twin, list(ours)) if program.is_go else {}
    return {"addr2line": (ours, binutils), "llvm-addr2line": (ours, llvm), "go tool addr2line": (ends, go)}


def addr2line(tool: str, binary: Path, addresses: list[int]) -> Chains:
    """What `addr2line -i -f -C` says."""
    said = _said([tool, "-a", "-i", "-f", "-C", "-e", str(binary)], "\n".join(map(hex, addresses)) + "\n")
    chains: Chains = {}
    lines = iter(said.splitlines())
    for line in lines:
        name = line
        if line.startswith("0x"):
            chain = chains.setdefault(int(line, 16), [])
            name = next(lines)
        file, _, number = next(lines).partition(" (discriminator")[0].rpartition(":")
        chain.append(_frame(name, file, number))
    return _known(chains)


def go_tool(binary: Path, addresses: list[int]) -> Chains:
    """What `go tool addr2line` says: the physical function, and the line of the innermost call."""
    lines = _said(["go", "tool", "addr2line", str(binary)], "\n".join(map(hex, addresses)) + "\n").splitlines()
    places = (place.rpartition(":") for place in lines[1::2])
    return _known(
        {
            address: [_frame(name, file, number)]
            for address, name, (file, _, number) in zip(addresses, lines[::2], places, strict=True)
        }
    )


def disagreements(ours: Chains, theirs: Chains) -> list[str]:
    """Addresses whose frames differ, with the innermost frame that does."""
    told = []
    for address, chain in theirs.items():
        for depth, (own, other) in enumerate(itertools.zip_longest(ours[address], chain)):
            if not _agree(own, other):
                told.append(f"{address:#x}, frame {depth}: we say {own}, it says {other}")
                break
    return told


def _agree(own: Frame | None, other: Frame | None) -> bool:
    """A tool that knows no line says nothing about it."""
    return own == other or bool(own and other and not other[1] and own[0] == other[0])


def _known(chains: Chains) -> Chains:
    return {address: chain for address, chain in chains.items() if chain[0][0].strip("?")}


def _frame(function: str, file: str, line: str) -> Frame:
    """Names differ in how much of the path and of the types they carry: the last part is compared."""
    for mark, letter in _LEGACY_MARKS.items():
        function = function.replace(mark, letter)
    name, depth = "", 0
    for before, letter in itertools.pairwise(" " + normalize_function(_LLVM_CLONE.sub("", function))):
        depth += letter == "<"
        name += letter if not depth else ""
        depth -= letter == ">" and before != "-" and depth > 0
    unknown = line in ("?", "0", "") or file in ("??", "")
    return name.removesuffix("::").rpartition("::")[2], "" if unknown else f"{os.path.normpath(file)}:{line}"


def _addresses(binary: Path) -> Callable[[int], int]:
    """From offsets in a file to its virtual addresses."""
    headers = _said(["readelf", "-lW", str(binary)])
    segments = [tuple(int(number, 16) for number in found) for found in _SEGMENT.findall(headers)]

    def address(offset: int) -> int:
        return next(start + offset - at for at, start, size in segments if at <= offset < at + size)

    return address


def _go(folder: Path, name: str, options: list[str]) -> Path:
    binary = folder / (name + "".join(options).replace(" ", ""))
    command = ["go", "build", *options, "-o", str(binary), str(_PROGRAMS / f"{name}.go")]
    _said(command, environment={"GOEXPERIMENT": "nodwarf5", "CGO_ENABLED": "1", "GO111MODULE": "off"})
    return binary


def _rust(folder: Path, options: list[str]) -> Path:
    binary = folder / f"names-rust{len(options)}"
    always = ["-O", "-Cdebuginfo=line-tables-only", "-Cforce-frame-pointers=yes"]
    _said(["rustc", *always, *options, "-o", str(binary), str(_PROGRAMS / "names.rs")])
    return binary


def _said(command: list[str], given: str = "", environment: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, check=False, env=os.environ | (environment or {})
        )
    except OSError as error:
        raise RuntimeError(f"{command[0]} cannot be run: {error}") from None
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:3])} failed: {done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    run(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0)
