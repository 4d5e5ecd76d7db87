"""From readings to tables of the recording."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from tailtune.bundle.schema import TABLES


def table(name: str, rows: Iterable[tuple[Any, ...]], columns: Sequence[str], **constant: object) -> pa.Table:
    """Return rows as the table `name`; `constant` gives the columns that are equal in all rows.

    Raises:
        KeyError: if the schema has a column that is neither among `columns` nor constant.
    """
    return from_dicts(name, ({**dict(zip(columns, row, strict=True)), **constant} for row in rows))


def from_dicts(name: str, rows: Iterable[Mapping[str, object]]) -> pa.Table:
    """Return rows as the table `name`."""
    schema = TABLES[name]
    kept = list(rows)
    return pa.Table.from_arrays(
        [pa.array([row[field.name] for row in kept], field.type) for field in schema], schema=schema
    )
