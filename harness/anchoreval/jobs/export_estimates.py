"""Estimates that a run, a leaderboard or `job=reconstruct` wrote, to be exported."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from anchoreval.errors import StoreError
from anchoreval.responses import SCORE
from anchoreval.schema import one_line

FILES = {"leaderboard.parquet": "leaderboard.json", "estimates.parquet": "result.json"}
"""Tables of estimates in a folder, each with the document that tells their level."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """Estimates and what is known of them.

    Attributes:
        table: indexed by model; `score` and, where known, `lower`, `upper`, `standard_error` ...
        level: of the intervals; None where nothing tells.
        made: seconds since 1970 at which the file was written.
    """

    table: pd.DataFrame
    level: float | None
    made: int


def read_estimates(path: Path) -> Estimates:
    """Estimates from a folder, or from one `.parquet` or `.csv` file.

    Raises:
        StoreError: naming the path: not there, or no table of estimates.
    """
    file = next((path / name for name in FILES if (path / name).is_file()), path)
    if not file.is_file():
        raise StoreError(f"{path}: holds no {' and no '.join(FILES)}")
    try:
        table = pd.read_csv(file) if file.suffix == ".csv" else pd.read_parquet(file).reset_index()
    except (OSError, ValueError, pa.ArrowException) as error:
        raise StoreError(f"{file}: is no table: {one_line(error)}") from error
    if missing := [name for name in ("model", SCORE) if name not in table]:
        raise StoreError(f"{file}: has no column {missing[0]}, which estimates have")
    table = table.assign(model=table["model"].astype(str)).set_index("model")
    if table.index.has_duplicates:
        raise StoreError(f"{file}: model {table.index[table.index.duplicated()][0]!r} stands twice")
    return Estimates(table, _level(file), int(file.stat().st_mtime))


def _level(file: Path) -> float | None:
    beside = file.parent / FILES.get(file.name, "-")
    try:
        level = json.loads(beside.read_text(encoding="utf-8"))["level"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return float(level) if isinstance(level, int | float) and 0 < level < 1 else None
