from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from anchoreval.staleness.rates import beta_binomial, fisher_exact, visible_rate


def test_beta_binomial_is_scipys() -> None:
    np.testing.assert_allclose(beta_binomial(12, 3, 40), stats.betabinom(12, 3, 40).pmf(np.arange(13)))


def test_beta_binomial_is_the_law_of_targets_beyond_a_calibration_rank() -> None:
    rng = np.random.default_rng(0)
    calibration, targets = np.sort(rng.random((40000, 39)), axis=1), rng.random((40000, 10))
    beyond = (targets > calibration[:, -2:-1]).sum(axis=1)
    seen = np.bincount(beyond, minlength=11) / 40000
    np.testing.assert_allclose(seen, beta_binomial(10, 2, 38), atol=0.01)


@pytest.mark.parametrize(("count", "trials", "others", "other_trials"), [(3, 5, 1, 30), (0, 5, 2, 9), (9, 9, 0, 4)])
def test_fishers_exact_test_is_scipys(count: int, trials: int, others: int, other_trials: int) -> None:
    table = [[count, trials - count], [others, other_trials - others]]
    expected = stats.fisher_exact(table, alternative="greater").pvalue
    assert fisher_exact(count, trials, others, other_trials) == pytest.approx(expected)


def test_the_visible_rate_is_found_with_80_per_cent() -> None:
    def p_value(count: int) -> float:
        return fisher_exact(count, 20, 1, 40)

    rate = visible_rate(20, p_value, 0.05)
    found = [p_value(int(count)) <= 0.05 for count in np.random.default_rng(1).binomial(20, rate, size=4000)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.03)


def test_one_target_against_few_shows_nothing() -> None:
    assert np.isinf(visible_rate(1, lambda count: fisher_exact(count, 1, 0, 10), 0.05))
