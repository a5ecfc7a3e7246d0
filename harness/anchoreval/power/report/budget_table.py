"""How error, shrinkage and resolution of one selector change with the number of anchors.

The selector that made an anchor set is run again at other budgets on the same selecting models, and its anchors are
read by the same estimator and judged on the same calibration models: nothing differs but the budget. A curve through
the smallest gaps says what budget a wanted gap needs, or that none will do (`anchoreval.power.law.budget_curve`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.errors import MethodOptionError, TooFewModelsError
from anchoreval.methods import Estimator
from anchoreval.numerics.conformal import group_weights
from anchoreval.power.law.budget_curve import BudgetCurve
from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.law.pair_test import PairTest
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.reconstruction import CALIBRATE
from anchoreval.responses import ResponseMatrix

COLUMNS = ("k", "anchors", "error", "slope", "spread", "smallest")
WANTED = (0.01, 0.02, 0.03, 0.05, 0.1)
"""Gaps for which a needed budget is given, in score units."""


def budget_table(
    m: ResponseMatrix,
    anchors: AnchorSet,
    residuals: pd.DataFrame,
    estimator: str | Estimator,
    budgets: Sequence[int],
    alpha: float = 0.05,
    power: float = 0.8,
    seed: int = 0,
) -> pd.DataFrame:
    """A row a budget, the anchor set's own among them.

    Columns `k`, `anchors`, `error` (root mean squared), `slope`, `spread` and `smallest` gap (NaN beyond those seen),
    in score units.

    Args:
        m: the benchmark that the anchors were selected on.
        anchors: with roles.
        residuals: of the anchors' own reconstruction.
        estimator: that it was made with.
        budgets: others, in the selector's unit.
        alpha: two-sided size of the test.
        power: with which a gap is to be found.
        seed: of the estimator.

    Raises:
        BudgetError: a budget is not possible.
        MethodOptionError: the anchors were made elsewhere, without roles.
    """
    if anchors.roles is None:
        raise MethodOptionError("anchors without roles do not say which models selected them: no other budget")
    rows = [_row(anchors.k, len(anchors.items), residuals, alpha, power)]
    named = anchors.roles.index[anchors.roles == CALIBRATE]
    taking_part = m.subset(models=m.models.index[m.models.index.isin(anchors.roles.index)])
    for k in sorted(set(budgets) - {anchors.k}):
        calibration = "cross" if anchors.crossed else list(named)
        other = select(
            taking_part, anchors.selector, k=k, seed=anchors.seed, calibration=calibration, **anchors.selector_options
        )
        made = reconstruct(taking_part, other, estimator, seed)
        rows.append(_row(k, len(other.items), made.residuals, alpha, power))
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values("k", ignore_index=True)


def needed_budgets(table: pd.DataFrame, n_items: int) -> pd.DataFrame:
    """Anchors that a wanted gap needs by the curve: `gap`, `anchors` (infinite: none will), `extrapolated`.

    Empty with fewer than two budgets at which a gap was found. More anchors than items are none.
    """
    try:
        curve = BudgetCurve.fit(table["anchors"], table["smallest"], n_items)
    except MethodOptionError:
        return pd.DataFrame(columns=["gap", "anchors", "extrapolated"])
    found = [(gap, curve.needed(gap)) for gap in WANTED]
    return pd.DataFrame(
        [(gap, k if k <= n_items else np.inf, bool(curve.extrapolates(k))) for gap, k in found],
        columns=["gap", "anchors", "extrapolated"],
    )


def _row(k: int, count: int, residuals: pd.DataFrame, alpha: float, power: float) -> tuple[float, ...]:
    weights = group_weights(residuals["group"].astype(str))
    error = float(np.sqrt(weights @ residuals["residual"].to_numpy(dtype=np.float64) ** 2))
    try:
        law = DifferenceLaw.learn(residuals)
    except TooFewModelsError:
        return (k, count, error, *[float("nan")] * 3)
    return (k, count, error, law.slope, law.spread(0.0).deviation, PairTest(law, alpha).smallest(power))
