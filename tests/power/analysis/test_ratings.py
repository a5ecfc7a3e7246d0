from __future__ import annotations

import numpy as np
import pytest

from anchoreval.errors import MethodOptionError
from anchoreval.power.analysis.balanced_ratings import maximum_likelihood, two_way_squares
from anchoreval.power.analysis.ratings import (
    HIGH_VARIANCE,
    LOW_VARIANCE,
    RatingDeviations,
    ratings_power,
    ratings_standard_error,
)

from .rating_studies import drawn_ratings

SLOPES = (0.05, 0.10, 0.15, 0.20)
PUBLISHED = {
    (HIGH_VARIANCE, 3): (0.27, 0.555, 0.75, 0.885),
    (HIGH_VARIANCE, 10): (0.315, 0.795, 0.98, 1.0),
    (LOW_VARIANCE, 3): (0.60, 0.945, 1.0, 1.0),
    (LOW_VARIANCE, 10): (0.835, 1.0, 1.0, 1.0),
}
"""100 items, 200 simulations each (`highvar_lowmer_lmer.csv` of Card et al.), by slope between -1 and +1."""


@pytest.mark.parametrize(("deviations", "workers"), list(PUBLISHED))
def test_published_powers_on_the_scale_of_differences(deviations: RatingDeviations, workers: int) -> None:
    for slope, printed in zip(SLOPES, PUBLISHED[deviations, workers], strict=True):
        found = ratings_power(deviations, workers, 100, 2 * slope)
        error = np.sqrt(max(found.power * (1 - found.power), 0.002) / 200)
        assert abs(found.power - printed) < 3 * error, slope


def test_published_powers_are_not_of_differences_between_means() -> None:
    """Between means a difference of .10 is found as often as the .27 that is printed for .05."""
    taken = RatingDeviations(0.01, 0.11 * 2, 0.04, 0.14 * 2, 0.26)
    assert taken == HIGH_VARIANCE
    assert ratings_power(taken, 3, 100, 0.10).power == pytest.approx(0.27, abs=0.05)


@pytest.mark.parametrize(("deviations", "workers", "items"), [(HIGH_VARIANCE, 3, 8), (LOW_VARIANCE, 5, 12)])
def test_power_and_size_are_those_of_studies_drawn_rating_by_rating(
    deviations: RatingDeviations, workers: int, items: int
) -> None:
    rng, studies = np.random.default_rng(0), 3000
    drawn = np.array([drawn_ratings(deviations, workers, items, 0.0, rng) for _ in range(studies)])
    centre, gaps = two_way_squares((drawn[:, 1] - drawn[:, 0]) / 2)
    _, levels = two_way_squares((drawn[:, 1] + drawn[:, 0]) / 2)
    fit = maximum_likelihood([gaps, levels], workers, items)[0]
    limit = 1.959964 * np.sqrt(fit.centre / (workers * items))
    expected = ratings_power(deviations, workers, items, 0.25)
    error = np.sqrt(0.25 / studies + 0.25 / 10_000)
    assert abs(np.mean(np.abs(centre) > limit) - expected.size) < 3 * error
    assert abs(np.mean(centre + 0.125 > limit) - expected.power) < 3 * error
    assert 2 * centre.std() == pytest.approx(expected.standard_error, rel=0.05)


def test_maximum_likelihood_finds_too_much_with_three_workers() -> None:
    naive, honest = (ratings_power(HIGH_VARIANCE, 3, 100, 0.2, test=test) for test in ("ml", "anova"))
    assert naive.size > 0.15
    assert honest.size < 0.085
    assert honest.power < naive.power


@pytest.mark.parametrize(("workers", "most"), [(3, 0.075), (5, 0.057), (10, 0.052), (20, 0.05)])
def test_the_anova_test_nearly_keeps_its_level(workers: int, most: float) -> None:
    for deviations in (HIGH_VARIANCE, LOW_VARIANCE, RatingDeviations(0.1, 0.3, 0.1, 0.0, 0.2)):
        for items in (20, 100):
            found = ratings_power(deviations, workers, items, 0.2, test="anova", simulations=20_000)
            assert found.size < most + 3 * found.size_error, (deviations, items)


def test_many_workers_come_to_the_normal_power() -> None:
    from scipy import stats

    deviations = RatingDeviations(0.1, 0.2, 0.1, 0.3, 0.2)
    error = ratings_standard_error(deviations, 200, 200)
    assert error == pytest.approx(np.sqrt(0.04 / 200 + 0.09 / 200 + 2 * 0.04 / 40_000))
    for test in ("ml", "anova"):
        found = ratings_power(deviations, 200, 200, 2.5 * error, test=test)
        assert found.power == pytest.approx(stats.norm.sf(1.96 - 2.5), abs=0.02)
        assert found.size == pytest.approx(0.05, abs=0.01)


def test_a_worse_second_system_is_found_alike() -> None:
    better, worse = (ratings_power(HIGH_VARIANCE, 5, 50, sign * 0.3, seed=3) for sign in (1, -1))
    assert better.power == pytest.approx(worse.power, abs=0.03)
    assert worse.type_m > 1.0
    assert 0.0 <= worse.type_s < 0.05


def test_it_follows_its_seed() -> None:
    runs = [ratings_power(LOW_VARIANCE, 4, 20, 0.1, simulations=500, seed=seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert runs[0].monte_carlo_error > 0.0


def test_wrong_options_are_refused() -> None:
    with pytest.raises(MethodOptionError, match="workers = 1"):
        ratings_power(LOW_VARIANCE, 1, 20, 0.1)
    with pytest.raises(MethodOptionError, match="equal"):
        ratings_power(LOW_VARIANCE, 3, 20, 0.0)
    with pytest.raises(MethodOptionError, match="test = 'reml'"):
        ratings_power(LOW_VARIANCE, 3, 20, 0.1, test="reml")
    with pytest.raises(MethodOptionError, match="residual"):
        RatingDeviations(0.1, 0.1, 0.1, 0.1, 0.0)
    with pytest.raises(MethodOptionError, match="item_level"):
        RatingDeviations(0.1, 0.1, -0.1, 0.1, 0.1)
