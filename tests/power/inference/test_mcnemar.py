"""McNemar's test against statsmodels, and its exact power against a brute-force sum and published figures."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.inference.mcnemar import TESTS, critical_losses, mcnemar_p_values, mcnemar_power

GRID = np.array([(a, b) for a in (0, 1, 2, 5, 17, 40, 250) for b in (0, 1, 3, 6, 21, 44, 260)])


def brute_force(k: int, d: float, difference: float, alpha: float, test: str) -> tuple[float, float, float, float]:
    """Right-side power, rejection, Type-S and Type-M by the sum over every pair of counts."""
    wins, losses = (grid.ravel() for grid in np.meshgrid(np.arange(k + 1), np.arange(k + 1)))
    possible = wins + losses <= k
    wins, losses = wins[possible], losses[possible]
    up, down = (d + difference) / 2, (d - difference) / 2
    cells = np.column_stack([wins, losses, k - wins - losses])
    mass = stats.multinomial.pmf(cells, k, [up, down, 1 - up - down])
    significant = mcnemar_p_values(wins, losses, test) <= alpha
    right, wrong = (float(mass[significant & side].sum()) for side in (wins > losses, wins < losses))
    observed = float((mass * np.abs(wins - losses))[significant].sum()) / k
    return right, right + wrong, wrong / (right + wrong), observed / (right + wrong) / difference


def test_exact_p_values_equal_statsmodels() -> None:
    expected = [mcnemar([[3, a], [b, 4]], exact=True).pvalue for a, b in GRID]
    assert np.abs(mcnemar_p_values(*GRID.T, test="exact") - expected).max() < 1e-10


def test_mid_p_values_leave_out_half_of_the_observed_outcome() -> None:
    smaller, total = GRID.min(axis=1), GRID.sum(axis=1)
    expected = 2 * stats.binom.cdf(smaller, total, 0.5) - stats.binom.pmf(smaller, total, 0.5)
    assert np.abs(mcnemar_p_values(*GRID.T) - expected).max() < 1e-10


def test_six_discordant_items_are_the_fewest_that_the_exact_test_rejects() -> None:
    assert mcnemar_p_values(6, 0, "exact") == pytest.approx(0.03125, abs=1e-12)
    assert mcnemar_p_values(0, 5, "exact") == pytest.approx(0.0625, abs=1e-12)
    assert mcnemar_p_values(0, 5) == pytest.approx(0.03125, abs=1e-12)
    assert mcnemar_p_values(0, 0) == 1.0


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.3125])
def test_critical_losses_are_the_most_that_reject(test: str, alpha: float) -> None:
    for m, losses in enumerate(critical_losses(np.arange(80), alpha, test)):
        possible = np.arange(m // 2 + 1)
        rejects = mcnemar_p_values(possible, m - possible, test) <= alpha * (1 + 1e-12)
        assert losses == rejects.sum() - 1


@pytest.mark.parametrize(
    ("k", "d", "difference", "exact", "mid_p"),
    [(50, 0.2, 0.12, 0.363, 0.466), (100, 0.1, 0.08, 0.670, 0.766), (500, 0.1, 0.03, 0.519, 0.569)],
)
def test_power_has_the_printed_figures(k: int, d: float, difference: float, exact: float, mid_p: float) -> None:
    """methods/essencebench-bento-power.md, section 10, to the printed digits."""
    assert mcnemar_power(k, d, difference, test="exact").power == pytest.approx(exact, abs=5e-4)
    assert mcnemar_power(k, d, difference).power == pytest.approx(mid_p, abs=5e-4)


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize(("k", "d", "difference"), [(12, 0.5, 0.3), (30, 0.2, 0.02), (40, 0.95, 0.1), (25, 0.3, 0.3)])
def test_power_equals_the_sum_over_all_tables(k: int, d: float, difference: float, test: str) -> None:
    found = mcnemar_power(k, d, difference, test=test)
    figures = (found.power, found.rejection, found.type_s, found.type_m)
    assert figures == pytest.approx(brute_force(k, d, difference, 0.05, test), abs=1e-10)
    assert mcnemar_power(k, d, -difference, test=test) == found


def test_size_keeps_to_the_level_where_the_test_is_exact() -> None:
    sizes = [mcnemar_power(k, d, 0.0, test="exact").rejection for k in (20, 200, 2000) for d in (0.05, 0.4, 1.0)]
    assert max(sizes) <= 0.05
    assert mcnemar_power(2000, 0.4, 0.0).rejection == pytest.approx(0.05, abs=1e-3)


def test_what_is_not_defined_is_nan() -> None:
    nothing = mcnemar_power(100, 0.1, 0.0)
    assert np.isnan([nothing.power, nothing.type_s, nothing.type_m]).all()
    hopeless = mcnemar_power(5, 0.5, 0.3, test="exact")
    assert (hopeless.power, hopeless.rejection) == (0.0, 0.0)
    assert np.isnan([hopeless.type_s, hopeless.type_m]).all()
    assert mcnemar_power(100, 0.0, 0.0).rejection == 0.0


def test_ten_thousand_items_take_milliseconds() -> None:
    before = time.process_time()
    found = mcnemar_power(10_000, 0.2, 0.0125)
    assert time.process_time() - before < 0.3
    z = (np.sqrt(10_000) * 0.0125 - stats.norm.ppf(0.975) * np.sqrt(0.2)) / np.sqrt(0.2 - 0.0125**2)
    assert found.power == pytest.approx(stats.norm.cdf(z), abs=0.005)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ResponseDataError, match="not a count"):
        mcnemar_p_values(1.5, 2)
    with pytest.raises(ResponseDataError, match="not a count"):
        mcnemar_p_values([1, np.nan], 2)
    with pytest.raises(MethodOptionError, match="exact, mid-p"):
        mcnemar_p_values(1, 2, "chi2")
    with pytest.raises(MethodOptionError, match="more than the discordance"):
        mcnemar_power(50, 0.1, 0.2)
    with pytest.raises(MethodOptionError, match="alpha"):
        mcnemar_power(50, 0.1, 0.05, alpha=5)
    with pytest.raises(MethodOptionError, match="k = 0"):
        mcnemar_power(0, 0.1, 0.05)
