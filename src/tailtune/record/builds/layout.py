"""Where functions lie in memory, drawn by a seed at link time: the same seed gives the same binary.

Placement alone changes latency by some percent. A difference that holds under several seeds is one of the code.
"""

import os
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tailtune.errors import BuildError

_GO: Final = (1, 22)
"""The first release whose linker has -randlayout."""
_FLAG: Final = re.compile(r"--?ldflags(=|$)")


def go_flags(seed: int, name: str, version: str, flags: Sequence[str], goflags: str) -> list[str]:
    """Return the build flags with a seeded order of functions; the user's own -ldflags stay in force.

    Args:
        seed: of the order, from 1 on.
        name: of the variant, for errors.
        version: what `go env GOVERSION` prints, such as `go1.22.3`.
        flags: those of the build so far; they win over `goflags`.
        goflags: GOFLAGS as in force.

    Raises:
        BuildError: if the toolchain is too old.
    """
    if (known := go_version(version)) is not None and known < _GO:
        raise BuildError(
            f"variant {name} sets `layout_seed`, which needs Go 1.22 or later; this is {version}",
            hint="take a newer toolchain, for example by GOTOOLCHAIN in `build_env`, or remove `layout_seed`",
        )
    drawn = f"-randlayout={seed}"
    kept, own = _without_ldflags(flags)
    if own is None:
        _, own = _without_ldflags(_split(goflags))
    return [*kept, f"-ldflags={own} {drawn}" if own else f"-ldflags={drawn}"]


def go_version(text: str) -> tuple[int, int] | None:
    """Return the release of a toolchain as major and minor number; None where its name tells none."""
    found = re.match(r"go(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def _without_ldflags(flags: Sequence[str]) -> tuple[list[str], str | None]:
    """Split flags into the others and the value of the last -ldflags, which is the one that go obeys."""
    kept, value, words = list[str](), None, iter(flags)
    for word in words:
        if _FLAG.match(word):
            value = word.partition("=")[2] if "=" in word else next(words, "")
        else:
            kept.append(word)
    return kept, value


def _split(goflags: str) -> list[str]:
    try:
        return shlex.split(goflags)
    except ValueError:
        return goflags.split()


def rust_flags(seed: int, name: str, sysroot: Path, host: str, env: Mapping[str, str]) -> list[str]:
    """Return arguments of rustc that let the linker draw the order of functions by a seed.

    The linker is the one that rustc brings along, else an lld or mold on PATH.

    Raises:
        BuildError: if there is none that can draw.
    """
    own = sysroot / "lib" / "rustlib" / host / "bin" / "gcc-ld"
    if (own / "ld.lld").exists():
        return [f"-Clink-arg=-B{own}", "-Clink-arg=-fuse-ld=lld", _lld(seed)]
    path = env.get("PATH", os.defpath)
    if shutil.which("ld.lld", path=path):
        return ["-Clink-arg=-fuse-ld=lld", _lld(seed)]
    if shutil.which("ld.mold", path=path):
        return ["-Clink-arg=-fuse-ld=mold", f"-Clink-arg=-Wl,--shuffle-sections={seed}"]
    raise BuildError(
        f"variant {name} sets `layout_seed`, which needs the linker lld or mold, and neither is there",
        hint="rustup's toolchains for Linux bring lld along; or install the package lld, or remove `layout_seed`",
    )


def _lld(seed: int) -> str:
    return f"-Clink-arg=-Wl,--shuffle-sections=.text*={seed}"
