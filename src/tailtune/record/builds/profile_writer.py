"""Lets an instrumented Rust program write its profile when SIGTERM ends it, by a file linked into that build alone.

The profile runtime writes when a program exits by itself. A service that knows nothing of SIGTERM is ended by it and
writes nothing. So an object of ours is linked in, which handles the signal where the program itself does not.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tailtune.bundle.storage import writing
from tailtune.record.builds import artifacts
from tailtune.record.builds.pgo import Rustc

_DIGITS: Final = 16
_SOURCE: Final = """// Linked by tailtune into a build that counts, and into no other.
#![no_std]

const SIGTERM: i32 = 15;
const AS_IF_ENDED_BY_IT: i32 = 128 + SIGTERM;

extern "C" {
    fn __llvm_profile_write_file() -> i32;
    fn _exit(status: i32) -> !;
    fn signal(number: i32, handler: usize) -> usize;
}

extern "C" fn write_and_end(_number: i32) {
    unsafe {
        __llvm_profile_write_file();
        _exit(AS_IF_ENDED_BY_IT)
    }
}

extern "C" fn begin() {
    let handler = write_and_end as extern "C" fn(i32) as usize;
    unsafe {
        let before = signal(SIGTERM, handler);
        if before != 0 {
            signal(SIGTERM, before); // ignored, or handled already
        }
    }
}

#[used]
#[link_section = ".init_array"]
static BEGIN: extern "C" fn() = begin;
"""


def compiled(compiler: Rustc, name: str, workdir: Path, env: Mapping[str, str], cache: Path, scratch: Path) -> Path:
    """Compile the object for this compiler, once; return where it is.

    Raises:
        BuildError: if the compiler refuses.
        RecordingError: if the disk refuses.
    """
    told = hashlib.sha256(f"{compiler.version}\0{_SOURCE}".encode()).hexdigest()[:_DIGITS]
    place = cache.resolve() / f"profile-writer-{told}.o"
    if place.exists():
        return place
    source, made = scratch / "profile_writer.rs", scratch / "profile_writer.o"
    with writing(source):
        source.write_text(_SOURCE, encoding="utf-8")
    program = env.get("RUSTC") or "rustc"
    options = ["--edition=2021", "--crate-type=lib", "--emit=obj", "-O", "-Cpanic=abort", f"--target={compiler.host}"]
    command = [program, *options, "-o", str(made), str(source)]
    artifacts.compile_with(command, name, workdir, env, scratch, command)
    with writing(place):
        made.replace(place)
    return place
