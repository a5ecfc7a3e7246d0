"""Abilities in several dimensions: the posterior mode under N(0, I), and the curvature there.

The log posterior of a 2PL is strictly concave, so Newton steps, halved where they overshoot, reach its one mode from
anywhere; the prior keeps all-right and all-wrong models finite, and tells abilities that a few anchors leave open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import Float64Array, FloatArray
from anchoreval.errors import ResponseDataError
from anchoreval.numerics.irt.answers import Answers, blocks
from anchoreval.numerics.irt.multidimensional.parameters import (
    MultidimensionalParameters,
    multidimensional_expected_scores,
)
from anchoreval.numerics.irt.multidimensional.symmetric import packed, unpacked

STEPS, HALVINGS = 50, 30
SETTLED = 1e-9


@dataclass(frozen=True)
class MultidimensionalAbilities:
    """Abilities of models.

    Attributes:
        ability: (models, dimensions) posterior modes.
        covariance: (models, dimensions, dimensions) inverse of the test information plus I, at the mode.
    """

    ability: Float64Array
    covariance: Float64Array

    @property
    def standard_error(self) -> Float64Array:
        """(models, dimensions) square roots of the covariances' diagonals; at most 1, the prior's."""
        return np.asarray(np.sqrt(np.einsum("mdd->md", self.covariance)), dtype=np.float64)


def multidimensional_abilities(scores: FloatArray, parameters: MultidimensionalParameters) -> MultidimensionalAbilities:
    """Posterior mode of each model's abilities.

    Args:
        scores: (models, items) in [0, 1]; NaN where a model did not answer.
        parameters: of the same items.

    Raises:
        ResponseDataError: scores are no table, outside [0, 1], or not of these items.
    """
    answers = Answers.of(scores)
    if answers.scores.shape[1] != len(parameters):
        raise ResponseDataError(f"scores: {answers.scores.shape[1]} columns for the parameters of {len(parameters)}")
    here = np.zeros((len(answers.scores), parameters.dimensions))
    value, gradient, information = _posterior(answers, parameters, here)
    for _ in range(STEPS):
        step = np.linalg.solve(information, gradient[:, :, None])[:, :, 0]
        if np.abs(step).max() < SETTLED:
            break
        for _ in range(HALVINGS):
            reached, following, sharper = _posterior(answers, parameters, here + step)
            worse = reached < value - 1e-12 * np.abs(value)
            if not worse.any():
                break
            step[worse] /= 2
        here, value, gradient, information = here + step, reached, following, sharper
    return MultidimensionalAbilities(here, np.asarray(np.linalg.inv(information), dtype=np.float64))


def _posterior(
    answers: Answers, parameters: MultidimensionalParameters, ability: Float64Array
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Each model's log posterior, its gradient and its negative second derivative, at that model's abilities."""
    models, dimensions = ability.shape
    value, gradient = -0.5 * (ability**2).sum(axis=1), -ability
    precision = np.tile(packed(np.eye(dimensions)[None]), (models, 1))
    for items in blocks(len(parameters), models):
        part = parameters.take(items)
        scores, mask = answers.block(items)
        logit = ability @ part.slopes.T + part.intercept
        chance = multidimensional_expected_scores(part, ability)
        cells, residual, weight = scores * logit - np.logaddexp(0.0, logit), scores - chance, chance * (1 - chance)
        if mask is not None:
            cells, residual, weight = cells * mask, residual * mask, weight * mask
        value += cells.sum(axis=1)
        gradient += residual @ part.slopes
        precision += weight @ packed(np.einsum("id,ie->ide", part.slopes, part.slopes))
    return value, gradient, unpacked(precision, dimensions)
