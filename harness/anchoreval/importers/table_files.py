"""Tables from files: CSV, JSONL and Parquet read so that every later complaint can name the file and the row.

Ids and other texts are never guessed to be numbers (`007` stays `007`); numbers are read as numbers where the whole
column is made of them, and else left as they are, for the checks that know what the column should hold.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from anchoreval.arrays import IntArray
from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import BOM, parsed
from anchoreval.schema import one_line
from anchoreval.store.parquet_files import DAMAGED, open_parquet

TableSource: TypeAlias = "str | Path | pd.DataFrame"
"""What a table may come as: the path of a .csv, .jsonl or .parquet file (.csv.gz, .jsonl.gz), or a DataFrame."""

MISSING_TEXT = ("", "nan", "NaN", "NAN", "null", "NULL", "None", "NA", "N/A", "n/a", "<NA>")
"""What stands for a missing number in text."""

CHUNK = 20_000
_UNNAMED_INDEX = re.compile(r"__index_level_\d+__")


@dataclass(frozen=True, eq=False)
class Table:
    """A table and where it came from.

    Attributes:
        frame: its columns, rows numbered from 0.
        label: the file, or what stands for it.
        lines: line number of each row, for files where rows are lines and some are blank; None: row 0 is line 1.
        by_line: whether rows are called lines.
    """

    frame: pd.DataFrame
    label: str
    lines: Sequence[int] | IntArray | None = None
    by_line: bool = False

    def refuse(self, row: Any, reason: str) -> NoReturn:
        """Raise ResponseDataError that names the file and the row (1-based, of the data; or the line)."""
        number = int(row) + 1 if self.lines is None else self.lines[int(row)]
        raise ResponseDataError(f"{self.label}, {'line' if self.by_line else 'row'} {number}: {reason}")


def read_table(source: TableSource, kind: str, key: Sequence[str], texts: Sequence[str] = ()) -> Table:
    """Read a table.

    Args:
        source: path or DataFrame.
        kind: what the table holds (`responses`), to call a DataFrame by.
        key: columns of ids, with many rows an id; a DataFrame may have them as its index.
        texts: further columns that are texts whatever they look like.

    Raises:
        ResponseDataError: one line that names the file: not there, of no known format, damaged, empty, or with two
            columns of one name.
    """
    if isinstance(source, pd.DataFrame):
        table = Table(source, f"the {kind} table")
    else:
        table = _read_file(Path(source), key, texts)
    frame = table.frame
    if set(frame.index.names) & set(key) - set(frame.columns):
        frame = frame.reset_index()
    frame = frame.reset_index(drop=True).rename(columns=str)
    if (twice := frame.columns[frame.columns.duplicated()]).size:
        raise ResponseDataError(f"{table.label}: column {twice[0]!r} stands twice")
    if frame.empty:
        raise ResponseDataError(f"{table.label}: holds no rows")
    return Table(frame, table.label, table.lines, table.by_line)


def _read_file(path: Path, key: Sequence[str], texts: Sequence[str]) -> Table:
    if not path.is_file():
        raise ResponseDataError(f"{path}: {'is a folder, not a file' if path.is_dir() else 'there is no such file'}")
    name = path.name.lower().removesuffix(".gz")
    try:
        if name.endswith(".parquet") and not path.name.lower().endswith(".gz"):
            return Table(_parquet(path, key), str(path))
        if name.endswith(".csv"):
            return Table(_csv(path, key, texts), str(path))
        if name.endswith((".jsonl", ".ndjson")):
            frame, lines = _jsonl(path)
            return Table(frame, str(path), lines, by_line=True)
    except ResponseDataError:
        raise
    except (*DAMAGED, EOFError, csv.Error, zlib.error) as error:
        raise ResponseDataError(f"{path}: cannot be read: {one_line(error)}") from error
    raise ResponseDataError(
        f"{path}: not a table by its name; .parquet, .csv and .jsonl (.csv.gz, .jsonl.gz) are known"
    )


def _parquet(path: Path, key: Sequence[str]) -> pd.DataFrame:
    names = open_parquet(path, path, ResponseDataError).schema_arrow.names
    # as dictionaries, repeated ids cost no memory and need not be looked up row by row
    file = open_parquet(path, path, ResponseDataError, read_dictionary=[name for name in key if name in names])
    # what pandas noted down of its own types is a stranger's, like all else; the columns themselves tell enough
    frame = pd.DataFrame(file.read().to_pandas(ignore_metadata=True))
    return frame[[name for name in frame if not _UNNAMED_INDEX.fullmatch(str(name))]]


def _csv(path: Path, key: Sequence[str], texts: Sequence[str]) -> pd.DataFrame:
    names = _csv_header(path)
    types = {name: pa.dictionary(pa.int32(), pa.string()) if name in key else pa.string()
             for name in names if name in (*key, *texts)}  # fmt: skip
    try:
        table = _parse_csv(path, types)
    except pa.ArrowInvalid:  # a number, far down, that is none: the checks will name its row
        try:
            table = _parse_csv(path, {name: types.get(name, pa.string()) for name in names})
        except pa.ArrowInvalid as error:
            _refuse_csv(path, error)
    frame = pd.DataFrame(table.to_pandas())
    for name in texts:
        if name in frame:
            frame[name] = frame[name].astype(object).where(frame[name] != "", None)
    return frame


def _csv_header(path: Path) -> list[str]:
    with (
        gzip.open(path, "rt", encoding="utf-8-sig", newline="")
        if path.suffix.lower() == ".gz"
        else path.open(encoding="utf-8-sig", newline="") as stream
    ):
        names = next(csv.reader(stream), [])
    if not names:
        raise ResponseDataError(f"{path}: is empty")
    if len(set(names)) < len(names):
        raise ResponseDataError(f"{path}: column {next(n for n in names if names.count(n) > 1)!r} stands twice")
    return names


def _parse_csv(path: Path, types: dict[str, Any]) -> Any:
    with pa.input_stream(str(path), compression="gzip" if path.suffix.lower() == ".gz" else None) as stream:
        return pacsv.read_csv(
            stream,
            read_options=pacsv.ReadOptions(use_threads=False),  # with threads, complaints have no row
            parse_options=pacsv.ParseOptions(newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(column_types=types, null_values=list(MISSING_TEXT)),
        )


def _refuse_csv(path: Path, error: Exception) -> NoReturn:
    """Arrow counts the header as a row."""
    reason = one_line(error)
    if found := re.search(r"Row #(\d+): (.*)", reason):
        raise ResponseDataError(f"{path}, row {int(found[1]) - 1}: {found[2][:100]}") from error
    raise ResponseDataError(f"{path}: cannot be read: {reason}") from error


def _jsonl(path: Path) -> tuple[pd.DataFrame, list[int]]:
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as stream:
        numbered = ((n, line) for n, line in enumerate(stream, 1) if line.strip())
        while chunk := list(islice(numbered, CHUNK)):
            rows += _objects(path, chunk)
            lines += [n for n, _ in chunk]
    return pd.DataFrame(rows), lines


def _objects(path: Path, chunk: Sequence[tuple[int, bytes]]) -> list[dict[str, Any]]:
    """The objects in these lines; read together, which is three times as fast, and one by one where that fails."""
    with suppress(ResponseDataError):
        rows = parsed(b"[" + b",".join(line for _, line in chunk) + b"]", str(path))
        if len(rows) == len(chunk) and all(isinstance(row, dict) for row in rows):
            return list(rows)
    return list(_one_by_one(path, chunk))


def _one_by_one(path: Path, chunk: Sequence[tuple[int, bytes]]) -> Iterable[dict[str, Any]]:
    for number, line in chunk:
        row = parsed(line.removeprefix(BOM) if number == 1 else line, f"{path}, line {number}")
        if not isinstance(row, dict):
            raise ResponseDataError(f"{path}, line {number}: not a JSON object")
        yield row
