"""Log-likelihoods of options, turned into probabilities.

A multiple-choice row has one response an option, a pair of the log-likelihood and whether the option was greedy; files
write both as text (`["-17.8", "False"]`). With `acc_mutual_info` there are twice as many: those given the question
first, then those without it, which are left out. A softmax over the options makes probabilities of them, either raw, as
`acc` compares them, or divided by the length of each option in characters, as `acc_norm` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from anchoreval.arrays import BoolArray, Float32Array, Float64Array
from anchoreval.importers.lm_eval_items import MOST_OPTIONS
from anchoreval.importers.lm_eval_metrics import shortened

_WRITTEN = {"False", "True"}
_GREEDY = ("False", "True", False, True)


def log_likelihoods(row: Mapping[str, Any]) -> list[float] | None:
    """A number an option; None where the model wrote text, was asked for one likelihood only or for far too many.

    Raises:
        ValueError: a log-likelihood is no number.
    """
    responses = row.get("resps")
    if not isinstance(responses, list | tuple) or not 2 <= len(responses) <= 2 * MOST_OPTIONS:
        return None
    if "acc_mutual_info" in row:
        responses = responses[: len(responses) // 2]
    values = _as_on_disk(responses) or _one_by_one(responses)
    return values if values and 2 <= len(values) <= MOST_OPTIONS else None


def _as_on_disk(responses: Sequence[Any]) -> list[float] | None:
    """The quick way for rows that are as they should be, which nearly all are."""
    try:
        pairs = [pair for (pair,) in responses]
        texts = [text for text, _ in pairs]
        if set(map(type, pairs)) == {list} and set(map(type, texts)) == {str} and {g for _, g in pairs} <= _WRITTEN:
            return [float(text) for text in texts]
    except (TypeError, ValueError):
        pass
    return None


def _one_by_one(responses: Sequence[Any]) -> list[float] | None:
    values = []
    for repeats in responses:
        first = repeats[0] if isinstance(repeats, list | tuple) and repeats else None
        if not isinstance(first, list | tuple) or len(first) != 2 or first[1] not in _GREEDY:
            return None
        values.append(_number(first[0]))
    return values


def option_probabilities(
    rows: Sequence[list[float] | None], lengths: Sequence[list[int] | None] | None = None
) -> Float32Array | None:
    """Softmax of every row's log-likelihoods.

    Args:
        rows: log-likelihoods by item.
        lengths: of the options in characters, to divide by; None: raw.

    Returns:
        (items, options), NaN beyond an item's options and where its log-likelihoods make no distribution: there are
        none, or one is NaN or plus infinity, or all are minus infinity (models whose numbers overflow give these).
        None where no item has any.
    """
    width = max((len(row) for row in rows if row), default=0)
    if not width:
        return None
    values, there = _padded(rows, width)
    if lengths is not None:
        divisors, _ = _padded(lengths, width)
        values /= np.where(divisors > 0, divisors, np.nan)
    largest = np.where(there, values, -np.inf).max(axis=1)  # NaN where any is
    usable = np.isfinite(largest)
    shares = np.exp(values[usable] - largest[usable, None])
    probabilities = np.full(values.shape, np.nan, dtype=np.float32)
    probabilities[usable] = shares / np.nansum(shares, axis=1, keepdims=True)
    return probabilities if usable.any() else None


def _padded(rows: Sequence[Sequence[float] | None], width: int) -> tuple[Float64Array, BoolArray]:
    """(rows, width) values, NaN beyond a row's own, and where there are any."""
    counts = np.array([len(row) if row else 0 for row in rows], dtype=np.int64)
    there: BoolArray = np.arange(width) < counts[:, None]
    values = np.full(there.shape, np.nan)
    values[there] = [value for row in rows if row for value in row]
    return values, there


def _number(value: Any) -> float:
    if isinstance(value, str | float | int | np.floating) and not isinstance(value, bool):
        try:
            return float(value)
        except (ValueError, OverflowError):
            pass
    raise ValueError(f"log-likelihood {shortened(value)} is not a number")
