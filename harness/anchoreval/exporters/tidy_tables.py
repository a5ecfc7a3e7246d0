"""Tidy tables of a benchmark: `responses`, `items` and `models` as Parquet, CSV or JSON lines.

What is written is read back by `anchoreval.read_tidy` to the same scores, items, models and probabilities. Parquet
keeps every type; text formats keep those of the columns that have a meaning here. Tidy tables have no place for weights
of one's own, and a part of a benchmark does not fit in them: such a matrix is refused, not written as something else.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from anchoreval.atomic import write_bytes
from anchoreval.errors import ConfigurationError, ResponseDataError
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.schema import one_line, plain
from anchoreval.tables import AGGREGATIONS, item_weights

FORMATS = ("parquet", "csv", "jsonl")


class TidyTables(TypedDict):
    """What `read_tidy` takes to read the tables back."""

    responses: Path
    items: Path
    models: Path
    name: str
    aggregation: str


def write_tidy(matrix: ResponseMatrix, folder: Path | str, form: str = "parquet") -> TidyTables:
    """Write three tables; `read_tidy(**write_tidy(matrix, folder))` is the same benchmark.

    Args:
        matrix: to write.
        folder: of the tables; made where it is missing, tables of these names are replaced.
        form: `parquet`, `csv` or `jsonl`.

    Raises:
        ConfigurationError: the matrix does not fit in tidy tables, or cannot be written; says why.
    """
    if form not in FORMATS:
        raise ConfigurationError(f"form={form} is not one of {', '.join(FORMATS)}")
    if matrix.probabilities is not None and matrix.probabilities.dtype == np.float16 and form != "parquet":
        raise ConfigurationError(f"benchmark {matrix.name}: half-precision probabilities lose theirs in {form}")
    aggregation = _aggregation(matrix)
    paths = {name: Path(folder) / f"{name}.{form}" for name in ("responses", "items", "models")}
    try:
        tables = {"responses": _responses(matrix), "items": _items(matrix), "models": _models(matrix)}
        encoded = {name: _encoded(table, form) for name, table in tables.items()}
        for name, data in encoded.items():
            write_bytes(paths[name], data)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise ConfigurationError(f"benchmark {matrix.name}: cannot be written as {form}: {one_line(error)}") from error
    except OSError as error:
        raise ConfigurationError(f"{error.filename or folder}: cannot be written: {error.strerror}") from error
    return {
        "responses": paths["responses"],
        "items": paths["items"],
        "models": paths["models"],
        "name": matrix.name,
        "aggregation": aggregation,
    }


def _aggregation(matrix: ResponseMatrix) -> str:
    """The rule that gives the matrix's weights."""
    if dict(matrix.coverage) not in ({}, {SCORE: 0.0}):
        raise ConfigurationError(f"benchmark {matrix.name}: is a part of a benchmark, which tidy tables cannot tell")
    for rule in AGGREGATIONS:
        try:
            if np.allclose(item_weights(matrix.items, rule), matrix.weights, rtol=1e-12, atol=0.0):
                return rule
        except ResponseDataError:  # macro without subjects
            continue
    raise ConfigurationError(f"benchmark {matrix.name}: has weights of its own, which tidy tables cannot hold")


def _responses(matrix: ResponseMatrix) -> pd.DataFrame:
    """A row a cell, those without an answer too, so that a model without any is not lost."""
    models, items = matrix.models.index.to_numpy(dtype=object), matrix.items.index.to_numpy(dtype=object)
    table = {
        "model": np.repeat(models, len(items)),
        "item": np.tile(items, len(models)),
        "score": matrix.scores.ravel(),
    }
    if matrix.probabilities is not None:
        flat = matrix.probabilities.reshape(-1, matrix.probabilities.shape[2])
        table |= {f"prob_{n}": flat[:, n] for n in range(flat.shape[1])}
    return pd.DataFrame(table)


def _items(matrix: ResponseMatrix) -> pd.DataFrame:
    return matrix.items.rename_axis("item").reset_index()


def _models(matrix: ResponseMatrix) -> pd.DataFrame:
    return matrix.models.rename_axis("model").reset_index()


def _encoded(table: pd.DataFrame, form: str) -> bytes:
    stream = io.BytesIO()
    if form == "jsonl":
        names = [str(column) for column in table]
        columns = [plain(table.iloc[:, n].astype(object).tolist(), name) for n, name in enumerate(names)]
        rows = (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
        return "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows).encode()
    arrow = pa.table({str(name): _arrow(table[name], form) for name in table})
    if form == "csv":
        pacsv.write_csv(arrow, stream)
    else:
        pq.write_table(arrow, stream, compression="zstd")
    return stream.getvalue()


def _arrow(values: pd.Series[Any], form: str) -> Any:
    """A column; in CSV lists are JSON and dates are ISO."""
    if form == "csv" and values.map(lambda value: isinstance(value, list | tuple | np.ndarray)).any():
        texts = [None if (listed := plain(value, "options")) is None else json.dumps(listed) for value in values]
        return pa.array(texts, pa.string())
    if form == "csv" and pd.api.types.is_datetime64_any_dtype(values.dtype):
        return pa.array([plain(value, "date") for value in values.astype(object)], pa.string())
    return pa.array(values, from_pandas=True)
