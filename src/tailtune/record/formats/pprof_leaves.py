"""Where the stacks of a pprof profile end: the binary and the place in it of each sampled instruction.

The native core names addresses and hands over names; the addresses themselves are in the profile that it writes.
Format: google/pprof `proto/profile.proto`, over the wire format of Protocol Buffers.
"""

import gzip
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

_SAMPLE, _MAPPING, _LOCATION, _STRING = 2, 3, 4, 6
"""Fields of `Profile`."""
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_FIXED: Final = {_FIXED_64: 8, _FIXED_32: 4}


class Place(NamedTuple):
    """An instruction in a file."""

    path: str
    """As the mapping names it."""
    offset: int
    """In the file, bytes."""


class _Mapping(NamedTuple):
    start: int
    offset: int
    path: int


def leaf_places(pprof: bytes) -> list[Place | None]:
    """Return for each sample the place of its leaf; None where it lies in no mapping.

    Args:
        pprof: a profile, packed by gzip, as the native core writes it: one sample a stack, in the order of stacks.

    Raises:
        ValueError: if it is damaged.
    """
    try:
        return _places(gzip.decompress(pprof))
    except (EOFError, OSError, IndexError, KeyError, zlib.error) as error:
        raise ValueError(f"not a pprof profile: {error}") from error


def _places(message: bytes) -> list[Place | None]:
    leaves: list[int] = []
    mappings: dict[int, _Mapping] = {}
    locations: dict[int, bytes] = {}
    strings: list[bytes] = []
    for field, value in _fields(message):
        if isinstance(value, int):
            continue
        if field == _SAMPLE:
            leaves.append(_first_location(value))
        elif field == _MAPPING:
            numbers = _numbers(value)
            mappings[numbers[1]] = _Mapping(numbers.get(2, 0), numbers.get(4, 0), numbers.get(5, 0))
        elif field == _LOCATION:
            locations[_numbers(value, last=1)[1]] = value
        elif field == _STRING:
            strings.append(value)
    found = {leaf: _place(_numbers(locations[leaf], last=3), mappings, strings) for leaf in set(leaves) if leaf}
    return [found.get(leaf) for leaf in leaves]


def _place(location: dict[int, int], mappings: dict[int, _Mapping], strings: list[bytes]) -> Place | None:
    mapping = mappings.get(location.get(2, 0))
    if mapping is None:
        return None
    offset = location.get(3, 0) - mapping.start + mapping.offset
    return Place(strings[mapping.path].decode(errors="surrogateescape"), offset) if offset >= 0 else None


def _first_location(sample: bytes) -> int:
    """The leaf's number; 0 for a sample without a stack. Numbers are packed, or one field each."""
    for field, value in _fields(sample):
        if field == 1:
            return value if isinstance(value, int) else _varint(value, 0)[0] if value else 0
    return 0


def _numbers(message: bytes, last: int = 1 << 29) -> dict[int, int]:
    """Return the numbers among the fields, up to the field `last`."""
    found = dict[int, int]()
    for field, value in _fields(message):
        if isinstance(value, int):
            found[field] = value
        if field >= last:
            break
    return found


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field, in their order."""
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if kind == _BYTES:
            length, at = _varint(message, at)
        elif kind in _FIXED:
            length = _FIXED[kind]
        else:
            raise ValueError(f"a field of kind {kind}")
        if at + length > end:
            raise ValueError("a field that is cut")
        yield tag >> 3, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at a place, and the place behind it."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number that is too long")
