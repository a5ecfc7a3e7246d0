"""Factors against statsmodels and against simulations whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.multivariate.factor import Factor
from statsmodels.multivariate.factor_rotation import rotate_factors

from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.numerics.factor_analysis import correlations, factor_analysis, minres, oblimin, parallel_analysis

PATTERN = np.array([[0.8, 0.0], [0.7, 0.1], [0.6, 0.0], [0.0, 0.9], [0.1, 0.7], [0.0, 0.5]])
BETWEEN = np.array([[1.0, 0.4], [0.4, 1.0]])


def population() -> np.ndarray:
    """The correlation matrix that the two factors imply."""
    common = PATTERN @ BETWEEN @ PATTERN.T
    return common - np.diag(np.diag(common)) + np.eye(6)


def sample(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).multivariate_normal(np.zeros(6), population(), n)


@pytest.mark.parametrize("n_factors", [1, 2])
def test_minres_is_what_iterated_principal_axes_end_at(n_factors: int) -> None:
    """Principal axis factoring, iterated until it stands still, satisfies the equations of minres."""
    correlation = correlations(sample(400))
    peer = Factor(corr=correlation, n_factor=n_factors, method="pa").fit(maxiter=5000, tol=1e-12)
    loadings, unique = minres(correlation, n_factors)
    np.testing.assert_allclose(unique, peer.uniqueness, atol=1e-4)
    np.testing.assert_allclose(loadings @ loadings.T, peer.loadings @ peer.loadings.T, atol=1e-4)


def test_the_known_structure_comes_back() -> None:
    found = factor_analysis(population(), 2)
    np.testing.assert_allclose(found.unique, 1 - np.diag(PATTERN @ BETWEEN @ PATTERN.T), atol=1e-4)
    order = [0, 1] if found.loadings[0, 0] > 0.5 else [1, 0]
    np.testing.assert_allclose(found.loadings[:, order], PATTERN, atol=0.08)
    assert found.correlation[0, 1] == pytest.approx(0.4, abs=0.1)
    assert found.explained == pytest.approx(np.diag(PATTERN @ BETWEEN @ PATTERN.T).mean(), abs=1e-4)


def test_oblimin_is_statsmodels() -> None:
    loadings, _ = minres(correlations(sample(300, 3)), 2)
    pattern, between = oblimin(loadings)
    peer, turn = rotate_factors(loadings, "oblimin", 0.0, "oblique", max_tries=2000, tol=1e-9)
    signs = np.sign((pattern * peer).sum(axis=0))
    np.testing.assert_allclose(pattern * signs, peer, atol=1e-4)
    np.testing.assert_allclose(between * np.outer(signs, signs), turn.T @ turn, atol=1e-4)
    np.testing.assert_allclose(pattern @ between @ pattern.T, loadings @ loadings.T, atol=1e-9)


def test_parallel_analysis_counts_factors_and_finds_none_in_noise() -> None:
    rng = np.random.default_rng(1)
    assert parallel_analysis(sample(500), rng).n_factors == 2
    assert parallel_analysis(rng.normal(size=(500, 6)), rng).n_factors == 0
    one = rng.normal(size=(300, 1)) + rng.normal(size=(300, 5))
    assert parallel_analysis(one, rng).n_factors == 1


def test_two_variables_and_one_factor() -> None:
    """Not identified but for its sum: the loadings' product is the correlation."""
    found = factor_analysis(np.array([[1.0, 0.6], [0.6, 1.0]]), 1)
    assert found.loadings[0, 0] * found.loadings[1, 0] == pytest.approx(0.6, abs=1e-4)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(MethodOptionError, match="6 factors for 6 variables"):
        factor_analysis(population(), 6)
    values = sample(20)
    values[:, 2] = 1.0
    with pytest.raises(ResponseDataError, match="variable 2 does not vary"):
        correlations(values)
