"""Parquet files from strangers, a few rows at a time, with bounds on what they may unfold to.

A small file can say that it holds a great deal: what it declares of its size is checked before anything is read, only
the columns that are needed are, and texts come as numbers of distinct ones, so that one long text a million times over
takes no more memory than once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import open_plain
from anchoreval.schema import one_line

MAGIC = b"PAR1"
LARGEST_FOOTER = 1 << 24
"""Bytes of the description at the end of a file."""
LARGEST_GROUP = 1 << 28
"""Bytes of the needed columns of one row group, unpacked."""
MOST_VALUES = 1 << 26
"""Values of one column in one row group, those inside lists counted one by one."""
MOST_ROWS = 1 << 24
BATCH = 64
"""Rows that are Python objects at a time."""


@dataclass(frozen=True)
class Described:
    """What a Parquet file says of itself.

    Attributes:
        rows: how many.
        columns: names of the outermost columns.
        leaves: dotted paths of all columns within them.
    """

    rows: int
    columns: tuple[str, ...]
    leaves: tuple[str, ...]


def describe(path: Path) -> Described:
    """Columns and rows of a Parquet file, from its last bytes.

    Raises:
        ResponseDataError: the file cannot be read or is no Parquet file.
    """
    with _Opened(path) as opened:
        return opened.described


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
    with _Opened(path) as opened:
        yield from opened.rows(columns)


class _Opened:
    """A Parquet file that is being read; every fault of it becomes an error of ours."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> _Opened:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._faults = (pa.ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError)
        try:
            self._stream = open_plain(self._path)
            self._refuse_large_footer()
            bounds: dict[str, Any] = {
                "thrift_string_size_limit": LARGEST_FOOTER,
                "thrift_container_size_limit": 1 << 20,
                "pre_buffer": False,
            }
            texts = _texts(pq.ParquetFile(self._stream, **bounds).metadata)
            self._file: Any = pq.ParquetFile(self._stream, read_dictionary=texts, **bounds)
            self.described = _described(self._file.metadata)
        except ResponseDataError:
            raise
        except self._faults as error:
            raise ResponseDataError(f"{self._path}: cannot be read as Parquet: {one_line(error)[:300]}") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def rows(self, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        wanted = [name for name in columns if _there(name, self.described)]
        if not wanted:
            raise ResponseDataError(f"{self._path}: has none of the columns {', '.join(columns)}")
        for group in range(self._file.metadata.num_row_groups):
            where = f"{self._path}: row group {group + 1}"
            self._refuse_large(group, wanted, where)
            yield from self._group(group, wanted, where)

    def _group(self, group: int, wanted: Sequence[str], where: str) -> Iterator[dict[str, Any]]:
        batches = self._file.iter_batches(BATCH, row_groups=[group], columns=list(wanted), use_threads=False)
        while True:
            try:
                batch = next(batches, None)
                rows = None if batch is None else batch.to_pylist()
            except self._faults as error:
                raise ResponseDataError(f"{where}: is damaged: {one_line(error)[:300]}") from error
            if rows is None:
                return
            yield from rows

    def _refuse_large_footer(self) -> None:
        size = self._stream.seek(0, 2)
        self._stream.seek(max(size - 8, 0))
        tail = self._stream.read(8)
        if size < 12 or tail[4:] != MAGIC:
            raise ResponseDataError(f"{self._path}: is no Parquet file, or was cut off")
        if int.from_bytes(tail[:4], "little") > min(LARGEST_FOOTER, size):
            raise ResponseDataError(f"{self._path}: describes itself in more than {LARGEST_FOOTER:,} bytes")

    def _refuse_large(self, group: int, wanted: Sequence[str], where: str) -> None:
        described = self._file.metadata.row_group(group)
        parts = [described.column(n) for n in range(described.num_columns)]
        needed = [part for part in parts if _within(part.path_in_schema, wanted)]
        if (size := sum(part.total_uncompressed_size for part in needed)) > LARGEST_GROUP:
            raise ResponseDataError(f"{where}: {size:,} bytes of needed columns are more than {LARGEST_GROUP:,}")
        if max((part.num_values for part in needed), default=0) > MOST_VALUES:
            raise ResponseDataError(f"{where}: has a column of more than {MOST_VALUES:,} values")
        if described.num_rows > MOST_ROWS:
            raise ResponseDataError(f"{where}: has more than {MOST_ROWS:,} rows")


def _described(metadata: Any) -> Described:
    leaves = tuple(metadata.schema.column(n).path for n in range(metadata.num_columns))
    return Described(metadata.num_rows, tuple(dict.fromkeys(leaf.split(".")[0] for leaf in leaves)), leaves)


def _texts(metadata: Any) -> list[str]:
    columns = (metadata.schema.column(n) for n in range(metadata.num_columns))
    return [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]


def _there(name: str, described: Described) -> bool:
    return any(_within(leaf, [name]) for leaf in described.leaves)


def _within(leaf: str, names: Sequence[str]) -> bool:
    return any(leaf == name or leaf.startswith(f"{name}.") for name in names)
