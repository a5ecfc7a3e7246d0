"""A multidimensional 2PL by variational EM: beliefs about models and items are normal, and the bound never falls.

The marginal likelihood is bounded from below by Jaakkola and Jordan's quadratic bound under normal beliefs (for item
response theory: Cho, Wang, Zhang and Xu 2021; here items have beliefs too, and their prior is learnt, see
`population`). Models and items are improved in turn and the scale of ability is renewed after each turn. It needs no
grid, so any number of dimensions and of items is fitted alike; missing cells contribute nothing, fractional scores
enter as y log P + (1 - y) log(1 - P).

It fails softly where models have few answers: the bound is loose by the posterior variance of the logit, which flattens
slopes (in two dimensions by a tenth at 20 items, a twentieth at 50, next to nothing from 100 on).

Abilities are N(0, I) up to a rotation. At the end the axes are turned to the principal axes of the slopes, the first of
which takes up the most, and each is given the sign that makes its slopes' sum positive: the first is then what all
items share, the others what tells them apart. Cost: two passes over the scores a step, in blocks; beside the scores
memory grows with models times models plus items, not with models times items.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from anchoreval.arrays import Float64Array, FloatArray
from anchoreval.errors import MethodOptionError
from anchoreval.numerics.irt.answers import Answers, blocks
from anchoreval.numerics.irt.multidimensional.beliefs import Beliefs, Normals, improve_items, improve_models, rescale
from anchoreval.numerics.irt.multidimensional.parameters import MultidimensionalParameters
from anchoreval.numerics.irt.multidimensional.population import Population

FLATTEST = 0.05
"""Least standard deviation of an item's scores that a start is scaled by."""
VAGUE = 0.1
"""Variances that beliefs start with."""


@dataclass(frozen=True)
class MultidimensionalFit:
    """Item parameters and how they were found.

    Attributes:
        parameters: of the items, in principal axes.
        ability: (models, dimensions) means of the fitted beliefs about the models' abilities, in the same axes.
        trace: (steps,) lower bound of the penalised marginal log-likelihood; never falls.
        converged: whether the last step moved no slope or intercept by more than the tolerance.
    """

    parameters: MultidimensionalParameters
    ability: Float64Array
    trace: Float64Array
    converged: bool


def fit_multidimensional(
    scores: FloatArray,
    dimensions: int = 2,
    tolerance: float = 5e-3,
    max_steps: int = 200,
) -> MultidimensionalFit:
    """Fit a compensatory 2PL in several abilities.

    Args:
        scores: (models, items) in [0, 1]; NaN where a model did not answer.
        dimensions: number of abilities, at least 1.
        tolerance: converged when a step moves no slope and no intercept by more; standard errors with a few hundred
            models are above 0.1.
        max_steps: most steps.

    Raises:
        MethodOptionError: an option that makes no sense.
        ResponseDataError: scores are no table, empty, or outside [0, 1].
    """
    if dimensions < 1 or max_steps < 1 or not tolerance > 0:
        raise MethodOptionError("irt: dimensions and max_steps must be at least 1, tolerance positive")
    answers = Answers.of(scores)
    beliefs, trace, converged = _climb(answers, starting_beliefs(answers, dimensions), tolerance, max_steps)
    slopes, intercept = beliefs.items.mean[:, :dimensions], beliefs.items.mean[:, dimensions]
    axes = principal_axes(slopes)
    parameters = MultidimensionalParameters(slopes @ axes, intercept.copy())
    return MultidimensionalFit(parameters, beliefs.models.mean @ axes, np.array(trace), converged)


def _climb(answers: Answers, start: Beliefs, tolerance: float, max_steps: int) -> tuple[Beliefs, list[float], bool]:
    """Steps from the start. Returns where they led, the bound before each, and whether they settled."""
    here, trace = improve_items(answers, start), list[float]()
    for _ in range(max_steps):
        value, better = improve_models(answers, here)
        trace.append(value)
        there = rescale(improve_items(answers, better))
        move = np.abs(there.items.mean - here.items.mean).max()
        here = there
        if move < tolerance:
            return here, trace, True
    return here, trace, False


def starting_beliefs(answers: Answers, dimensions: int) -> Beliefs:
    """Abilities from the leading components of standardised scores, items without slopes at their mean score."""
    models, n_items = answers.scores.shape
    likeness, intercept = np.zeros((models, models)), np.empty(n_items)
    for items in blocks(n_items, models):
        scores, mask = answers.block(items)
        given = np.full(scores.shape[1], float(models)) if mask is None else mask.sum(axis=0)
        mean = (scores.sum(axis=0) + 0.5) / (given + 1.0)
        deviation = (scores - mean) / np.maximum(np.sqrt(mean * (1 - mean)), FLATTEST)
        deviation = deviation if mask is None else deviation * mask
        likeness += deviation @ deviation.T
        intercept[items] = np.log(mean / (1 - mean))
    ability = leading_components(likeness, dimensions)
    models_known = Normals(ability, np.tile(VAGUE * np.eye(dimensions), (models, 1, 1)))
    items_known = Normals(
        np.column_stack([np.zeros((n_items, dimensions)), intercept]),
        np.tile(VAGUE * np.eye(dimensions + 1), (n_items, 1, 1)),
    )
    return Beliefs(models_known, items_known, Population.standard(dimensions + 1))


def leading_components(likeness: Float64Array, dimensions: int) -> Float64Array:
    """(models, dimensions) leading eigenvectors of mean square 1; columns of 0 where there are fewer models."""
    models = len(likeness)
    found = min(dimensions, models)
    vectors = eigh(likeness, subset_by_index=(models - found, models - 1))[1][:, ::-1] * np.sqrt(models)
    return np.column_stack([vectors, np.zeros((models, dimensions - found))])


def principal_axes(slopes: Float64Array) -> Float64Array:
    """(dimensions, dimensions) rotation to the slopes' principal axes, greatest first, each sum of slopes positive."""
    axes = np.linalg.eigh(slopes.T @ slopes)[1][:, ::-1]
    return np.asarray(axes * np.where((slopes @ axes).sum(axis=0) < 0, -1.0, 1.0), dtype=np.float64)
