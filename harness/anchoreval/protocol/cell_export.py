"""Exporting finished cells: the many small files of a run as one file a benchmark, small enough to be committed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from anchoreval.atomic import write_bytes
from anchoreval.protocol.cell_files import file_bytes, schema
from anchoreval.protocol.cell_store import CellStore

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST = 4_500_000
"""Bytes that an exported file should not exceed."""


def export_cells(
    folders: str | Path | Iterable[str | Path],
    into: Path,
    only: Collection[str] | None = None,
    largest: int = LARGEST,
) -> list[Path]:
    """Put the cells of one folder or several, those exported before included, into a file a benchmark, or a few.

    A comparison that is given the new folder finds them there. Exporting again gives the same bytes.

    Args:
        folders: of finished cells.
        into: folder for the files; it may be the same.
        only: keys of the cells to export (`anchoreval.protocol.comparison.Comparison.keys`); None takes all, those of
            other versions of anchoreval and of requests never made again included.
        largest: bytes that a file should not exceed; what is more goes to `<benchmark>.2.parquet` and so on.

    Returns:
        The files written.

    Raises:
        StoreError: a file of cells is damaged.
    """
    store, written = CellStore.at(folders), []
    for name in store.benchmarks():
        table = _in_order(store.tables(name), only)
        if table.num_rows:
            written += _write_parts(into, name, table, largest)
    return written


def _in_order(tables: Iterable[pa.Table], only: Collection[str] | None) -> pa.Table:
    """Every wanted row once, in an order that does not depend on the files."""
    import pyarrow as pa

    joined = pa.concat_tables([schema().empty_table(), *tables]).combine_chunks()
    rows = joined.select(["kind", "of", "key"]).to_pandas().drop_duplicates("key").sort_values(["kind", "of", "key"])
    wanted = rows if only is None else rows[rows["key"].isin(list(only))]
    return joined.take(pa.array(wanted.index.to_numpy()))


def _write_parts(into: Path, name: str, table: pa.Table, largest: int) -> list[Path]:
    """The table in as few files as its size takes; files of an earlier export that are too many go."""
    parts, blocks = 1, _blocks(table, 1)
    while max(map(len, blocks)) > largest and parts < table.num_rows:
        parts += 1
        blocks = _blocks(table, parts)
    paths = [into / (f"{name}.parquet" if n == 1 else f"{name}.{n}.parquet") for n in range(1, len(blocks) + 1)]
    for path, block in zip(paths, blocks, strict=True):
        write_bytes(path, block)
    for path in set(CellStore((into,)).exports(name)) - set(paths):
        path.unlink()
    return paths


def _blocks(table: pa.Table, parts: int) -> list[bytes]:
    size = -(-table.num_rows // parts)
    return [file_bytes(table.slice(n, size)) for n in range(0, table.num_rows, size)]
