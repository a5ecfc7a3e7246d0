"""The budget at which each selector's smallest gap falls to the wanted one: measured, extrapolated, or none there is.

A curve sqrt(floor + rate (1 / k - 1 / N)) goes through a selector's smallest gaps (`budget_curve`). For a gap
below the floor there is none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import MethodOptionError
from anchoreval.power.law.budget_curve import BudgetCurve

COLUMNS = ("selector", "floor", "rate", "needed", "fewest", "most", "cost", "extrapolated", "reason")
GAPS = ("smallest", "lowest", "highest")
"""The gaps that curves go through: median over repeats, and the ends of their range."""


def plan_curves(points: pd.DataFrame, wanted: float, n_items: int) -> pd.DataFrame:
    """A row a selector, the cheapest that reaches the wanted gap first.

    Args:
        points: of `plan_points.plan_points`.
        wanted: smallest gap that shall be found, in score units.
        n_items: of the whole benchmark.

    Returns:
        `floor` (smallest gap that the selector's anchors come down to, in score units), `rate` (squared score units
        times anchors), `needed` (anchors; NaN: none will), the `fewest` and the `most` by this curve and those through
        the lowest and the highest gaps over repeats (NaN: none will, or not known), the `cost` of `needed` for one
        model, whether it is `extrapolated` beyond the budgets measured, and the `reason` why none will.
    """
    rows = [_curve(selector, offers, wanted, n_items) for selector, offers in points.groupby("selector", sort=False)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values("cost", kind="stable").reset_index(drop=True)


def _curve(selector: Any, offers: pd.DataFrame, wanted: float, n_items: int) -> dict[str, Any]:
    unknown = dict.fromkeys(("floor", "rate", "needed", "fewest", "most", "cost"), float("nan"))
    row = {"selector": str(selector), **unknown, "extrapolated": False, "reason": ""}
    if (curve := _fitted(offers, "smallest", n_items)) is None:
        return {**row, "reason": "its smallest gap is known at fewer than two budgets"}
    floor, needed = float(np.sqrt(curve.floor)), curve.needed(wanted)
    row |= {"floor": floor, "rate": curve.rate}
    fits = (_fitted(offers, gaps, n_items) for gaps in GAPS)
    budgets = np.array([np.inf if fit is None else fit.needed(wanted) for fit in fits])
    row |= {"fewest": _or_none(budgets.min()), "most": _or_none(budgets.max())}
    if np.isinf(needed):
        return {**row, "reason": f"its curve does not fall below {100 * floor:.1f} points"}
    extrapolated = curve.extrapolates(needed)
    return row | {"needed": needed, "cost": needed * _price(offers, needed), "extrapolated": extrapolated}


def _fitted(offers: pd.DataFrame, gaps: str, n_items: int) -> BudgetCurve | None:
    """None where fewer than two budgets have a gap."""
    try:
        return BudgetCurve.fit(offers["anchors"], offers[gaps], n_items)
    except MethodOptionError:
        return None


def _or_none(budget: float) -> float:
    return float(budget) if np.isfinite(budget) else float("nan")


def _price(offers: pd.DataFrame, needed: float) -> float:
    """Of one anchor, at the measured budget that is nearest."""
    nearest = (np.log(offers["anchors"]) - np.log(needed)).abs().to_numpy().argmin()
    return float(offers["cost"].iloc[nearest] / offers["anchors"].iloc[nearest])
