"""The table of in-context transferability: how well exemplars of one subject help a model on another.

A square table of numbers with the same subjects as rows (source of the exemplars) and as columns (asked about). In
CSV the first column names the rows; in Parquet the index, or else the first column. `job=transfer` writes one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import ResponseDataError


def read_transfer_table(path: str | Path) -> pd.DataFrame:
    """Read a table and put its columns in the order of its rows.

    Returns:
        (subjects, subjects) finite float64; index named `source`, columns named `target`, both texts.

    Raises:
        ResponseDataError: one line that names the file and the row, column or subject at fault.
    """
    place = Path(path)
    frame = _read(place)
    frame.index = pd.Index([str(name) for name in frame.index], dtype=object, name="source")
    frame.columns = pd.Index([str(name) for name in frame.columns], dtype=object, name="target")
    for axis, names in (("row", frame.index), ("column", frame.columns)):
        if names.has_duplicates:
            raise ResponseDataError(f"{place}: {axis} {names[names.duplicated()][0]!r} stands twice")
    _refuse_unmatched(place, frame)
    return _numbers(place, frame)[list(frame.index)]


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise ResponseDataError(f"{path}: there is no such file")
    try:
        if path.suffix.lower() == ".parquet":
            frame = pd.read_parquet(path)
            return frame.set_index(frame.columns[0]) if isinstance(frame.index, pd.RangeIndex) else frame
        if path.suffix.lower() == ".csv":
            frame = pd.read_csv(path, header=None, dtype=str, keep_default_na=False)
            body = frame.iloc[1:].set_index(0)
            return body.set_axis(frame.iloc[0, 1:].tolist(), axis=1)
    except (OSError, ValueError, KeyError, IndexError) as error:  # Arrow's and pandas' own errors are ValueErrors
        raise ResponseDataError(f"{path}: cannot be read: {' '.join(str(error).split())}") from error
    raise ResponseDataError(f"{path}: not a table of transferability by its name; .csv and .parquet are known")


def _refuse_unmatched(path: Path, frame: pd.DataFrame) -> None:
    if lone := sorted(set(frame.index) ^ set(frame.columns)):
        axis = "row" if lone[0] in frame.index else "column"
        raise ResponseDataError(
            f"{path}: is not square: {lone[0]!r} stands as a {axis} only ({frame.shape[0]} rows, "
            f"{frame.shape[1]} columns)"
        )
    if not len(frame):
        raise ResponseDataError(f"{path}: holds no subject")


def _numbers(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    values: Any = frame.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        row, column = wrong[0]
        raise ResponseDataError(
            f"{path}, row {frame.index[row]!r}, column {frame.columns[column]!r}: "
            f"{frame.iloc[row, column]!r} is not a finite number"
        )
    return pd.DataFrame(values, index=frame.index, columns=frame.columns)
