"""Trees of calls for the icicle."""

from collections.abc import Sequence

import numpy as np

from tailtune.model.icicle import FrameKind, TreeColumns

Row = tuple[int, str, int, int]
"""Parent, name, own, total."""

SERVICE: list[Row] = [
    (-1, "root", 0, 100),
    (0, "main.main", 0, 90),
    (1, "main.hash", 60, 60),
    (1, "encoding/json.Marshal", 10, 30),
    (3, "main.hash", 15, 15),
    (3, "runtime.mallocgc", 5, 5),
    (0, "do_syscall", 10, 10),
]
INVERTED: list[Row] = [(-1, "root", 0, 100), (0, "main.hash", 75, 75), (1, "main.main", 0, 60), (0, "rest", 25, 25)]


def columns(rows: Sequence[Row]) -> TreeColumns:
    """Return rows as the native core gives them."""
    return TreeColumns(
        parents=np.array([row[0] for row in rows], dtype="<i4").tobytes(),
        names=[row[1] for row in rows],
        own=np.array([row[2] for row in rows], dtype="<i8").tobytes(),
        totals=np.array([row[3] for row in rows], dtype="<i8").tobytes(),
    )


class Source:
    """A profile of two sample types, told in rows."""

    values = [("samples", "count"), ("cpu", "nanoseconds")]  # noqa: RUF012 - the protocol has a list
    first_value = 1

    def __init__(self, rows: Sequence[Row] = SERVICE) -> None:
        self.rows = rows

    def tree(self, value: int, *, bottom_up: bool) -> TreeColumns:
        factor = 1_000_000 if value else 1
        rows = INVERTED if bottom_up else self.rows
        return columns([(parent, name, own * factor, total * factor) for parent, name, own, total in rows])

    def kind(self, function: str) -> FrameKind:
        if function.startswith("do_"):
            return FrameKind.KERNEL
        return FrameKind.OWN if function.startswith("main.") else FrameKind.STANDARD
