"""Difficulty and discrimination against loops over items with NumPy's own correlation."""

from __future__ import annotations

import numpy as np
import pytest

from anchoreval.arrays import FloatArray
from anchoreval.numerics import item_statistics
from anchoreval.numerics.item_statistics import difficulty, discrimination


def scores_of(models: int = 40, items: int = 25, missing: float = 0.0, seed: int = 0) -> FloatArray:
    rng = np.random.default_rng(seed)
    chance = 1 / (1 + np.exp(-rng.normal(size=(models, 1)) - rng.normal(size=items)))
    scores = (rng.random((models, items)) < chance).astype(np.float32)
    scores[:, -5:] = rng.beta(2, 2, size=(models, 5))
    scores[rng.random(scores.shape) < missing] = np.nan
    return scores


def discrimination_by_loop(scores: FloatArray, item: int) -> float:
    """Pearson correlation of one item with each model's mean over its other items."""
    pairs = []
    for row in scores.astype(float):
        others = [y for other, y in enumerate(row) if other != item and not np.isnan(y)]
        if not np.isnan(row[item]) and others:
            pairs.append((row[item], sum(others) / len(others)))
    own, rest = np.array(pairs).T
    return float("nan") if np.ptp(own) == 0 or np.ptp(rest) < 1e-9 else float(np.corrcoef(own, rest)[0, 1])


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("cells", [1, 90, 10**6])
def test_discrimination_equals_a_loop(monkeypatch: pytest.MonkeyPatch, missing: float, cells: int) -> None:
    monkeypatch.setattr(item_statistics, "CELLS", cells)
    scores = scores_of(missing=missing)
    scores[:, 3], scores[:, 4] = 1.0, 0.3
    if missing:
        scores[7, np.arange(25) != 6], scores[7, 6] = np.nan, 1.0  # a model with one answer has no other items
    expected = [discrimination_by_loop(scores, item) for item in range(scores.shape[1])]
    np.testing.assert_allclose(discrimination(scores), expected, atol=1e-9)
    assert np.isnan(discrimination(scores)[[3, 4]]).all()
    assert np.isfinite(discrimination(scores)[5:]).all()


def test_difficulty_is_the_mean_over_the_answers() -> None:
    scores = scores_of(missing=0.4)
    expected = [np.mean([y for y in column if not np.isnan(y)], dtype=float) for column in scores.T]
    np.testing.assert_allclose(difficulty(scores), expected, atol=1e-7)


def test_items_without_answers_have_no_statistics() -> None:
    scores = scores_of()
    scores[:, 2] = np.nan
    assert np.isnan(difficulty(scores)).nonzero()[0].tolist() == [2]
    assert np.isnan(discrimination(scores)).nonzero()[0].tolist() == [2]


def test_degenerate_matrices_give_nan_and_no_warning() -> None:
    assert np.isnan(discrimination(scores_of(models=1))).all()
    assert np.isnan(discrimination(scores_of(items=6)[:, :1])).all()  # nothing to compare the only item with
    assert np.isnan(discrimination(np.full((5, 4), np.nan))).all()
    assert np.isnan(discrimination(np.ones((5, 4)))).all()


def test_an_item_that_follows_the_others_discriminates_fully() -> None:
    ability = np.linspace(0, 1, 9)[:, None]
    scores = np.hstack([ability, ability, 1 - ability])
    assert discrimination(scores)[2] == pytest.approx(-1.0)
    rest = np.hstack([ability, ability, ability])
    np.testing.assert_allclose(discrimination(rest), 1.0)
