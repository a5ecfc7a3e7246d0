"""Abilities of models from their answers: posterior mode (MAP) or mean (EAP) under a normal prior, with errors.

The prior keeps all-right and all-wrong models finite. The mode is found by safeguarded Newton: a coarse grid brackets
the highest peak (with lower asymptotes there can be several), then steps stay inside the bracket. The mean is an
integral over a grid around the mode, as wide as the posterior itself, so it holds for ten items and for ten thousand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import Float64Array, FloatArray
from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.numerics.irt.answers import Answers, blocks, log_likelihood
from anchoreval.numerics.irt.information import item_information
from anchoreval.numerics.irt.parameters import ItemParameters, curves

REACH, COARSE = 8.0, 161
"""The coarse grid: prior standard deviations to each side, and points."""
LOCAL = 41
"""Points of the local grid, from -LOCAL_REACH to LOCAL_REACH posterior standard deviations."""
LOCAL_REACH = 6.0
BISECTIONS = 60
SETTLED = 1e-10


@dataclass(frozen=True)
class Abilities:
    """Abilities of models.

    Attributes:
        ability: (models,).
        standard_error: (models,) curvature-based for MAP, posterior standard deviation for EAP; at most about the
            prior's standard deviation, which it is for a model without answers.
    """

    ability: Float64Array
    standard_error: Float64Array


def map_abilities(
    scores: FloatArray, parameters: ItemParameters, prior_mean: float = 0.0, prior_sd: float = 1.0
) -> Abilities:
    """Posterior mode of each model's ability.

    Args:
        scores: (models, items) in [0, 1]; NaN where a model did not answer.
        parameters: of the same items.
        prior_mean: of the normal prior.
        prior_sd: of the normal prior.

    Returns:
        Modes; the standard error is 1 / sqrt(test information + prior precision) there.
    """
    answers = _checked(scores, parameters, prior_sd)
    grid = prior_mean + prior_sd * np.linspace(-REACH, REACH, COARSE)
    log_posterior = log_likelihood(answers, parameters, grid) - 0.5 * ((grid - prior_mean) / prior_sd) ** 2
    peak = np.argmax(log_posterior, axis=1)
    # at an end of the grid the mode may lie beyond it, but never where the prior pulls harder than all items can push
    beyond = REACH * prior_sd + prior_sd**2 * float(parameters.discrimination.sum())
    edges = np.concatenate([[prior_mean - beyond], grid, [prior_mean + beyond]])
    low, high = edges[peak], edges[peak + 2]
    here = grid[peak].copy()
    for _ in range(BISECTIONS):
        slope, information = _slope(answers, parameters, here)
        slope += (prior_mean - here) / prior_sd**2
        information += 1 / prior_sd**2
        low, high = np.where(slope > 0, here, low), np.where(slope < 0, here, high)
        step = here + slope / information
        following = np.where((step >= low) & (step <= high), step, (low + high) / 2)
        moved = np.abs(following - here).max()
        here = following
        if moved < SETTLED:
            break
    information = _slope(answers, parameters, here)[1] + 1 / prior_sd**2
    return Abilities(here, 1 / np.sqrt(information))


def eap_abilities(
    scores: FloatArray, parameters: ItemParameters, prior_mean: float = 0.0, prior_sd: float = 1.0
) -> Abilities:
    """Posterior mean and standard deviation of each model's ability.

    Args:
        scores: (models, items) in [0, 1]; NaN where a model did not answer.
        parameters: of the same items.
        prior_mean: of the normal prior.
        prior_sd: of the normal prior.
    """
    answers = _checked(scores, parameters, prior_sd)
    peak = map_abilities(scores, parameters, prior_mean, prior_sd)
    # twice: the information at the mode can misjudge the width of a skewed posterior; the first pass measures it
    found = peak
    for _ in range(2):
        found = _local_moments(answers, parameters, found, prior_mean, prior_sd)
    return found


def _local_moments(
    answers: Answers, parameters: ItemParameters, around: Abilities, prior_mean: float, prior_sd: float
) -> Abilities:
    """Posterior mean and standard deviation over a grid around each model's own centre."""
    points = around.ability[:, None] + around.standard_error[:, None] * np.linspace(-LOCAL_REACH, LOCAL_REACH, LOCAL)
    log_posterior = _log_likelihood_at(answers, parameters, points) - 0.5 * ((points - prior_mean) / prior_sd) ** 2
    weights = np.exp(log_posterior - log_posterior.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    mean = np.einsum("mq,mq->m", weights, points)
    variance = np.einsum("mq,mq->m", weights, (points - mean[:, None]) ** 2)
    return Abilities(mean, np.sqrt(variance))


def _checked(scores: FloatArray, parameters: ItemParameters, prior_sd: float) -> Answers:
    answers = Answers.of(scores)
    if answers.scores.shape[1] != len(parameters):
        raise ResponseDataError(f"scores: {answers.scores.shape[1]} columns for the parameters of {len(parameters)}")
    if not prior_sd > 0:
        raise MethodOptionError(f"prior_sd: must be positive, not {prior_sd:g}")
    return answers


def _slope(answers: Answers, parameters: ItemParameters, ability: Float64Array) -> tuple[Float64Array, Float64Array]:
    """(models,) derivative of the log-likelihood at each model's ability, and Fisher information there."""
    slope, information = np.zeros((2, len(ability)))
    for items in blocks(len(parameters), len(ability)):
        part = parameters.take(items)
        at = curves(part, ability)
        scores, mask = answers.block(items)
        weight = at.rise * part.discrimination[:, None] / (at.correct * at.wrong)  # (items, models)
        residual = scores.T - at.correct
        amount = item_information(part, ability)
        if mask is not None:
            residual, amount = residual * mask.T, amount * mask.T
        slope += np.einsum("im,im->m", residual, weight)
        information += amount.sum(axis=0)
    return slope, information


def _log_likelihood_at(answers: Answers, parameters: ItemParameters, points: Float64Array) -> Float64Array:
    """(models, points) log-likelihood where every model has abilities of its own."""
    total = np.zeros(points.shape)
    for items in blocks(len(parameters), points.size):
        part = parameters.take(items)
        scores, mask = answers.block(items)
        at = curves(part, points.ravel())
        right = np.log(at.correct).reshape(-1, *points.shape)
        wrong = np.log(at.wrong).reshape(-1, *points.shape)
        missed = (1.0 if mask is None else mask) - scores
        total += np.einsum("imq,mi->mq", right, scores) + np.einsum("imq,mi->mq", wrong, missed)
    return total
