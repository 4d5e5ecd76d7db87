"""Profiling that changes the program or costs it something, and is therefore asked for."""

import msgspec

from tailtune.model.units import Duration


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is switched on; the empty table takes these defaults."""

    block: Duration = Duration(10_000)
    """Go: one blocking event is kept for each such length of blocked time (runtime.SetBlockProfileRate); 0: none."""
    mutex: int = 100
    """Go: one in so many contended mutex events is kept (runtime.SetMutexProfileFraction); 0: none."""
    sample_bytes: int = 524_288
    """Others: mean bytes allocated between two sampled allocations, a power of two."""
    dump_bytes: int = 67_108_864
    """Others: bytes allocated between two dumps, a power of two; a window's edges are the dumps nearest to it."""
