"""Standard errors of item parameters: each item's block of the observed information of the marginal likelihood.

The information in the expected counts, prior included, less what is lost because abilities are not observed: the
posterior variance of the item's score function (Louis 1982). Terms between items are left out: an error says how well
an item is known when all others are, on the scale of ability that the fit has settled on. Fisher information stands in
where an item's block is not positive definite, which happens only short of the optimum.
"""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.numerics.irt.answers import Answers, blocks
from anchoreval.numerics.irt.items_step import Counts, derivatives, partials
from anchoreval.numerics.irt.parameters import ItemErrors, curves
from anchoreval.numerics.irt.priors import INTERCEPT, LOWER, SLOPE, UPPER, Priors, parameters_of

STEP = 1e-4
"""Of the central differences, in working coordinates: errors of 1e-8 relative to the third derivative."""
LEAST = 1e-3
"""Blocks whose least eigenvalue is a smaller part of the Fisher information's are not trusted."""


def item_errors(
    answers: Answers, posterior: Float64Array, coordinates: Float64Array, counts: Counts, priors: Priors, model: str
) -> ItemErrors:
    """Standard errors at fitted coordinates.

    Args:
        answers: of the models.
        posterior: (models, nodes) of ability.
        coordinates: (items, working).
        counts: expected counts under that posterior.
        priors: of the parameters.
        model: 1pl and so on.
    """
    shared = model == "1pl"
    fisher = derivatives(coordinates, counts)[1]
    observed = complete_information(coordinates, counts) - lost_information(answers, posterior, coordinates, counts)
    diagonal = np.arange(coordinates.shape[1])
    for information in (fisher, observed):
        information[:, diagonal, diagonal] += priors.slopes(coordinates, shared)[1]
    usable = np.linalg.eigvalsh(observed)[:, 0] > LEAST * np.linalg.eigvalsh(fisher)[:, 0]
    information = np.asarray(np.where(usable[:, None, None], observed, fisher), dtype=np.float64)
    covariance = _shared_covariance(information) if shared else np.asarray(np.linalg.inv(information))
    return _on_the_scale_of_parameters(covariance, coordinates)


def complete_information(coordinates: Float64Array, counts: Counts) -> Float64Array:
    """(items, working, working) negative second derivatives of the expected log-likelihood, by central differences."""
    working = coordinates.shape[1]
    information = np.empty((*coordinates.shape, working))
    for column, step in enumerate(STEP * np.eye(working)):
        ahead, behind = (derivatives(coordinates + move, counts)[0] for move in (step, -step))
        information[:, :, column] = (behind - ahead) / (2 * STEP)
    return np.asarray((information + information.swapaxes(1, 2)) / 2, dtype=np.float64)


def lost_information(
    answers: Answers, posterior: Float64Array, coordinates: Float64Array, counts: Counts
) -> Float64Array:
    """(items, working, working) sum over models of the posterior variance of each item's score function."""
    items, working = coordinates.shape
    lost = np.empty((items, working, working))
    for block in blocks(items, max(posterior.shape)):
        parameters = parameters_of(coordinates[block])
        at = curves(parameters, counts.nodes)
        scores, mask = answers.block(block)
        right, given = counts.take(block)
        squares = (scores**2).T @ posterior - 2 * right * at.correct + given * at.correct**2
        slopes = [slope / (at.correct * at.wrong) for slope in partials(at, parameters, counts.nodes, working)]
        means = [scores * (posterior @ slope.T) - posterior @ (slope * at.correct).T for slope in slopes]
        if mask is not None:
            means = [mean * mask for mean in means]
        for row in range(working):
            for column in range(row + 1):
                entry = np.einsum("iq,iq,iq->i", squares, slopes[row], slopes[column])
                entry -= np.einsum("mi,mi->i", means[row], means[column])
                lost[block, row, column] = lost[block, column, row] = entry
    return lost


def _shared_covariance(information: Float64Array) -> Float64Array:
    """(items, 2, 2) covariance of the one slope and each intercept."""
    own, cross = information[:, INTERCEPT, INTERCEPT], information[:, SLOPE, INTERCEPT]
    slope = 1 / (information[:, SLOPE, SLOPE] - cross**2 / own).sum()
    covariance = np.empty_like(information)
    covariance[:, SLOPE, SLOPE] = slope
    covariance[:, SLOPE, INTERCEPT] = covariance[:, INTERCEPT, SLOPE] = -cross / own * slope
    covariance[:, INTERCEPT, INTERCEPT] = 1 / own + (cross / own) ** 2 * slope
    return covariance


def _on_the_scale_of_parameters(covariance: Float64Array, coordinates: Float64Array) -> ItemErrors:
    """Delta method from working coordinates to parameters."""
    parameters = parameters_of(coordinates)
    items, working = coordinates.shape
    deviations = np.sqrt(np.einsum("ikk->ik", covariance))
    # difficulty = -intercept exp(-log slope)
    toward = np.column_stack([-parameters.difficulty, -1 / parameters.discrimination])
    difficulty = np.sqrt(np.einsum("ik,ikl,il->i", toward, covariance[:, :2, :2], toward))
    lower, upper = np.zeros(items), np.zeros(items)
    if working > LOWER:
        lower = deviations[:, LOWER] * parameters.lower * (1 - parameters.lower)
    if working > UPPER:
        upper = deviations[:, UPPER] * parameters.upper * (1 - parameters.upper)
    slope = deviations[:, SLOPE] * parameters.discrimination
    return ItemErrors(slope, deviations[:, INTERCEPT].copy(), difficulty, lower, upper)
