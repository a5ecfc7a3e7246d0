from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from anchoreval.errors import MethodOptionError
from anchoreval.power.analysis.unpaired_power import (
    rough_detectable_difference,
    unpaired_detectable_difference,
    unpaired_power,
    unpaired_sample_size,
)

GLUE = {
    (1725, 0.920): 2.40,
    (1821, 0.972): 1.34,
    (3000, 0.917): 1.89,
    (5463, 0.975): 0.77,
    (9796, 0.916): 1.08,
    (9847, 0.913): 1.09,
    (390_965, 0.910): 0.18,
    (147, 0.945): 5.38,
    (8862, 0.907): 1.19,
}
"""(items, accuracy): points, in the order of the digest's section 3.1."""


def test_glue_to_the_printed_digits() -> None:
    n, accuracy = np.array(list(GLUE)).T
    np.testing.assert_array_equal(np.round(100 * unpaired_detectable_difference(n, accuracy), 2), list(GLUE.values()))


def test_rough_figures_to_the_printed_digits() -> None:
    found = 100 * rough_detectable_difference([25, 50, 100, 200, 500, 1000], 0.7)
    np.testing.assert_array_equal(np.round(found, 1), [36.3, 25.7, 18.2, 12.8, 8.1, 5.7])


def test_power_is_the_rate_of_the_pooled_z_test() -> None:
    rng = np.random.default_rng(0)
    for n, a, gap in ((300, 0.6, 0.1), (1000, 0.7, 0.05), (2000, 0.5, -0.04)):
        first, second = rng.binomial(n, a, 100_000) / n, rng.binomial(n, a + gap, 100_000) / n
        pooled = (first + second) / 2
        z = (second - first) / np.sqrt(2 * pooled * (1 - pooled) / n)
        found = np.mean(z * np.sign(gap) > stats.norm.isf(0.025))
        assert float(unpaired_power(n, a, gap)) == pytest.approx(found, abs=0.01)


def test_power_agrees_with_statsmodels() -> None:
    from statsmodels.stats.proportion import power_proportions_2indep

    for n, a, gap in ((200, 0.6, 0.1), (500, 0.9, 0.04), (800, 0.5, -0.08)):
        side = "larger" if gap > 0 else "smaller"
        expected = power_proportions_2indep(gap, a, n, alpha=0.025, alternative=side, return_results=False)
        assert float(unpaired_power(n, a, gap)) == pytest.approx(float(expected), abs=1e-10)


def test_sample_size_is_the_least_that_suffices() -> None:
    a, gap = np.array([0.5, 0.9, 0.7]), np.array([0.05, 0.1, -0.03])
    n = unpaired_sample_size(a, gap, 0.9)
    assert (unpaired_power(n, a, gap) >= 0.9 - 1e-12).all()
    assert (unpaired_power(n - 1, a, gap) < 0.9).all()
    assert unpaired_sample_size(0.5, 0.0) == np.inf


def test_detectable_differences_have_the_power_that_was_wanted() -> None:
    n, a = np.array([[20], [100], [1000]]), np.array([0.0, 0.1, 0.6])
    found = unpaired_detectable_difference(n, a, power=0.7, alpha=0.1)
    assert found.shape == (3, 3)
    assert unpaired_power(n, a, found, alpha=0.1) == pytest.approx(0.7, abs=1e-9)


def test_beyond_the_ceiling_there_is_none() -> None:
    assert np.isnan(unpaired_detectable_difference([25, 1000], [0.95, 1.0])).all()
    assert np.isnan(unpaired_power(100, 0.5, 0.0))
    assert float(unpaired_power(100, 0.0, 1.0)) == 1.0


def test_wrong_options_are_refused() -> None:
    with pytest.raises(MethodOptionError, match="baseline plus difference"):
        unpaired_power(100, 0.9, 0.2)
    with pytest.raises(MethodOptionError, match="accuracy"):
        unpaired_detectable_difference(100, 1.2)
    with pytest.raises(MethodOptionError, match="number of items"):
        unpaired_power(0, 0.5, 0.1)
    with pytest.raises(MethodOptionError, match="power"):
        unpaired_sample_size(0.5, 0.1, power=0.2)
