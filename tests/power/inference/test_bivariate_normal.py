"""The bivariate normal distribution function against SciPy, closed forms and its own inverse."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from anchoreval.errors import MethodOptionError
from anchoreval.power.inference.bivariate_normal import bivariate_normal_cdf, correlation_of, log_density

RNG = np.random.default_rng(0)
H, K = RNG.normal(scale=1.5, size=(2, 300))
CORRELATION = np.concatenate([2 * RNG.beta(4, 2, size=280) - 1, 1 - np.geomspace(1e-9, 0.1, 10), [-0.999] * 10])
EDGES = [(0, 0, 0.5), (0, 1, 0.3), (0, -1, -0.9), (1, 0, 0.99), (-0.5, -0.4999, 0.9999), (3, -3, -0.999), (-6, -6, 0.5)]


def scipy_cdf(h: float, k: float, correlation: float) -> float:
    return float(stats.multivariate_normal.cdf([h, k], cov=[[1, correlation], [correlation, 1]], allow_singular=True))


def test_it_equals_scipy() -> None:
    expected = [scipy_cdf(*each) for each in zip(H, K, CORRELATION, strict=True)]
    assert np.abs(bivariate_normal_cdf(H, K, CORRELATION) - expected).max() < 1e-8


@pytest.mark.parametrize(("h", "k", "correlation"), EDGES)
def test_it_equals_scipy_at_the_edges(h: float, k: float, correlation: float) -> None:
    found = bivariate_normal_cdf(np.array(h), np.array(k), np.array(correlation))
    assert float(found) == pytest.approx(scipy_cdf(h, k, correlation), abs=1e-12)


def test_at_the_origin_it_is_the_arcsine_law() -> None:
    r = np.linspace(-0.999, 0.999, 21)
    assert (
        np.abs(bivariate_normal_cdf(np.zeros(21), np.zeros(21), r) - 1 / 4 - np.arcsin(r) / (2 * np.pi)).max() < 1e-15
    )


def test_the_correlation_is_found_again() -> None:
    h, k = RNG.normal(size=(2, 200))
    r = RNG.uniform(-0.9, 0.9, size=200)
    assert np.abs(correlation_of(h, k, bivariate_normal_cdf(h, k, r)) - r).max() < 1e-5
    assert correlation_of(h[:1], k[:1], np.array([1.0])) > 1 - 1e-9


def test_the_density_is_scipys_and_the_slope_in_the_correlation() -> None:
    h, k, r = H[:20], K[:20], CORRELATION[:20]
    normals = [stats.multivariate_normal(cov=[[1, each], [each, 1]]) for each in r]
    expected = [normal.logpdf(place) for normal, place in zip(normals, np.column_stack([h, k]), strict=True)]
    assert np.abs(log_density(h, k, r) - expected).max() < 1e-9
    slope = (bivariate_normal_cdf(h, k, r + 1e-6) - bivariate_normal_cdf(h, k, r - 1e-6)) / 2e-6
    assert np.abs(np.exp(log_density(h, k, r)) - slope).max() < 1e-7


def test_perfect_correlation_is_refused() -> None:
    with pytest.raises(MethodOptionError, match="strictly"):
        bivariate_normal_cdf(H, K, np.ones(300))
