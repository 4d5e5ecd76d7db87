"""Parquet on one side, the schema of the recording on the other; both directions are checked here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from tailtune.bundle.schema import ADDED, TABLES
from tailtune.errors import RecordingError

FOLDER: Final = "tables"
_PART: Final = ".part-"
_COMPRESSION: Final = "zstd"


def schema_of(name: str) -> pa.Schema:
    """Return the schema of a table.

    Raises:
        ValueError: if no table of the recording has this name.
    """
    if name not in TABLES:
        raise ValueError(f"no table is named {name!r}; there are {', '.join(TABLES)}")
    return TABLES[name]


def conform(name: str, table: pa.Table) -> pa.Table:
    """Return the table with exactly the columns and types of its schema.

    Raises:
        ValueError: if a column is missing, unknown, of another type, or has nulls.
    """
    schema = schema_of(name)
    if set(table.column_names) != set(schema.names):
        difference = sorted(set(table.column_names) ^ set(schema.names))
        raise ValueError(f"table {name}: columns missing or unknown: {', '.join(difference)}")
    try:
        return table.select(schema.names).cast(schema)
    except (pa.ArrowException, ValueError) as error:
        raise ValueError(f"table {name}: {error}") from error


class TableWriter:
    """Appends row groups to one Parquet file, readable once closed."""

    def __init__(self, path: Path, name: str) -> None:
        """Open the file of the table `name`."""
        self.path = path
        self._name = name
        self._stream = path.open("wb")
        self._writer = pq.ParquetWriter(self._stream, schema_of(name), compression=_COMPRESSION)

    def append(self, table: pa.Table) -> None:
        """Write the rows of a conforming table as one row group."""
        self._writer.write_table(table)

    def close(self) -> None:
        """Write the footer; safe to call twice."""
        try:
            self._writer.close()
        finally:
            self._stream.close()


def part_path(directory: Path, name: str, number: int) -> Path:
    """Return the path of the part `number` of a table that is being written."""
    return directory / FOLDER / f"{name}{_PART}{number:04d}.parquet"


def parts(directory: Path, name: str) -> list[Path]:
    """Return the files of one table, in the order of writing: the merged file or its parts."""
    whole = directory / FOLDER / f"{name}.parquet"
    return [whole] if whole.exists() else sorted((directory / FOLDER).glob(f"{name}{_PART}*.parquet"))


def merge_parts(directory: Path, name: str) -> list[Path]:
    """Write the parts of a table as one file and return the parts, now superfluous, which still exist."""
    found = parts(directory, name)
    whole = directory / FOLDER / f"{name}.parquet"
    if not found or found == [whole]:
        return []
    writer = TableWriter(whole, name)
    try:
        for part in found:
            for rows in _row_groups(part):
                writer.append(rows)
    finally:
        writer.close()
    return found


def read_table(directory: Path, name: str) -> pa.Table:
    """Read a table, empty when it was not recorded; columns that this version does not know are left out.

    Raises:
        RecordingError: if a file is damaged or lacks a column.
    """
    schema = schema_of(name)
    found = parts(directory, name)
    if not found:
        return schema.empty_table()
    return pa.concat_tables([_fitted(part, name, _read(part), schema) for part in found])


def read_batches(directory: Path, name: str) -> Iterator[pa.Table]:
    """Yield a table in the batches in which it was written, so that its size does not matter.

    Raises:
        RecordingError: if a file is damaged or lacks a column.
    """
    schema = schema_of(name)
    for part in parts(directory, name):
        for rows in _row_groups(part):
            yield _fitted(part, name, rows, schema)


def count_rows(directory: Path, name: str) -> int:
    """Return the number of rows of a table, from the footers alone."""
    return sum(int(pq.read_metadata(part).num_rows) for part in parts(directory, name))


def _fitted(part: Path, name: str, table: pa.Table, schema: pa.Schema) -> pa.Table:
    for column, value in ADDED.get(name, {}).items():
        if column not in table.column_names:
            table = table.append_column(schema.field(column), pa.array([value] * table.num_rows, pa.int64()))
    missing = [column for column in schema.names if column not in table.column_names]
    if missing:
        raise RecordingError(
            f"{part} lacks the column {missing[0]!r}", hint="the file was changed after it was written"
        )
    try:
        return table.select(schema.names).cast(schema)
    except (pa.ArrowException, ValueError) as error:
        raise RecordingError(f"{part} does not fit its schema: {error}") from error


def _read(part: Path) -> pa.Table:
    try:
        return pq.ParquetFile(part).read()
    except (OSError, pa.ArrowException) as error:
        raise _damaged(part, error) from error


def _row_groups(part: Path) -> Iterator[pa.Table]:
    try:
        with pq.ParquetFile(part) as file:
            for number in range(file.num_row_groups):
                yield file.read_row_group(number)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(part, error) from error


def _damaged(part: Path, error: Exception) -> RecordingError:
    return RecordingError(
        f"{part} cannot be read: {error}",
        hint="the file is damaged; remove the recording with `tailtune runs remove` or restore the file",
    )
