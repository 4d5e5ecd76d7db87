"""Profiles for the compiler: checked, kept under their content, and merged by the llvm-profdata that fits rustc."""

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from tailtune._native import Profile
from tailtune.bundle.storage import sha256, writing
from tailtune.errors import BuildError, NativeError, SetupError
from tailtune.record.processes.process import supervisor

TRAIN: Final = "train"
OFF: Final = "off"
GENERATE: Final = "\0generate"
"""What `pgo` is in a build that counts for training; no path can be this."""
RAW_FILES: Final = "LLVM_PROFILE_FILE"
"""Environment variable that names what an instrumented program writes (LLVM, Source-based code coverage)."""
_FOLDER: Final = "profiles"
_MOST: Final = 32
_DIGITS: Final = 16
_RAW: Final = (b"\x81rforpl\xff", b"\xfflprofr\x81")
_INDEXED: Final = b"\xfflprofi\x81"
_MAGIC_BYTES: Final = 8
_VERSION: Final = re.compile(r"LLVM version (\d+)\.(\S+)")
_IN_EVERY_PROGRAM: Final = re.compile(r"main\.(main|init(\.\d+)?)$")


class Rustc(msgspec.Struct, frozen=True, kw_only=True):
    """The compiler in force for a folder."""

    version: str
    """All that `rustc -vV` prints."""
    host: str
    llvm: str
    """Major version of its LLVM."""
    sysroot: Path


def rustc(workdir: Path, env: Mapping[str, str], scratch: Path) -> Rustc:
    """Ask the compiler that cargo would use in a folder what it is.

    Raises:
        SetupError: if it cannot be executed, or says nothing of its host.
    """
    program = env.get("RUSTC") or "rustc"
    version = _said([program, "-vV"], workdir, env, scratch)
    fields = dict(line.partition(": ")[::2] for line in version.splitlines())
    if "host" not in fields:
        raise SetupError(f"`{program} -vV` says nothing of its host", hint="is a toolchain installed? `rustup show`")
    sysroot = Path(_said([program, "--print", "sysroot"], workdir, env, scratch).strip())
    llvm = fields.get("LLVM version", "").partition(".")[0]
    return Rustc(version=version, host=fields["host"], llvm=llvm, sysroot=sysroot)


def profile_path(pgo: str, name: str, root: Path) -> Path:
    """Return the profile that a variant names, relative to tailtune.toml.

    Raises:
        BuildError: if there is no such file, or it was to be recorded and was not.
    """
    if pgo == TRAIN:
        raise BuildError(f"variant {name}: its profile has not been recorded", hint="`pgo` names a file or `train`")
    path = (root / pgo).resolve()
    if not path.is_file():
        raise BuildError(
            f"variant {name}: there is no profile {path}",
            hint="`pgo` is relative to tailtune.toml; `train` lets tailtune record one",
        )
    return path


def keep(profile: Path, cache: Path, name: str = "") -> Path:
    """Copy a profile to a place named by its content, which build caches then know as changed when it changes.

    Args:
        profile: the file.
        cache: the folder of builds.
        name: in place of its content, what it was made of.

    Raises:
        RecordingError: if the disk refuses.
    """
    folder = cache.resolve() / _FOLDER
    kept = folder / f"{name or sha256(profile)[:_DIGITS]}{profile.suffix or '.profile'}"
    with writing(kept):
        folder.mkdir(parents=True, exist_ok=True)
        if not kept.exists() or sha256(kept) != sha256(profile):
            shutil.copyfile(profile, kept)
        os.utime(kept)
        for old in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)[_MOST:]:
            old.unlink(missing_ok=True)
    return kept


def kept(cache: Path, name: str) -> Path | None:
    """Return the profile kept under the name of what it was made of."""
    found = sorted((cache.resolve() / _FOLDER).glob(f"{name}.*"))
    return found[0] if found else None


def check_go(profile: Path, binary: Path, name: str) -> str:
    """Say what is to be known about a CPU profile that a Go program was built with; empty: nothing.

    Go does not complain about a profile of another program, it only finds nothing to do.

    Raises:
        BuildError: if the program has none of the functions that the profile is about.
    """
    try:
        functions = [name for name in _functions(profile) if _is_its_own(name)]
    except NativeError:  # in go's own format: `go tool preprofile`
        return ""
    code = binary.read_bytes()
    known = sum(1 for function in functions if f"\0{function}\0".encode() in code)
    if functions and not known:
        raise BuildError(
            f"variant {name}: {profile} is a profile of another program: this one has none of its functions,"
            f" such as {functions[0]}",
            hint='record one of this service: `pgo = "train"`',
        )
    if 2 * known < len(functions):
        return (
            f"variant {name}: the program has {known} of {len(functions)} functions in its profile {profile.name}:"
            " it was perhaps recorded from another version"
        )
    return ""


def _functions(profile: Path) -> list[str]:
    return sorted({frame[0] for frame in Profile.from_pprof(profile.read_bytes()).frames()})


def _is_its_own(function: str) -> bool:
    """Whether a function of a Go profile is neither of the standard library nor one that every program has.

    Import paths of modules begin with a host name, those of the standard library have no dot in their first element.
    """
    path = function.partition("(")[0]
    if "/" in path:
        return "." in path.partition("/")[0]
    return path.startswith("main.") and not _IN_EVERY_PROGRAM.match(function)


def check_rust(profile: Path, crate: str, name: str) -> None:
    """Refuse a file that is no merged profile, or one that has no function of the program's own crate.

    Raises:
        BuildError: saying which.
    """
    data = profile.read_bytes()
    if not data.startswith(_INDEXED):
        raise BuildError(
            f"variant {name}: {profile} is not what `llvm-profdata merge` writes",
            hint='merge the .profraw files first, or let tailtune record it: `pgo = "train"`',
        )
    mangled = crate.replace("-", "_")
    if f"{len(mangled)}{mangled}".encode() not in data:
        raise BuildError(
            f"variant {name}: {profile} is a profile of another program: it has no function of {mangled}",
            hint='record one of this service: `pgo = "train"`',
        )


def is_raw(profile: Path) -> bool:
    """Whether a file is what an instrumented program wrote, not merged yet."""
    with profile.open("rb") as stream:
        return stream.read(_MAGIC_BYTES) in _RAW


def merge(raw: Iterable[Path], output: Path, compiler: Rustc, env: Mapping[str, str]) -> Path:
    """Merge what instrumented programs wrote into a profile for the compiler.

    Raises:
        BuildError: if there is no llvm-profdata of rustc's LLVM, or it refuses.
    """
    tool = profdata(compiler, env, output.parent)
    command = [str(tool), "merge", "-o", str(output), *map(str, raw)]
    done = supervisor().run(command, workdir=output.parent, env=env, scratch=output.parent)
    if done.status != 0:
        raise BuildError(f"`{' '.join(command[:4])} ...` failed: exit status {done.status}", detail=done.stderr)
    return output


def profdata(compiler: Rustc, env: Mapping[str, str], scratch: Path) -> Path:
    """Find the llvm-profdata that reads what this compiler's programs write: its own, else one on PATH.

    Raises:
        BuildError: saying which were found and why none fits.
    """
    seen = []
    for path in _candidates(compiler, env):
        told = "".join(
            _tried([str(path), *arguments], env, scratch) for arguments in (["--version"], ["merge", "--version"])
        )
        version = _VERSION.search(told)
        if version and version[1] == compiler.llvm:
            return path
        seen.append(f"{path} is of LLVM {version[1]}.{version[2]}" if version else f"{path} does not tell its version")
    raise BuildError(
        f"a profile of a Rust program needs llvm-profdata of LLVM {compiler.llvm}, as rustc has it: "
        + ("; ".join(seen) or "none is there"),
        hint="rustup component add llvm-tools",
    )


def _candidates(compiler: Rustc, env: Mapping[str, str]) -> Iterator[Path]:
    own = compiler.sysroot / "lib" / "rustlib" / compiler.host / "bin" / "llvm-profdata"
    if own.exists():
        yield own
    for name in (f"llvm-profdata-{compiler.llvm}", "llvm-profdata"):
        if found := shutil.which(name, path=env.get("PATH", os.defpath)):
            yield Path(found)


def _tried(argv: list[str], env: Mapping[str, str], scratch: Path) -> str:
    try:
        done = supervisor().run(argv, workdir=scratch, env=env, scratch=scratch)
    except SetupError:
        return ""
    return done.stdout.decode(errors="replace") + done.stderr


def _said(argv: list[str], workdir: Path, env: Mapping[str, str], scratch: Path) -> str:
    done = supervisor().run(argv, workdir=workdir, env=env, scratch=scratch)
    if done.status != 0:
        raise SetupError(f"`{' '.join(argv)}` failed in {workdir}", detail=done.stderr)
    return done.stdout.decode(errors="replace")
