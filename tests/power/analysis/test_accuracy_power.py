from __future__ import annotations

import time

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from anchoreval.errors import MethodOptionError
from anchoreval.power.analysis.accuracy_power import (
    accuracy_power,
    paired_power,
    paired_sample_size,
    simulated_accuracy_power,
)
from anchoreval.power.analysis.agreement import PairedCells, agreement_bounds, paired_cells
from anchoreval.power.analysis.power_figures import PowerFigures, monte_carlo_error, summarise

GRID = [
    (n, d, share * d) for n in (50, 200, 1000, 5000) for d in (0.05, 0.2, 0.5) for share in (0.05, 0.2, 0.5, 0.9, 1.0)
]
SIMULATIONS = 40_000


def cells(d: float, gap: float) -> PairedCells:
    return PairedCells((1 - d) / 2, (d - gap) / 2, (d + gap) / 2, (1 - d) / 2)


def by_enumeration(n: int, d: float, gap: float, alpha: float, test: str) -> PowerFigures:
    """All outcomes (wins, losses) with their multinomial probabilities; p-values of SciPy and statsmodels."""
    power = wrong = size = 0.0
    for wins in range(n + 1):
        for losses in range(n + 1 - wins):
            table = [[0, wins], [losses, n - wins - losses]]
            if test == "exact":
                p = mcnemar(table, exact=True).pvalue
            else:
                m = wins + losses
                p = 2 * stats.binom.cdf(min(wins, losses), m, 0.5) - stats.binom.pmf(wins, m, 0.5)
            if p > alpha:
                continue
            share = stats.multinomial.pmf([wins, losses, n - wins - losses], n, [(d + gap) / 2, (d - gap) / 2, 1 - d])
            power, wrong = power + share * (wins > losses), wrong + share * (wins < losses)
            size += share * abs(wins - losses) / n
    return PowerFigures(power, size / (power + wrong) / gap, wrong / (power + wrong))


@pytest.mark.parametrize("test", ["exact", "mid-p"])
def test_exact_figures_are_sums_over_all_outcomes(test: str) -> None:
    for n, d, gap in ((12, 0.6, 0.3), (25, 0.4, 0.1)):
        found, expected = accuracy_power(cells(d, gap), n, test=test), by_enumeration(n, d, gap, 0.05, test)
        assert vars(found) == pytest.approx(vars(expected), abs=1e-10)


@pytest.mark.parametrize("test", ["exact", "mid-p"])
def test_simulation_agrees_with_exact_power_on_the_grid(test: str) -> None:
    for n, d, gap in GRID:
        exact = accuracy_power(cells(d, gap), n, test=test)
        simulated = simulated_accuracy_power(cells(d, gap), n, test=test, simulations=SIMULATIONS, seed=n)
        error = np.sqrt(max(exact.power * (1 - exact.power), 1e-5) / SIMULATIONS)
        assert abs(simulated.power - exact.power) < 3.5 * error, (n, d, gap)
        if exact.power > 0.2:
            assert simulated.type_m == pytest.approx(exact.type_m, rel=0.02)
            assert simulated.type_s == pytest.approx(exact.type_s, abs=0.005)


@pytest.mark.parametrize(("n", "bias"), [(500, 0.025), (1000, 0.015), (2000, 0.008), (5000, 0.004)])
def test_closed_form_approaches_the_exact_power_of_mid_p(n: int, bias: float) -> None:
    for d in (0.05, 0.1, 0.2, 0.4):
        for gap in np.linspace(0.02, 1.0, 50) * d:
            assert abs(paired_power(n, d, gap) - accuracy_power(cells(d, gap), n).power) < bias


@pytest.mark.parametrize(("n", "bias"), [(1000, 0.014), (5000, 0.004)])
def test_closed_form_approaches_the_simulated_asymptotic_test(n: int, bias: float) -> None:
    """Its own rule, three Monte-Carlo errors and what is left of the lattice."""
    for d in (0.05, 0.2, 0.4):
        for gap in np.array([0.05, 0.1, 0.2, 0.4]) * d:
            simulated = simulated_accuracy_power(cells(d, gap), n, test="asymptotic", simulations=SIMULATIONS, seed=n)
            closed = accuracy_power(cells(d, gap), n, test="asymptotic")
            assert closed.power == pytest.approx(float(paired_power(n, d, gap)), abs=1e-12)
            assert abs(closed.power - simulated.power) < bias + 3 * simulated.monte_carlo_error
            assert closed.type_m == pytest.approx(simulated.type_m, rel=0.03)
            assert closed.type_s == pytest.approx(simulated.type_s, abs=0.02)


def test_closed_form_is_the_normal_tail() -> None:
    n, d, gap, alpha = 800, 0.15, 0.03, 0.01
    expected = stats.norm.sf(stats.norm.isf(alpha / 2) * np.sqrt(d / n), loc=gap, scale=np.sqrt((d - gap**2) / n))
    assert float(paired_power(n, d, gap, alpha)) == pytest.approx(expected, abs=1e-12)
    assert float(paired_power(n, d, -gap, alpha)) == pytest.approx(expected, abs=1e-12)


def test_published_bounds_of_power() -> None:
    """Notebook `accuracy` of Card et al., 10,000 simulations of the exact test."""
    least, most = agreement_bounds(0.7, 0.02)
    lower = accuracy_power(paired_cells(0.7, 0.02, least), 1000, test="exact")
    upper = accuracy_power(paired_cells(0.7, 0.02, most), 1000, test="exact")
    assert abs(lower.power - 0.119) < 3 * monte_carlo_error(1190, 10_000)
    assert round(lower.type_m, 1) == 3.0
    assert abs(lower.type_s - 0.022) < 3 * np.sqrt(0.022 * 0.978 / 1217)
    assert round(upper.power, 3) == 1.0
    simulated = simulated_accuracy_power(paired_cells(0.7, 0.02, least), 1000, test="exact")
    assert abs(simulated.power - 0.119) < 3 * np.hypot(simulated.monte_carlo_error, 0.0033)
    assert simulated.type_m == pytest.approx(3.004, abs=0.05)


def test_published_power_at_a_known_agreement() -> None:
    found = accuracy_power(paired_cells(0.8, 0.02, 0.975), 500, test="exact")
    assert round(found.power, 2) == 0.80
    assert found.type_m == pytest.approx(1.118, abs=0.003)


def test_digest_of_small_sets() -> None:
    """Section 10 of the methods digest: exact, mid-p, normal."""
    for n, d, gap, printed in (
        (50, 0.2, 0.12, (0.363, 0.466, 0.474)),
        (100, 0.1, 0.08, (0.670, 0.766, 0.722)),
        (500, 0.1, 0.03, (0.519, 0.569, 0.564)),
    ):
        found = [accuracy_power(cells(d, gap), n, test=test).power for test in ("exact", "mid-p", "asymptotic")]
        assert found == pytest.approx(printed, abs=5.1e-4)


def test_sample_size_is_the_least_that_suffices() -> None:
    d, gap = np.array([0.05, 0.1, 0.3, 0.3, 1.0]), np.array([0.01, 0.05, 0.02, 0.3, 0.3])
    for power in (0.5, 0.8, 0.95):
        n = paired_sample_size(d, gap, power)
        assert (paired_power(n, d, gap) >= power - 1e-12).all()
        assert (paired_power(np.maximum(n - 1, 1), d, gap)[n > 1] < power).all()
    assert paired_sample_size(0.1, 0.0) == np.inf


def test_a_zero_difference_has_no_power() -> None:
    assert np.isnan(paired_power(100, [0.0, 0.1], 0.0)).all()
    with pytest.raises(MethodOptionError, match="equal"):
        accuracy_power(cells(0.2, 0.0), 100)
    with pytest.raises(MethodOptionError, match="equal"):
        simulated_accuracy_power(cells(0.2, 0.0), 100)


def test_certain_winners() -> None:
    assert paired_power([1, 3, 4, 100], 1.0, 1.0).tolist() == [0.0, 0.0, 1.0, 1.0]
    assert accuracy_power(PairedCells(0.0, 0.0, 1.0, 0.0), 6, test="exact").power == 1.0
    assert simulated_accuracy_power(PairedCells(0.0, 0.0, 1.0, 0.0), 5, test="exact").power == 0.0


def test_wrong_options_are_refused() -> None:
    with pytest.raises(MethodOptionError, match="larger than its discordance"):
        paired_power(100, 0.1, 0.2)
    with pytest.raises(MethodOptionError, match="a discordance"):
        paired_power(100, 1.2, 0.2)
    with pytest.raises(MethodOptionError, match="number of items"):
        paired_power(0, 0.1, 0.05)
    with pytest.raises(MethodOptionError, match="alpha"):
        paired_power(100, 0.1, 0.05, alpha=0.0)
    with pytest.raises(MethodOptionError, match=r"power = 0\.3"):
        paired_sample_size(0.1, 0.05, power=0.3)
    with pytest.raises(MethodOptionError, match="test = 'z'"):
        accuracy_power(cells(0.2, 0.1), 100, test="z")
    with pytest.raises(MethodOptionError, match="simulations"):
        simulated_accuracy_power(cells(0.2, 0.1), 100, simulations=0)


def test_simulation_is_fast_and_follows_its_seed() -> None:
    started = time.process_time()
    found = simulated_accuracy_power(cells(0.2, 0.02), 10_000, seed=1)
    assert time.process_time() - started < 1.0
    assert found == simulated_accuracy_power(cells(0.2, 0.02), 10_000, seed=1)
    assert found != simulated_accuracy_power(cells(0.2, 0.02), 10_000, seed=2)


def test_summary_of_simulated_differences() -> None:
    observed = np.array([0.3, -0.2, 0.1, 0.4, -0.1])
    figures = summarise(observed, np.array([True, True, False, True, False]), 0.2)
    assert (figures.power, figures.type_m, figures.type_s) == pytest.approx((0.4, 1.5, 1 / 3))
    nothing = summarise(observed, np.zeros(5, dtype=bool), 0.2)
    assert nothing.power == 0.0
    assert np.isnan([nothing.type_m, nothing.type_s]).all()
    assert monte_carlo_error(0, 100) > 0.0
    assert monte_carlo_error(3000, 10_000) == pytest.approx(np.sqrt(0.21 / 10_000), rel=1e-3)
