"""A preloaded jemalloc that samples allocations of a program that was built without it."""

import ctypes.util
import os
import stat
from pathlib import Path
from typing import Final

import msgspec

from tailtune import _native
from tailtune.errors import NativeError, SetupError, UsageError
from tailtune.model.instrument import Instrument
from tailtune.record.ports import Launch

PREFIX: Final = "heap"
"""What the names of the dumps begin with: `heap.PID.SEQUENCE.KIND.heap`."""
_LIBRARY: Final = "libjemalloc.so.2"
_PLACES: Final = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/lib",
)
_INSTALL: Final = "on Debian and Ubuntu, apt-get install libjemalloc2; its build must have profiling in it"


def preload(launch: Launch, asked: Instrument, folder: Path) -> Launch:
    """Return the launch with jemalloc in front of malloc, writing heap profiles into `folder`.

    Options: jemalloc(3), opt.prof, opt.prof_accum, opt.lg_prof_sample, opt.lg_prof_interval.

    Raises:
        UsageError: if it cannot work for this program; the message says why.
        SetupError: if the library is not there.
    """
    program = Path(launch.argv[0])
    if reason := why_not(program):
        raise UsageError(
            f"the allocations of {program.name} cannot be profiled: {reason}",
            hint="remove `instrument`, or --instrument; `tailtune run` alone profiles CPU time",
        )
    options = {
        "prof": "true",
        "prof_accum": "true",
        "lg_prof_sample": str(asked.sample_bytes.bit_length() - 1),
        "lg_prof_interval": str(asked.dump_bytes.bit_length() - 1),
        "prof_prefix": f"{folder}/{PREFIX}",
    }
    ours = ",".join(f"{key}:{value}" for key, value in options.items())
    libraries = f"{library()} {launch.env.get('LD_PRELOAD', '')}".strip()
    env = {**launch.env, "LD_PRELOAD": libraries, "MALLOC_CONF": _joined(launch.env.get("MALLOC_CONF", ""), ours)}
    return msgspec.structs.replace(launch, env=env)


def why_not(program: Path) -> str:
    """Say why no library can be preloaded into a program; empty where nothing speaks against it."""
    try:
        mode = program.stat().st_mode
        if mode & (stat.S_ISUID | stat.S_ISGID) or "security.capability" in os.listxattr(program):
            return "it runs with more rights than its caller, and then the loader takes no libraries from the caller"
        return _native.why_not_preloadable(str(program))
    except (OSError, NativeError) as error:
        return str(error)


def library() -> str:
    """Return the path of jemalloc.

    Raises:
        SetupError: if it is not there.
    """
    found = find_library(_LIBRARY)
    if not found:
        raise SetupError(f"{_LIBRARY} is not installed, which samples the allocations", hint=_INSTALL)
    return found


def find_library(*names: str) -> str:
    """Return the path of the first of these files that the machine has, or what its loader finds; empty: none."""
    for name in names:
        for place in _PLACES:
            path = Path(place) / name
            if path.exists():
                return str(path)
    stems = (name.removeprefix("lib").partition(".so")[0] for name in names)
    return next((found for stem in stems if (found := ctypes.util.find_library(stem))), "")


def _joined(theirs: str, ours: str) -> str:
    """Put our options last: later ones win."""
    return f"{theirs},{ours}" if theirs else ours
