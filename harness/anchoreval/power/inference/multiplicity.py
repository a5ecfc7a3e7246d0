"""p-values adjusted for how many there are: Holm for any false finding, Benjamini and Hochberg for their share.

An adjusted p-value at most alpha rejects at level alpha. Holm's bounds the probability of any false rejection, whatever
the tests have to do with each other; Benjamini and Hochberg's bounds the expected share of false rejections where tests
are independent or positively dependent, Benjamini and Yekutieli's always. Comparisons of all pairs of models
share models: Holm and Benjamini-Yekutieli need no argument for it.

p-values that are not known (NaN) are no tests: they stay NaN and do not count.

Source: Holm (1979); Benjamini and Hochberg (1995); Benjamini and Yekutieli (2001), theorem 1.3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.errors import ResponseDataError


def holm(p_values: Any) -> Float64Array:
    """Holm's adjusted p-values: the family-wise error rate is bounded under any dependence.

    Args:
        p_values: of any shape, all of one family; NaN where a test was not made.

    Returns:
        The same shape, in [0, 1] or NaN.

    Raises:
        ResponseDataError: a p-value is outside [0, 1].
    """
    p, order, there = _sorted(p_values)
    left = p.size - np.arange(p.size)
    return _restored(np.maximum.accumulate(left * p), order, there)


def benjamini_hochberg(p_values: Any) -> Float64Array:
    """Benjamini and Hochberg's adjusted p-values: the false discovery rate under positive dependence.

    Arguments, result and errors are those of `holm`.
    """
    p, order, there = _sorted(p_values)
    return _restored(_step_up(p), order, there)


def benjamini_yekutieli(p_values: Any) -> Float64Array:
    """Benjamini and Yekutieli's adjusted p-values: the false discovery rate under any dependence.

    Arguments, result and errors are those of `holm`.
    """
    p, order, there = _sorted(p_values)
    return _restored(_step_up(p) * np.sum(1.0 / np.arange(1, p.size + 1)), order, there)


def _step_up(p: Float64Array) -> Float64Array:
    ranked = p * p.size / np.arange(1, p.size + 1)
    return np.asarray(np.minimum.accumulate(ranked[::-1])[::-1], dtype=np.float64)


def _sorted(p_values: Any) -> tuple[Float64Array, Any, Any]:
    """Known p-values in increasing order, that order, and where they are in the input."""
    p = np.asarray(p_values, dtype=np.float64)
    outside = (p < 0.0) | (p > 1.0)
    if np.any(outside):
        raise ResponseDataError(f"p-value {p[outside].flat[0]:g} is outside [0, 1]")
    there = ~np.isnan(p)
    known = p[there]
    order = np.argsort(known, kind="stable")
    return known[order], order, there


def _restored(adjusted: Float64Array, order: Any, there: Any) -> Float64Array:
    """Back into the order and shape of the input, at most 1."""
    known = np.empty(order.size)
    known[order] = np.minimum(adjusted, 1.0)
    result = np.full(np.shape(there), np.nan)
    result[there] = known
    return result
