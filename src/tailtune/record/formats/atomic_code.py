"""Machine code → whether an instruction reads, changes and writes memory atomically.

A sampled address is that of the next instruction, so a long one is seen at itself or, mostly, at what directly follows.
Instructions of x86-64 have no fixed length; backwards, one is taken for atomic if it ends exactly at the address. Other
code looks like that by chance at about one address in 200, nearly always like an exchange, which needs no prefix.

Sources: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, chapter 2 and LOCK, XCHG; Arm
Architecture Reference Manual for A-profile, C4.1 (exclusive, compare and swap, atomic memory operations).
"""

import re
import struct
from collections.abc import Iterable
from typing import Final

BEFORE: Final = 15
"""Bytes in front of an address that are looked at: the longest instruction of x86-64."""
AFTER: Final = 15
"""Bytes from an address on that are looked at."""

_ALL: Final = range(8)
_ARM: Final = (
    (0x3F200C00, 0x38200000),  # LDADD, LDSET, LDCLR, SWP ...
    (0x3FA07C00, 0x08A07C00),  # CAS
    (0xBFA07C00, 0x08207C00),  # CASP
    (0x3FA00000, 0x08000000),  # LDXR, STXR, with acquire and release
    (0xBFA00000, 0x88200000),  # LDXP, STXP
)
"""Mask and value of an instruction word."""
_ARM_LOAD_ACQUIRE: Final = (0x3FE0FC00, 0x38A0C000)
"""LDAPR, which lies among the atomic operations and only loads."""


def is_at_atomic(before: bytes, after: bytes, machine: str) -> bool:
    """Whether the instruction at an address, or the one directly before it, is an atomic read-modify-write.

    Args:
        before: code in front of the address, up to `BEFORE` bytes.
        after: code from the address on, up to `AFTER` bytes.
        machine: as `platform.machine` names it; of others than x86_64 and aarch64 nothing is known.
    """
    if machine == "x86_64":
        return _AT.match(after) is not None or _BEHIND.search(before) is not None
    if machine == "aarch64":
        return any(map(_is_arm_atomic, (before[-4:], after[:4])))
    return False


def _is_arm_atomic(code: bytes) -> bool:
    if len(code) < 4:
        return False
    (word,) = struct.unpack("<I", code)
    mask, value = _ARM_LOAD_ACQUIRE
    return word & mask != value and any(word & mask == value for mask, value in _ARM)


def _bytes(values: Iterable[int]) -> bytes:
    return b"[" + b"".join(b"\\x%02x" % value for value in values) + b"]"


def _modrm(mode: int, bases: Iterable[int], digits: Iterable[int]) -> bytes:
    """The byte that names operands: mode of addressing, register or digit of the operation, base."""
    chosen = list(bases)
    return _bytes(mode << 6 | digit << 3 | base for digit in digits for base in chosen)


def _memory(digits: Iterable[int] = _ALL) -> bytes:
    """An operand in memory with all that belongs to it: base 4 is followed by a scaled index, base 5 means none."""
    of = list(digits)
    plain, scaled = [0, 1, 2, 3, 6, 7], [4]
    based = [0, 1, 2, 3, 5, 6, 7]
    index = _bytes(byte for byte in range(256) if byte & 7 != 5)
    no_base = _bytes(byte for byte in range(256) if byte & 7 == 5)
    forms = (
        _modrm(0, plain, of),
        _modrm(0, [5], of) + b".{4}",
        _modrm(0, scaled, of) + b"(?:" + index + b"|" + no_base + b".{4})",
        _modrm(1, based, of) + b".",
        _modrm(1, scaled, of) + b"..",
        _modrm(2, based, of) + b".{4}",
        _modrm(2, scaled, of) + b".{5}",
    )
    return b"(?:" + b"|".join(forms) + b")"


_SIZE: Final = rb"[\x64-\x66\xf2\xf3]*[\x40-\x4f]?"
"""Prefixes: segment, operand size, repetition; then that of 64-bit mode."""
_LOCKED: Final = (
    _bytes(at + kind for at in range(0, 0x38, 8) for kind in (0, 1)) + _memory(),  # ADD to XOR
    rb"[\x80\x83]" + _memory(range(7)) + b".",
    rb"\x81" + _memory(range(7)) + b"(?:.{4}|.{2})",
    rb"[\xf6\xf7]" + _memory([2, 3]),  # NOT, NEG
    rb"[\xfe\xff]" + _memory([0, 1]),  # INC, DEC
    rb"\x0f[\xb0\xb1\xc0\xc1\xab\xb3\xbb]" + _memory(),  # CMPXCHG, XADD, BTS, BTR, BTC
    rb"\x0f\xba" + _memory([5, 6, 7]) + b".",
    rb"\x0f\xc7" + _memory([1]),  # CMPXCHG8B, CMPXCHG16B
)
_EXCHANGE: Final = rb"[\x86\x87]" + _memory()
"""XCHG with memory is locked without being told to."""
_BODY: Final = rb"\xf0" + _SIZE + b"(?:" + b"|".join(_LOCKED) + b"|" + _EXCHANGE + b")"
_AT: Final = re.compile(_SIZE + b"(?:" + _BODY + b"|" + _EXCHANGE + b")", re.DOTALL)
_BEHIND: Final = re.compile(b"(?:" + _BODY + b"|" + _EXCHANGE + rb")\Z", re.DOTALL)
