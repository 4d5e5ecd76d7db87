"""Seeds for everything random, all derived from the one that is recorded."""

import hashlib
from typing import Final

_BYTES: Final = 6


def derive_seed(seed: int, *purpose: str | int) -> int:
    """Return a seed for one purpose, independent of those for others; below 2⁴⁸."""
    text = "/".join(map(str, (seed, *purpose)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:_BYTES])
