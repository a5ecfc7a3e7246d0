"""The scale by which intervals are normalised: how an estimator's errors grow with the estimate and with distance.

The scale must not be fitted to the residuals whose quantile is taken, or that quantile comes out too small. Two ways:

* *learnt on selecting models* (`scale_of_learners`): the estimator predicts every selecting model from a fit without
  its fold, and the scale is fitted to those errors. The anchors were selected on the same models, so these errors are
  too small to size anything, but their pattern will do, and calibration models have no part in it: intervals keep the
  exact guarantee of split conformal. Costs `FOLDS` fits on at most `MOST_LEARNERS` models.
* *cross-fitted* (`cross_fitted_scales`): every residual is divided by a scale fitted to the other folds' residuals, a
  target's interval multiplied by one fitted to all. Free, and the only way where residuals are cross-conformal; the
  guarantee is then an approximate one.

Source: Lei, G'Sell, Rinaldo, Tibshirani and Wasserman (arXiv 1604.04173), section 5.2; features and folds are ours.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.contract import fit, generator
from anchoreval.errors import NotApplicableError, TooFewModelsError
from anchoreval.estimators.answered import scored
from anchoreval.estimators.kinship import kin
from anchoreval.estimators.reach import Reach, nearest
from anchoreval.methods import Estimator, Selection
from anchoreval.numerics.conformal import group_weights
from anchoreval.numerics.folds import group_folds
from anchoreval.numerics.residual_scale import ResidualScale
from anchoreval.responses import SCORE, ResponseMatrix

FOLDS = 5
MOST_LEARNERS = 500
"""More errors than these say nothing new about two slopes."""
FEWEST_GROUPS = 10
"""With fewer groups than these a slope is noise: the scale is the same everywhere."""


def features_of(table: pd.DataFrame) -> Float64Array:
    """(models, 3) estimate, its square, and distance to the sources, of `anchoreval.reconstruction.calibration`."""
    estimate = table["estimate"].to_numpy(dtype=np.float64)
    return np.column_stack([estimate, estimate**2, table["distance"].to_numpy(dtype=np.float64)])


def scale_of_learners(estimator: Estimator, learners: ResponseMatrix, selection: Selection, seed: int) -> ResidualScale:
    """Fit the scale to errors on selecting models, each predicted without its fold; whole groups of kin share one.

    Where the estimator cannot be fitted without a fold, the scale is the same everywhere.

    Args:
        estimator: as it is fitted on all of them, or the one that it chose.
        learners: selecting models with a full score.
        selection: the anchors.
        seed: of folds and estimator.
    """
    part = scored(learners.part(selection.items)).sorted_by_id()
    rng = generator(seed, "scale")
    part = part.subset(models=part.models.index[np.sort(rng.permutation(part.n_models)[:MOST_LEARNERS])])
    groups = kin(part) if part.n_models else np.zeros(0, dtype=np.int64)
    if len(np.unique(groups)) < FEWEST_GROUPS:
        return _flat()
    reach = Reach.of(part, selection, groups)
    squared = nearest(reach.signatures, reach.signatures, groups, groups) / reach.signatures.shape[1]
    estimate = pd.Series(np.nan, part.models.index)
    for held_out in group_folds(groups, FOLDS, rng):
        try:
            fitted = fit(estimator, part.subset(models=part.models.index[~held_out]), selection, seed)
        except (TooFewModelsError, NotApplicableError):
            return _flat()
        estimate[held_out] = fitted.predict(part.subset(models=part.models.index[held_out]))[SCORE]
    table = pd.DataFrame({"estimate": estimate, "distance": np.sqrt(squared)})
    return _learnt(table.assign(residual=estimate - part.full_scores, group=groups))


def cross_fitted_scales(residuals: pd.DataFrame, seed: int) -> tuple[Float64Array, ResidualScale]:
    """Each residual's scale, fitted to the other folds, and the scale fitted to all of them.

    Args:
        residuals: columns residual, estimate, distance, group; whole groups share a fold.
        seed: of the folds.
    """
    ordered = residuals.sort_index()
    groups = np.unique(ordered["group"].to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)
    scales = pd.Series(1.0, ordered.index)
    for held_out in group_folds(groups, FOLDS, generator(seed, "scale")):
        scales[held_out] = _learnt(ordered[~held_out])(features_of(ordered[held_out]))
    return np.asarray(scales.reindex(residuals.index), dtype=np.float64), _learnt(ordered)


def _learnt(table: pd.DataFrame) -> ResidualScale:
    table = table[table["residual"].notna()]
    groups = table["group"].to_numpy()
    count = len(np.unique(groups.astype(str)))
    if count < FEWEST_GROUPS:
        return _flat()
    return ResidualScale.learn(table["residual"], features_of(table), group_weights(groups.astype(str)) * count)


def _flat() -> ResidualScale:
    return ResidualScale(*(np.zeros(3) for _ in range(3)))
