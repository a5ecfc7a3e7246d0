"""Errors from whole repetitions of selection and fit, for benchmarks with too few models to set any aside.

The models are dealt into folds, whole groups of kin together. For each fold anchors are selected and the estimator is
fitted on the other folds' models, and the fold's models are predicted from these anchors. No error comes from a model
that had a part in what predicts it, the selection included; errors of models that helped to select are much too small.

These errors size intervals around the estimate that all models make together. The anchors of a fold are not the final
ones, so a target, which answered the final anchors alone, cannot be predicted by the folds' fits: the classical CV+,
which does that and guarantees 1 - 2 alpha at level 1 - alpha, is only possible where the selector ignores scores (then
all folds have the same anchors, for the seed is the same). What remains is cross-conformal prediction around one
centre: its level is approximate, usually a little conservative, since a fold learns from fewer models than all. It can
fall short where selection or fit is so unstable that dropping a fold changes what they do to the others.

Source: Vovk, Cross-conformal predictors (arXiv 1208.0806); Barber, Candes, Ramdas and Tibshirani, Predictive inference
with the jackknife+ (arXiv 1905.02928).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from anchoreval.contract import choose, generator
from anchoreval.errors import MethodOptionError, TooFewModelsError
from anchoreval.groups import model_groups
from anchoreval.methods import Estimator, Selector
from anchoreval.numerics.folds import group_folds
from anchoreval.reconstruction.calibration import CALIBRATE, SELECT
from anchoreval.reconstruction.making import reconstruct_from
from anchoreval.registry import make_estimator, make_selector
from anchoreval.responses import ResponseMatrix

FOLDS = 5


def cross_residuals(
    sources: ResponseMatrix,
    selector: str | Selector,
    k: int,
    estimator: str | Estimator = "auto",
    seed: int = 0,
    groups: pd.Series[str] | None = None,
    folds: int = FOLDS,
    estimator_seed: int | None = None,
) -> pd.DataFrame:
    """What the estimator gets wrong on models that neither selected the anchors nor fitted it, all models in turn.

    Costs `folds` selections and fits. Permuting models or items changes nothing.

    Args:
        sources: the whole benchmark with the models that selected the anchors; those without a full score are left
            out.
        selector: that selected them, with its options.
        k: number of anchors (or subjects).
        estimator: name or estimator.
        seed: of selector and folds.
        groups: by model, which models are variants of one another (None: `anchoreval.groups.model_groups`); whole
            groups share a fold.
        folds: number of folds; no more than there are groups are made.
        estimator_seed: of the estimator; None takes `seed`.

    Returns:
        A row a model, in the order of the sources: `residual` (estimate minus truth), `estimate`, `truth` in score
        units, `group`, `distance` to the nearest source of the other folds, `family`.

    Raises:
        MethodOptionError: fewer than 2 folds.
        TooFewModelsError: fewer than 2 groups, or too few models in a fold's complement.
        NotApplicableError: a need of selector or estimator is not met.
    """
    if folds < 2:
        raise MethodOptionError(f"{folds} folds are too few to repeat a selection in, at least 2 are needed")
    known = sources.subset(models=sources.models.index[sources.full_scores.notna()])
    kin = (model_groups(sources) if groups is None else groups).reindex(known.models.index)
    if (count := kin.nunique()) < 2:
        raise TooFewModelsError(
            f"benchmark {sources.name}: {count} groups of models cannot be divided into folds, at least 2 are needed"
        )
    fit_seed = seed if estimator_seed is None else estimator_seed
    made, chooser = make_estimator(estimator), make_selector(selector)
    ordered = kin.sort_index()
    codes = np.unique(ordered.to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)
    tables = []
    for held_out in group_folds(codes, folds, generator(seed, "cross")):
        roles = pd.Series(np.where(held_out, CALIBRATE, SELECT), ordered.index)
        selection = choose(chooser, known.subset(models=roles.index[~held_out]), k, seed)
        fold = reconstruct_from(known, selection, roles, made, fit_seed, kin, intervals="split")
        tables.append(fold.residuals)
    found = pd.concat(tables)
    return found.reindex(known.models.index[known.models.index.isin(found.index)])
