"""The paired posterior against quadrature, its own prior, and the conjugate form it falls back to."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy import stats
from scipy.special import xlogy

from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.inference import paired_bayes
from anchoreval.power.inference.paired_bayes import cell_probabilities, paired_counts, paired_posterior

COUNTS = [(0, 0, 0, 0), (5, 0, 0, 0), (3, 1, 1, 0), (20, 8, 2, 20), (10, 0, 0, 10), (2, 15, 9, 1), (12, 6, 0, 5)]


def quadrature(cells: tuple[int, ...], points: int = 60) -> tuple[float, float, float]:
    """P(first better), mean difference and its standard deviation on a grid of the prior's quantiles."""
    uniform = (np.arange(points) + 0.5) / points
    correlations = 2 * stats.beta(4, 2).ppf(uniform) - 1
    first, second, correlation = (grid.ravel() for grid in np.meshgrid(uniform, uniform, correlations))
    log_likelihood = xlogy(cells, cell_probabilities(first, second, correlation)).sum(axis=1)
    weights = np.exp(log_likelihood - log_likelihood.max())
    weights /= weights.sum()
    gap = first - second
    mean = float(weights @ gap)
    better = float(weights @ np.heaviside(np.round(gap, 9), 0.5))
    return better, mean, float(np.sqrt(weights @ (gap - mean) ** 2))


@pytest.mark.parametrize("cells", COUNTS)
def test_it_equals_quadrature(cells: tuple[int, int, int, int]) -> None:
    found = paired_posterior(*cells, np.random.default_rng(0), draws=20_000)
    better, mean, deviation = quadrature(cells)
    error = 4 / np.sqrt(found.effective_draws)
    assert found.method == "bivariate normal"
    assert found.probability_first_better == pytest.approx(better, abs=error * np.sqrt(better * (1 - better)) + 0.002)
    assert found.difference == pytest.approx(mean, abs=error * deviation + 0.001)
    assert found.first - found.second == pytest.approx(found.difference)


@pytest.mark.parametrize("cells", [(20, 8, 2, 20), (60, 8, 2, 30), (12, 3, 5, 10)])
def test_both_proposals_agree(cells: tuple[int, ...]) -> None:
    counts = np.array(cells, dtype=np.float64)
    drawn = [
        proposal(counts, 60_000, np.random.default_rng(1))
        for proposal in (paired_bayes._by_accuracies, paired_bayes._by_cells)
    ]
    means = [each.weights @ (each.first - each.second) for each in drawn]
    better = [each.weights @ (each.first > each.second) for each in drawn]
    error = np.sqrt(sum(1 / each.effective for each in drawn))
    assert abs(means[0] - means[1]) < 4 * error * 0.1
    assert abs(better[0] - better[1]) < 4 * error * 0.5


def test_thousands_of_items_do_not_make_it_collapse() -> None:
    for scale in (1, 100):
        for cells in [(6, 2, 1, 3), (7, 0, 0, 7), (0, 2, 2, 0), (14, 0, 0, 0), (9, 1, 0, 5), (0, 9, 0, 0)]:
            found = paired_posterior(*(scale * cell for cell in cells), np.random.default_rng(2))
            assert found.method == "bivariate normal"
            assert found.effective_draws > 1000


def test_many_items_give_the_normal_interval() -> None:
    found = paired_posterior(6000, 800, 500, 2700, np.random.default_rng(3))
    half = 1.96 * np.sqrt((0.13 - 0.03**2) / 10_000)
    assert (found.lower, found.upper) == pytest.approx((0.03 - half, 0.03 + half), abs=0.0006)
    assert (found.first, found.second) == pytest.approx((0.68, 0.65), abs=0.001)


def test_a_collapse_falls_back_to_the_dirichlet_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paired_bayes, "LEAST_EFFECTIVE", np.inf)
    found = paired_posterior(30, 9, 4, 20, np.random.default_rng(4), draws=50_000)
    assert (found.method, found.effective_draws) == ("dirichlet", pytest.approx(50_000))
    assert found.difference == pytest.approx(5 / 67, abs=0.001)  # (9 - 4) / (63 + 4) under Dirichlet(1, 1, 1, 1)
    share = stats.beta(10, 5).sf(0.5)  # of the discordant items
    assert found.probability_first_better == pytest.approx(share, abs=0.006)


def test_exchanging_the_models_mirrors_the_posterior() -> None:
    one = paired_posterior(20, 8, 3, 9, np.random.default_rng(5), draws=50_000)
    other = paired_posterior(20, 3, 8, 9, np.random.default_rng(6), draws=50_000)
    assert one.probability_first_better == pytest.approx(1 - other.probability_first_better, abs=0.01)
    assert (one.lower, one.upper) == pytest.approx((-other.upper, -other.lower), abs=0.01)
    assert one == paired_posterior(20, 8, 3, 9, np.random.default_rng(5), draws=50_000)


def test_intervals_and_probabilities_are_calibrated_under_the_prior() -> None:
    """300 pairs of models drawn from the prior, 40 items each: within three Monte-Carlo errors."""
    rng = np.random.default_rng(7)
    first, second = rng.random((2, 300))
    cells = cell_probabilities(first, second, 2 * rng.beta(4, 2, size=300) - 1)
    found = [paired_posterior(*rng.multinomial(40, row / row.sum()), rng, 0.9, 2000) for row in cells]
    gap = first - second
    covered = np.mean([each.lower <= truth <= each.upper for each, truth in zip(found, gap, strict=True)])
    better = np.array([each.probability_first_better for each in found])
    assert covered == pytest.approx(0.9, abs=3 * np.sqrt(0.09 / 300))
    assert abs(np.mean((gap > 0) - better)) < 3 * np.sqrt(np.sum(better * (1 - better))) / 300


def test_ten_thousand_draws_take_less_than_half_a_second() -> None:
    before = time.process_time()
    paired_posterior(60, 8, 2, 30, np.random.default_rng(8))
    assert time.process_time() - before < 0.5


def test_counts_are_those_of_the_items_that_both_answered() -> None:
    first = [1, 1, 0, 0, 1, np.nan, 0]
    second = [1, 0, 1, 0, 1, 1, np.nan]
    assert paired_counts(first, second) == (2, 1, 1, 1)
    assert paired_counts([np.nan], [1.0]) == (0, 0, 0, 0)


def test_bad_input_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ResponseDataError, match="1 items have scores other than 0 and 1"):
        paired_counts([0.5, 1.0], [1.0, 1.0])
    with pytest.raises(ResponseDataError, match="not those of the same items"):
        paired_counts([1.0], [1.0, 1.0])
    with pytest.raises(ResponseDataError, match="not a count"):
        paired_posterior(-1, 2, 3, 4, rng)
    with pytest.raises(MethodOptionError, match="draws"):
        paired_posterior(1, 2, 3, 4, rng, draws=10)
