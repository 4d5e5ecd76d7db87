"""Whatever a file of Cachegrind holds gives counts or a ValueError, in bounded memory."""

import contextlib
import io
import os
import random
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailtune.bundle.schema import CACHES
from tailtune.record.formats import cachegrind
from tailtune.record.formats.cachegrind import EVENTS, Cachegrind, beyond, read_cachegrind, table

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
"""Hostile files; `make fuzz` tries more."""
REAL = (Path(__file__).parents[1] / "golden" / "cachegrind" / "walk.out").read_bytes()
EXPECTED = {
    "(below main)": [11, 2, 2, 0, 0, 0, 3, 1, 1],
    "make": [61444, 1, 1, 4097, 1, 1, 4096, 4095, 4095],
    "walk": [49157, 0, 0, 12289, 12265, 0, 0, 0, 0],
}
"""Events by function, in the order of EVENTS."""
HEAD = b"events: " + " ".join(EVENTS).encode() + b"\nfl=a.c\nfn=f\n"


def read(data: bytes) -> Cachegrind:
    return read_cachegrind(io.BytesIO(data))


def refused(data: bytes) -> str:
    with pytest.raises(ValueError, match=r".") as told:
        read(data)
    return str(told.value)


def test_a_file_of_valgrind_3_19_is_read():
    found = read(REAL)
    assert found.caches["LL cache"] == "33554432 B, 64 B, 16-way associative"
    by_function: dict[str, list[int]] = {}
    for (function, _, _), counts in found.places.items():
        by_function[function] = [a + b for a, b in zip(by_function.get(function, [0] * 9), counts, strict=True)]
    assert by_function == EXPECTED
    assert all(file.endswith("/walk.c") and line > 0 for _, file, line in found.places)


def test_counts_of_one_line_add_up_and_missing_ones_are_nothing():
    found = read(HEAD + b"7 1 . 3\n\n7 2\n9 5 0 0 4\nfl=b.h\n7 1\nsummary: 9 0 3 4\n")
    assert found.places == {
        ("f", "a.c", 7): (3, 0, 3, 0, 0, 0, 0, 0, 0),
        ("f", "a.c", 9): (5, 0, 0, 4, 0, 0, 0, 0, 0),
        ("f", "b.h", 7): (1, 0, 0, 0, 0, 0, 0, 0, 0),
    }


def test_events_may_stand_in_another_order_among_others():
    events = [*reversed(EVENTS), "Bc"]
    counts = " ".join(map(str, range(1, 11)))
    text = f"cmd: ./a\nevents: {' '.join(events)}\nfl=a\nfn=f\n1 {counts}\nsummary: {counts}\n"
    assert read(text.encode()).places == {("f", "a", 1): (9, 8, 7, 6, 5, 4, 3, 2, 1)}


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "cut short"),
        (HEAD, "cut short"),
        (HEAD + b"7 1\n", "cut short"),
        (HEAD + b"7 1\nsummary: 2\n", "do not add up"),
        (HEAD + b"7 12\nsummary: 1", "do not add up"),
        (HEAD + b"7 1\nsummary: 1\n8 1\n", "behind the summary"),
        (HEAD + b"7 1 2 3 4 5 6 7 8 9 10\n", "10 counts of 9 events"),
        (HEAD + b"7 -1\n", "not a count"),
        (HEAD + b"7 1_0\n", "not a count"),
        (HEAD + b"7 99999999999999999999\n", "not a count"),
        (HEAD + b"7 9223372036854775808\n", "not a count"),
        (HEAD + b"4294967296 1\n", "not a count"),
        (HEAD + b"7\xb2 1\n", "not a count"),
        (HEAD + HEAD, "named twice"),
        (b"events: Ir\n", "were caches simulated"),
        (b"7 1\n", "no file or function"),
        (b"fl=a\nfn=f\n7 1\n", "before the names"),
        (b"summary: 1\n", "before the names"),
        (b"fi=a\n", "not of Cachegrind"),
        (b"\x7fELF\n", "not of Cachegrind"),
    ],
)
def test_what_is_wrong_is_told(data, complaint):
    assert complaint in refused(data)


def test_the_line_is_named():
    assert refused(HEAD + b"7 1\n8 x\n").startswith("line 5: not a count: 'x'")


def test_a_sum_beyond_what_the_table_holds_is_refused():
    assert "do not add up" in refused(HEAD + b"7 9223372036854775807\n8 1\nsummary: 9223372036854775807\n")


def test_limits_are_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cachegrind, "MOST_PLACES", 3)
    assert "more than 3 lines of code" in refused(HEAD + b"".join(b"%d 1\n" % line for line in range(9)))
    monkeypatch.setattr(cachegrind, "MOST_BYTES", 1000)
    assert "more than 1,000 bytes" in refused(HEAD + b"7 1\n" * 300)


def test_an_endless_line_takes_no_memory():
    endless = io.BytesIO(HEAD + b"fn=" + b"x" * (64 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="line 3: the next one has more than 65,536 bytes"):
            read_cachegrind(endless)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


def test_a_file_cut_anywhere_is_refused():
    assert REAL.endswith(b"\n")
    for end in range(len(REAL) - 1):
        assert refused(REAL[:end])
    assert read(REAL[:-1]) == read(REAL)


@settings(deadline=None, max_examples=EXAMPLES)
@given(data=st.binary(max_size=300))
def test_any_bytes_give_counts_or_a_value_error_never_panic(data: bytes):
    survives(data)
    survives(HEAD + data)


@settings(deadline=None, max_examples=EXAMPLES)
@given(seed=st.integers(0, 2**32))
def test_a_damaged_file_gives_counts_or_a_value_error_never_panic(seed: int):
    chance = random.Random(seed)
    data = bytearray(REAL)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data))
        what = chance.randrange(3)
        if what == 0:
            data[at] = chance.randrange(256)
        elif what == 1:
            del data[at : at + chance.randint(1, 40)]
        else:
            data[at:at] = data[at : at + chance.randint(1, 40)]
    survives(bytes(data))


def survives(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        found = read(data)
        assert table(found.places).schema.equals(CACHES)


COUNTS = st.dictionaries(
    st.tuples(st.sampled_from("fgh"), st.just("a.c"), st.integers(0, 3)), st.tuples(*[st.integers(0, 9)] * 9)
)


@settings(deadline=None)
@given(whole=COUNTS, first=COUNTS)
def test_what_is_beyond_is_never_negative_and_adds_up_where_there_was_more(whole, first):
    found = beyond(whole, first)
    assert all(any(counts) and min(counts) >= 0 for counts in found.values())
    assert beyond(whole, {}) == {place: counts for place, counts in whole.items() if any(counts)}
    assert beyond(whole, whole) == {}
    for place, counts in found.items():
        less = first.get(place, (0,) * 9)
        assert all(more == max(0, a - b) for more, a, b in zip(counts, whole[place], less, strict=True))
