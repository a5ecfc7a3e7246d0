"""The cost-accuracy frontier: what nothing else beats in both price and resolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from anchoreval.arrays import BoolArray
from anchoreval.errors import MethodOptionError


def frontier(costs: Any, gaps: Any) -> BoolArray:
    """Which of several offers are not dominated: none costs at most as much, resolves at least as much and differs.

    Offers equal in both stand on the frontier together.

    Args:
        costs: (offers,) prices in any unit.
        gaps: (offers,) smallest gaps found, smaller is better; an offer whose gap is NaN is never on the frontier.

    Raises:
        MethodOptionError: the two are not of one length, or a cost is not a number.
    """
    cost, gap = np.asarray(costs, dtype=np.float64), np.asarray(gaps, dtype=np.float64)
    if cost.ndim != 1 or cost.shape != gap.shape:
        raise MethodOptionError(f"costs of shape {cost.shape} and gaps of shape {gap.shape} do not go together")
    if np.isnan(cost).any():
        raise MethodOptionError("a cost is not a number")
    as_good = (cost[:, None] <= cost) & (gap[:, None] <= gap)
    better = (cost[:, None] < cost) | (gap[:, None] < gap)
    return np.asarray(~np.isnan(gap) & ~(as_good & better).any(axis=0), dtype=np.bool_)
