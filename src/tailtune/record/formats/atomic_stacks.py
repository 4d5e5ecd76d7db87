"""Which stacks of a profile were sampled at an atomic instruction of one binary."""

import os
from typing import BinaryIO

from tailtune.record.formats.atomic_code import AFTER, BEFORE, is_at_atomic
from tailtune.record.formats.pprof_leaves import leaf_places


def atomic_stacks(pprof: bytes, path: str, code: BinaryIO, machine: str) -> list[int]:
    """Return the numbers of the stacks whose leaf is an atomic read-modify-write, or directly behind one.

    Args:
        pprof: the profile; a stack's number is its place in it.
        path: the binary, as the profile's mappings name it. Stacks that end elsewhere are left out.
        code: its file, open for reading.
        machine: what it is built for, as `platform.machine` names it.

    Raises:
        ValueError: if the profile is damaged.
        OSError: if the file cannot be read.
    """
    offsets = [place.offset if place and place.path == path else None for place in leaf_places(pprof)]
    known = {offset: _is_atomic(code.fileno(), offset, machine) for offset in set(offsets) if offset is not None}
    return [stack for stack, offset in enumerate(offsets) if offset is not None and known[offset]]


def _is_atomic(file: int, offset: int, machine: str) -> bool:
    begin = max(0, offset - BEFORE)
    code = os.pread(file, offset - begin + AFTER, begin)
    return is_at_atomic(code[: offset - begin], code[offset - begin :], machine)
