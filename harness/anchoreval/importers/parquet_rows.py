"""Parquet files from strangers, a few rows at a time, with bounds on what they may unfold to.

A small file can say that it holds a great deal: what it declares of its size is checked before anything is read, only
the columns that are needed are, and texts come as numbers of distinct ones, so that one long text a million times over
takes no more memory than once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import open_plain
from anchoreval.importers.parquet_footer import LARGEST_FOOTER, Footer, read_footer
from anchoreval.schema import one_line

LARGEST_GROUP = 1 << 28
"""Bytes of the needed columns of one row group, unpacked."""
MOST_VALUES = 1 << 26
"""Values of one column in one row group, those inside lists counted one by one."""
MOST_ROWS = 1 << 24
BATCH = 64
"""Rows that are Python objects at a time."""


def describe(path: Path) -> Footer:
    """What a Parquet file says of itself.

    Raises:
        ResponseDataError: the file cannot be read or is no Parquet file.
    """
    try:
        with open_plain(path) as stream:
            return read_footer(stream, path)
    except OSError as error:
        raise ResponseDataError(f"{path}: cannot be read: {error.strerror}") from error


def is_parquet_with(path: Path, *columns: str) -> bool:
    """Whether a file is Parquet and has all these outermost columns."""
    try:
        return set(columns) <= set(describe(path).columns)
    except ResponseDataError:
        return False


def parquet_rows(path: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file as Python objects, with these columns.

    Args:
        path: of the file.
        columns: names, dotted for parts of a struct; those that the file lacks are left out.

    Raises:
        ResponseDataError: the file is damaged, or beyond the bounds; names the row group.
    """
    footer = describe(path)
    wanted = [name for name in columns if any(_within(leaf.path, [name]) for leaf in footer.leaves)]
    if not wanted:
        raise ResponseDataError(f"{path}: has none of the columns {', '.join(columns)}")
    _refuse_large(footer, wanted, path)
    try:
        with open_plain(path) as stream:
            yield from _rows(stream, footer, wanted, path)
    except OSError as error:
        raise ResponseDataError(f"{path}: cannot be read: {one_line(error)[:300]}") from error


def _rows(stream: BinaryIO, footer: Footer, wanted: Sequence[str], path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    where, given = str(path), 0
    try:
        file: Any = pq.ParquetFile(
            stream,
            read_dictionary=[leaf.path for leaf in footer.leaves if leaf.text],
            pre_buffer=False,
            thrift_string_size_limit=LARGEST_FOOTER,
            thrift_container_size_limit=LARGEST_FOOTER,
        )
        for group in range(len(footer.groups)):
            where = f"{path}: row group {group + 1}"
            for batch in file.iter_batches(BATCH, row_groups=[group], columns=list(wanted), use_threads=False):
                rows = batch.to_pylist()
                given += len(rows)
                yield from rows
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        if isinstance(error, ResponseDataError):
            raise
        raise ResponseDataError(f"{where}: is damaged: {one_line(error)[:300]}") from error
    if given != footer.rows:
        raise ResponseDataError(f"{path}: is damaged: it says that it has {footer.rows:,} rows and has {given:,}")


def _refuse_large(footer: Footer, wanted: Sequence[str], path: Path) -> None:
    needed = [n for n, leaf in enumerate(footer.leaves) if _within(leaf.path, wanted)]
    for number, group in enumerate(footer.groups, start=1):
        where = f"{path}: row group {number}"
        if (size := sum(group.sizes[n] for n in needed)) > LARGEST_GROUP:
            raise ResponseDataError(f"{where}: {size:,} bytes of needed columns are more than {LARGEST_GROUP:,}")
        if max(group.values[n] for n in needed) > MOST_VALUES:
            raise ResponseDataError(f"{where}: has a column of more than {MOST_VALUES:,} values")
        if group.rows > MOST_ROWS:
            raise ResponseDataError(f"{where}: has more than {MOST_ROWS:,} rows")


def _within(leaf: str, names: Sequence[str]) -> bool:
    return any(leaf == name or leaf.startswith(f"{name}.") for name in names)
