"""A small pprof writer for tests: stacks of names in, gzipped profile out."""

import gzip
from collections.abc import Mapping, Sequence


def encode(
    stacks: Mapping[tuple[str, ...], Sequence[int]],
    types: Sequence[tuple[str, str]],
    *,
    time_ns: int = 0,
    duration_ns: int = 0,
    period: int = 0,
    labels: Mapping[tuple[str, ...], tuple[str, str]] | None = None,
) -> bytes:
    """Encode stacks (leaf first) with one value per sample type; names ending in `_[k]` are kernel functions.

    A stack has the label, key and value, that `labels` gives it.
    """
    strings = {"": 0}
    functions: dict[str, int] = {}

    def text(value: str) -> int:
        return strings.setdefault(value, len(strings))

    def function(name: str) -> int:
        return functions.setdefault(name, len(functions) + 1)

    body = b"".join(_message(1, _number(1, text(kind)) + _number(2, text(unit))) for kind, unit in types)
    for stack, values in stacks.items():
        locations = b"".join(_varint(function(name)) for name in stack)
        sample = _message(1, locations) + _message(2, b"".join(_varint(value) for value in values))
        if labels and stack in labels:
            key, value = labels[stack]
            sample += _message(3, _number(1, text(key)) + _number(2, text(value)))
        body += _message(2, sample)
    for name, number in functions.items():
        mapping = _number(2, 1) if name.endswith("_[k]") else b""
        body += _message(4, _number(1, number) + mapping + _message(4, _number(1, number)))
        body += _message(5, _number(1, number) + _number(2, text(name)))
    if any(name.endswith("_[k]") for name in functions):
        body += _message(3, _number(1, 1) + _number(5, text("[kernel]")))
    body += b"".join(_message(6, value.encode()) for value in strings)
    body += _number(9, time_ns) + _number(10, duration_ns) + _number(12, period)
    return gzip.compress(body, mtime=0)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _message(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
