"""What an anchor set keeps of its source models: `source.parquet`, one row a model.

Columns `model`; `role` and `group` where known; the model table's known columns; `full_score` and
`full_score/<subject>`; `scores`, the list of answers in the anchors' order (NaN: not answered); and `probabilities`
where there are any, the options of the first anchor, then those of the second, and so on.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from anchoreval.errors import AnchorSetError, ResponseDataError
from anchoreval.responses import ResponseMatrix
from anchoreval.schema import one_line
from anchoreval.store.parquet_files import DAMAGED, read_parquet
from anchoreval.tables import ITEM_COLUMNS, MODEL_COLUMNS, model_table

ROLE, GROUP, SCORES, PROBABILITIES = "role", "group", "scores", "probabilities"
ROLES = ("select", "calibrate")


def kept_of(matrix: ResponseMatrix, anchors: pd.Index[Any], roles: pd.Series[Any] | None) -> ResponseMatrix:
    """The part of a benchmark that an anchor set keeps: its anchors, models with a role, columns with a meaning."""
    part = matrix.part(anchors)
    if roles is not None:
        named = roles.index[roles.isin(ROLES)]
        part = part.subset(models=part.models.index[part.models.index.isin(named)])
    columns = [c for c in part.models if c in MODEL_COLUMNS or str(c).startswith("full_score/")]
    items = part.items[[column for column in ITEM_COLUMNS if column in part.items]]
    return dataclasses.replace(part, models=part.models[columns], items=items)


def source_bytes(sources: ResponseMatrix, roles: pd.Series[Any] | None, groups: pd.Series[Any] | None) -> bytes:
    """The Parquet file that holds the sources.

    Raises:
        AnchorSetError: a column of the model table cannot be stored; names it.
    """
    index = sources.models.index
    columns: dict[str, Any] = {"model": pa.array(index.astype(str).to_list(), pa.string())}
    for name, values in ((ROLE, roles), (GROUP, groups)):
        if values is not None:
            columns[name] = pa.array(values.reindex(index).astype(str).to_list(), pa.string())
    for column in sources.models:
        columns[str(column)] = _stored(str(column), sources.models[column])
    columns[SCORES] = _lists(sources.scores)
    if sources.probabilities is not None:
        columns[PROBABILITIES] = _lists(sources.probabilities.reshape(sources.n_models, -1))
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream, compression="zstd")
    return stream.getvalue()


def read_sources(
    path: Path, data: bytes, items: pd.DataFrame, weights: Any, attributes: Mapping[str, Any]
) -> tuple[ResponseMatrix, pd.Series[Any] | None, pd.Series[Any] | None]:
    """The sources, their roles and their groups, from the file `data`, which came from `path`.

    Args:
        path: to name in messages.
        data: the file's bytes.
        items: the anchors' item table.
        weights: (anchors,) the benchmark's own weights, summing to 1.
        attributes: `options` (of the widest item; 0: no probabilities) and those of the matrix: name, provenance,
            coverage.

    Raises:
        AnchorSetError: naming the file and what is wrong with it.
    """
    table = read_parquet(data, path, AnchorSetError)
    try:
        options = attributes["options"]
        scores = _array(table.column(SCORES), (len(items),))
        probabilities = _array(table.column(PROBABILITIES), (len(items), options)) if options else None
        frame = table.drop_columns([SCORES] + [PROBABILITIES] * bool(options))
        frame = frame.to_pandas(ignore_metadata=True).set_index("model")
        frame.index = pd.Index(frame.index, dtype=object, name="model")
        known = frame.drop(columns=[ROLE, GROUP], errors="ignore")
        sources = ResponseMatrix(
            scores=scores.astype(np.float32, copy=False),
            models=model_table(known, len(known)),
            items=items,
            weights=weights,
            probabilities=probabilities,
            **{name: attributes[name] for name in ("name", "provenance", "coverage")},
        )
    except (*DAMAGED, ResponseDataError) as error:
        raise AnchorSetError(f"{path}: not the sources of these anchors: {one_line(error)}") from error
    return sources, _roles(path, frame), frame[GROUP].astype(object) if GROUP in frame else None


def _roles(path: Path, frame: pd.DataFrame) -> pd.Series[Any] | None:
    if ROLE not in frame:
        return None
    roles = frame[ROLE].astype(object)
    if (odd := roles.index[~roles.isin(ROLES)]).size:
        raise AnchorSetError(f"{path}: model {odd[0]!r} has role {roles[odd[0]]!r}, not one of {', '.join(ROLES)}")
    return roles


def _stored(name: str, values: pd.Series[Any]) -> Any:
    try:
        return pa.array(values, from_pandas=not name.startswith("full_score"))
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise AnchorSetError(f"the sources' column {name!r} cannot be stored: {one_line(error)}") from error


def _lists(rows: Any) -> Any:
    """A column of lists, one a row of the array."""
    ends = np.arange(len(rows) + 1, dtype=np.int64) * rows.shape[1]
    return pa.LargeListArray.from_arrays(pa.array(ends), pa.array(np.ascontiguousarray(rows).reshape(-1)))


def _array(column: Any, shape: tuple[int, ...]) -> Any:
    """(models, *shape) the array that a column of lists holds."""
    lists = column.combine_chunks()
    values = np.array(lists.flatten().to_numpy(zero_copy_only=False))
    if values.size != len(lists) * int(np.prod(shape)):
        raise ValueError(f"{values.size} values in column lists do not make {len(lists)} x {shape}")
    return values.reshape(len(lists), *shape)
