from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from anchoreval.arrays import Float64Array
from anchoreval.power.analysis.balanced_ratings import TwoWaySquares, maximum_likelihood, two_way_squares
from anchoreval.power.analysis.ratings import HIGH_VARIANCE, LOW_VARIANCE, RatingDeviations, expected_squares

from .rating_studies import drawn_ratings

STUDIES = [HIGH_VARIANCE, LOW_VARIANCE, RatingDeviations(0.2, 0.2, 0.3, 0.4, 0.2), RatingDeviations(0, 0, 0, 0, 0.2)]


def halves(ratings: Float64Array) -> Float64Array:
    """(2, workers, items) halved differences and means of two systems' ratings."""
    return np.stack([(ratings[1] - ratings[0]) / 2, (ratings[1] + ratings[0]) / 2])


def squares_of(ratings: Float64Array) -> tuple[float, list[TwoWaySquares]]:
    centres, squares = two_way_squares(halves(ratings))
    tables = [TwoWaySquares(*(values[[n]] for values in vars(squares).values())) for n in (0, 1)]
    return float(centres[0]), tables


def log_likelihood(parameters: Float64Array, ratings: Float64Array) -> float:
    """Of all ratings by their full covariance matrix; parameters are two means and five standard deviations."""
    half, centre, worker_gap, item_gap, worker, item, residual = parameters
    _, workers, items = ratings.shape
    same_worker = np.kron(np.eye(workers), np.ones((items, items)))
    same_item = np.kron(np.ones((workers, workers)), np.eye(items))
    sides = np.array([-1.0, 1.0])
    level = np.kron(np.ones((2, 2)), worker**2 * same_worker + item**2 * same_item)
    slope = np.kron(np.outer(sides, sides), worker_gap**2 * same_worker + item_gap**2 * same_item)
    covariance = level + slope + residual**2 * np.eye(ratings.size)
    mean = np.repeat(centre + sides * half, workers * items)
    return float(stats.multivariate_normal.logpdf(ratings.ravel(), mean, covariance))


@pytest.mark.parametrize("seed", range(4))
def test_fits_maximise_the_likelihood_of_all_ratings(seed: int) -> None:
    workers, items = 3, 6
    ratings = drawn_ratings(STUDIES[seed], workers, items, 0.2, np.random.default_rng(seed))
    centre, tables = squares_of(ratings)
    fit = maximum_likelihood(tables, workers, items)
    deviations = [
        np.sqrt(max(0.0, (square - table.errors).item() / count))
        for table in fit
        for square, count in ((table.workers, items), (table.items, workers))
    ]
    ours = np.array([centre, ratings.mean(), *deviations, np.sqrt(2 * fit[0].errors.item())])
    best = max(
        (
            optimize.minimize(
                lambda x: -log_likelihood(x, ratings), start, method="Nelder-Mead", options={"maxiter": 600}
            )
            for start in (ours, np.array([centre, ratings.mean(), 0.1, 0.1, 0.1, 0.1, 0.2]))
        ),
        key=lambda found: -found.fun,
    )
    assert log_likelihood(ours, ratings) >= -best.fun - 1e-6
    for nudge in np.vstack([np.eye(7), -np.eye(7)]) * 1e-3:
        assert log_likelihood(ours + nudge, ratings) <= log_likelihood(ours, ratings) + 1e-9


def test_mean_squares_have_their_expectations() -> None:
    workers, items, rng = 4, 9, np.random.default_rng(0)
    deviations = RatingDeviations(0.2, 0.3, 0.1, 0.4, 0.2)
    drawn = np.array([halves(drawn_ratings(deviations, workers, items, 0.0, rng)) for _ in range(4000)])
    for side, expected in zip((0, 1), expected_squares(deviations, workers, items), strict=True):
        centre, squares = two_way_squares(drawn[:, side])
        assert squares.workers.mean() / (workers - 1) == pytest.approx(float(expected.workers), rel=0.06)
        assert squares.items.mean() / (items - 1) == pytest.approx(float(expected.items), rel=0.06)
        assert squares.errors.mean() / (workers - 1) / (items - 1) == pytest.approx(float(expected.errors), rel=0.03)
        assert centre.var() * workers * items == pytest.approx(float(expected.centre), rel=0.1)


def test_tables_without_variance_but_error_pool_everything() -> None:
    flat = TwoWaySquares(np.array([0.0]), np.array([0.0]), np.array([5.0]))
    fit = maximum_likelihood([flat, flat], 3, 5)[0]
    assert fit.errors.item() == pytest.approx(10.0 / (2 * 15))
    assert fit.centre.item() == pytest.approx(fit.errors.item())


def test_fits_settle() -> None:
    rng = np.random.default_rng(2)
    tables = [TwoWaySquares(*(rng.chisquare(d, 5000) * s for d, s in ((1, 3), (19, 1.5), (19, 1)))) for _ in range(2)]
    fit = maximum_likelihood(tables, 2, 20)
    for table, found in zip(tables, fit, strict=True):
        again = np.maximum(found.errors, table.workers / (1 + found.workers / found.centre))
        assert again == pytest.approx(found.workers, rel=1e-8)
