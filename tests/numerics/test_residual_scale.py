"""The scale of residuals: a known law is found again, constants and gaps change nothing, nothing explodes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from anchoreval.numerics.residual_scale import FARTHEST, OUTLIER, PRIOR_PRECISION, WIDEST, ResidualScale


def test_a_known_law_of_the_scale_is_found_again() -> None:
    rng = np.random.default_rng(0)
    feature = rng.normal(size=20_000)
    residuals = np.exp(0.4 * feature) * rng.normal(size=len(feature))
    scale = ResidualScale.learn(residuals, feature[:, None], np.ones(len(feature)))
    low, high = scale(np.array([[-1.0], [1.0]]))
    assert np.log(high / low) == pytest.approx(0.8, abs=0.03)


def test_slopes_are_the_minimum_of_the_penalised_quasi_likelihood() -> None:
    rng = np.random.default_rng(1)
    features, weights = rng.random((60, 2)), rng.random(60) + 0.5
    sizes = np.exp(features[:, 0]) * np.abs(rng.normal(size=60)).clip(max=2)
    scale = ResidualScale.learn(sizes, features, weights)
    standard = (features - scale.centre) / scale.spread
    relative = sizes / np.median(sizes)  # the slopes do not depend on the unit, and none is an outlier
    assert relative.max() < OUTLIER

    def objective(values: np.ndarray) -> float:
        eta = values[0] + standard @ values[1:]
        return float(weights @ (relative * np.exp(-eta) + eta) + 0.5 * PRIOR_PRECISION * values[1:] @ values[1:])

    best = optimize.minimize(objective, np.zeros(3), method="BFGS", options={"gtol": 1e-9}).x
    np.testing.assert_allclose(scale.slopes, best[1:], atol=1e-6)


def test_pure_noise_leaves_the_scale_nearly_flat() -> None:
    rng = np.random.default_rng(2)
    spreads = []
    for _ in range(30):
        scale = ResidualScale.learn(rng.normal(size=60), rng.normal(size=(60, 3)), np.ones(60))
        spreads.append(np.log(scale(rng.normal(size=(200, 3)))).std())
    assert np.mean(spreads) < 0.2


@pytest.mark.parametrize("value", [np.nan, 0.3])
def test_a_feature_that_says_nothing_changes_nothing(value: float) -> None:
    rng = np.random.default_rng(3)
    feature, residuals = rng.random((80, 1)), rng.normal(size=80)
    both = np.column_stack([feature, np.full(80, value)])
    one = ResidualScale.learn(residuals, feature, np.ones(80))(feature)
    np.testing.assert_allclose(ResidualScale.learn(residuals, both, np.ones(80))(both), one, rtol=1e-9)


def test_a_missing_feature_counts_as_average() -> None:
    rng = np.random.default_rng(4)
    features = rng.random((100, 2))
    scale = ResidualScale.learn((0.1 + features[:, 0]) * rng.normal(size=100), features, np.ones(100))
    np.testing.assert_allclose(scale(np.array([[np.nan, 0.5]])), scale(np.array([[scale.centre[0], 0.5]])))


def test_no_width_explodes() -> None:
    rng = np.random.default_rng(5)
    features = np.column_stack([rng.random(200), rng.random(200) ** 8])
    scale = ResidualScale.learn(features[:, 1] ** 3 * 50 * rng.normal(size=200), features, np.ones(200))
    far = scale(np.array([[1e9, 1e9], [-1e9, -1e9], [0.5, 1e300]]))
    assert np.isfinite(far).all()
    assert far.max() <= WIDEST + 1e-12
    assert far.min() >= 1 / WIDEST - 1e-12
    edge = scale.centre + FARTHEST * scale.spread
    np.testing.assert_allclose(scale(np.array([edge * [1, 1], edge + 5])), scale(edge[None])[0])


def test_one_wild_model_does_not_tilt_it() -> None:
    rng = np.random.default_rng(6)
    feature, residuals = np.linspace(-1, 1, 100)[:, None], rng.normal(size=100)
    calm = ResidualScale.learn(residuals, feature, np.ones(100))
    residuals[-1] = 1e6
    wild = ResidualScale.learn(residuals, feature, np.ones(100))
    assert abs(wild.slopes[0] - calm.slopes[0]) < 0.3


def test_no_errors_at_all_give_one_scale() -> None:
    scale = ResidualScale.learn(np.zeros(20), np.random.default_rng(7).random((20, 2)), np.ones(20))
    np.testing.assert_array_equal(scale(np.random.default_rng(8).random((5, 2))), 1.0)
