"""Posterior of the difference of two models' accuracies from their answers to the same items.

Each model has a latent performance on an item, the two of them bivariate normal: a model is right where its own is
above 0. Accuracies are uniform a priori, and the correlation is 2 Beta(4, 2) - 1, since what is hard for one model
tends to be hard for the other. From accuracies and correlation follow the probabilities of the four cells (both right,
first only, second only, both wrong), whose counts are multinomial. Nothing is taken from the central limit theorem: few
items, or none that is discordant, are no special case.

Draws are weighted by importance, from one of two proposals that hold half of the counts and so are wider than the
posterior. By accuracies: both from their own Beta posteriors, the correlation from its prior; best where few items are
discordant, or few are not. By cells: the four cells from their Dirichlet posterior, which then determine the
correlation; best elsewhere, however many items there are. The prior, from which the source draws, collapses at a few
hundred items. Should both proposals collapse, the cells get the conjugate Dirichlet(1, 1, 1, 1) prior, and the result
says so.

Source: Bowyer, Aitchison and Ivanova, Position: don't use the CLT in LLM evals with fewer than a few hundred datapoints
(arXiv 2503.01747), section 3.4; the proposals are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri, xlog1py, xlogy

from anchoreval.arrays import Float64Array
from anchoreval.errors import ResponseDataError
from anchoreval.power.inference.bivariate_normal import bivariate_normal_cdf, correlation_of, log_density
from anchoreval.power.inference.importance import LEAST_EFFECTIVE, WeightedDraws, effective_draws, normalised
from anchoreval.power.inputs import check_at_least, check_open_unit, counts, scores

CORRELATION_PRIOR = (4.0, 2.0)
"""Of the Beta distribution of (1 + correlation) / 2."""
TEMPER = 0.5
"""Share of the counts that a proposal holds."""
SMALLEST = 1e-15
"""Accuracies stay so far from 0 and 1, where the normal quantile ends."""
PLENTY = 0.3
"""Effective share of the draws that makes a second proposal needless."""
LEAST_DRAWS = 1000
"""Fewer draws could not be told from a collapse."""


@dataclass(frozen=True)
class AccuracyDraws:
    """Weighted draws of two accuracies.

    Attributes:
        first: (draws,) accuracies of the first model.
        second: (draws,) accuracies of the second.
        weights: (draws,) summing to 1.
    """

    first: Float64Array
    second: Float64Array
    weights: Float64Array

    @property
    def effective(self) -> float:
        """Number of independent draws that these are worth."""
        return effective_draws(self.weights)


@dataclass(frozen=True)
class PairedPosterior:
    """What is known of two accuracies after the same items, in score units.

    Attributes:
        probability_first_better: posterior probability that the first model's accuracy is greater.
        difference: posterior mean of the first accuracy minus the second.
        lower: end of the equal-tailed posterior interval of the difference.
        upper: the other end.
        first: posterior mean accuracy of the first model.
        second: posterior mean accuracy of the second.
        effective_draws: how many independent draws of the posterior the figures rest on.
        method: `bivariate normal`, or `dirichlet` where importance sampling collapsed.
    """

    probability_first_better: float
    difference: float
    lower: float
    upper: float
    first: float
    second: float
    effective_draws: float
    method: str


def paired_counts(first: Any, second: Any) -> tuple[int, int, int, int]:
    """Numbers of items that both, only the first, only the second, and neither model has right.

    Args:
        first: (items,) scores of 0 or 1; NaN where not answered. Only items that both answered count.
        second: (items,) scores of the other model, in the same order.

    Raises:
        ResponseDataError: shapes that differ, or a score that is neither 0 nor 1.
    """
    one, other = scores("first", first), scores("second", second)
    if one.shape != other.shape:
        raise ResponseDataError(f"the models have {one.size} and {other.size} scores, not those of the same items")
    known = ~(np.isnan(one) | np.isnan(other))
    cells = 2 * (1 - one[known]) + (1 - other[known])
    graded = ~(np.isin(one[known], (0, 1)) & np.isin(other[known], (0, 1)))
    if graded.any():
        raise ResponseDataError(f"{int(graded.sum())} items have scores other than 0 and 1: they have no counts")
    both, first_only, second_only, neither = np.bincount(cells.astype(np.int64), minlength=4)
    return int(both), int(first_only), int(second_only), int(neither)


def paired_posterior(
    both_right: int,
    first_only: int,
    second_only: int,
    both_wrong: int,
    rng: np.random.Generator,
    level: float = 0.95,
    draws: int = 10_000,
) -> PairedPosterior:
    """Compare two models by the counts of `paired_counts`.

    Args:
        both_right: items that both models have right.
        first_only: items that only the first has right.
        second_only: items that only the second has right.
        both_wrong: items that both have wrong.
        rng: draws accuracies and correlations.
        level: of the interval.
        draws: number of draws, at least 1,000.

    Raises:
        ResponseDataError: not counts.
        MethodOptionError: the level is not between 0 and 1, or there are fewer than 1,000 draws.
    """
    check_open_unit("level", level)
    check_at_least("draws", draws, LEAST_DRAWS)
    cells = counts("items", [both_right, first_only, second_only, both_wrong])
    drawn, method = _latent_draws(cells, draws, rng), "bivariate normal"
    if drawn.effective < LEAST_EFFECTIVE:
        drawn, method = _conjugate_draws(cells, draws, rng), "dirichlet"
    difference = WeightedDraws(drawn.first - drawn.second, drawn.weights)
    return PairedPosterior(
        difference.above(0.0),
        difference.mean,
        *difference.interval(level),
        first=float(drawn.weights @ drawn.first),
        second=float(drawn.weights @ drawn.second),
        effective_draws=drawn.effective,
        method=method,
    )


def cell_probabilities(first: Float64Array, second: Float64Array, correlation: Float64Array) -> Float64Array:
    """(draws, 4) probability of both right, first only, second only, both wrong.

    Args:
        first: (draws,) accuracies of the first model, strictly between 0 and 1.
        second: (draws,) accuracies of the second.
        correlation: (draws,) of their latent performances, strictly between -1 and 1.
    """
    neither = bivariate_normal_cdf(-ndtri(first), -ndtri(second), correlation)
    cells = np.column_stack([first + second + neither - 1.0, 1.0 - second - neither, 1.0 - first - neither, neither])
    return np.maximum(cells, np.finfo(np.float64).tiny)


def _latent_draws(cells: Float64Array, draws: int, rng: np.random.Generator) -> AccuracyDraws:
    """From the better proposal under the latent bivariate normal."""
    drawn = _by_accuracies(cells, draws, rng)
    if drawn.effective >= PLENTY * draws:
        return drawn
    return max(drawn, _by_cells(cells, draws, rng), key=lambda each: each.effective)


def _by_accuracies(cells: Float64Array, draws: int, rng: np.random.Generator) -> AccuracyDraws:
    both, first_only, second_only, neither = cells
    first, first_density = _accuracies(both + first_only, second_only + neither, draws, rng)
    second, second_density = _accuracies(both + second_only, first_only + neither, draws, rng)
    correlation = 2.0 * rng.beta(*CORRELATION_PRIOR, size=draws) - 1.0
    likelihood = xlogy(cells, cell_probabilities(first, second, correlation)).sum(axis=1)
    return AccuracyDraws(first, second, normalised(likelihood - first_density - second_density))


def _accuracies(right: float, wrong: float, draws: int, rng: np.random.Generator) -> tuple[Float64Array, Float64Array]:
    """(draws,) from the tempered posterior of one model alone, and their log density up to a constant."""
    accuracy = np.clip(rng.beta(1.0 + TEMPER * right, 1.0 + TEMPER * wrong, size=draws), SMALLEST, 1.0 - SMALLEST)
    density = TEMPER * (xlogy(right, accuracy) + xlog1py(wrong, -accuracy))
    return accuracy, np.asarray(density, dtype=np.float64)


def _by_cells(cells: Float64Array, draws: int, rng: np.random.Generator) -> AccuracyDraws:
    """Cells in place of the correlation, whose prior density is divided by the derivative of a cell in it."""
    drawn = np.maximum(rng.dirichlet(1.0 + TEMPER * cells, size=draws), np.finfo(np.float64).tiny)
    first, second = (np.clip(drawn[:, 0] + drawn[:, only], SMALLEST, 1.0 - SMALLEST) for only in (1, 2))
    h, k = -ndtri(first), -ndtri(second)
    correlation = correlation_of(h, k, drawn[:, 3])
    high, low = CORRELATION_PRIOR
    prior = (high - 1.0) * np.log1p(correlation) + (low - 1.0) * np.log1p(-correlation)
    likelihood = (1.0 - TEMPER) * xlogy(cells, drawn).sum(axis=1)
    return AccuracyDraws(first, second, normalised(likelihood + prior - log_density(h, k, correlation)))


def _conjugate_draws(cells: Float64Array, draws: int, rng: np.random.Generator) -> AccuracyDraws:
    both, first_only, second_only, _ = rng.dirichlet(1.0 + cells, size=draws).T
    return AccuracyDraws(both + first_only, both + second_only, np.full(draws, 1.0 / draws))
