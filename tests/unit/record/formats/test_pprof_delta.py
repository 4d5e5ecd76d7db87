import gzip
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailtune.record.formats import pprof_delta

STRINGS = ["", "allocs", "count", "main.f", "main.g", "bytes", "space"]
Stack = tuple[int, ...]


def varint(value: int) -> bytes:
    value %= 1 << 64
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def nested(field: int, data: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(data)) + data


def profile(samples: dict[tuple[Stack, int], list[int]], *, first_id: int = 1, time_ns: int = 0) -> bytes:
    """A profile whose location numbers begin anywhere, as in two profiles of one process."""
    addresses = sorted({address for stack, _ in samples for address in stack})
    ids = dict(zip(addresses, itertools.count(first_id), strict=False))
    out = nested(1, number(1, 1) + number(2, 2))
    for (stack, size), values in samples.items():
        packed = nested(1, b"".join(varint(ids[address]) for address in stack))
        label = nested(3, number(1, 5) + number(3, size)) if size else b""
        out += nested(2, packed + nested(2, b"".join(map(varint, values))) + label)
    for address, place in ids.items():
        out += nested(4, number(1, place) + number(3, address) + nested(4, number(1, 1)))
    for text in STRINGS:
        out += nested(6, text.encode())
    return gzip.compress(out + number(9, time_ns))


def samples_of(data: bytes) -> dict[tuple[Stack, int], list[int]]:
    found = {}
    for sample in pprof_delta._samples(gzip.decompress(data)):
        stack, labels = sample.key
        found[tuple(address for address, _ in stack), labels[0][2] if labels else 0] = list(sample.values)
    return found


def test_the_later_minus_the_earlier() -> None:
    earlier = profile({((10, 20), 0): [5, 500], ((30,), 64): [1, 64]}, time_ns=1_000)
    later = profile(
        {((10, 20), 0): [7, 700], ((30,), 64): [1, 64], ((30,), 128): [2, 256], ((20, 10), 0): [1, 1]},
        first_id=7,
        time_ns=4_000,
    )
    delta = pprof_delta.subtract(later, earlier)
    assert samples_of(delta) == {((10, 20), 0): [2, 200], ((30,), 128): [2, 256], ((20, 10), 0): [1, 1]}
    fields = {field.number: field.value for field in pprof_delta._fields(gzip.decompress(delta))}
    assert fields[10] == 3_000


def test_inuse_values_may_turn_negative() -> None:
    delta = pprof_delta.subtract(profile({((10,), 0): [3]}), profile({((10,), 0): [8]}))
    assert samples_of(delta) == {((10,), 0): [-5]}


counts = st.dictionaries(
    st.tuples(st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple), st.sampled_from([0, 64])),
    st.lists(st.integers(0, 1 << 40), min_size=2, max_size=2),
    max_size=8,
)


@settings(deadline=None)
@given(base=counts, more=counts, first_id=st.integers(1, 300))
def test_subtracting_undoes_adding(
    base: dict[tuple[Stack, int], list[int]], more: dict[tuple[Stack, int], list[int]], first_id: int
) -> None:
    zero = [0, 0]
    total = {key: [a + b for a, b in zip(base.get(key, zero), more.get(key, zero), strict=True)] for key in base | more}
    delta = samples_of(pprof_delta.subtract(profile(total, first_id=first_id), profile(base)))
    assert delta == {key: values for key, values in more.items() if any(values)}


@pytest.mark.parametrize(
    "data", [b"", b"404 page not found\n", gzip.compress(b"<html>hello</html>"), gzip.compress(b"")]
)
def test_what_is_no_profile_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a"):
        pprof_delta.check(data)


def test_a_cut_off_profile_is_refused() -> None:
    whole = profile({((10,), 0): [3]})
    with pytest.raises(ValueError, match="not a gzipped profile"):
        pprof_delta.check(whole[:-12])
    with pytest.raises(ValueError, match="cut off"):
        pprof_delta.check(gzip.compress(gzip.decompress(whole)[:20]))
