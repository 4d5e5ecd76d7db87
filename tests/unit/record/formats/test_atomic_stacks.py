"""Leaves of profiles: where in which file their instructions are, and which of them are atomic."""

import gzip

import pytest
from tests.support.pprof import encode

from tailtune._native import Profile
from tailtune.record.formats.atomic_stacks import atomic_stacks
from tailtune.record.formats.pprof_leaves import Place, leaf_places

LOCKED, PLAIN = bytes.fromhex("f048ff07"), bytes.fromhex("48ff0790")


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def message(field: int, data: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def profile(*leaves: int) -> bytes:
    """A profile of one binary that is mapped at 0x400000 from 0x1000 of its file on; location 9 lies nowhere."""
    strings = b"".join(message(6, text) for text in (b"", b"samples", b"count", b"/bin/service"))
    mapping = message(3, number(1, 1) + number(2, 0x400000) + number(3, 0x500000) + number(4, 0x1000) + number(5, 3))
    known = b"".join(
        message(4, number(1, at) + number(2, 1) + number(3, 0x400000 + at)) for at in range(1, 8)
    ) + message(4, number(1, 9) + number(3, 77))
    samples = b"".join(message(2, message(1, varint(leaf) + varint(1)) + message(2, varint(1))) for leaf in leaves)
    return gzip.compress(message(1, number(1, 1) + number(2, 2)) + samples + mapping + known + strings)


def test_leaves_are_places_in_files_in_the_order_of_samples():
    assert leaf_places(profile(3, 9, 5)) == [Place("/bin/service", 0x1003), None, Place("/bin/service", 0x1005)]


def test_the_native_cores_profiles_are_read():
    data = Profile.from_pprof(profile(3, 9, 5)).to_pprof()
    assert leaf_places(data) == leaf_places(profile(3, 9, 5))
    named = encode({("main.f", "write_[k]"): (1,), ("main.g",): (2,)}, [("samples", "count")])
    assert leaf_places(Profile.from_pprof(named).to_pprof()) == [None, None]


@pytest.mark.parametrize("damage", [b"\x12\x7f\x0a", b"\x13", b"\x12"], ids=["cut", "of no kind", "without length"])
def test_damaged_profiles_are_refused(damage):
    with pytest.raises(ValueError, match=r"profile|field|number"):
        leaf_places(gzip.compress(damage))
    with pytest.raises(ValueError, match="not a pprof profile"):
        leaf_places(damage)


def test_wherever_a_profile_is_cut_it_is_read_or_refused():
    whole = gzip.decompress(profile(3))
    told = {outcome(gzip.compress(whole[:cut])) for cut in range(len(whole) + 1)}
    assert told > {(), (Place("/bin/service", 0x1003),)}
    assert "a field that is cut" in told


def outcome(data: bytes) -> object:
    try:
        return tuple(leaf_places(data))
    except ValueError as error:
        return str(error)


def test_stacks_at_atomics_of_one_binary_are_told(tmp_path):
    (tmp_path / "code").write_bytes(b"\x90" * 0x1001 + LOCKED + PLAIN + b"\x90" * 20)
    with (tmp_path / "code").open("rb") as code:
        # At the locked instruction, directly behind it, at one that is not locked, and nowhere.
        found = atomic_stacks(profile(1, 5, 6, 9), "/bin/service", code, "x86_64")
        assert found == [0, 1]
        assert atomic_stacks(profile(1, 5), "/bin/other", code, "x86_64") == []


def test_places_beyond_the_file_are_none(tmp_path):
    (tmp_path / "code").write_bytes(b"\x90")
    with (tmp_path / "code").open("rb") as code:
        assert atomic_stacks(profile(1, 5), "/bin/service", code, "x86_64") == []
