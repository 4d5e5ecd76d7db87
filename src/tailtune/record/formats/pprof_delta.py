"""What happened between two cumulative pprof profiles of one process: the later minus the earlier.

The server could subtract (`?seconds=N`), but would then snapshot while the load runs. Both snapshots
are taken outside of it instead, and subtracted here.

Format: google/pprof proto/profile.proto. Only samples are rewritten; all else of the later profile stays.
"""

import gzip
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

# Field numbers of Profile and Sample, and wire types.
_SAMPLE: Final = 2
_LOCATION: Final = 4
_STRINGS: Final = 6
_TIME: Final = 9
_DURATION: Final = 10
_SAMPLE_LOCATIONS: Final = 1
_SAMPLE_VALUES: Final = 2
_SAMPLE_LABELS: Final = 3
_VARINT: Final = 0
_FIXED64: Final = 1
_BYTES: Final = 2
_FIXED32: Final = 5
_U64: Final = 1 << 64

_Key = tuple[tuple[tuple[int, bytes], ...], tuple[tuple[str, str, int], ...]]


class _Field(NamedTuple):
    number: int
    kind: int
    value: int
    data: bytes


class _Sample(NamedTuple):
    message: bytes
    key: _Key
    values: tuple[int, ...]


def subtract(later: bytes, earlier: bytes) -> bytes:
    """Return the gzipped profile of what came between two gzipped profiles of the same process and kind.

    Stacks without a change are left out. Values that are no counters (`inuse_*`) may turn negative.

    Raises:
        ValueError: if one is no pprof profile.
    """
    new, old = gunzip(later), gunzip(earlier)
    before: dict[_Key, Counter[int]] = {}
    for sample in _samples(old):
        before.setdefault(sample.key, Counter()).update(dict(enumerate(sample.values)))
    out = bytearray()
    for field in _fields(new):
        if field.number not in (_SAMPLE, _DURATION):
            out += _encoded(field)
    for sample in _samples(new):
        base = before.pop(sample.key, Counter())
        values = [value - base[index] for index, value in enumerate(sample.values)]
        if any(values):
            out += _message(_SAMPLE, _with_values(sample.message, values))
    out += _varint(_DURATION << 3) + _varint(max(_number(new, _TIME) - _number(old, _TIME), 0))
    return gzip.compress(bytes(out))


def gunzip(data: bytes) -> bytes:
    """Unpack a profile.

    Raises:
        ValueError: if it is not gzipped, or cut off.
    """
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(f"not a gzipped profile: {error}") from error


def check(data: bytes) -> None:
    """Do nothing when these bytes are a gzipped pprof profile.

    Raises:
        ValueError: if they are not.
    """
    if not any(field.number == _STRINGS for field in _fields(gunzip(data))):
        raise ValueError("not a pprof profile: it has no strings")


def is_empty(data: bytes) -> bool:
    """Return whether a gzipped profile has no samples at all.

    Raises:
        ValueError: if it is no profile.
    """
    return not any(field.number == _SAMPLE for field in _fields(gunzip(data)))


def _samples(profile: bytes) -> Iterator[_Sample]:
    fields = list(_fields(profile))
    strings = [field.data.decode(errors="replace") for field in fields if field.number == _STRINGS]
    places = dict(_place(field.data) for field in fields if field.number == _LOCATION)
    for field in fields:
        if field.number == _SAMPLE:
            parts = list(_fields(field.data))
            stack = tuple(places[number] for number in _numbers(parts, _SAMPLE_LOCATIONS))
            labels = tuple(sorted(_label(part.data, strings) for part in parts if part.number == _SAMPLE_LABELS))
            values = tuple(_signed(number) for number in _numbers(parts, _SAMPLE_VALUES))
            yield _Sample(field.data, (stack, labels), values)


def _place(location: bytes) -> tuple[int, tuple[int, bytes]]:
    """Return a location's id, and what names it in every profile of the process: its address."""
    parts = {part.number: part for part in _fields(location)}
    address = parts[3].value if 3 in parts else 0
    # Without an address only the lines tell locations apart; their functions' numbers are stable in one process.
    return parts[1].value, (address, b"" if address else location)


def _label(label: bytes, strings: list[str]) -> tuple[str, str, int]:
    parts = {part.number: part.value for part in _fields(label)}
    return strings[parts.get(1, 0)], strings[parts.get(2, 0)], parts.get(3, 0)


def _with_values(sample: bytes, values: list[int]) -> bytes:
    kept = b"".join(_encoded(field) for field in _fields(sample) if field.number != _SAMPLE_VALUES)
    return kept + _message(_SAMPLE_VALUES, b"".join(_varint(value % _U64) for value in values))


def _numbers(parts: list[_Field], number: int) -> Iterator[int]:
    """Give a repeated number, packed or not."""
    for part in parts:
        if part.number == number and part.kind == _BYTES:
            position = 0
            while position < len(part.data):
                value, position = _read_varint(part.data, position)
                yield value
        elif part.number == number:
            yield part.value


def _number(message: bytes, number: int) -> int:
    return next((field.value for field in _fields(message) if field.number == number), 0)


def _fields(message: bytes) -> Iterator[_Field]:
    position = 0
    while position < len(message):
        tag, position = _read_varint(message, position)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, position = _read_varint(message, position)
            yield _Field(number, kind, value, b"")
            continue
        if kind == _BYTES:
            length, position = _read_varint(message, position)
        elif kind in (_FIXED32, _FIXED64):
            length = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"not a protobuf message: wire type {kind}")
        data = message[position : position + length]
        if len(data) < length:
            raise ValueError("not a protobuf message: cut off")
        position += length
        yield _Field(number, kind, 0, data)


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise ValueError("not a protobuf message: bad number")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _signed(value: int) -> int:
    return value - _U64 if value >= _U64 >> 1 else value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _message(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(data)) + data


def _encoded(field: _Field) -> bytes:
    if field.kind == _VARINT:
        return _varint(field.number << 3) + _varint(field.value)
    if field.kind == _BYTES:
        return _message(field.number, field.data)
    return _varint(field.number << 3 | field.kind) + field.data
