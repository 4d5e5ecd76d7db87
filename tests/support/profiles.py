"""Profiles of a made-up program, drawn by the law that sampling follows."""

from collections.abc import Mapping, Sequence

import numpy as np
from tests.support.pprof import encode

from tailtune._native import Profile

PERIOD_NS = 10_000_000
CPU = (("samples", "count"), ("cpu", "nanoseconds"))

SERVICE: dict[tuple[str, ...], float] = {
    ("main.hash", "main.serve", "main.main"): 40,
    ("main.sort", "main.serve", "main.main"): 30,
    ("runtime.mallocgc", "main.serve", "main.main"): 15,
    ("shop/cart.(*Cart).Total", "main.serve", "main.main"): 9,
    **{(f"main.rare{number}", "main.main"): 0.1 for number in range(60)},
}
"""Stack, leaf first → samples per second."""


def cpu_profile(counts: Mapping[tuple[str, ...], int], seconds: float = 10.0) -> Profile:
    """Return a CPU profile with so many samples of each stack."""
    rows = {stack: (count, count * PERIOD_NS) for stack, count in counts.items() if count}
    return Profile.from_pprof(encode(rows, CPU, duration_ns=round(seconds * 1e9), period=PERIOD_NS))


def drawn(
    generator: np.random.Generator,
    *,
    seconds: float = 10.0,
    factors: Mapping[str, float] | None = None,
    renamed: Mapping[str, str] | None = None,
    service: Mapping[tuple[str, ...], float] = SERVICE,
) -> Profile:
    """Sample the service, some of its leaves costing `factors` as much, some functions under another name."""
    costs, names = factors or {}, renamed or {}
    counts = {
        tuple(names.get(name, name) for name in stack): int(
            generator.poisson(rate * seconds * costs.get(stack[0], 1.0))
        )
        for stack, rate in service.items()
    }
    return cpu_profile(counts, seconds)


def heap_profile(rows: Sequence[tuple[tuple[str, ...], int, int]], rate: int = 524_288) -> Profile:
    """Return an allocation profile of (stack, objects, bytes), as Go scales them up."""
    types = (("alloc_objects", "count"), ("alloc_space", "bytes"))
    return Profile.from_pprof(encode({stack: (objects, size) for stack, objects, size in rows}, types, period=rate))


def service_profile(*, hashing: int = 400, cart: str = "shop/cart.(*Cart).Total") -> Profile:
    """Return a profile of the service that is the same each time."""
    counts: dict[tuple[str, ...], int] = {
        ("main.hash", "main.serve", "main.main"): hashing,
        ("main.sort", "main.serve", "main.main"): 300,
        ("runtime.mallocgc", "main.serve", "main.main"): 150,
        (cart, "main.serve", "main.main"): 90,
        **{(f"main.rare{number}", "main.main"): 1 for number in range(12)},
    }
    return cpu_profile(counts)
