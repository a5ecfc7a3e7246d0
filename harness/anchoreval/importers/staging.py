"""Runs that were read, set down one by one, so that an import of many gigabytes goes on where it was killed.

Every unit is read once, in one of several processes, and set down as one file in a folder beside the benchmark
(`staged_files`). A unit whose file has changed since is read again, and so is one whose file is damaged. Item tables
that several runs share are kept once. Memory holds one run at a time.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from anchoreval.atomic import TEMPORARY
from anchoreval.errors import AnchorEvalError, ResponseDataError, StoreError
from anchoreval.importers.imported import ImportedRun, ReadOptions, Skipped
from anchoreval.importers.recognising import Unit, reader
from anchoreval.importers.staged_files import StagedFile, StagedRun, read_ending, read_run
from anchoreval.schema import one_line, plain
from anchoreval.store.parquet_files import read_parquet

VERSION = 2


@dataclass(frozen=True)
class Staged:
    """What came of one unit.

    Attributes:
        unit: that was read.
        runs: where its runs are, in the order of reading.
        skipped: what was left out, and why.
        failure: why the unit could not be read; empty where it could.
    """

    unit: Unit
    runs: tuple[StagedRun, ...]
    skipped: tuple[Skipped, ...]
    failure: str = ""


def stage(units: Sequence[Unit], folder: Path, options: ReadOptions, workers: int = 1) -> Iterator[Staged]:
    """Read the units that are not set down yet, and give all of them as they are done.

    Args:
        units: to read.
        folder: where runs are set down.
        options: of reading.
        workers: processes; 1 reads in this one.

    Raises:
        StoreError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written: {error.strerror}") from error
    waiting: list[Unit] = []
    for unit in units:
        if (known := _recalled(unit, _place(unit, folder, options))) is not None:
            yield known
        else:
            waiting.append(unit)
    if workers == 1 or len(waiting) < 2:
        yield from (_one(unit, folder, options) for unit in waiting)
        return
    with ProcessPoolExecutor(min(workers, len(waiting))) as pool:
        for done in as_completed([pool.submit(_one, unit, folder, options) for unit in waiting]):
            yield done.result()


def staged_runs(staged: Sequence[Staged]) -> list[ImportedRun]:
    """The runs that were set down, in order; those on the same items share one table.

    Raises:
        StoreError: a file is damaged.
    """
    tables = cache(_read_items)
    return [read_run(run, tables) for one in staged for run in one.runs]


def _one(unit: Unit, folder: Path, options: ReadOptions) -> Staged:
    """Read one unit and set it down."""
    place = _place(unit, folder, options)
    try:
        with _written(place) as stream:
            _set_down(unit, stream, folder, options)
    except OSError as error:
        raise StoreError(f"{error.filename or folder}: cannot be written: {error.strerror}") from error
    done = _recalled(unit, place)
    if done is None:
        raise StoreError(f"{place}: is not what was written a moment ago: is the disk failing?")
    return done


def _set_down(unit: Unit, stream: BinaryIO, folder: Path, options: ReadOptions) -> None:
    file, skipped, failure = StagedFile(stream), list[Skipped](), ""
    try:
        for found in reader(unit.importer).read(unit.path, options):
            if isinstance(found, Skipped):
                skipped.append(found)
            else:
                file.add(found, _items(found.items, folder))
    except AnchorEvalError as error:
        failure = str(error)
        file.begin_again()
    file.end({"version": VERSION, "skipped": [asdict(one) for one in skipped], "failure": failure})


def _recalled(unit: Unit, place: Path) -> Staged | None:
    """What came of a unit; None where it has to be read."""
    try:
        document, runs = read_ending(place)
        skipped = tuple(Skipped(**entry) for entry in document["skipped"])
        there = document["version"] == VERSION and all(run.items.is_file() for run in runs)
        return Staged(unit, tuple(runs), skipped, str(document["failure"])) if there else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _place(unit: Unit, folder: Path, options: ReadOptions) -> Path:
    """A unit's file, as the unit is now: another one once its files have changed, or other options are given."""
    files = [unit.path] if unit.path.is_file() else sorted(path for path in unit.path.rglob("*") if path.is_file())
    states = [(str(path.absolute()), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    text = json.dumps([unit.importer, states, plain(asdict(options), "options")], sort_keys=True)
    return folder / f"{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.runs"


_LAST: dict[tuple[int, Path], tuple[pd.DataFrame, str]] = {}
"""Tables that were set down last and their files: runs of several models share tables."""
MOST_ROWS = 60_000
"""Of these tables together."""


def _items(items: pd.DataFrame, folder: Path) -> str:
    """Set an item table down, unless the same one is there; the file's name."""
    place = id(items), folder
    if place not in _LAST or not (folder / _LAST[place][1]).is_file():
        if sum(len(table) for table, _ in _LAST.values()) > MOST_ROWS:
            _LAST.clear()
        _LAST[place] = items, _item_file(items, folder)  # a table that is held keeps its identity
    return _LAST[place][1]


def _item_file(items: pd.DataFrame, folder: Path) -> str:
    """Documents are known by their hashes where all have one, so that a table that is there need not be made again."""
    if "doc_hash" in items and items["doc_hash"].notna().all():
        text = "\x1e".join([*items.columns, *items["key"].astype(str), *items["doc_hash"].astype(str)])
        data, name = None, _items_name(text.encode("utf-8", "surrogatepass"))
    else:
        data = _parquet(items)
        name = _items_name(data)
    if not (folder / name).is_file():
        data = data or _parquet(items)
        with _written(folder / name) as stream:
            stream.write(data + hashlib.sha256(data).digest())
    return name


def _items_name(content: bytes) -> str:
    return f"items-{hashlib.sha256(content).hexdigest()[:32]}.parquet"


def _parquet(items: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    try:
        pq.write_table(pa.Table.from_pandas(items, preserve_index=False), stream, compression="zstd")
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise ResponseDataError(f"items cannot be stored: {one_line(error)}") from error
    return stream.getvalue()


def _read_items(path: Path) -> pd.DataFrame:
    content = path.read_bytes()
    data, digest = content[:-32], content[-32:]
    if hashlib.sha256(data).digest() != digest:
        raise StoreError(f"{path}: damaged: its items are not those that were written")
    table: pd.DataFrame = read_parquet(data, path, StoreError).to_pandas()
    return table


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    """Put a file in place as a whole. Unlike what is kept, it need not outlive a power cut: it can be read again."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}{TEMPORARY}")
    try:
        with partial.open("wb") as stream:
            yield stream
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
