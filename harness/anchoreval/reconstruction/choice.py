"""Which interval rule is used: the one that is asked for, or with `auto` the one that the data can carry.

`auto` normalises where there are 50 groups of calibration models or more, and else gives one width to all. It looks at
the number of groups alone, never at a residual, so choosing costs no coverage. On sub-samples of two large leaderboard
sets (winogrande and truthfulqa, k = 50, 20 splits each, 90 and 95 %) normalised intervals of a ridge regression were on
average 6, 2 and 5 % narrower than constant ones with about 50, 100 and 240 groups (from 13 % narrower to 1 % wider,
random and optimal anchors), those of the mean of random anchors 13 to 27 %; no coverage was below its level by more
than a standard error. An estimator that reads the whole matrix keeps one width: fitting it five times more is out of
proportion.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from anchoreval.errors import MethodOptionError
from anchoreval.methods import Estimator, Selection
from anchoreval.reconstruction.rules import IntervalRule, Mondrian, Normalised, Split, Weighted
from anchoreval.reconstruction.scale import cross_fitted_scales, scale_of_learners
from anchoreval.responses import ResponseMatrix

AUTO = "auto"
INTERVALS = (AUTO, "split", "normalised", "mondrian", "mondrian_family", "weighted")
"""What `intervals=` may be: `mondrian` has a width for each bin of the estimate, `mondrian_family` for each family."""
ENOUGH_GROUPS = 50
"""Groups of calibration models from which `auto` normalises."""
GROUPS_A_BIN, MOST_BINS = 40, 5
"""A bin of the estimate needs 19 groups for 95 %; twice as many keep its quantile from being the largest residual."""


def check_intervals(intervals: str) -> str:
    """The same name of a rule.

    Raises:
        MethodOptionError: there is none of that name.
    """
    if intervals not in INTERVALS:
        raise MethodOptionError(f"intervals = {intervals!r} is not one of {', '.join(INTERVALS)}")
    return intervals


def interval_rule(
    intervals: str,
    residuals: pd.DataFrame,
    learners: ResponseMatrix,
    selection: Selection,
    estimator: Estimator,
    seed: int,
    crossed: bool,
) -> IntervalRule:
    """The rule for a fitted estimator.

    Args:
        intervals: one of `INTERVALS`.
        residuals: of the calibration models; only their number and, for `normalised` with cross-conformal residuals or
            an estimator of the whole matrix, their pattern decides.
        learners: selecting models with a full score.
        selection: the anchors.
        estimator: fitted on the learners.
        seed: of the estimator.
        crossed: whether the residuals come from repetitions without a fold.
    """
    groups = residuals["group"].nunique()
    if not groups or intervals == "split":
        return Split()
    if intervals == "weighted":
        return Weighted()
    if intervals == "mondrian_family":
        return Mondrian()
    if intervals == "mondrian":
        bins = int(np.clip(groups // GROUPS_A_BIN, 1, MOST_BINS))
        return Mondrian(np.quantile(learners.full_scores, np.arange(1, bins) / bins))
    winner = winner_of(estimator)
    if intervals == AUTO and (groups < ENOUGH_GROUPS or (winner.whole_matrix and not crossed)):
        return Split()
    if crossed or winner.whole_matrix:
        own, scale = cross_fitted_scales(residuals, seed)
        return Normalised(scale, own)
    return Normalised(scale_of_learners(winner, learners, selection, seed))


def winner_of(estimator: Estimator) -> Estimator:
    """The estimator that a fitted one chose and hands its work to (`estimator_`), else itself."""
    chosen = getattr(estimator, "estimator_", None)
    return chosen if isinstance(chosen, Estimator) else estimator
