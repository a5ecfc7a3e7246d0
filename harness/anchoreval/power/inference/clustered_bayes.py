"""Posterior of one model's accuracy over subtasks, whose own accuracies differ: the Beta-binomial model.

Subtask t has the accuracy theta_t ~ Beta(d theta, d (1 - theta)) around the wanted theta, which is uniform a priori;
d ~ Gamma(1, 1) says how alike subtasks are. Right answers in a subtask are then Beta-binomial, and the posterior has
two dimensions. A few subtasks are no special case, nor are subtasks that a model has all right.

Draws are weighted by importance. The first are from the prior, as in the source; with a dozen subtasks only a few of
them weigh anything, so that further rounds draw from a Student distribution (in logit theta and log d) fitted to the
weighted draws of the round before. Should the effective number of draws stay too low, the interval is Student's of the
subtasks' accuracies, and the result says so.

Source: Bowyer, Aitchison and Ivanova, Position: don't use the CLT in LLM evals with fewer than a few hundred datapoints
(arXiv 2503.01747), section 3.2; rounds: Cappé et al., Population Monte Carlo (2004).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import betaln, expit, logit

from anchoreval.arrays import Float64Array
from anchoreval.errors import ResponseDataError
from anchoreval.power.inference.clustering import mean_interval
from anchoreval.power.inference.importance import LEAST_EFFECTIVE, WeightedDraws, effective_draws, normalised
from anchoreval.power.inputs import check_at_least, check_open_unit, counts

ROUNDS = 6
"""Proposals tried, the prior among them."""
PLENTY = 0.3
"""Effective share of the draws that makes another round needless."""
LEAST_DRAWS = 1000
"""Fewer draws could not be told from a collapse."""
FREEDOM = 4.0
"""Degrees of freedom of the Student proposals: heavier tails than the posterior's."""
WIDENING = 2.0
"""Of their covariance, against the last round's."""
REACH = 30.0
"""Bound of logit theta and of log d: 1e-13 and 1e13."""


@dataclass(frozen=True)
class ClusteredPosterior:
    """What is known of an accuracy over subtasks, in score units.

    Attributes:
        mean: posterior mean of theta, the accuracy on subtasks in general.
        lower: end of its equal-tailed posterior interval.
        upper: the other end.
        concentration: posterior mean of d; NaN where the method is `t`.
        effective_draws: how many independent draws the figures rest on.
        method: `beta-binomial`, or `t` where importance sampling collapsed.
    """

    mean: float
    lower: float
    upper: float
    concentration: float
    effective_draws: float
    method: str


@dataclass(frozen=True)
class _Draws:
    """(draws, 2) logit theta and log d, and (draws,) weights."""

    places: Float64Array
    weights: Float64Array

    @property
    def effective(self) -> float:
        return effective_draws(self.weights)


def clustered_posterior(
    right: Any, n: Any, rng: np.random.Generator, level: float = 0.95, draws: int = 10_000
) -> ClusteredPosterior:
    """Accuracy over subtasks from the right answers in each.

    Args:
        right: (subtasks,) number of right answers.
        n: (subtasks,) number of answers; subtasks without any are left out.
        rng: draws theta and d.
        level: of the interval.
        draws: number of draws a round, at least 1,000.

    Raises:
        ResponseDataError: not counts, shapes that differ, more right answers than answers, no answer at all.
        MethodOptionError: the level is not between 0 and 1, or there are fewer than 1,000 draws.
    """
    check_open_unit("level", level)
    check_at_least("draws", draws, LEAST_DRAWS)
    successes, trials = _answered(right, n)
    drawn = _posterior_draws(successes, trials, draws, rng)
    if drawn.effective < LEAST_EFFECTIVE:
        found = mean_interval(successes / trials, level=level)
        return ClusteredPosterior(found.mean, found.lower, found.upper, float("nan"), drawn.effective, "t")
    theta = WeightedDraws(expit(drawn.places[:, 0]), drawn.weights)
    concentration = float(drawn.weights @ np.exp(drawn.places[:, 1]))
    return ClusteredPosterior(
        theta.mean, *theta.interval(level), concentration, drawn.effective, method="beta-binomial"
    )


def _answered(right: Any, n: Any) -> tuple[Float64Array, Float64Array]:
    successes, trials = counts("right answers", right), counts("answers", n)
    if successes.ndim != 1 or successes.shape != trials.shape:
        raise ResponseDataError(f"counts have shapes {successes.shape} and {trials.shape}, expected (subtasks,) twice")
    if np.any(successes > trials) or not trials.any():
        raise ResponseDataError("each subtask needs at most as many right answers as answers, and one needs an answer")
    return successes[trials > 0], trials[trials > 0]


def _posterior_draws(successes: Float64Array, trials: Float64Array, draws: int, rng: np.random.Generator) -> _Draws:
    """The round with the most effective draws, until they are plenty."""
    places = np.column_stack([logit(rng.random(draws)), np.log(rng.gamma(1.0, size=draws))])
    places = np.clip(places, -REACH, REACH)
    best = last = _Draws(places, normalised(_log_likelihood(places, successes, trials)))
    for _ in range(ROUNDS - 1):
        if best.effective >= PLENTY * draws:
            break
        places, log_density = _student_draws(last, rng)
        target = _log_likelihood(places, successes, trials) + _log_prior(places)
        last = _Draws(places, normalised(target - log_density))
        best = max(best, last, key=lambda each: each.effective)
    return best


def _student_draws(fitted: _Draws, rng: np.random.Generator) -> tuple[Float64Array, Float64Array]:
    """As many draws from a Student distribution fitted to weighted ones, and its log density up to a constant."""
    centre = fitted.weights @ fitted.places
    deviation = fitted.places - centre
    covariance = WIDENING * (deviation * fitted.weights[:, None]).T @ deviation + 1e-6 * np.eye(2)
    normal = rng.standard_normal(fitted.places.shape)
    scaled = normal / np.sqrt(rng.chisquare(FREEDOM, size=len(normal)) / FREEDOM)[:, None]
    log_density = -(FREEDOM + 2.0) / 2 * np.log1p(np.sum(scaled**2, axis=1) / FREEDOM)
    return np.clip(centre + scaled @ np.linalg.cholesky(covariance).T, -REACH, REACH), log_density


def _log_likelihood(places: Float64Array, successes: Float64Array, trials: Float64Array) -> Float64Array:
    """(draws,) Beta-binomial log probability of all subtasks, up to a constant."""
    concentration = np.exp(places[:, 1])
    a, b = concentration * expit(places[:, 0]), concentration * expit(-places[:, 0])
    total = -len(trials) * betaln(a, b)
    for right, n in zip(successes, trials, strict=True):  # a table of subtasks x draws would be large and no faster
        total += betaln(a + right, b + (n - right))
    return np.asarray(total, dtype=np.float64)


def _log_prior(places: Float64Array) -> Float64Array:
    """(draws,) log density of logit theta and log d under theta ~ U(0, 1) and d ~ Gamma(1, 1)."""
    logit_theta, log_d = places.T
    return np.asarray(-np.logaddexp(0, logit_theta) - np.logaddexp(0, -logit_theta) + log_d - np.exp(log_d))
