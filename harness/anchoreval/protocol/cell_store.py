"""Finished cells on disk: kept as they are finished, found again by what decided them, exported compactly.

```
<folder>/<benchmark>/<key>.parquet          a division of the models, or a selection
         <benchmark>/<key>-<digest>.parquet readings of the selection `key` that were finished together
         <benchmark>/refused-<digest>.parquet  what was not applicable
         <benchmark>.parquet, <benchmark>.2.parquet ...   the same, exported: few files, meant to be committed
```
Files appear whole or not at all (`anchoreval.atomic`), and two runs that keep the same cell write the same; a kill
loses the cells in flight and no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from anchoreval.atomic import write_bytes
from anchoreval.protocol.cell_files import file_bytes, read_table, records_in, table_of
from anchoreval.protocol.digests import digest_of
from anchoreval.protocol.records import ReadingRecord, Record, SelectionRecord

if TYPE_CHECKING:
    import pyarrow as pa

REFUSED = "refused"
EXPORTED = r"(\.\d+)?\.parquet$"


@dataclass(frozen=True)
class CellStore:
    """Where a comparison keeps finished cells, and where it looks for them.

    Attributes:
        folders: new cells go to the first; cells are looked for in all.
    """

    folders: tuple[Path, ...]

    @classmethod
    def at(cls, folders: str | Path | Iterable[str | Path]) -> CellStore:
        """A store of one folder, or of several."""
        given = [folders] if isinstance(folders, str | Path) else folders
        return cls(tuple(Path(folder) for folder in given))

    def put(self, benchmark: str, records: Sequence[Record], about: Mapping[str, str]) -> None:
        """Keep records in one file; those that have failed are left out, so that another run tries them again."""
        kept = [record for record in records if getattr(record, "status", "ok") != "failed"]
        if kept:
            path = self.folders[0] / _folder_name(benchmark) / f"{_file_name(kept)}.parquet"
            write_bytes(path, file_bytes(table_of(kept, about)))

    def find(self, benchmark: str, wanted: Mapping[str, str]) -> dict[str, Record]:
        """Records by key.

        Args:
            benchmark: its name.
            wanted: keys, and for each the key of the selection that its file is named after (its own otherwise).

        Raises:
            StoreError: a file is damaged.
        """
        found: dict[str, Record] = {}
        for path in self.exports(benchmark):
            found |= _read(path, wanted.keys() - found.keys())
        names = {wanted[key] for key in wanted.keys() - found.keys()} | {REFUSED}
        for path in self._single(benchmark) if len(names) > 1 else ():
            if path.stem.split("-")[0] in names:
                found |= _read(path, wanted.keys() - found.keys())
        return found

    def benchmarks(self) -> list[str]:
        """Names of the benchmarks that have cells, as folders and files spell them."""
        there = [path for folder in self.folders if folder.is_dir() for path in folder.iterdir()]
        exported = {re.sub(EXPORTED, "", path.name) for path in there if path.suffix == ".parquet"}
        return sorted(exported | {path.name for path in there if path.is_dir()})

    def tables(self, benchmark: str) -> Iterator[pa.Table]:
        """The tables of all files of a benchmark."""
        for path in (*self.exports(benchmark), *self._single(benchmark)):
            if (table := read_table(path)) is not None:
                yield table

    def exports(self, benchmark: str) -> Iterator[Path]:
        """The exported files of a benchmark."""
        name = _folder_name(benchmark)
        for folder in self.folders:
            yield from (path for path in sorted(folder.glob("*.parquet")) if re.sub(EXPORTED, "", path.name) == name)

    def _single(self, benchmark: str) -> Iterator[Path]:
        for folder in self.folders:
            yield from sorted((folder / _folder_name(benchmark)).glob("*.parquet"))


def _read(path: Path, keys: Iterable[str]) -> dict[str, Record]:
    wanted = set(keys)
    table = read_table(path) if wanted else None
    return {} if table is None else records_in(table, wanted)


def _folder_name(benchmark: str) -> str:
    """The benchmark's name as files may have it; names that differ only in what is replaced share a folder."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", benchmark).strip("-")[:60] or "benchmark"


def _file_name(records: Sequence[Record]) -> str:
    first, together = records[0], digest_of([record.key for record in records])[:8]
    if isinstance(first, ReadingRecord):
        return f"{first.selection}-{together}"
    if isinstance(first, SelectionRecord) and first.selection is None:
        return f"{REFUSED}-{together}"
    return first.key
