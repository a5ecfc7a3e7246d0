"""Runs that were read, set down one by one, so that an import of many gigabytes goes on where it was killed.

Every unit is read once, in one of several processes, and set down as small Parquet files in a folder beside the
benchmark; a marker, written last, says what came of it. A unit whose file has changed since is read again. Item tables
that several runs share are kept once. Memory holds one unit at a time.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from anchoreval.atomic import TEMPORARY
from anchoreval.errors import AnchorEvalError, ResponseDataError, StoreError
from anchoreval.importers.imported import ImportedRun, ReadOptions, Skipped
from anchoreval.importers.recognising import Unit, reader
from anchoreval.schema import one_line, plain

VERSION = 1


@dataclass(frozen=True)
class Staged:
    """What came of one unit.

    Attributes:
        unit: that was read.
        runs: files of its runs, in the order of reading.
        skipped: what was left out, and why.
        failure: why the unit could not be read; empty where it could.
    """

    unit: Unit
    runs: tuple[Path, ...]
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
        if (known := _recalled(unit, folder, options)) is not None:
            yield known
        else:
            waiting.append(unit)
    if workers == 1 or len(waiting) < 2:
        yield from (_one(unit, folder, options) for unit in waiting)
        return
    with ProcessPoolExecutor(min(workers, len(waiting))) as pool:
        for done in as_completed([pool.submit(_one, unit, folder, options) for unit in waiting]):
            yield done.result()


def read_run(path: Path) -> ImportedRun:
    """A run that was set down.

    Raises:
        StoreError: the file is damaged.
    """
    try:
        table = pq.read_table(path, use_threads=False)
        facts = json.loads(table.schema.metadata[b"anchoreval.run"])
        items = _item_table(path.with_name(facts.pop("items")))
        columns = [table.column(name).to_numpy() for name in table.column_names]
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path}: damaged: {one_line(error)}") from error
    probabilities = np.stack(columns[1:], axis=1) if len(columns) > 1 else None
    source = Path(facts.pop("source"))
    return ImportedRun(items=items, scores=columns[0], probabilities=probabilities, source=source, **facts)


@lru_cache(maxsize=1024)
def _item_table(path: Path) -> pd.DataFrame:
    """Runs on the same items share one table."""
    table: pd.DataFrame = pq.read_table(path, use_threads=False).to_pandas()
    return table


def _one(unit: Unit, folder: Path, options: ReadOptions) -> Staged:
    """Read one unit and set it down."""
    key = _key(unit, options)
    runs: list[Path] = []
    skipped: list[Skipped] = []
    try:
        for found in reader(unit.importer).read(unit.path, options):
            if isinstance(found, Skipped):
                skipped.append(found)
            else:
                runs.append(_set_down(found, folder, f"{key}-{len(runs)}.parquet"))
        failure = ""
    except OSError as error:
        raise StoreError(f"{error.filename or folder}: cannot be written: {error.strerror}") from error
    except AnchorEvalError as error:
        runs, failure = [], str(error)
    done = Staged(unit, tuple(runs), tuple(skipped), failure)
    marker = {
        "version": VERSION,
        "runs": [path.name for path in runs],
        "skipped": [asdict(one) for one in skipped],
        "failure": failure,
    }
    _write(folder / f"{key}.json", json.dumps(marker).encode())
    return done


def _recalled(unit: Unit, folder: Path, options: ReadOptions) -> Staged | None:
    """What came of a unit before; None where it has to be read."""
    try:
        marker = json.loads((folder / f"{_key(unit, options)}.json").read_text(encoding="utf-8"))
        runs = tuple(folder / str(name) for name in marker["runs"])
        skipped = tuple(Skipped(**entry) for entry in marker["skipped"])
        whole = marker["version"] == VERSION and all(path.is_file() for path in runs)
        return Staged(unit, runs, skipped, str(marker["failure"])) if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _key(unit: Unit, options: ReadOptions) -> str:
    """Name of a unit as it is now: another one once its files have changed, or other options are given."""
    files = [unit.path] if unit.path.is_file() else sorted(path for path in unit.path.rglob("*") if path.is_file())
    states = [(str(path.absolute()), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    text = json.dumps([unit.importer, states, plain(asdict(options), "options")], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _set_down(run: ImportedRun, folder: Path, name: str) -> Path:
    facts = _facts(run) | {"items": _items(run.items, folder)}
    columns = {"score": np.asarray(run.scores, dtype=np.float32)}
    if run.probabilities is not None:
        for n in range(run.probabilities.shape[1]):
            columns[f"probability_{n}"] = np.ascontiguousarray(run.probabilities[:, n], dtype=np.float32)
    table = pa.table(columns, metadata={"anchoreval.run": json.dumps(facts)})
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd")
    _write(folder / name, stream.getvalue())
    return folder / name


def _facts(run: ImportedRun) -> dict[str, Any]:
    names = ("model", "task", "metric", "replicate", "stated")
    kept: dict[str, Any] = {name: getattr(run, name) for name in names}
    return {
        **kept,
        "model_facts": _plain(run.model_facts, run),
        "provenance": _plain(run.provenance, run),
        "source": str(run.source),
    }


def _plain(value: Mapping[str, Any], run: ImportedRun) -> Any:
    try:
        return plain(dict(value), "provenance")
    except (TypeError, ValueError) as error:
        raise ResponseDataError(f"{run.source}: {error}") from error


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
        name = _items_name(text.encode("utf-8", "surrogatepass"))
        if not (folder / name).is_file():
            _write(folder / name, _parquet(items))
        return name
    data = _parquet(items)
    name = _items_name(data)
    if not (folder / name).is_file():
        _write(folder / name, data)
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


def _write(path: Path, data: bytes) -> None:
    """Put data in place as a whole. Unlike what is kept, it need not outlive a power cut: it can be read again."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}{TEMPORARY}")
    try:
        partial.write_bytes(data)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
