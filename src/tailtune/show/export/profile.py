"""Files beside a profile: which formats there are, and which one a file name asks for."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from tailtune.errors import UsageError
from tailtune.model.profile_view import ProfileResult
from tailtune.show.export.json import encode
from tailtune.show.export.speedscope import speedscope
from tailtune.show.export.whole import write_whole

if TYPE_CHECKING:
    from tailtune._native import Profile

SUFFIXES: Final[dict[str, tuple[str, ...]]] = {
    "pprof": (".pb.gz", ".pprof"),
    "collapsed": (".folded", ".collapsed", ".txt"),
    "speedscope": (".speedscope.json",),
    "firefox": (".firefox.json",),
    "json": (".json",),
}
"""Format → the ends of file names that mean it; the longest that fits counts."""


class ProfileFile(msgspec.Struct, frozen=True):
    """A file to be written."""

    format: str
    path: Path
    suffix: str
    """The end of its name that means the format; empty where the format was given by `FORMAT:FILE`."""

    def beside(self, title: str) -> "ProfileFile":
        """Return the file for a further profile: `cpu.pb.gz` → `cpu.off-cpu.pb.gz`."""
        name = self.path.name.removesuffix(self.suffix)
        path = self.path.with_name(f"{name}.{title.lower().replace(' ', '-')}{self.suffix}")
        return msgspec.structs.replace(self, path=path)


def profile_file(text: str) -> ProfileFile:
    """Read an `--output`: `FILE`, whose end names the format, or `FORMAT:FILE`.

    Raises:
        UsageError: if no format fits; the message lists them.
    """
    prefix, colon, rest = text.partition(":")
    if colon and rest and prefix in SUFFIXES:
        return ProfileFile(prefix, Path(rest), _longest(rest, SUFFIXES[prefix]))
    fitting = {suffix: name for name, ends in SUFFIXES.items() for suffix in ends if text.endswith(suffix)}
    if not fitting:
        known = ", ".join(f"{name} ({' '.join(ends)})" for name, ends in SUFFIXES.items())
        raise UsageError(f"--output {text}: the name does not tell the format", hint=f"FORMAT:FILE, of {known}")
    suffix = _longest(text, tuple(fitting))
    return ProfileFile(fitting[suffix], Path(text), suffix)


def write_profile(file: ProfileFile, profile: "Profile", value: int, result: ProfileResult) -> None:
    """Write one profile; `value` is the sample type of formats that hold only one.

    Raises:
        SetupError: if the disk refuses.
    """
    match file.format:
        case "pprof":
            content = profile.to_pprof()
        case "collapsed":
            content = profile.to_collapsed(value).encode()
        case "speedscope":
            content = speedscope(profile, result.source.name, value)
        case "firefox":
            content = profile.to_firefox(result.source.name, value).encode()
        case _:
            content = f"{encode(result)}\n".encode()
    write_whole(file.path, lambda stream: stream.write(content))


def _longest(text: str, suffixes: tuple[str, ...]) -> str:
    return max((suffix for suffix in suffixes if text.endswith(suffix)), key=len, default="")
