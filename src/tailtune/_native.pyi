"""
The native core: load generation, sampling, symbols and profile tables.
"""

from typing import Final, SupportsIndex, final

__all__ = ["VERSION", "Profile", "Sampler", "build_id", "perf_capability"]

VERSION: Final[str]
"""
Version of the native core, equal to the version of the Python package.
"""

@final
class Profile:
    """
    Unique stacks with values, and the single samples behind them where the source has them.
    """
    @property
    def comments(self, /) -> list[str]:
        """
        Free text that came with the profile.
        """
    @property
    def duration_ns(self, /) -> int:
        """
        Length in ns; 0 where unknown.
        """
    def frames(self, /) -> list[tuple[str, str, str, int, bool, bool]]:
        """
        All different frames: (function, file, module, line, inlined, kernel).

        `inlined`: the compiler copied the function into the next frame's. Unknown lines are 0.
        """
    @staticmethod
    def from_pprof(data: bytes) -> Profile:
        """
        Read a pprof profile, gzip or raw. Raises NativeError if it is damaged or unpacks to more than 512 MiB.
        """
    @property
    def lost(self, /) -> int:
        """
        Samples that the kernel had no room for.
        """
    @property
    def period(self, /) -> int:
        """
        Distance between samples in units of the period type, ns for CPU profiles; 0 where unknown.
        """
    @property
    def sample_types(self, /) -> list[tuple[str, str]]:
        """
        What the values of each stack mean: (type, unit), for example ("cpu", "nanoseconds").
        """
    def samples(self, /) -> tuple[bytes, bytes, bytes, bytes]:
        """
        The single samples in columns of little-endian numbers: (t_ns i64, tid i32, cpu i32, stack u32).

        In the order of time; empty for profiles read from pprof.
        """
    def stacks(self, /) -> list[list[int]]:
        """
        All different stacks as indices into `frames`, leaf first, inlined calls expanded.
        """
    def to_collapsed(self, /, value: SupportsIndex = 0) -> str:
        """
        Write collapsed text of one sample type: a line a stack, root first, joined by semicolons, then the value.
        """
    def to_pprof(self, /) -> bytes:
        """
        Write gzip'd pprof, as `go tool pprof` reads it. Single samples are not part of the format.
        """
    def values(self, /, i: SupportsIndex) -> list[int]:
        """
        The value of each stack for sample type `i`. Raises IndexError if there is no such type.
        """
    @property
    def warnings(self, /) -> list[str]:
        """
        What the reader must know before believing the numbers.
        """

@final
class Sampler:
    """
    Samples the on-CPU stacks of a process with all its threads and descendants, present and future.

    Constructing it finds out, by trying, what is permitted; nothing is sampled before `start`.
    Raises NativeError, with the remedy as hint, if there is no such process or nothing is permitted.
    """
    def __new__(cls, /, pid: SupportsIndex, frequency_hz: SupportsIndex) -> Sampler:
        """
        Open events for process `pid` at `frequency_hz` samples per second of CPU time (1 to 100,000).
        """
    @property
    def lost_note(self, /) -> str:
        """
        What is lost against the best mode, with the remedy; empty: nothing.
        """
    @property
    def mode(self, /) -> str:
        """
        The mode that worked, in words.
        """
    def start(self, /) -> None:
        """
        Begin to sample. Raises NativeError if it was started before.
        """
    def stop(self, /) -> Profile:
        """
        End sampling, name all addresses, and return the profile. May take seconds for large binaries.

        Works as well when the process has ended. Raises NativeError if it is not running.
        """

def build_id(path: str) -> str:
    """
    Read the build ID of a binary: Go's as text, else GNU's in hex; empty if it has none.

    Raises NativeError if the file cannot be read.
    """

def perf_capability() -> str:
    """
    Try on this very process what can be sampled here, and return the outcome as JSON.

    Keys: `paranoid`; `modes`: [{`mode`, `permitted`, `error`, `lost_note`}], best first;
    `hardware_counters` and `tracepoints`: {`permitted`, `error`}; `kernel_names`.
    """
