"""The Beta-binomial posterior over subtasks against quadrature with SciPy's distribution, and under its own prior."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.inference import clustered_bayes
from anchoreval.power.inference.clustered_bayes import clustered_posterior

RNG = np.random.default_rng(0)
CASES = [
    ([3], [10]),
    ([0], [1]),
    ([10] * 8, [10] * 8),
    ([0, 10, 0, 10, 10], [10] * 5),
    (RNG.binomial(100, RNG.beta(2, 1, size=14)), np.full(14, 100)),
    (RNG.binomial(240, RNG.beta(5, 3, size=57)), RNG.integers(240, 300, size=57)),
]


def quadrature(right: np.ndarray, n: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of theta on a grid of logit theta and log d."""
    logit_theta, log_d = (grid.ravel() for grid in np.meshgrid(np.linspace(-12, 12, 400), np.linspace(-9, 5, 150)))
    theta, d = expit(logit_theta), np.exp(log_d)
    log_weight = np.log(theta) + np.log(expit(-logit_theta)) + log_d - d
    for successes, trials in zip(right, n, strict=True):
        log_weight += stats.betabinom.logpmf(successes, trials, d * theta, d * expit(-logit_theta))
    weights = np.exp(log_weight - log_weight.max())
    weights /= weights.sum()
    mean = float(weights @ theta)
    return mean, float(np.sqrt(weights @ (theta - mean) ** 2))


@pytest.mark.parametrize(("right", "n"), CASES)
def test_it_equals_quadrature(right: np.ndarray, n: np.ndarray) -> None:
    found = clustered_posterior(right, n, np.random.default_rng(1))
    mean, deviation = quadrature(np.asarray(right), np.asarray(n))
    assert found.method == "beta-binomial"
    assert found.effective_draws > 1000
    assert found.mean == pytest.approx(mean, abs=4 * deviation / np.sqrt(found.effective_draws))
    assert found.lower < mean < found.upper


def test_intervals_cover_under_the_prior() -> None:
    """300 models drawn from the prior, six subtasks of 20 items: within three Monte-Carlo errors."""
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(300):
        theta, d = rng.random(), rng.gamma(1.0)
        right = rng.binomial(20, rng.beta(d * theta, d * (1 - theta), size=6))
        found = clustered_posterior(right, np.full(6, 20), rng, level=0.9, draws=1500)
        covered += found.lower <= theta <= found.upper
    assert covered / 300 == pytest.approx(0.9, abs=3 * np.sqrt(0.09 / 300))


def test_alike_subtasks_are_told_from_different_ones() -> None:
    alike = clustered_posterior([13, 14, 15] * 5, [20] * 15, np.random.default_rng(3))
    different = clustered_posterior([2, 20, 20] * 5, [20] * 15, np.random.default_rng(3))
    assert alike.concentration > 3 > different.concentration
    assert alike.upper - alike.lower < different.upper - different.lower


def test_subtasks_without_answers_are_left_out() -> None:
    found = clustered_posterior([3, 0, 5], [9, 0, 9], np.random.default_rng(4))
    assert found == clustered_posterior([3, 5], [9, 9], np.random.default_rng(4))


def test_a_collapse_falls_back_to_student_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clustered_bayes, "LEAST_EFFECTIVE", np.inf)
    accuracies = np.array([0.3, 0.5, 0.9, 0.7])
    found = clustered_posterior(10 * accuracies, [10] * 4, np.random.default_rng(5), level=0.9)
    expected = stats.ttest_1samp(accuracies, 0).confidence_interval(0.9)
    assert found.method == "t"
    assert (found.lower, found.upper) == pytest.approx((expected.low, expected.high))


def test_bad_input_is_refused() -> None:
    rng = np.random.default_rng(6)
    with pytest.raises(ResponseDataError, match="at most as many"):
        clustered_posterior([3, 1], [2, 2], rng)
    with pytest.raises(ResponseDataError, match="needs an answer"):
        clustered_posterior([0], [0], rng)
    with pytest.raises(ResponseDataError, match="shapes"):
        clustered_posterior([1, 2], [2], rng)
    with pytest.raises(MethodOptionError, match="level"):
        clustered_posterior([1], [2], rng, level=2)
