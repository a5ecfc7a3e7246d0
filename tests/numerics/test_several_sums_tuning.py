"""Held-out errors for several sums against a plain dense repetition; narrowing keeps every sum whole."""

from __future__ import annotations

import numpy as np
import pytest

from anchoreval.numerics import several_sums_tuning
from anchoreval.numerics.design_tuning import FOLDS, Setting, left_out_errors
from anchoreval.numerics.folds import group_folds
from anchoreval.numerics.several_sums_tuning import (
    left_out_errors_of_sums,
    moments_by_part_and_difficulty,
    narrowed,
    sums_of_parts,
)

PARTS = np.array([0] * 9 + [1] * 6)


def correlated(models: int, items: int) -> np.ndarray:
    rng = np.random.default_rng(4)
    return np.asarray(rng.normal(size=(models, 2)) @ rng.normal(size=(2, items)) + rng.normal(size=(models, items)))


def dense_error(scores: np.ndarray, sums: np.ndarray, folds: list[np.ndarray], k: int, s: float, v: float) -> float:
    """Summed squared error of a greedy design by dense inverses, every model its own group."""
    squares = []
    for held_out in folds:
        training = scores[~held_out]
        matrix = np.cov(training.T, bias=True)
        diagonal = np.diag(matrix)
        matrix = (1 - s) * matrix + np.diag(s * diagonal + v * diagonal.mean())
        across = matrix @ sums.T
        chosen: list[int] = []
        for _ in range(k):
            left = [j for j in range(len(matrix)) if j not in chosen]
            explained = []
            for j in left:
                some = [*chosen, j]
                explained.append((across[some] * np.linalg.solve(matrix[np.ix_(some, some)], across[some])).sum())
            chosen.append(left[int(np.argmax(explained))])
        slopes = np.linalg.solve(matrix[np.ix_(chosen, chosen)], across[chosen])
        away = scores[held_out] - training.mean(axis=0)
        squares += ((away[:, chosen] @ slopes - away @ sums.T) ** 2).sum(axis=1).tolist()
    return float(np.mean(squares))


def test_errors_are_those_of_the_dense_procedure() -> None:
    scores, groups = correlated(23, 15), np.arange(23)
    weights = np.random.default_rng(0).random(15)
    settings = [Setting(0.1, 0.1), Setting(0.8, 0.3)]
    sums = sums_of_parts(weights, PARTS) * [[1.0], [-2.0]]
    errors = left_out_errors_of_sums(scores, sums, PARTS, groups, 4, settings, np.random.default_rng(9))
    folds = group_folds(groups, FOLDS, np.random.default_rng(9))
    expected = [dense_error(scores, sums, folds, 4, setting.shrinkage, setting.noise) for setting in settings]
    np.testing.assert_allclose(errors, expected, rtol=1e-7)


def test_one_part_gives_the_errors_of_one_sum() -> None:
    scores, groups, weights = correlated(40, 15), np.arange(40) // 2, np.full(15, 1 / 15)
    settings = [Setting(0.2, 0.05, 0.5), Setting(0.6, 0.05, 0.1)]
    one = left_out_errors(scores, weights, groups, 5, settings, np.random.default_rng(3), 3)
    same = np.zeros(15, dtype=np.int64)
    several = left_out_errors_of_sums(scores, weights[None], same, groups, 5, settings, np.random.default_rng(3), 3)
    np.testing.assert_allclose(several, one, rtol=1e-9)


def test_narrowing_keeps_covariances_with_the_kept_items_and_between_sums() -> None:
    scores, weights = correlated(30, 15), np.random.default_rng(0).random(15)
    sums, kept = sums_of_parts(weights, PARTS), np.array([1, 4, 10, 14])
    moments = moments_by_part_and_difficulty(scores, PARTS, 3)
    narrow, narrow_sums = narrowed(moments, kept, sums)
    setting = Setting(0.3, 0.1, 0.4)
    full, small = (
        covariance.factors.T @ covariance.factors + np.diag(covariance.own)
        for covariance in (setting.of(moments), setting.of(narrow))
    )
    np.testing.assert_allclose(narrow_sums @ small @ narrow_sums.T, sums @ full @ sums.T, rtol=1e-9)
    np.testing.assert_allclose((small @ narrow_sums.T)[:4], (full @ sums.T)[kept], rtol=1e-9)


def test_few_candidates_still_stand_for_the_whole_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(60, 1)) + 0.5 * rng.normal(size=(60, 400))
    parts, groups, weights = np.arange(400) % 2, np.arange(60), np.full(400, 1 / 400)
    monkeypatch.setattr(several_sums_tuning, "CANDIDATES", 40)
    sums, rng = sums_of_parts(weights, parts), np.random.default_rng(0)
    error = left_out_errors_of_sums(scores, sums, parts, groups, 10, [Setting(0.1, 0.1)], rng)[0]
    assert error < 0.1 * np.var(scores @ sums.T, axis=0).sum()


def test_items_are_pooled_inside_their_part_alone() -> None:
    """Equally hard items of two unrelated parts: pooled, they share nothing but inside each."""
    rng = np.random.default_rng(2)
    abilities = rng.normal(size=(4000, 2))
    scores = (abilities[:, [0] * 6 + [1] * 6] + 0.3 * rng.normal(size=(4000, 12)) > 0).astype(float)
    alike = moments_by_part_and_difficulty(scores, np.repeat([0, 1], 6), 1).alike
    between = alike.factors.T @ alike.factors
    assert between[0, 1] > 0.15
    assert abs(between[0, 7]) < 0.02
