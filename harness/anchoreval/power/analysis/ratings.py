"""What a study with human ratings finds: two systems, every worker rates every item of both.

Ratings follow rating ~ system + (1 + system || worker) + (1 + system || item) with a normal error: workers differ in
how high they rate and in how much better they find one system, and so do items. A study is simulated, the model fitted
by maximum likelihood, and the difference counted as found where it exceeds z of its fitted standard errors. With few
workers that test is too liberal (the variance of 3 workers' opinions is not known, and maximum likelihood underrates
it): its `size`, the rate at which it finds a difference where there is none, is simulated beside its power: 21 % with 3
workers at high variance. `test="anova"` takes unbiased mean squares and Satterthwaite's degrees of freedom with
Student's quantile instead, and nearly keeps its level (at 5 %, as measured: at most 5.7 % with 5 workers, 7.5 % with 3,
11 % with 2).

Scale. Here the difference is that of the two systems' mean ratings, and `worker_difference`, `item_difference` are the
deviations of such differences from worker to worker and item to item. The authors' script codes the systems -1 and +1,
so that its slope, and the deviations of its slopes, are half of these: what they print as a difference of .05 is one of
.10 between means, found with slope deviations that are doubled here (`from_slopes`). Powers are the same on either
scale, and the printed ones (200 simulations each) come out so: high variance, 100 items, slope .10: .555 with 3
workers, .795 with 10.

Source: Card et al. (arXiv 2010.06595), section 5, `power_sim.R` and `highvar_lowmer_lmer.csv` of their code;
Satterthwaite (1946).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import ndtri, stdtrit

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.errors import MethodOptionError
from anchoreval.power.analysis.balanced_ratings import ExpectedSquares, TwoWaySquares, maximum_likelihood
from anchoreval.power.analysis.power_figures import monte_carlo_error, summarise
from anchoreval.power.inputs import check_at_least, check_open_unit

TESTS = ("ml", "anova")


@dataclass(frozen=True)
class RatingDeviations:
    """Standard deviations of what makes ratings differ, on the scale of the ratings.

    Attributes:
        worker_level: how high workers rate, both systems alike.
        worker_difference: of the difference of the systems, from worker to worker.
        item_level: how high items are rated, both systems alike.
        item_difference: of the difference of the systems, from item to item.
        residual: of a rating that is otherwise explained.
    """

    worker_level: float
    worker_difference: float
    item_level: float
    item_difference: float
    residual: float

    def __post_init__(self) -> None:
        """Refuse negative deviations, and ratings without error."""
        for name, value in vars(self).items():
            check_at_least(name, value, 0.0)
        if not self.residual > 0.0:
            raise MethodOptionError("residual = 0 leaves nothing to test against")

    @classmethod
    def from_slopes(
        cls, item_slope: float, item_level: float, worker_slope: float, worker_level: float, residual: float
    ) -> Self:
        """From a model that codes the systems -1 and +1 (sum contrasts), in the order of the authors' script."""
        return cls(worker_level, 2.0 * worker_slope, item_level, 2.0 * item_slope, residual)


LOW_VARIANCE = RatingDeviations.from_slopes(0.13, 0.01, 0.04, 0.01, 0.16)
"""Card et al., ratings scaled to [0, 1]."""
HIGH_VARIANCE = RatingDeviations.from_slopes(0.14, 0.04, 0.11, 0.01, 0.26)
"""Card et al., ratings scaled to [0, 1]."""


@dataclass(frozen=True)
class RatingsPower:
    """What a study finds.

    Attributes:
        power: probability of a significant difference of the right sign.
        size: probability of a significant difference where there is none; should be alpha.
        type_m: mean size of significant differences over the true one; NaN where none is significant.
        type_s: share of significant differences with the wrong sign; NaN likewise.
        standard_error: true standard deviation of the estimated difference.
        monte_carlo_error: standard error of `power`.
        size_error: standard error of `size`.
    """

    power: float
    size: float
    type_m: float
    type_s: float
    standard_error: float
    monte_carlo_error: float
    size_error: float


def ratings_standard_error(deviations: RatingDeviations, workers: int, items: int) -> float:
    """True standard deviation of the estimated difference of mean ratings.

    It does not fall below worker_difference / sqrt(workers), however many items there are.
    """
    by_worker, by_item = deviations.worker_difference**2 / workers, deviations.item_difference**2 / items
    return float(np.sqrt(by_worker + by_item + 2.0 * deviations.residual**2 / (workers * items)))


def ratings_power(
    deviations: RatingDeviations,
    workers: int,
    items: int,
    difference: float,
    alpha: float = 0.05,
    test: str = "ml",
    simulations: int = 10_000,
    seed: int = 0,
) -> RatingsPower:
    """Power and size of a study by simulation.

    Args:
        deviations: such as `HIGH_VARIANCE`, or `ratings_fit.fit_ratings` of a pilot study.
        workers: number of workers, at least 2.
        items: number of items, at least 2; every worker rates every item of both systems once.
        difference: true difference of the systems' mean ratings, not 0.
        alpha: two-sided level of the test.
        test: `ml`, as published, or `anova`, which nearly keeps its level.
        simulations: number of simulated studies, for power and for size each.
        seed: of the draws.

    Raises:
        MethodOptionError: an option is out of range.
    """
    _check(workers, items, difference, alpha, test, simulations)
    rng = np.random.default_rng(seed)
    centre, squares = _draw(deviations, workers, items, simulations, rng)
    decide = _maximum_likelihood_test if test == "ml" else _anova_test
    error, quantile = decide(squares, workers, items, alpha)
    null, shifted = 2.0 * centre, 2.0 * centre + difference
    limit = 2.0 * quantile * error
    figures = summarise(shifted, _beyond(shifted, limit), difference)
    false = int(np.count_nonzero(_beyond(null, limit)))
    return RatingsPower(
        power=figures.power,
        size=false / simulations,
        type_m=figures.type_m,
        type_s=figures.type_s,
        standard_error=ratings_standard_error(deviations, workers, items),
        monte_carlo_error=figures.monte_carlo_error,
        size_error=monte_carlo_error(false, simulations),
    )


def expected_squares(deviations: RatingDeviations, workers: int, items: int) -> list[ExpectedSquares]:
    """Expected mean squares of the tables of halved differences and of means (see `balanced_ratings`)."""
    error = deviations.residual**2 / 2
    pairs = [
        (deviations.worker_difference / 2, deviations.item_difference / 2),
        (deviations.worker_level, deviations.item_level),
    ]
    return [
        ExpectedSquares(np.asarray(error + items * w**2), np.asarray(error + workers * i**2), np.asarray(error))
        for w, i in pairs
    ]


def _draw(
    deviations: RatingDeviations, workers: int, items: int, simulations: int, rng: np.random.Generator
) -> tuple[Float64Array, list[TwoWaySquares]]:
    """Centres of the halved differences without an effect, and sums of squares of both tables: all independent."""
    expected = expected_squares(deviations, workers, items)
    spread = np.sqrt(expected[0].centre / (workers * items))
    centre = rng.normal(0.0, spread, size=simulations)
    degrees = workers - 1, items - 1, (workers - 1) * (items - 1)
    tables = [
        TwoWaySquares(
            *(
                mean_square * rng.chisquare(count, size=simulations)
                for mean_square, count in zip((table.workers, table.items, table.errors), degrees, strict=True)
            )
        )
        for table in expected
    ]
    return centre, tables


def _maximum_likelihood_test(
    squares: list[TwoWaySquares], workers: int, items: int, alpha: float
) -> tuple[Float64Array, Float64Array]:
    fit = maximum_likelihood(squares, workers, items)[0]
    return np.sqrt(fit.centre / (workers * items)), np.asarray(-ndtri(alpha / 2))


def _anova_test(
    squares: list[TwoWaySquares], workers: int, items: int, alpha: float
) -> tuple[Float64Array, Float64Array]:
    """Unbiased mean squares; the centre's is taken to be no less than the workers' or the items' alone."""
    degrees = np.array([workers - 1.0, items - 1.0, (workers - 1.0) * (items - 1.0)])[:, None]
    means = np.array([squares[0].workers, squares[0].items, squares[0].errors]) / degrees
    centre = np.maximum(means[0] + means[1] - means[2], np.maximum(means[0], means[1]))
    freedom = np.maximum(centre**2 / np.sum(means**2 / degrees, axis=0), 1.0)
    return np.sqrt(centre / (workers * items)), np.asarray(-stdtrit(freedom, alpha / 2))


def _beyond(differences: Float64Array, limit: Float64Array) -> BoolArray:
    return np.asarray(np.abs(differences) > limit)


def _check(workers: int, items: int, difference: float, alpha: float, test: str, simulations: int) -> None:
    check_open_unit("alpha", alpha)
    for name, value, least in (("workers", workers, 2), ("items", items, 2), ("simulations", simulations, 1)):
        check_at_least(name, value, least)
    if test not in TESTS:
        raise MethodOptionError(f"test = {test!r} is not one of {', '.join(TESTS)}")
    if difference == 0.0:
        raise MethodOptionError("power and its errors are not defined where the systems are equal")
