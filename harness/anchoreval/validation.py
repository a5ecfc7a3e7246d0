"""What a response matrix must satisfy; every violation names the model and the item."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, Probabilities
from anchoreval.errors import ResponseDataError

SUM_TOLERANCE = {2: 1e-2, 4: 1e-3, 8: 1e-3}
"""By bytes a number: how far a row of probabilities may be from 1 (float16 keeps three digits)."""

RESERVED = frozenset({"score", "lower", "upper", "standard_error", "extrapolating", "model", "item"})
"""Names that a subject cannot have, because tables put subjects beside these columns."""


def check_shapes(
    scores: Any, models: pd.DataFrame, items: pd.DataFrame, weights: Any, probabilities: Probabilities | None
) -> None:
    """Raise ResponseDataError unless shapes agree and there is at least one model and one item."""
    expected = (len(models), len(items))
    if scores.shape != expected:
        raise ResponseDataError(f"scores have shape {scores.shape}, models x items are {expected}")
    if not all(expected):
        raise ResponseDataError(f"a response matrix needs at least one model and one item, got {expected}")
    if weights.shape != (len(items),):
        raise ResponseDataError(f"weights have shape {weights.shape}, there are {len(items)} items")
    if probabilities is not None and (
        probabilities.ndim != 3 or probabilities.shape[:2] != expected or not probabilities.shape[2]
    ):
        raise ResponseDataError(f"probabilities have shape {probabilities.shape}, expected {expected} x options")


def check_scores(scores: Any, models: pd.Index[Any], items: pd.Index[Any]) -> None:
    """Raise ResponseDataError where a score is outside [0, 1] or infinite (NaN is a missing answer)."""
    low, high = np.nanmin(scores, initial=0.0), np.nanmax(scores, initial=1.0)
    if low >= 0.0 and high <= 1.0:
        return
    _refuse((scores < 0.0) | (scores > 1.0), scores, models, items, "score {value:g} is outside [0, 1]")


def check_probabilities(probabilities: Probabilities, models: pd.Index[Any], items: pd.Index[Any]) -> None:
    """Raise ResponseDataError unless each answered row is a distribution over the item's options."""
    if not _are_distributions(probabilities):
        _refuse_probabilities(probabilities, models, items)


def _are_distributions(probabilities: Probabilities, block: int = 64) -> bool:
    """Whether there is nothing to refuse; a few models at a time, so that it needs little memory beside the data."""
    options: Any = None
    tolerance = _tolerance(probabilities)
    for start in range(0, len(probabilities), block):
        values = probabilities[start : start + block].astype(np.float32)
        total, count = np.zeros(values.shape[:2], np.float32), np.zeros(values.shape[:2], np.int16)
        before: BoolArray = np.ones(values.shape[:2], dtype=np.bool_)
        for option in np.moveaxis(values, 2, 0):  # a reduction over so short an axis would crawl
            there = ~np.isnan(option)
            if (there & ~before).any() or ((option < 0.0) | (option > 1.0)).any():
                return False
            total += np.where(there, option, np.float32(0.0))
            count += there
            before = there
        if ((count > 0) & (np.abs(total - 1.0) > tolerance)).any():
            return False
        most = count.max(axis=0)
        if ((count > 0) & (count != most)).any():
            return False
        if options is not None and ((options > 0) & (most > 0) & (options != most)).any():
            return False
        options = most if options is None else np.maximum(options, most)
    return True


def _tolerance(probabilities: Probabilities) -> float:
    return SUM_TOLERANCE.get(probabilities.dtype.itemsize, 1e-3)


def _refuse_probabilities(probabilities: Probabilities, models: pd.Index[Any], items: pd.Index[Any]) -> None:
    """Name the first violation of each kind, and how many cells share it."""
    there = ~np.isnan(probabilities)
    counts = there.sum(axis=2)
    options = counts.max(axis=0)
    _refuse(
        (counts > 0) & (counts != options),
        counts,
        models,
        items,
        "has probabilities for {value:g} options, other models have more",
    )
    prefix = np.arange(probabilities.shape[2]) < counts[:, :, None]
    _refuse((there != prefix).any(axis=2), counts, models, items, "has a gap among its option probabilities")
    outside = ((probabilities < 0.0) | (probabilities > 1.0)).any(axis=2)
    _refuse(outside, counts, models, items, "has an option probability outside [0, 1]")
    sums = np.nansum(probabilities, axis=2, dtype=np.float32)
    far = (counts > 0) & (np.abs(sums - 1.0) > _tolerance(probabilities))
    _refuse(far, sums, models, items, "option probabilities sum to {value:.4f}, not 1")


def _refuse(bad: BoolArray | np.bool_, values: Any, models: pd.Index[Any], items: pd.Index[Any], reason: str) -> None:
    if not np.any(bad):
        return
    row, column = np.argwhere(bad)[0]
    more = f" (and {int(bad.sum()) - 1} more cells)" if bad.sum() > 1 else ""
    text = reason.format(value=float(values[row, column]))
    raise ResponseDataError(f"model {models[row]!r}, item {items[column]!r}: {text}{more}")
