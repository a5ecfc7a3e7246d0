"""Options that every plan by a normal approximation takes: a two-sided level, a wanted power, numbers of items."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtri

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError
from anchoreval.power.inputs import check_at_least, check_open_unit


def two_sided_quantile(alpha: float) -> float:
    """Normal quantile of a two-sided level: 1.96 at 5 %.

    Raises:
        MethodOptionError: alpha is not between 0 and 1.
    """
    check_open_unit("alpha", alpha)
    return float(-ndtri(alpha / 2))


def power_quantile(power: float) -> float:
    """Normal quantile of a wanted power: 0.84 at 80 %.

    Raises:
        MethodOptionError: the power is less than 1/2 (its equation might have two roots) or not less than 1.
    """
    check_open_unit("power", power)
    check_at_least("power", power, 0.5)
    return float(ndtri(power))


def item_counts(n: Any) -> Float64Array:
    """Numbers of items, of any shape, as float64.

    Raises:
        MethodOptionError: one is less than 1 or not a number.
    """
    items = np.asarray(n, dtype=np.float64)
    if not (items >= 1).all():
        raise MethodOptionError("a number of items is less than 1")
    return items
