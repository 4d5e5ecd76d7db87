"""Another allocator in front of malloc, by preload."""

import struct
from pathlib import Path
from typing import Final, NamedTuple

from tailtune.model.project import Language, Service
from tailtune.record.knob import Plain, with_environment
from tailtune.record.ports import Launch
from tailtune.record.processes import proc
from tailtune.record.processes.preload import find_library, why_not

_SYSTEM: Final = "system"
_INTERPRETER: Final = 3
"""PT_INTERP, elf(5): a program that the loader has a part in."""
_CGO: Final = b"\0malloc\0"
"""How a dynamic Go program with C code names the function that it takes from the C library."""


class _Library(NamedTuple):
    files: tuple[str, ...]
    package: str
    """Of Debian and Ubuntu."""


_LIBRARIES: Final = {
    "jemalloc": _Library(("libjemalloc.so.2",), "libjemalloc2"),
    "mimalloc": _Library(("libmimalloc.so.3", "libmimalloc.so.2", "libmimalloc.so.2.0"), "libmimalloc2.0"),
    "tcmalloc": _Library(("libtcmalloc_minimal.so.4", "libtcmalloc.so.4"), "libtcmalloc-minimal4"),
}


class Allocator(Plain):
    """Sets LD_PRELOAD; nothing of the program changes."""

    name = "allocator"
    help = "another allocator in place of the C library's malloc, by preload"
    levels = "`system`, `jemalloc`, `mimalloc` or `tcmalloc`"
    examples = ("jemalloc", "mimalloc")
    takes = (
        "the library (Debian: libjemalloc2, libmimalloc2.0, libtcmalloc-minimal4), and a dynamic program without an"
        " allocator of its own; a Go program only where C code in it allocates"
    )

    def check(self, level: str) -> None:
        """See `ports.Knob.check`."""
        if level != _SYSTEM and level not in _LIBRARIES:
            raise self.impossible(level)

    def needs(self, service: Service, artifact_path: str | None, level: str) -> str:
        """See `ports.Knob.needs`."""
        if level == _SYSTEM:
            return ""
        if not find_library(*_LIBRARIES[level].files):
            library = _LIBRARIES[level]
            return f"{library.files[0]} is not installed; on Debian and Ubuntu: apt-get install {library.package}"
        if artifact_path is None:
            return ""
        reason = why_not(Path(artifact_path))
        if service.language is Language.GO and reason and _calls_malloc(Path(artifact_path)):
            return ""
        return reason

    def apply(self, launch: Launch, level: str) -> Launch:
        """See `ports.Knob.apply`."""
        if level == _SYSTEM:
            return launch
        found = find_library(*_LIBRARIES[level].files)
        return with_environment(launch, LD_PRELOAD=f"{found} {launch.env.get('LD_PRELOAD', '')}".strip())

    def seen(self, pid: int, launch: Launch, level: str) -> str | None:  # noqa: ARG002
        """Look for the library among what the process has mapped."""
        maps = proc.read(proc.PROC / str(pid) / "maps")
        if not maps:
            return None
        found = [name for name, library in _LIBRARIES.items() if f"/{library.files[0].partition('.so')[0]}" in maps]
        return self.told(" and ".join(found) or _SYSTEM, level)


def _calls_malloc(program: Path) -> bool:
    """Whether a Go program is dynamic and takes malloc from the C library, as with cgo."""
    try:
        content = program.read_bytes()
    except OSError:
        return False
    return _has_interpreter(content) and _CGO in content


def _has_interpreter(content: bytes) -> bool:
    """Look for PT_INTERP in the program headers of a 64-bit little-endian ELF file; see elf(5)."""
    if content[:6] != b"\x7fELF\x02\x01":
        return False
    offset, size, count = (*struct.unpack_from("<Q", content, 32), *struct.unpack_from("<HH", content, 54))
    places = (offset + number * size for number in range(count))
    return any(
        struct.unpack_from("<I", content, place)[0] == _INTERPRETER for place in places if place + 4 <= len(content)
    )


KNOB = Allocator()
