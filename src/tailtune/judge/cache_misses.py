"""What simulated caches tell of each function: its misses, and the share of its cycles that they may be."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import pyarrow as pa

from tailtune.bundle import Bundle
from tailtune.judge.names import normalized

_L1_CYCLES: Final = 10
_LL_CYCLES: Final = 100
"""What a miss of the first and of the last level costs on top of a cycle for each instruction: as in KCachegrind's
event "Cycle Estimation", CEst = Ir + 10 L1m + 100 LLm, of which instruction and data misses are parts alike."""
_C_NAME: Final = re.compile(r"_*(GI_+)?(libc_)?(?P<name>\w+?)(_(s?sse|avx|evex|erms|a?simd|sve|generic)\w*)?")
"""glibc's functions have several names, of which debug information and symbol tables show others; and an implementation
for each kind of processor, of which valgrind's own has not the newest (sysdeps/x86_64/multiarch/ifunc-impl-list.c)."""
_EVENTS: Final = ("ir", "i1mr", "ilmr", "dr", "d1mr", "dlmr", "dw", "d1mw", "dlmw")


@dataclass(frozen=True)
class Counted:
    """Events of some code, summed over all requests."""

    instructions: int = 0
    code_l1: int = 0
    """Instruction fetches that missed the first level; of them, `code_ll` the last one, too."""
    code_ll: int = 0
    accesses: int = 0
    """Data reads and writes; of them, `l1` missed the first level, and of those `ll` the last one."""
    l1: int = 0
    ll: int = 0

    def plus(self, other: "Counted") -> "Counted":
        """Return the sum of both."""
        return Counted(
            self.instructions + other.instructions,
            self.code_l1 + other.code_l1,
            self.code_ll + other.code_ll,
            self.accesses + other.accesses,
            self.l1 + other.l1,
            self.ll + other.ll,
        )

    @property
    def data_cycles(self) -> int:
        """Estimated cycles of the data misses."""
        return _L1_CYCLES * self.l1 + _LL_CYCLES * self.ll

    @property
    def cycles(self) -> int:
        """Estimated cycles of everything."""
        return self.instructions + _L1_CYCLES * self.code_l1 + _LL_CYCLES * self.code_ll + self.data_cycles

    @property
    def waiting(self) -> float:
        """Share of the estimated cycles that are data misses, in [0, 1]."""
        return self.data_cycles / self.cycles if self.cycles else 0.0


@dataclass(frozen=True)
class FunctionMisses:
    """One function, without what it calls, with what was inlined into it."""

    function: str
    """Name as `comparable` returns it."""
    counted: Counted
    place: str
    """`FILE:LINE` of the line with most of its data misses, by cycles; empty where it is not known."""
    place_share: float
    """Of the function's data misses, by cycles, in [0, 1]."""


@dataclass(frozen=True, eq=False)
class CacheMisses:
    """One simulation."""

    requests: int
    caches: Mapping[str, str]
    """Cache → size, line and ways, as Cachegrind describes them."""
    functions: Sequence[FunctionMisses]
    """Most cycles of data misses first."""

    @property
    def total(self) -> Counted:
        """All functions."""
        return _sum(one.counted for one in self.functions)

    @classmethod
    def from_table(cls, table: pa.Table, requests: int, caches: Mapping[str, str]) -> Self:
        """Sum the rows of the table `caches` by function."""
        lines: dict[str, dict[str, Counted]] = {}
        columns = [table[name].to_pylist() for name in ("function", "file", "line", *_EVENTS)]
        for function, file, line, ir, i1, il, dr, r1, rl, dw, w1, wl in zip(*columns, strict=True):
            counted = Counted(ir, i1, il, dr + dw, r1 + w1, rl + wl)
            places = lines.setdefault(comparable(function), {})
            place = f"{file}:{line}" if line else ""
            before = places.get(place)
            places[place] = before.plus(counted) if before else counted
        functions = [_function(name, places) for name, places in lines.items()]
        functions.sort(key=lambda one: (-one.counted.data_cycles, one.function))
        return cls(requests, caches, functions)


def comparable(function: str) -> str:
    """Return a name that is the same in samples and in a simulation: normalised, of C the plain one.

    `__memcmp_evex_movbe` and `__memcmp_avx2_movbe` are `memcmp`; `__GI___libc_malloc` is `malloc`.
    """
    name = normalized(function)
    found = _C_NAME.fullmatch(name.partition("@")[0])  # behind it: the version of a symbol
    return found["name"] if found else name


def cache_misses(bundle: Bundle) -> CacheMisses | None:
    """Return what was counted on simulated caches; None where they were not simulated."""
    told = bundle.manifest.caches
    if told is None or told.requests <= 0:
        return None
    return CacheMisses.from_table(bundle.table("caches"), told.requests, told.caches)


def _function(name: str, places: Mapping[str, Counted]) -> FunctionMisses:
    counted = _sum(places.values())
    place = max(places, key=lambda one: (places[one].data_cycles, one))
    share = places[place].data_cycles / counted.data_cycles if counted.data_cycles else 0.0
    return FunctionMisses(name, counted, place, share)


def _sum(parts: Iterable[Counted]) -> Counted:
    total = Counted()
    for one in parts:
        total = total.plus(one)
    return total
