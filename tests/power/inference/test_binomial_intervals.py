"""Binomial intervals against statsmodels and SciPy; their coverage against integration and a published table."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats
from statsmodels.stats.proportion import proportion_confint

from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.inference.binomial_intervals import (
    IntervalRule,
    average_coverage,
    beta_interval,
    clopper_pearson_interval,
    failing_wald_interval,
    wilson_interval,
)

RIGHT = np.array([0, 1, 3, 10, 0, 17, 30, 999, 1000, 5000])
N = np.array([1, 1, 7, 10, 30, 30, 30, 1000, 1000, 14_000])
RULES = (failing_wald_interval, wilson_interval, beta_interval, clopper_pearson_interval)
SIMULATED = {
    3: (0.496, 0.955, 0.948, 0.995),
    10: (0.766, 0.955, 0.952, 0.984),
    30: (0.875, 0.952, 0.949, 0.973),
    100: (0.921, 0.952, 0.951, 0.965),
    300: (0.937, 0.949, 0.948, 0.958),
    1000: (0.946, 0.950, 0.949, 0.955),
}
"""methods/essencebench-bento-power.md, section 5: 40,000 simulated accuracies a cell, in the order of RULES."""


@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
@pytest.mark.parametrize(("rule", "method"), [(wilson_interval, "wilson"), (clopper_pearson_interval, "beta")])
def test_intervals_equal_statsmodels(rule: IntervalRule, method: str, level: float) -> None:
    found = rule(RIGHT, N, level)
    lower, upper = proportion_confint(RIGHT, N, alpha=1 - level, method=method)
    assert np.abs(found.lower - lower).max() < 1e-10
    assert np.abs(found.upper - upper).max() < 1e-10


def test_beta_interval_holds_the_central_posterior_mass() -> None:
    found = beta_interval(RIGHT, N, 0.9)
    posterior = stats.beta(RIGHT + 1, N - RIGHT + 1)
    assert np.abs(found.lower - posterior.ppf(0.05)).max() < 1e-10
    assert np.abs(found.upper - posterior.ppf(0.95)).max() < 1e-10


@pytest.mark.parametrize("rule", RULES[1:])
def test_no_interval_has_width_zero(rule: IntervalRule) -> None:
    found = rule([0, 5, 0], [5, 5, 0])
    assert (found.lower < found.upper).all()
    assert found.lower.min() >= 0.0
    assert found.upper.max() <= 1.0
    assert failing_wald_interval(5, 5).lower == failing_wald_interval(5, 5).upper == 1.0
    assert np.isnan(failing_wald_interval(0, 0).lower)


@pytest.mark.parametrize("n", SIMULATED)
def test_coverage_is_that_of_the_published_table(n: int) -> None:
    """Within three Monte-Carlo errors of the table's 40,000 draws, and its rounding."""
    for rule, simulated in zip(RULES, SIMULATED[n], strict=True):
        exact = average_coverage(rule, n)
        assert exact == pytest.approx(simulated, abs=3 * np.sqrt(exact * (1 - exact) / 40_000) + 5e-4)


@pytest.mark.parametrize("rule", RULES)
def test_average_coverage_equals_integration_over_accuracies(rule: IntervalRule) -> None:
    right = np.arange(11)
    found = rule(right, 10, 0.95)

    def coverage(accuracy: float) -> float:
        inside = (found.lower <= accuracy) & (accuracy <= found.upper)
        return float(stats.binom.pmf(right, 10, accuracy)[inside].sum())

    ends = np.unique(np.clip(np.concatenate([[0.0, 1.0], found.lower, found.upper]), 0.0, 1.0))
    pieces = [integrate.fixed_quad(np.vectorize(coverage), *piece, n=20)[0] for piece in pairwise(ends)]
    assert average_coverage(rule, 10) == pytest.approx(sum(pieces), abs=1e-9)


def test_clopper_pearson_covers_at_every_accuracy_and_wilson_on_average() -> None:
    right = np.arange(31)
    accuracies = np.linspace(0.001, 0.999, 500)[:, None]
    found = clopper_pearson_interval(right, 30)
    inside = (found.lower <= accuracies) & (accuracies <= found.upper)
    assert (stats.binom.pmf(right, 30, accuracies) * inside).sum(axis=1).min() >= 0.95
    assert average_coverage(beta_interval, 30, 0.9) == pytest.approx(0.9, abs=1e-12)
    assert average_coverage(wilson_interval, 30, 0.9) == pytest.approx(0.9, abs=0.01)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ResponseDataError, match="not a count"):
        wilson_interval(-1, 5)
    with pytest.raises(ResponseDataError, match="6 right answers among 5"):
        wilson_interval([1, 6], 5)
    with pytest.raises(MethodOptionError, match="level"):
        beta_interval(1, 5, 95)
