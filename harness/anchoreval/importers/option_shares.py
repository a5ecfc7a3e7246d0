"""Log-likelihoods of an item's options as probabilities of a whole run.

Sources list a log-likelihood an option, and not every item has as many options; items of which they are not known
stay without probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from anchoreval.arrays import Float32Array, Float64Array

MOST_OPTIONS = 200
"""An item with more is not multiple choice."""


def finite_numbers(values: Any) -> list[float] | None:
    """Two or more log-likelihoods, or None where the values are something else.

    Minus infinity is an option that cannot be; one option at least must be possible.
    """
    if not isinstance(values, list) or not 2 <= len(values) <= MOST_OPTIONS:
        return None
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return None
    try:
        found = [float(value) for value in values]
    except OverflowError:
        return None
    largest = max(found)
    return found if all(value == value for value in found) and -np.inf < largest < np.inf else None


def option_shares(rows: Sequence[Sequence[float] | None]) -> Float32Array | None:
    """(items, options) softmax of each row's log-likelihoods, NaN beyond an item's options; None where no row has any.

    Args:
        rows: an item each, as `finite_numbers` gives them.
    """
    options = max((len(row) for row in rows if row is not None), default=0)
    if not options:
        return None
    shares = np.full((len(rows), options), np.nan, dtype=np.float32)
    for n, row in enumerate(rows):
        if row is not None:
            shares[n, : len(row)] = _softmax(np.array(row, dtype=np.float64))
    return shares


def _softmax(values: Float64Array) -> Float64Array:
    shares = np.exp(values - values.max())
    normed: Float64Array = shares / shares.sum()
    return normed
