"""How error and resolution change with the number of anchors, and the budget that a wanted resolution needs.

Variances of reconstruction errors fall like a + b (1 / k - 1 / N): the second term is what the answers to k of N items
leave open, as in a sample without replacement, and a is a floor that no number of anchors like these removes (models
unlike the sources, or full scores measured on other items). Both are fitted to figures that were measured at several
budgets, a, b >= 0, by relative least squares. A wanted smallest gap below the floor is reached by no budget, and that
is the answer then; beyond the budgets measured an answer is an extrapolation, and says so.

Ours; the form is that of a sampling variance on top of an irreducible one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError


@dataclass(frozen=True)
class BudgetCurve:
    """value(k) = sqrt(floor + rate (1 / k - 1 / N)), in score units. Made by `fit`.

    Attributes:
        floor: variance that no budget removes.
        rate: variance times the number of anchors.
        smallest, largest: budgets that it was fitted to.
        n_items: N; infinite where the whole is not made of such items.
    """

    floor: float
    rate: float
    smallest: int
    largest: int
    n_items: float = float("inf")

    @classmethod
    def fit(cls, budgets: Any, values: Any, n_items: float = float("inf")) -> Self:
        """Fit to values (standard deviations or smallest gaps, > 0, NaN: not known) at two budgets or more.

        A budget of all items says nothing of a curve that is exact there, and is left out.

        Raises:
            MethodOptionError: fewer than two values are known, or one is not positive.
        """
        from scipy.optimize import nnls

        k, value = np.asarray(budgets, dtype=np.float64), np.asarray(values, dtype=np.float64)
        known = ~np.isnan(value) & (k < n_items)
        k, value = k[known], value[known]
        if len(np.unique(k)) < 2:
            raise MethodOptionError("a curve over budgets needs values at two budgets or more")
        if not (value > 0).all() or not (k > 0).all():
            raise MethodOptionError("budgets and values must be positive")
        design = np.column_stack([np.ones_like(k), 1.0 / k - 1.0 / n_items]) / (value**2)[:, None]
        floor, rate = nnls(design, np.ones_like(k))[0]
        return cls(float(floor), float(rate), int(k.min()), int(k.max()), n_items)

    def __call__(self, k: Any) -> Float64Array:
        """The value at a budget."""
        left = np.maximum(1.0 / np.asarray(k, dtype=np.float64) - 1.0 / self.n_items, 0.0)
        return np.asarray(np.sqrt(self.floor + self.rate * left), dtype=np.float64)

    def needed(self, value: float) -> float:
        """The budget at which the curve falls to a value: infinity where its floor is above.

        Raises:
            MethodOptionError: the value is not positive.
        """
        if not value > 0:
            raise MethodOptionError(f"value = {value!r} is not positive")
        left = value**2 - self.floor
        if left <= 0:
            return float("inf")
        return float(np.ceil(1.0 / (left / self.rate + 1.0 / self.n_items) - 1e-9)) if self.rate > 0 else 1.0

    def extrapolates(self, k: float) -> bool:
        """Whether a budget lies outside those measured."""
        return not self.smallest <= k <= self.largest
