"""Parquet files from strangers: opened and read within bounds, and whatever is wrong with one is one kind of error.

A few bytes of Parquet can stand for any number of rows, and of text. So the rows that a file declares are compared with
its size before anything is read, and what comes out is counted while it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from anchoreval.errors import AnchorEvalError
from anchoreval.schema import one_line

DAMAGED = (
    *(pa.ArrowException, OSError, ValueError, LookupError, TypeError, AttributeError, OverflowError, MemoryError),
    NotImplementedError,
)
"""What pyarrow and pandas raise on damaged files, and on columns of other types than are asked for."""

MOST_CELLS = 1 << 28
FREE_ROWS, ROWS_PER_BYTE = 1 << 20, 256
"""A file may have so many rows whatever its size, and beyond them so many a byte."""
LARGEST = 1 << 29
"""Bytes of a table that is read as a whole."""
ROWS_AT_ONCE = 1 << 14


def open_parquet(source: Path | bytes, where: Path, error: type[AnchorEvalError], **options: Any) -> Any:
    """A Parquet file, opened, none of its rows read.

    Args:
        source: path, or the file's bytes.
        where: what to call it in messages.
        error: what to raise.
        **options: of pyarrow's `ParquetFile`.

    Raises:
        error: the file is not there, is damaged, or declares more rows than a file of its size has.
    """
    try:
        file = pq.ParquetFile(source if isinstance(source, Path) else pa.BufferReader(source), **options)
        rows, columns = file.metadata.num_rows, file.metadata.num_columns
        size = source.stat().st_size if isinstance(source, Path) else len(source)
    except FileNotFoundError:
        raise error(f"{where}: there is no such file") from None
    except DAMAGED as failure:
        raise error(f"{where}: not a complete Parquet file: {one_line(failure)}") from failure
    if rows < 0 or rows * columns > MOST_CELLS or rows > FREE_ROWS + ROWS_PER_BYTE * size:
        raise error(f"{where}: declares {rows:,} rows, more than a file of {size:,} bytes holds")
    return file


def read_parquet(
    source: Path | bytes, where: Path, error: type[AnchorEvalError], columns: Sequence[str] | None = None
) -> Any:
    """The table that a Parquet file holds (see `open_parquet`; errors as there).

    Raises:
        error: also where it takes more memory than any artifact needs, or lacks a column.
    """
    return read_opened(open_parquet(source, where, error), where, error, columns)


def read_opened(file: Any, where: Path, error: type[AnchorEvalError], columns: Sequence[str] | None = None) -> Any:
    """The table of a file that `open_parquet` opened (errors as for `read_parquet`)."""
    try:
        names = file.schema_arrow.names
        if len(set(names)) < len(names):
            raise error(f"{where}: column {next(name for name in names if names.count(name) > 1)!r} stands twice")
        if lacking := [name for name in columns or () if name not in names]:
            raise error(f"{where}: has no column {lacking[0]!r}")
        batches, size = [], 0
        for batch in file.iter_batches(ROWS_AT_ONCE, columns=columns, use_threads=False):
            batches.append(batch)
            size += batch.nbytes
            if size > LARGEST:
                raise error(f"{where}: takes more than {LARGEST:,} bytes of memory")
        table = pa.Table.from_batches(batches, None if batches else file.schema_arrow)
        table.validate(full=True)
    except DAMAGED as failure:
        raise error(f"{where}: damaged: {one_line(failure)}") from failure
    return table
