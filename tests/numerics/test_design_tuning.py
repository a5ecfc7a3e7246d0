"""Held-out errors against a plain dense repetition of the whole procedure; folds keep groups whole."""

from __future__ import annotations

import numpy as np
import pytest

from anchoreval.numerics import design_tuning
from anchoreval.numerics.design_tuning import FOLDS, Setting, left_out_errors
from anchoreval.numerics.folds import group_folds


def dense_error(scores: np.ndarray, weights: np.ndarray, folds: list[np.ndarray], k: int, s: float, v: float) -> float:
    """Mean squared error of a greedy design by dense inverses, every model its own group."""
    squares = []
    for held_out in folds:
        training = scores[~held_out]
        matrix = np.cov(training.T, bias=True)
        diagonal = np.diag(matrix)
        matrix = (1 - s) * matrix + np.diag(s * diagonal + v * diagonal.mean())
        total = matrix @ weights
        chosen: list[int] = []
        for _ in range(k):
            left = [j for j in range(len(weights)) if j not in chosen]
            explained = []
            for j in left:
                some = [*chosen, j]
                explained.append(total[some] @ np.linalg.inv(matrix[np.ix_(some, some)]) @ total[some])
            chosen.append(left[int(np.argmax(explained))])
        slopes = np.linalg.inv(matrix[np.ix_(chosen, chosen)]) @ total[chosen]
        away = scores[held_out] - training.mean(axis=0)
        squares += ((away[:, chosen] @ slopes - away @ weights) ** 2).tolist()
    return float(np.mean(squares))


def correlated(models: int, items: int) -> np.ndarray:
    rng = np.random.default_rng(4)
    return np.asarray(rng.normal(size=(models, 2)) @ rng.normal(size=(2, items)) + rng.normal(size=(models, items)))


def test_errors_are_those_of_the_dense_procedure() -> None:
    scores, groups = correlated(23, 15), np.arange(23)
    weights = np.random.default_rng(0).random(15)
    settings = [Setting(0.1, 0.1), Setting(0.8, 0.3)]
    errors = left_out_errors(scores, weights, groups, 4, settings, np.random.default_rng(9))
    folds = group_folds(groups, FOLDS, np.random.default_rng(9))
    expected = [dense_error(scores, weights, folds, 4, setting.shrinkage, setting.noise) for setting in settings]
    np.testing.assert_allclose(errors, expected, rtol=1e-8)


def test_few_candidates_still_stand_for_the_whole_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(60, 1)) + 0.5 * rng.normal(size=(60, 400))
    groups, weights = np.arange(60), np.full(400, 1 / 400)
    monkeypatch.setattr(design_tuning, "CANDIDATES", 40)
    error = left_out_errors(scores, weights, groups, 10, [Setting(0.1, 0.1)], np.random.default_rng(0))[0]
    # the sum over the 40 candidates alone would be a tenth of the whole and miss 0.81 of its variance
    assert error < 0.1 * np.var(scores @ weights)


def test_groups_leave_whole_and_count_once() -> None:
    groups = np.array([0, 0, 0, 0, 1, 2, 2, 3, 4, 5, 6])
    folds = group_folds(groups, 3, np.random.default_rng(0))
    assert (np.sum(folds, axis=0) == 1).all()
    for fold in folds:
        assert set(groups[fold]).isdisjoint(groups[~fold])
    assert len(group_folds(np.array([0, 0, 1]), 5, np.random.default_rng(0))) == 2
    scores = correlated(7, 15)
    repeated = scores[[0, 0, 0, 0, 1, 2, 2, 3, 4, 5, 6]]
    errors = left_out_errors(repeated, np.ones(15), groups, 3, [Setting(0.5, 0.1)], np.random.default_rng(0))
    assert np.isfinite(errors).all()
