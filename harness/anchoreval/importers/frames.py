"""From Python: pandas DataFrames, long or wide, and NumPy arrays, through the same checks as tidy tables.

A long frame has columns `model`, `item` and `score`; a wide one a row a model, a column an item, and the scores in its
cells; an array is a wide frame whose names are given apart. Wide ones are unfolded and read as long ones, so that every
fault is found and told as it is for files.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.errors import ResponseDataError
from anchoreval.importers.columns import numbers
from anchoreval.importers.table_files import Table
from anchoreval.importers.tidy import KEYS, read_tidy
from anchoreval.responses import ResponseMatrix
from anchoreval.schema import one_line

LONG = {*KEYS, "score"}
LABEL = "the responses table"


def read_frame(
    responses: pd.DataFrame | npt.ArrayLike,
    items: pd.DataFrame | Iterable[Any] | None = None,
    models: pd.DataFrame | Iterable[Any] | None = None,
    logits: pd.DataFrame | npt.ArrayLike | None = None,
    *,
    name: str = "benchmark",
    aggregation: str = "micro",
) -> ResponseMatrix:
    """Read a benchmark from what a Python session has.

    Args:
        responses: a long DataFrame (columns as for `read_tidy`), a wide one (models by items; the models are its index
            or its column `model`), or a (models, items) array; scores in [0, 1], missing where not answered.
        items: a table of the items (as for `read_tidy`, or indexed by item); for an array, or to name the columns of
            one, also their names in order.
        models: the same for models.
        logits: a DataFrame with columns `model`, `item` and option columns (as for `read_tidy`), or a
            (models, items, options) array of logits or log-likelihoods, missing beyond an item's options.
        name: of the benchmark.
        aggregation: `micro` or `macro`.

    Raises:
        ResponseDataError: one line that names the row, the model or the item at fault.
    """
    if isinstance(responses, pd.DataFrame):
        table, model_names, item_names = _framed(responses)
    else:
        table, model_names, item_names = _unfolded_array(responses, items, models)
    return read_tidy(
        table,
        items=_table(items, "item"),
        models=_table(models, "model"),
        logits=_logits(logits, model_names, item_names),
        name=name,
        aggregation=aggregation,
    )


def _framed(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Any], list[Any]]:
    """A long table, and the names along both sides where the frame is wide."""
    present = {*map(str, frame.columns), *map(str, frame.index.names)}
    if present >= LONG:
        return frame, [], []
    wide = frame.set_index("model") if "model" in frame.columns else frame
    for axis, what in ((wide.index, "models"), (wide.columns, "items")):
        if axis.nlevels > 1:
            raise ResponseDataError(f"{LABEL}: has {axis.nlevels} levels of {what}; give one, or columns {_listed()}")
    positions = Table(wide.reset_index(drop=True).set_axis(range(wide.shape[1]), axis=1), LABEL)
    columns = [_column(positions, n, item) for n, item in enumerate(wide.columns)]
    values = np.column_stack(columns) if columns else np.empty((len(wide), 0))
    return _unfolded(values, list(wide.index), list(wide.columns)), list(wide.index), list(wide.columns)


def _column(table: Table, n: Any, item: Any) -> Any:
    try:
        return numbers(table, n)
    except ResponseDataError as error:
        raise ResponseDataError(f"{LABEL}: item {item!r}: {str(error).removeprefix(f'{LABEL}, ')}") from error


def _listed() -> str:
    return ", ".join(sorted(LONG))


def _unfolded_array(values: Any, items: Any, models: Any) -> tuple[pd.DataFrame, list[Any], list[Any]]:
    scores = _array(values, "scores")
    if scores.ndim != 2:
        raise ResponseDataError(f"the scores have {scores.ndim} dimensions; models by items are two")
    names = [_names(given, count, kind) for given, count, kind in
             ((models, scores.shape[0], "model"), (items, scores.shape[1], "item"))]  # fmt: skip
    return _unfolded(scores, *names), names[0], names[1]


def _array(values: Any, what: str) -> Float64Array:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ResponseDataError(f"the {what} are not an array of numbers: {one_line(error)}") from error


def _names(given: Any, count: int, kind: str) -> list[Any]:
    """The names along one side, which a table has in its column or its index; `m0`, `m1` ... without any."""
    if given is None:
        return [f"{kind[0]}{n}" for n in range(count)]
    if isinstance(given, pd.DataFrame):
        names = list(given[kind] if kind in given.columns else given.index)
    else:
        names = list(given)
    if len(names) != count:
        raise ResponseDataError(f"{len(names)} {kind}s are named, the scores have {count}")
    return names


def _unfolded(values: Any, models: list[Any], items: list[Any]) -> pd.DataFrame:
    """A row a cell."""
    if not values.size:
        raise ResponseDataError(f"{LABEL}: has {len(models)} models and {len(items)} items, and needs one of each")
    return pd.DataFrame(
        {
            "model": _repeated(models, np.repeat(np.arange(len(models)), len(items)), "model"),
            "item": _repeated(items, np.tile(np.arange(len(items)), len(models)), "item"),
            "score": values.ravel(),
        }
    )


def _repeated(names: list[Any], codes: Any, kind: str) -> pd.Categorical:
    index = pd.Index(names, dtype=object)
    if index.hasnans:
        raise ResponseDataError(f"{LABEL}: a {kind} has no name (number {int(np.argmax(index.isna())) + 1})")
    if index.has_duplicates:
        raise ResponseDataError(f"{LABEL}: {kind} {index[index.duplicated()][0]!r} stands twice")
    return pd.Categorical.from_codes(codes, categories=index)


def _table(given: Any, key: str) -> pd.DataFrame | None:
    """A table with its ids as a column or a named index; names alone are none."""
    if not isinstance(given, pd.DataFrame):
        return None
    if given.index.nlevels > 1:
        return given
    return given if key in given.columns or key in given.index.names else given.rename_axis(key)


def _logits(given: Any, models: list[Any], items: list[Any]) -> pd.DataFrame | None:
    if given is None or isinstance(given, pd.DataFrame):
        return given
    values = _array(given, "logits")
    if not models:
        raise ResponseDataError("an array of logits needs scores that are wide: models by items")
    if values.ndim != 3 or values.shape[:2] != (len(models), len(items)):
        raise ResponseDataError(f"logits have shape {values.shape}, expected {(len(models), len(items))} x options")
    flat = values.reshape(-1, values.shape[2])
    table = _unfolded(flat[:, 0].reshape(len(models), len(items)), models, items).drop(columns="score")
    return table.assign(**{f"logit_{n}": flat[:, n] for n in range(flat.shape[1])})
