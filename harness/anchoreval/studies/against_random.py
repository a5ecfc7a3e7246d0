"""Errors of selectors as ratios to those of random anchors, paired by split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.numerics.resampled_t import resolved_sign

REFERENCE = "random"


def against_random(table: pd.DataFrame, estimators: Sequence[str], budgets: Sequence[int]) -> pd.DataFrame:
    """Ratio to random anchors for every benchmark and selector.

    Args:
        table: of `anchoreval.compare`, with selector `random` among its rows.
        estimators: the readings allowed; where there are several, the one with the least mean error counts, for a
            selector and for random anchors alike.
        budgets: values of k.

    Returns:
        A row per benchmark and selector that has figures: `ratio`, the geometric mean over budgets of the ratio of mean
        absolute errors, and at how many budgets it is `better` and `worse` by a resolved difference.
    """
    rows: list[dict[str, Any]] = []
    for (benchmark, selector), part in table.groupby(["benchmark", "selector"], sort=False):
        reference = table[(table["benchmark"] == benchmark) & (table["selector"] == REFERENCE)]
        if selector != REFERENCE and (found := _compared(part, reference, estimators, budgets)):
            rows.append({"benchmark": benchmark, "selector": selector, **found})
    return pd.DataFrame(rows, columns=["benchmark", "selector", "ratio", "better", "worse"])


def errors_by_repeat(part: pd.DataFrame, k: int, estimator: str) -> pd.Series[float]:
    """Mean absolute errors of one method in percentage points, by repeat."""
    rows = part[(part["k"] == k) & (part["estimator"] == estimator) & (part["status"] == "ok")]
    return rows.set_index("repeat")["mae"]


def _compared(
    part: pd.DataFrame, reference: pd.DataFrame, estimators: Sequence[str], budgets: Sequence[int]
) -> dict[str, Any]:
    done = part[part["status"] == "ok"]
    if done.empty:
        return {}
    targets, sources = (float(done[column].median()) for column in ("n_target", "n_source"))
    ratios, signs = [], []
    for k in budgets:
        here, there = (_best_reading(side, k, estimators) for side in (part, reference))
        if here is None or there is None:
            continue
        ratios.append(float(np.log(here.mean() / there.mean())))
        signs.append(resolved_sign(np.asarray((here - there).dropna(), dtype=np.float64), targets / sources))
    if not ratios:
        return {}
    return {"ratio": float(np.exp(np.mean(ratios))), "better": signs.count(-1), "worse": signs.count(1)}


def _best_reading(part: pd.DataFrame, k: int, estimators: Sequence[str]) -> pd.Series[float] | None:
    found = [errors for name in estimators if len(errors := errors_by_repeat(part, k, name))]
    return min(found, key=lambda errors: float(errors.mean()), default=None)
