"""Where the fit begins: slopes from items' correlations with rough abilities, intercepts from their mean scores.

Rough abilities are normal scores of the ranks of models' mean deviations from item means. All is done in blocks of
items, so that no copy of the scores is made.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from anchoreval.arrays import Float64Array
from anchoreval.numerics.irt.answers import Answers, blocks
from anchoreval.numerics.irt.priors import FREE, INTERCEPT, SLOPE, Priors, parameters_of
from anchoreval.numerics.ranks import average_ranks

LEAST = 1e-12
UNKNOWN = 0.5
"""Stands for the mean score of an item that nobody answered."""


def starting_point(answers: Answers, priors: Priors, model: str) -> Float64Array:
    """(items, working) coordinates to begin at.

    Args:
        answers: of the models.
        priors: of the item parameters.
        model: 1pl and so on; in 1pl all slopes are alike.
    """
    mean = item_means(answers)
    correlation = np.clip(_correlations(answers, mean, rough_abilities(answers, mean)), 0.1, 0.8)
    coordinates = np.tile(priors.start(FREE[model]), (len(mean), 1))
    coordinates[:, SLOPE] = np.log(1.7 * correlation / np.sqrt(1 - correlation**2))
    if model == "1pl":
        coordinates[:, SLOPE] = coordinates[:, SLOPE].mean()
    start = parameters_of(coordinates)
    share = np.clip((mean - start.lower) / (start.upper - start.lower), 0.02, 0.98)
    coordinates[:, INTERCEPT] = np.log(share / (1 - share)) * np.sqrt(1 + start.discrimination**2 / 2.9)
    return coordinates


def item_means(answers: Answers) -> Float64Array:
    """(items,) mean score over the models that answered."""
    models, items = answers.scores.shape
    mean = np.empty(items)
    for block in blocks(items, models):
        scores, mask = answers.block(block)
        count = np.full(scores.shape[1], float(models)) if mask is None else mask.sum(axis=0)
        mean[block] = np.where(count > 0, scores.sum(axis=0) / np.maximum(count, 1), UNKNOWN)
    return mean


def rough_abilities(answers: Answers, mean: Float64Array) -> Float64Array:
    """(models,) normal scores of the ranks of mean deviations from item means; 0 counts for a model without answers."""
    models, items = answers.scores.shape
    total, count = np.zeros(models), np.zeros(models)
    for block in blocks(items, models):
        scores, mask = answers.block(block)
        deviation = scores - mean[block]
        total += deviation.sum(axis=1) if mask is None else (deviation * mask).sum(axis=1)
        count += scores.shape[1] if mask is None else mask.sum(axis=1)
    ranks = average_ranks(total / np.maximum(count, 1))
    return np.asarray(ndtri((ranks - 0.5) / models), dtype=np.float64)


def _correlations(answers: Answers, mean: Float64Array, ability: Float64Array) -> Float64Array:
    """(items,) products of deviations with abilities over the roots of both sums of squares."""
    found = np.empty(len(mean))
    for block in blocks(len(mean), len(ability)):
        scores, mask = answers.block(block)
        deviation = scores - mean[block]
        deviation = deviation if mask is None else deviation * mask
        spread = np.sqrt((deviation**2).sum(axis=0) * max(float(ability @ ability), LEAST))
        found[block] = (ability @ deviation) / np.maximum(spread, LEAST)
    return found
