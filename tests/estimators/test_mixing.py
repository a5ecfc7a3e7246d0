"""The mixture's weight: its limits, a brute-force least square, outputs by themselves."""

from __future__ import annotations

import numpy as np
import pytest

from anchoreval.estimators.mixing import least_squares_share, published_share


def published(bias: float, variance: float, anchors: float) -> float:
    return float(published_share(np.array([bias]), np.array([variance]), np.array([anchors]))[0])


def test_the_published_rule_goes_to_its_limits() -> None:
    assert published(0.0, 0.2, 100) == 0.0  # an unbiased model needs no mean
    assert published(0.02, 0.0, 100) == 1.0  # a mean without error needs no model
    assert published(0.02, 0.2, 0) == 0.0
    assert published(0.0, 0.0, 100) == 0.0
    assert published(0.02, 0.2, 1e12) == pytest.approx(1.0)
    assert published(0.02, 0.16, 100) == pytest.approx(0.0004 / (0.0004 + 0.0004))


def test_least_squares_is_the_best_share_on_a_grid() -> None:
    rng = np.random.default_rng(1)
    truth = rng.random((800, 3))
    mean, model = truth + 0.1 * rng.normal(size=truth.shape), truth + 0.05 * rng.normal(size=truth.shape)
    model[:, 2] += 0.4
    weights = rng.random(800)
    found = least_squares_share(truth, mean, model, weights)
    grid = np.linspace(0, 1, 1001)[:, None, None]
    errors = np.einsum("m,gmo->go", weights, (grid * mean + (1 - grid) * model - truth) ** 2)
    np.testing.assert_allclose(found, grid.ravel()[errors.argmin(axis=0)], atol=1e-3)
    assert 0.1 < found[0] < 0.4
    assert found[2] > 0.9


def test_shares_stay_between_0_and_1_and_gaps_say_nothing() -> None:
    truth = np.array([[0.5, np.nan], [0.6, np.nan]])
    model, far = truth + 0.1, truth + 0.2
    assert least_squares_share(truth, far, model, np.ones(2)).tolist() == [0.0, 0.0]
    assert least_squares_share(truth, model, far, np.ones(2)).tolist() == [1.0, 0.0]
    assert least_squares_share(truth, model, model, np.ones(2)).tolist() == [0.0, 0.0]
