"""Additive imputation against least squares with a design matrix."""

from __future__ import annotations

import numpy as np

from anchoreval.numerics.additive import additive_item_effects, fill_in


def least_squares(scores: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """Fitted values of the two-way additive model, by NumPy's solver."""
    models, items = scores.shape
    row, column = np.nonzero(~np.isnan(scores))
    design = np.zeros((len(row), models + items))
    design[np.arange(len(row)), row] = 1.0
    design[np.arange(len(row)), models + column] = 1.0
    solution = np.linalg.lstsq(design, scores[row, column], rcond=None)[0]
    return np.asarray(solution[:models, None] + solution[None, models:])


def test_effects_are_those_of_least_squares() -> None:
    rng = np.random.default_rng(0)
    scores = 0.5 + 0.1 * rng.normal(size=(12, 1)) + 0.1 * rng.normal(size=(1, 9)) + 0.02 * rng.normal(size=(12, 9))
    scores[rng.random(scores.shape) < 0.3] = np.nan
    expected = least_squares(scores)
    effects = additive_item_effects(scores)
    np.testing.assert_allclose(effects - effects.mean(), expected[0] - expected[0].mean(), atol=1e-5)
    holes = np.isnan(scores)
    np.testing.assert_allclose(fill_in(scores, effects)[holes], np.clip(expected, 0, 1)[holes], atol=1e-5)


def test_a_model_that_answered_only_easy_items_is_not_taken_for_a_strong_one() -> None:
    scores = np.array([[0.9, 0.1], [0.7, 0.3], [0.8, np.nan]])
    filled = fill_in(scores, additive_item_effects(scores))
    assert filled[2, 1] < 0.3


def test_items_and_models_without_answers_stay_finite() -> None:
    scores = np.array([[1.0, np.nan], [np.nan, np.nan]])
    assert np.isfinite(fill_in(scores, additive_item_effects(scores))).all()
