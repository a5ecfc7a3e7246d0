"""Density ratios: two normal laws, no shift, no overlap, and the bounds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression

from anchoreval.numerics.density_ratio import LARGEST, density_ratio, effective_number


def test_two_normal_laws() -> None:
    rng = np.random.default_rng(0)
    calibration, targets = rng.normal(0.5, 0.1, 20_000), rng.normal(0.58, 0.08, 10_000)
    at = np.array([0.45, 0.5, 0.6, 0.7])
    ratio = density_ratio(np.concatenate([at, calibration]), targets, np.ones(len(calibration) + 4))[:4]
    expected = stats.norm(0.58, 0.08).pdf(at) / stats.norm(0.5, 0.1).pdf(at)
    np.testing.assert_allclose(ratio, expected, rtol=0.1)


def test_coefficients_are_those_of_penalised_logistic_regression() -> None:
    rng = np.random.default_rng(1)
    calibration, targets, weights = rng.random(40), rng.random(15) + 0.2, rng.random(40) + 0.2
    ratio = density_ratio(calibration, targets, weights)
    everyone, mass = np.concatenate([calibration, targets]), np.concatenate([weights, np.ones(15)])

    def standard(values: np.ndarray) -> np.ndarray:
        mean = np.average(values, weights=mass)
        return (values - mean) / np.sqrt(np.average((values - mean) ** 2, weights=mass))

    linear = standard(everyone)
    design, label = np.column_stack([linear, standard(linear**2)]), np.arange(55) >= 40
    model = LogisticRegression(C=1.0, tol=1e-12, max_iter=10_000).fit(design, label, sample_weight=mass)
    odds = np.exp(model.decision_function(design)) * weights.sum() / 15
    np.testing.assert_allclose(ratio, np.clip(odds, 1 / LARGEST, LARGEST), rtol=1e-4)


def test_without_a_shift_weights_stay_near_one() -> None:
    rng = np.random.default_rng(2)
    numbers = [effective_number(density_ratio(rng.random(100), rng.random(100), np.ones(100))[:100]) for _ in range(30)]
    assert np.mean(numbers) > 90


def test_one_target_says_little() -> None:
    rng = np.random.default_rng(3)
    calibration = rng.normal(size=200)
    ratio = density_ratio(calibration, np.array([0.5]), np.ones(200))
    assert effective_number(ratio[:200]) > 150


def test_no_overlap_is_bounded_and_finite() -> None:
    ratio = density_ratio(np.linspace(0, 0.4, 50), np.linspace(0.8, 1.0, 50), np.ones(50))
    assert np.isfinite(ratio).all()
    assert ratio.min() >= 1 / LARGEST - 1e-9
    assert ratio.max() <= LARGEST + 1e-9
    assert ratio[:50].max() < ratio[50:].min()


def test_constants_gaps_and_nobody() -> None:
    np.testing.assert_allclose(density_ratio(np.full(5, 0.5), np.full(3, 0.5), np.ones(5)), 1.0)
    np.testing.assert_array_equal(density_ratio(np.arange(5.0), np.array([np.nan]), np.ones(5)), 1.0)
    rng = np.random.default_rng(4)
    calibration, targets = rng.random(20), rng.random(10)
    whole = density_ratio(calibration, targets, np.ones(20))
    gap = density_ratio(calibration, np.append(targets, np.nan), np.ones(20))
    np.testing.assert_allclose(gap, np.append(whole, 1.0))


def test_effective_number_by_hand() -> None:
    assert effective_number(np.array([1.0, 1.0, 0.0])) == pytest.approx(2.0)
    assert effective_number(np.array([3.0, 1.0])) == pytest.approx(1.6)
    assert effective_number(np.zeros(3)) == 0.0
