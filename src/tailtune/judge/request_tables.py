"""The tables that say where requests spend their time, read for one window as arrays."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tailtune.bundle import Bundle
from tailtune.bundle.schema import SOCKET_KINDS, TABLES
from tailtune.judge.goroutine_table import GoroutineTable
from tailtune.judge.grouped_times import Integers
from tailtune.judge.stack_table import StackTable

Columns = Mapping[str, Integers]
"""Columns of one table, of one length."""
LATEST_NS: Final = 1 << 60
"""36 years: damaged times beyond are taken for this one, so that no sum of two overflows."""
READ, WRITE = 0, 1
"""Indices into SOCKET_KINDS."""
_CONNECT: Final = SOCKET_KINDS.index("connect")

_REQUESTS: Final = ("connection", "operation", "status", "outcome", "intended_ns", "sent_ns", "done_ns")
_CONNECTIONS: Final = ("connection", "local_port", "opened_ns", "closed_ns")
_CALLS: Final = ("t_ns", "tid", "kind", "peer_port", "bytes")
_SAMPLES: Final = ("t_ns", "tid", "cpu", "stack")
_WAITS: Final = ("t_ns", "tid", "stack", "blocked_ns", "runnable_ns")
_ENDS: Final = ("t_ns", "tid", "woken_by", "woken_in", "behind_pid")
_STATES: Final = ("tid", "pid", "wall_ns", "on_cpu_ns")


@dataclass(frozen=True, eq=False)
class WindowTables:
    """One window of a recording; rows in the order in which they were recorded."""

    requests: Columns
    connections: Columns
    calls: Columns
    """`socket_calls` on connections with the service's own port."""
    connects: Columns
    """Those that open other connections: their `peer_port` may be a number that the engine's ports have as well."""
    samples: Columns
    waits: Columns
    states: Columns
    """`thread_states`."""
    stacks: StackTable
    threads: Mapping[int, str]
    """Names by tid."""
    goroutines: GoroutineTable | None = None
    """Go's execution trace of the window."""
    ends: Columns | None = None
    """`wait_ends`; its column `behind` has rows of `behind_names`. Absent: not recorded."""
    behind_names: Sequence[str] = ()


def read_tables(bundle: Bundle, window: str) -> WindowTables:
    """Read the tables of one window; those that were not recorded are empty.

    Raises:
        RecordingError: if a file of the recording is damaged.
    """
    return gather(bundle.batches, window)


def gather(batches: Callable[[str], Iterable[pa.Table]], window: str) -> WindowTables:
    """Gather the tables of one window, each given by its name in pieces of any size."""
    named = _rows(batches, "thread_states", window)
    calls = _columns(batches, "socket_calls", window, _CALLS)
    opens = calls["kind"] == _CONNECT
    ends, behind_names = _wait_ends(_rows(batches, "wait_ends", window))
    return WindowTables(
        requests=_columns(batches, "requests", window, _REQUESTS),
        connections=_columns(batches, "connections", window, _CONNECTIONS),
        calls={name: values[~opens] for name, values in calls.items()},
        connects={name: values[opens] for name, values in calls.items()},
        samples=_columns(batches, "samples", window, _SAMPLES),
        waits=_columns(batches, "waits", window, _WAITS),
        states=_integers(named, _STATES),
        stacks=StackTable(_rows(batches, "stacks"), _rows(batches, "frames")),
        threads=dict(zip(named["tid"].to_pylist(), named["name"].to_pylist(), strict=True)),
        ends=ends,
        behind_names=behind_names,
    )


def _wait_ends(table: pa.Table) -> tuple[Columns | None, Sequence[str]]:
    """Return the columns, with names by number, and the names; nothing where no wait's end is known."""
    if not table.num_rows:
        return None, ()
    behind = table["behind"].unify_dictionaries().combine_chunks()
    columns = {**_integers(table, _ENDS), "behind": behind.indices.to_numpy().astype(np.int64)}
    return columns, behind.dictionary.to_pylist()


def _columns(batches: Callable[[str], Iterable[pa.Table]], name: str, window: str, columns: tuple[str, ...]) -> Columns:
    return _integers(_rows(batches, name, window), columns)


def _integers(table: pa.Table, columns: tuple[str, ...]) -> Columns:
    limited = {column: table[column].to_numpy().astype(np.int64) for column in columns}
    return {
        column: np.clip(values, -LATEST_NS, LATEST_NS) if column.endswith("_ns") else values
        for column, values in limited.items()
    }


def _rows(batches: Callable[[str], Iterable[pa.Table]], name: str, window: str = "") -> pa.Table:
    """Read a table piece by piece, so that what belongs to other windows is never in memory at once."""
    pieces = [TABLES[name].empty_table()]
    for piece in batches(name):
        kept = piece.filter(pc.equal(piece["window"].cast(pa.string()), window)) if window else piece
        if kept.num_rows:
            pieces.append(kept)
    return pa.concat_tables(pieces)
