"""The LATENCY table taken apart into distributions, in one pass each."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tailtune.judge.distribution import Distribution


def select(table: pa.Table, *, window: str | None = None, kind: str = "latency") -> pa.Table:
    """Return the rows of one kind of time, and of one window unless None."""
    rows = table.filter(pc.equal(table["kind"].cast(pa.string()), kind))
    return rows if window is None else rows.filter(pc.equal(rows["window"].cast(pa.string()), window))


def total(table: pa.Table) -> Distribution:
    """Return the latency of all rows together."""
    rows = select(table)
    return Distribution.from_counts(rows["value_ns"].to_numpy(), rows["count"].to_numpy())


def by_slice(table: pa.Table) -> dict[int, Distribution]:
    """Return the latency of each slice of an experiment, all operations together."""
    return {key[0]: distribution for key, distribution in _split(select(table), ["slice"]).items()}


def by_slice_and_operation(table: pa.Table) -> dict[tuple[int, ...], Distribution]:
    """Return the latency of each slice and operation of an experiment."""
    return _split(select(table), ["slice", "operation"])


def by_operation(table: pa.Table, window: str) -> dict[int, Distribution]:
    """Return the latency of each operation in a window of a run."""
    return {key[0]: distribution for key, distribution in _split(select(table, window=window), ["operation"]).items()}


def by_interval(
    table: pa.Table, window: str, operation: int | None = None, *, kind: str = "latency"
) -> list[Distribution]:
    """Return the latency of each second of a window, in order; a second without requests is empty."""
    rows = select(table, window=window, kind=kind)
    if operation is not None:
        rows = rows.filter(pc.equal(rows["operation"], operation))
    parts = _split(rows, ["interval"])
    empty = Distribution.merge([])
    return [parts.get((second,), empty) for second in range(max(parts)[0] + 1)] if parts else []


def _split(rows: pa.Table, columns: Sequence[str]) -> dict[tuple[int, ...], Distribution]:
    """Group rows by integer columns and make each group a distribution."""
    if rows.num_rows == 0:
        return {}
    keys = np.stack([rows[column].to_numpy().astype(np.int64) for column in columns], axis=1)
    values, counts = rows["value_ns"].to_numpy(), rows["count"].to_numpy()
    groups, index = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(index.ravel(), kind="stable")
    edges = np.searchsorted(index.ravel()[order], np.arange(len(groups) + 1))
    return {
        tuple(int(part) for part in group): Distribution.from_counts(
            values[order[edges[position] : edges[position + 1]]], counts[order[edges[position] : edges[position + 1]]]
        )
        for position, group in enumerate(groups)
    }
