"""A model's row of the model table as JSON, one row a response file, and the table put together again from rows."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import StoreError
from anchoreval.schema import plain
from anchoreval.tables import model_table


def model_rows(models: pd.DataFrame) -> list[dict[str, Any]]:
    """One JSON object a model: its id, its columns, and which of them are dates.

    Raises:
        StoreError: a value is not plain data; names the model and the column.
    """
    names = [str(column) for column in models.columns]
    values = [models.iloc[:, n].astype(object).tolist() for n in range(len(names))]
    rows = zip(*values, strict=True) if names else ((),) * len(models)
    return [_row(str(model), dict(zip(names, row, strict=True))) for model, row in zip(models.index, rows, strict=True)]


def table_of(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The model table of these rows, columns in order of appearance; a column that a row lacks is missing there."""
    names = list(dict.fromkeys(name for row in rows for name in row["columns"]))
    dates = {name for row in rows for name in row["dates"]}
    columns = {name: _column([row["columns"].get(name) for row in rows], name in dates) for name in names}
    table = pd.DataFrame(columns, index=range(len(rows)))
    table.index = pd.Index([row["model"] for row in rows], dtype=object)
    return model_table(table, len(rows))


def _row(model: str, columns: Mapping[str, Any]) -> dict[str, Any]:
    dates = [name for name, value in columns.items() if value is not pd.NaT and isinstance(value, datetime.date)]
    try:
        return {
            "model": model,
            "columns": {name: plain(value, name) for name, value in columns.items()},
            "dates": dates,
        }
    except (TypeError, ValueError) as error:
        raise StoreError(f"model {model!r}: column {error}") from error


def _column(values: list[Any], dates: bool) -> pd.Series[Any]:
    if dates:
        return pd.to_datetime(pd.Series(values, dtype=object), format="ISO8601")
    if all(value is None for value in values):
        return pd.Series(np.full(len(values), np.nan))
    return pd.Series(values)
