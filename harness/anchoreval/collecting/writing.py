"""The collected tables as files: Parquet for DuckDB and pandas, CSV for everything else.

The same runs give the same bytes, wherever and in whatever order they were done: rows are sorted, columns have fixed
types, and nothing says when or where. Only the tables that hold seconds differ between two sweeps of the same cells.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from anchoreval.atomic import replacing_folder, write_bytes, write_json
from anchoreval.errors import StoreError

RESULTS, RUNS, TIMES, FAILED = "results", "runs", "times", "failed"
SUMMARY = "collected.json"


@dataclass(frozen=True, eq=False)
class Collected:
    """The tables of `job=collect`.

    Attributes:
        results: everything measured, long (`anchoreval.collecting.measures`).
        times: seconds, in the same form.
        runs: one row a run.
        failed: what came to no results.
    """

    results: pd.DataFrame
    times: pd.DataFrame
    runs: pd.DataFrame
    failed: pd.DataFrame


def write_collected(folder: Path, collected: Collected) -> bool:
    """Write the tables as a whole, in place of what is there; False if the same tables were there already.

    Raises:
        StoreError: the folder holds something else, which would be lost.
        UnwritableError: the folder cannot be written; what was there is still there.
    """
    files = dict(_files(collected))
    document = {
        "results": len(collected.results),
        "runs": len(collected.runs),
        "failed": len(collected.failed),
        "digests": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }
    if all(_is(folder / name, data) for name, data in files.items()):
        return False
    if folder.exists() and not (folder / SUMMARY).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoreError(f"{folder}: is no folder of collected tables; name another one with into=<folder>")
    with replacing_folder(folder) as place:
        for name, data in files.items():
            write_bytes(place / name, data)
        write_json(place / SUMMARY, document)
    return True


def _files(collected: Collected) -> Mapping[str, bytes]:
    tables = {
        RESULTS: collected.results,
        TIMES: collected.times,
        RUNS: collected.runs,
    }
    files = {f"{name}.parquet": _parquet(table) for name, table in tables.items()}
    files |= {f"{name}.csv": _csv(table) for name, table in (tables | {FAILED: collected.failed}).items()}
    return files


def _parquet(table: pd.DataFrame) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()


def _is(path: Path, data: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data
