from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import f_oneway

from anchoreval.numerics.source_variation import mean_squares, source_variation, without_own


def simulated(between: float, draw: float, seed: int = 0, n_draws: int = 4, n: int = 10) -> np.ndarray:
    """Target levels, source effects of each target, and noise that a set of exemplars shares over targets."""
    rng = np.random.default_rng(seed)
    shared = draw * rng.normal(size=(n_draws, n, 1))
    effects = between * rng.normal(size=(1, n, n))
    return 0.5 + 0.2 * rng.normal(size=(1, 1, n)) + effects + shared + 0.01 * rng.normal(size=(n_draws, n, n))


def test_of_one_target_it_is_the_one_way_analysis_of_variance() -> None:
    draws = simulated(0.03, 0.02)[:, :, :1]
    between, within = mean_squares(draws)
    assert between / within == pytest.approx(f_oneway(*draws[:, :, 0].T).statistic)


def test_components_come_back() -> None:
    draws = simulated(0.05, 0.02, n_draws=40, n=40)
    found = source_variation(draws, np.random.default_rng(0), permutations=50)
    assert found.between == pytest.approx(0.05**2, rel=0.1)
    assert found.draw == pytest.approx(0.02**2 + 0.01**2, rel=0.1)
    assert found.p_value == pytest.approx(1 / 51)


def test_without_source_effects_p_values_are_uniform_although_noise_is_shared() -> None:
    rng = np.random.default_rng(5)
    found = [source_variation(simulated(0.0, 0.05, seed), rng, permutations=100) for seed in range(200)]
    p_values = np.array([one.p_value for one in found])
    assert np.mean(p_values <= 0.1) == pytest.approx(0.1, abs=0.06)
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.07)


def test_scores_that_never_change_are_no_evidence() -> None:
    found = source_variation(np.full((3, 4, 4), 0.5), np.random.default_rng(0), permutations=20)
    assert (found.f, found.p_value, found.between, found.draw) == (1.0, 1.0, 0.0, 0.0)


def test_own_exemplars_alone_are_taken_out() -> None:
    draws = simulated(0.0, 0.0, n_draws=3)
    draws[:, np.arange(10), np.arange(10)] -= 0.2
    rng = np.random.default_rng(0)
    assert source_variation(draws, rng, permutations=50).f > 20
    assert source_variation(without_own(draws), rng, permutations=50).p_value > 0.05
    off = ~np.eye(10, dtype=bool)
    np.testing.assert_array_equal(without_own(draws)[:, off], draws[:, off])
    np.testing.assert_allclose(without_own(draws)[0, 3, 3], np.delete(draws[:, :, 3], 3, axis=1).mean())
