"""Variance of a weighted sample mean under the random draw that the sample came from.

Hajek's approximation needs only each item's own inclusion probability: k / (k - 1) sum (1 - pi) d^2 (y - y_bar)^2, with
d the share of the total that an item stands for. It is exact for simple random sampling of equally weighted items and
too large for a stratified design.

Source: Hajek (1964), in the form of Sarndal, Swensson and Wretman, Model Assisted Survey Sampling (1992).
"""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import Float64Array


def hajek_variance(values: Float64Array, shares: Float64Array, inclusion: Float64Array) -> Float64Array:
    """(rows,) variance of the weighted mean of each row; NaN with a single item.

    Args:
        values: (rows, items) answers, or what a prediction leaves of them.
        shares: (items,) of the whole's weight; only their proportions matter.
        inclusion: (items,) probabilities in (0, 1].
    """
    raised = shares / inclusion
    if len(raised) < 2 or not raised.any():
        return np.full(len(values), np.nan)
    stands_for = raised / raised.sum()
    centred = values - (values @ stands_for)[:, None]
    factor = (1.0 - inclusion) * stands_for**2
    return np.asarray(len(raised) / (len(raised) - 1) * (centred**2 @ factor), dtype=np.float64)
