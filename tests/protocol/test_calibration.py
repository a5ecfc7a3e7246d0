"""Two claims on real data: sampling theory holds for random anchors, and only untouched models size errors honestly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from anchoreval.arrays import Float64Array
from anchoreval.contract import choose, fit, generator
from anchoreval.methods import Selection
from anchoreval.numerics.conformal import conformal_quantile
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.protocol.splits import split
from anchoreval.protocol.trial import answers_only
from anchoreval.registry import make_estimator, make_selector
from anchoreval.responses import ResponseMatrix

pytestmark = pytest.mark.real_data


def test_random_anchors_and_their_mean_err_as_sampling_theory_says(real: Callable[[str], ResponseMatrix]) -> None:
    """2,000 draws of the registered selector against the normal approximation and the exact expectation."""
    matrix, k, draws = real("musr"), 100, 2000
    truth, n = matrix.full_scores.to_numpy(), matrix.n_items
    errors = _mean_absolute_errors(matrix, k, draws)
    measured, noise = errors.mean(), errors.std(ddof=1) / np.sqrt(draws)
    formula = np.mean(np.sqrt(2 / np.pi * truth * (1 - truth) / k * (n - k) / (n - 1)))
    exact = np.mean([stats.hypergeom(n, round(p * n), k).expect(lambda x, p=p: abs(x / k - p)) for p in truth])
    found = (
        f"measured {100 * measured:.3f} points, standard error {100 * noise:.3f}; "
        f"normal approximation {100 * formula:.3f}, exact expectation {100 * exact:.3f}"
    )
    assert noise < 0.01 * measured, found
    assert abs(measured - formula) < 4 * noise, found
    assert abs(measured - exact) < 4 * noise, found
    assert abs(formula - exact) < 0.005 * exact, found


def _mean_absolute_errors(matrix: ResponseMatrix, k: int, draws: int) -> Float64Array:
    """(draws,) error averaged over models. The mean of the drawn columns stands for the estimator `mean`.

    That it is the same is shown on the first 20 draws, for every model.
    """
    selector, estimator = make_selector("random"), make_estimator("mean")
    few = matrix.subset(models=matrix.models.index[:2])  # the selector looks at no model
    truth, errors = matrix.full_scores.to_numpy(), np.empty(draws)
    for seed in range(draws):
        selection = choose(selector, few, k, seed)
        position = matrix.items.index.get_indexer(selection.items)
        estimate = matrix.scores[:, position].mean(axis=1, dtype=np.float64)
        if seed < 20:
            fitted = fit(estimator, matrix, selection, seed)
            predicted = fitted.predict(answers_only(matrix, selection.items))["score"]
            assert np.allclose(predicted, estimate, rtol=0, atol=1e-6)
        errors[seed] = np.abs(estimate - truth).mean()
    return errors


@dataclass
class ForwardSelection:
    """Orthogonal matching pursuit: each item in turn that leaves least of the full score unexplained."""

    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset({"complete"})

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        items = sources.scores.astype(np.float64) - sources.scores.mean(axis=0, dtype=np.float64)
        left = np.asarray(sources.full_scores - sources.full_scores.mean(), dtype=np.float64)
        chosen: list[int] = []
        for _ in range(k):
            norm = np.maximum(np.sum(items**2, axis=0), 1e-9)
            gain = (items.T @ left) ** 2 / norm
            gain[chosen] = -1.0
            best = int(np.argmax(gain))
            chosen.append(best)
            direction = items[:, best] / np.sqrt(norm[best])
            items = items - np.outer(direction, direction @ items)
            left = left - direction * (direction @ left)
        return Selection(items=sources.items.index[chosen])


def test_only_models_kept_out_of_selection_size_errors_honestly(real: Callable[[str], ResponseMatrix]) -> None:
    """120 arc models choose 30 anchors greedily; 90 % intervals are tried on the other 92."""
    matrix, level, seeds = real("arc"), 0.9, range(20)
    coverage = np.array([_coverage(matrix, level, seed) for seed in seeds])
    kept_out, cross_validated = coverage.mean(axis=0)
    found = (
        f"90 % intervals cover {kept_out:.1%} of new models with residuals of models kept out of selection, "
        f"{cross_validated:.1%} with cross-validated residuals of the selecting models"
    )
    assert kept_out >= 0.85, found
    assert cross_validated < 0.85, found


def _coverage(matrix: ResponseMatrix, level: float, seed: int) -> tuple[float, float]:
    """Share of targets inside intervals sized on calibration models, and on the selecting models."""
    sides = split(matrix, "iid", seed, test_share=92 / matrix.n_models)
    sources, targets = matrix.subset(models=sides.sources), matrix.subset(models=sides.targets)
    assert (sources.n_models, targets.n_models) == (120, 92)
    anchors = select(sources, ForwardSelection(), k=30, seed=seed, calibration=0.3)
    rec = reconstruct(sources, anchors, "signature", regressor="ridge", seed=seed)
    table, truth = rec.predict(answers_only(targets, anchors.items), level), targets.full_scores
    assert anchors.roles is not None
    selecting = sources.subset(models=anchors.roles.index[anchors.roles == "select"])
    reach = conformal_quantile(_cross_validated(selecting, anchors.selection, seed).abs(), level)
    inside = (table["lower"] <= truth) & (truth <= table["upper"])
    return float(inside.mean()), float(((table["score"] - truth).abs() <= reach).mean())


def _cross_validated(selecting: ResponseMatrix, selection: Selection, seed: int) -> pd.Series[float]:
    """Ten-fold residuals of the same estimator on models that chose the anchors."""
    ids = selecting.models.index
    fold = generator(seed, "folds").permutation(len(ids)) % 10
    residuals = []
    for n in range(10):
        learners, others = selecting.subset(models=ids[fold != n]), selecting.subset(models=ids[fold == n])
        fitted = fit(make_estimator("signature", regressor="ridge"), learners, selection, seed)
        residuals.append(fitted.predict(answers_only(others, selection.items))["score"] - others.full_scores)
    return pd.concat(residuals)
