"""The model and item tables of a response matrix: ids, known columns, weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from anchoreval.arrays import Float32Array, Float64Array, IntArray
from anchoreval.errors import ResponseDataError
from anchoreval.validation import RESERVED

MODEL_COLUMNS = ("base_model", "family", "released", "prompt", "run", "full_score")
ITEM_COLUMNS = ("position", "task", "doc_id", "subject", "text", "options", "doc_hash", "cost", "label_status")
AGGREGATIONS = ("micro", "macro")


def model_table(models: pd.DataFrame | Iterable[str] | None, count: int) -> pd.DataFrame:
    """The models as a DataFrame indexed by unique string ids, `released` as dates, `full_score` in [0, 1]."""
    table = _identified(models, count, "m", "model")
    if "released" in table:
        table["released"] = _dates(table["released"])
    for column in [c for c in table.columns if c == "full_score" or str(c).startswith("full_score/")]:
        values = pd.to_numeric(table[column], errors="coerce").astype(np.float64)
        if (bad := table.index[(values < 0) | (values > 1)]).size:
            raise ResponseDataError(f"model {bad[0]!r}: {column} {values[bad[0]]:g} is outside [0, 1]")
        table[column] = values
    return table


def item_table(items: pd.DataFrame | Iterable[str] | None, count: int) -> pd.DataFrame:
    """The items as a DataFrame indexed by unique string ids, with `position` 0 .. n - 1 where none is given."""
    table = _identified(items, count, "i", "item")
    if "position" not in table:
        table.insert(0, "position", np.arange(count))
    if "subject" in table:
        if (missing := table.index[table["subject"].isna()]).size:
            raise ResponseDataError(f"item {missing[0]!r} has no subject, others have one")
        table["subject"] = table["subject"].astype(str)
        if reserved := RESERVED.intersection(table["subject"]):
            raise ResponseDataError(f"a subject cannot be called {sorted(reserved)[0]!r}: tables use that column")
    return table


def item_weights(items: pd.DataFrame, aggregation: str, weights: Any = None) -> Float64Array:
    """(items,) weights that sum to 1: as given, equal (`micro`), or equal over subjects (`macro`)."""
    if weights is not None:
        given = np.array(weights, dtype=np.float64)
        if given.shape != (len(items),) or not np.all(given >= 0) or not 0 < given.sum() < np.inf:
            raise ResponseDataError(f"weights must be {len(items)} non-negative numbers with a positive sum")
        return np.asarray(given / given.sum(), dtype=np.float64)
    if aggregation == "micro":
        return np.full(len(items), 1.0 / len(items))
    if aggregation != "macro":
        raise ResponseDataError(f"aggregation {aggregation!r} is not one of {', '.join(AGGREGATIONS)}")
    if "subject" not in items:
        raise ResponseDataError("aggregation 'macro' needs the items' subjects; the item table has no column 'subject'")
    size = items.groupby("subject")["subject"].transform("size").to_numpy(dtype=np.float64)
    return np.asarray(1.0 / (size * items["subject"].nunique()), dtype=np.float64)


def measured_elsewhere(models: pd.DataFrame, scores: Float32Array, weights: Float64Array) -> bool:
    """Whether the known full scores are those of a larger benchmark, and not just the mean over these items."""
    if "full_score" not in models or models["full_score"].isna().all():
        return False
    gap = np.abs(models["full_score"].to_numpy() - scores.astype(np.float64) @ weights)
    return bool(np.nanmax(gap, initial=0.0) > 1e-6 or np.isnan(gap).any())


def base_models(models: pd.DataFrame) -> npt.NDArray[np.str_]:
    """(models,) name of each model's base model; a model without one is its own."""
    own = models.index.to_series().astype(str)
    base = models.get("base_model", own)
    return base.where(base.notna(), own).to_numpy(dtype=str)


def base_model_codes(models: pd.DataFrame) -> IntArray:
    """(models,) number of each model's base model, from 0 without gaps (see `base_models`)."""
    return np.asarray(np.unique(base_models(models), return_inverse=True)[1], dtype=np.int64)


def _identified(given: pd.DataFrame | Iterable[str] | None, count: int, letter: str, kind: str) -> pd.DataFrame:
    if given is None:
        given = [f"{letter}{n}" for n in range(count)]
    table = given.copy() if isinstance(given, pd.DataFrame) else pd.DataFrame(index=pd.Index(list(given), dtype=object))
    if len(table) != count:
        raise ResponseDataError(f"{len(table)} {kind}s are named, the scores have {count}")
    if table.index.hasnans:
        raise ResponseDataError(f"a {kind} has no id (row {int(np.argmax(table.index.isna()))})")
    table.index = pd.Index([str(i) for i in table.index], dtype=object, name=kind)
    if table.index.has_duplicates:
        raise ResponseDataError(f"{kind} {table.index[table.index.duplicated()][0]!r} stands twice")
    if "" in table.index:
        raise ResponseDataError(f"a {kind} has an empty id (row {list(table.index).index('')})")
    return table


def _dates(released: pd.Series[Any]) -> pd.Series[Any]:
    dates = pd.to_datetime(released, errors="coerce")
    if (bad := released.index[dates.isna() & released.notna()]).size:
        raise ResponseDataError(f"model {bad[0]!r}: released {released[bad[0]]!r} is not a date")
    return dates.astype("datetime64[s]")
