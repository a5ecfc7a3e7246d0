"""The fixed form that an adaptive test is compared with: the same anchors for everybody, one width for all.

The anchors are those of the selector `optimal`, read by `auto`: the strongest fixed form here
(`results/published/literature.md`). The same calibration models size its errors, by split conformal intervals (or
across folds, where none are set aside), so that only the form of the test differs.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

from anchoreval.anchors import AnchorSet
from anchoreval.errors import TooFewModelsError
from anchoreval.numerics.conformal import conformal_quantile
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.protocol.roles import AUTO
from anchoreval.reconstruction import IntervalWarning, Reconstruction
from anchoreval.responses import ResponseMatrix

SELECTOR, ESTIMATOR = "optimal", "auto"


@dataclass(frozen=True, eq=False)
class FixedForm:
    """Anchors, what reads them, and the half-width of their intervals in score units."""

    anchors: AnchorSet
    reconstruction: Reconstruction
    half_width: float


def fixed_form(
    sources: ResponseMatrix,
    k: int,
    *,
    level: float = 0.95,
    calibration: float | str | Iterable[str] = AUTO,
    seed: int = 0,
    missing: str = "refuse",
) -> FixedForm:
    """Select k anchors, fit, and size the errors.

    Args:
        sources: models with their results.
        k: number of anchors.
        level: of the intervals.
        calibration: which models size the errors (see `anchoreval.protocol.roles.assign_roles`).
        seed: of roles, selector and estimator.
        missing: `allow` takes in models that miss more than 5 % of the weight.

    Raises:
        TooFewModelsError: too few groups of models size the errors for the level.
        BudgetError: k is not between 1 and the number of items.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntervalWarning)  # said below, as an error
        anchors = select(sources, SELECTOR, k=k, seed=seed, calibration=calibration, missing=missing)
        read = reconstruct(sources, anchors, ESTIMATOR, seed=seed, intervals="split")
    groups = read.residuals["group"].to_numpy(dtype=str)
    half_width = conformal_quantile(read.residuals["residual"].abs(), level, groups)
    if not half_width < 1.0:
        raise TooFewModelsError(
            f"benchmark {sources.name}: {read.residuals['group'].nunique()} groups of models size the errors of the "
            f"fixed form, too few for intervals of {level:.1%}"
        )
    return FixedForm(anchors, read, half_width)
