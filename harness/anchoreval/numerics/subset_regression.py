"""How well each of many subsets' means predicts a full score, by one spline a subset, cross-validated all at once.

Every subset's mean is rescaled to [0, 1] over the models and expanded in the same cubic B-splines; a penalty on second
differences, the same for all subsets, keeps the curves smooth (as in `anchoreval.numerics.gam`). With a common basis
the normal equations of all subsets and folds are small matrices that are solved in one batch: 10,000 subsets, 120
models and 5 folds take half a second.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anchoreval.arrays import Float64Array, IntArray

TIE = 1e-8
"""Keeps a spline that no model reaches solvable; in units of one model."""
DIGITS = 9
"""Errors closer than this are tied, on every machine."""


def cubic_basis(values: Float64Array, splines: int) -> Float64Array:
    """Cubic B-splines on equally spaced knots over [0, 1], summing to 1.

    Args:
        values: any shape, in [0, 1].
        splines: number of basis functions, at least 4.

    Returns:
        (..., splines).
    """
    segments = splines - 3
    place = np.clip(values, 0.0, 1.0) * segments
    segment = np.minimum(place.astype(np.int64), segments - 1)
    u = place - segment
    pieces = [(1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3]
    basis = np.zeros((*np.shape(values), splines))
    for offset, piece in enumerate(pieces):
        np.put_along_axis(basis, (segment + offset)[..., None], piece[..., None] / 6, axis=-1)
    return basis


def fold_errors(
    means: Float64Array, truth: Float64Array, fold: IntArray, splines: int = 8, penalty: float = 1.0
) -> Float64Array:
    """Root mean square error inside each fold of splines fitted outside it.

    Args:
        means: (models, subsets) predictors, each taken by itself.
        truth: (models,) what to predict.
        fold: (models,) number of each model's fold, from 0 without gaps, at least two.
        splines: basis functions, at least 4.
        penalty: weight of the squared second differences of coefficients against the sum of squared errors.

    Returns:
        (subsets, folds) errors on the scale of `truth`, rounded to 9 digits.
    """
    low, high = means.min(axis=0), means.max(axis=0)
    basis = cubic_basis((means - low).T / np.where(high > low, high - low, 1.0)[:, None], splines)
    bends = np.diff(np.eye(splines), n=2, axis=0)
    stiffness = penalty * bends.T @ bends + TIE * np.eye(splines)
    centred = truth - truth.mean()
    errors = np.zeros((means.shape[1], int(fold.max()) + 1))
    sides = [_normal(basis[:, fold == number], centred[fold == number]) for number in range(errors.shape[1])]
    gram, moment = (np.sum([side[part] for side in sides], axis=0) for part in (0, 1))
    for number, (inner_gram, inner_moment) in enumerate(sides):
        solved = np.linalg.solve(gram - inner_gram + stiffness, (moment - inner_moment)[..., None])
        inside = fold == number
        left = centred[inside] - (basis[:, inside] @ solved)[..., 0]  # (subsets, models inside)
        errors[:, number] = np.sqrt((left**2).mean(axis=1))
    return np.round(errors, DIGITS)


def _normal(basis: Float64Array, target: Float64Array) -> tuple[Any, Any]:
    """(subsets, splines, splines) Gram matrices and (subsets, splines) moments of (subsets, models, splines)."""
    across = basis.swapaxes(1, 2)
    return across @ basis, across @ target
