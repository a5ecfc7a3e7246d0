"""Where a rising function of many problems at once first reaches zero, by bisection inside a bracket that is checked.

Detectable effects are roots: the power at an effect minus the power wanted. Every formula of this room that is solved
here is zero or negative at the lower end and crosses zero once above it, so that halving the bracket cannot miss: 60
steps bring any bracket within [0, 1] to the last digits of float64, for a thousand problems in a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from anchoreval.arrays import Float64Array

STEPS = 60


def rising_root(
    function: Callable[[Float64Array], Float64Array], low: Float64Array, high: Float64Array
) -> Float64Array:
    """The argument above which a function is no longer negative, elementwise.

    Args:
        function: takes and returns arrays of the problems' shape; crosses zero at most once, upwards.
        low: lower ends of the brackets.
        high: upper ends; NaN where a problem has none.

    Returns:
        The roots: `low` where the function is positive there already, NaN where it is still negative at `high`.
    """
    low, high = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    there = function(high) >= 0.0
    at_once = function(low) > 0.0
    below, above = low, high
    for _ in range(STEPS):
        middle = (below + above) / 2
        reached = function(middle) >= 0.0
        below, above = np.where(reached, below, middle), np.where(reached, middle, above)
    return np.where(there, np.where(at_once, low, above), np.nan)
