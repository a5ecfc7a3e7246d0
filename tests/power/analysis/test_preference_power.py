from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from anchoreval.errors import MethodOptionError
from anchoreval.power.analysis.preference_power import (
    detectable_preference,
    preference_power,
    preference_sample_size,
    simulated_preference_power,
)


def by_enumeration(n: int, preference: float, alpha: float) -> float:
    p_values = [stats.binomtest(x, n).pvalue for x in range(n + 1)]
    return sum(stats.binom.pmf(x, n, preference) for x in range(n + 1) if p_values[x] <= alpha and 2 * x > n)


def test_published_figures() -> None:
    """True preference 65 %: .828 and .306 exactly; .826 and .305 simulated by Card et al."""
    for n, exact, published in ((100, 0.828, 0.826), (25, 0.306, 0.305)):
        assert round(preference_power(n, 0.65).power, 3) == exact
        simulated = simulated_preference_power(n, 0.65)
        assert abs(simulated.power - published) < 3 * simulated.monte_carlo_error
        assert abs(simulated.power - exact) < 3 * simulated.monte_carlo_error


@pytest.mark.parametrize("preference", [0.55, 0.7, 0.3, 1.0])
def test_power_is_the_sum_over_outcomes(preference: float) -> None:
    for n in (5, 6, 40):
        expected = by_enumeration(n, max(preference, 1 - preference), 0.05)
        assert preference_power(n, preference).power == pytest.approx(expected, abs=1e-10)


def test_detectable_preferences_have_the_power_that_was_wanted() -> None:
    found = detectable_preference([5, 6, 25, 100, 1000])
    assert np.isnan(found[0]), "five of five are no significant result"
    for n, preference in zip((6, 25, 100, 1000), found[1:], strict=True):
        assert preference_power(n, preference).power == pytest.approx(0.8, abs=1e-9)


@pytest.mark.parametrize(("preference", "test"), [(0.65, "exact"), (0.35, "mid-p"), (0.9, "exact"), (1.0, "exact")])
def test_sample_size_holds_from_there_on(preference: float, test: str) -> None:
    n = preference_sample_size(preference, test=test)
    assert preference_power(n - 1, preference, test=test).power < 0.8
    assert all(preference_power(m, preference, test=test).power >= 0.8 for m in range(n, 3 * n + 20))


def test_wrong_options_are_refused() -> None:
    with pytest.raises(MethodOptionError, match="equal"):
        preference_power(100, 0.5)
    with pytest.raises(MethodOptionError, match="preference"):
        preference_power(100, 1.5)
    with pytest.raises(MethodOptionError, match="power"):
        detectable_preference(100, power=0.1)
    with pytest.raises(MethodOptionError, match="even"):
        preference_sample_size(0.5)
