"""A smooth scale of residuals: how large an error to expect of an estimate, given what is known beside it.

The mean absolute residual is modelled as exp(b_0 + b'z), z being standardised features, by a gamma quasi-likelihood:
its variance grows with the square of the mean, as that of absolute errors does whatever their law. A normal prior on
the slopes pulls towards one scale for all. Features are held to the range seen and scales to a few times their centre,
so that no width can explode; a feature that is missing counts as average.

Source: McCullagh and Nelder, Generalized Linear Models (1989), chapters 8 and 9; prior and bounds are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float64Array

PRIOR_PRECISION = 10.0
"""Of the slopes per standard deviation of a feature, in effective residuals: as many pull as hard as the prior does."""
FARTHEST = 2.5
"""Standard deviations from the mean beyond which a feature changes the scale no further."""
WIDEST = 3.0
"""A scale is at most this many times the central one, and at least that fraction of it."""
OUTLIER = 6.0
"""Residuals beyond this many times the median count as so large: one model shall not tilt the scale."""
STEPS = 50
TOLERANCE = 1e-10


@dataclass(frozen=True, eq=False)
class ResidualScale:
    """Expected size of a residual, relative to the typical one. Made by `learn`.

    Attributes:
        centre: (features,) means.
        spread: (features,) standard deviations; 0 for a feature that says nothing.
        slopes: (features,) change of the logarithm of the scale per standard deviation.
    """

    centre: Float64Array
    spread: Float64Array
    slopes: Float64Array

    @classmethod
    def learn(cls, residuals: Any, features: Float64Array, weights: Float64Array) -> Self:
        """Fit to residuals that take no part in the quantile that the scale is used with.

        Args:
            residuals: (n,) of either sign.
            features: (n, features); NaN where unknown.
            weights: (n,) how much each counts, in effective residuals (every group of kin as one).
        """
        sizes = np.abs(np.asarray(residuals, dtype=np.float64))
        centre, spread = _moments(features, weights)
        typical = _typical(sizes, weights)
        if not typical > 0.0:
            return cls(centre, spread, np.zeros(len(centre)))
        bounded = np.minimum(sizes / typical, OUTLIER)
        return cls(centre, spread, _slopes(bounded, _standardised(features, centre, spread), weights))

    def __call__(self, features: Float64Array) -> Float64Array:
        """(n,) scale at (n, features), around 1."""
        logarithm = _standardised(features, self.centre, self.spread) @ self.slopes
        return np.asarray(np.exp(np.clip(logarithm, -np.log(WIDEST), np.log(WIDEST))), dtype=np.float64)


def _typical(sizes: Float64Array, weights: Float64Array) -> float:
    """The weighted median, or the mean where that is 0."""
    if not weights.sum() > 0:
        return 0.0
    order = np.argsort(sizes, kind="stable")
    mass = np.cumsum(weights[order])
    median = sizes[order][np.searchsorted(mass, mass[-1] / 2)]
    return float(median if median > 0 else sizes @ weights / weights.sum())


def _moments(features: Float64Array, weights: Float64Array) -> tuple[Float64Array, Float64Array]:
    known = ~np.isnan(features)
    mass = np.where(known, weights[:, None], 0.0)
    total = np.maximum(mass.sum(axis=0), np.finfo(np.float64).tiny)
    filled = np.where(known, features, 0.0)
    centre = (mass * filled).sum(axis=0) / total
    variance = (mass * np.where(known, filled - centre, 0.0) ** 2).sum(axis=0) / total
    return centre, np.where(variance > 1e-18, np.sqrt(variance), 0.0)


def _standardised(features: Float64Array, centre: Float64Array, spread: Float64Array) -> Float64Array:
    """(n, features) standard deviations from the mean, within bounds; 0 for what is unknown or constant."""
    distance = (features - centre) / np.where(spread > 0, spread, np.inf)
    return np.clip(np.nan_to_num(distance, nan=0.0), -FARTHEST, FARTHEST)


def _slopes(sizes: Float64Array, standardised: Float64Array, weights: Float64Array) -> Float64Array:
    """(features,) penalised quasi-likelihood slopes by Fisher scoring with a bounded step."""
    design = np.column_stack([np.ones(len(sizes)), standardised])
    penalty = np.diag([0.0] + [PRIOR_PRECISION] * standardised.shape[1])
    information = design.T @ (weights[:, None] * design) + penalty
    coefficients = np.zeros(design.shape[1])
    for _ in range(STEPS):
        surplus = sizes / np.exp(np.clip(design @ coefficients, -20.0, 20.0)) - 1.0
        step = np.linalg.solve(information, design.T @ (weights * surplus) - penalty @ coefficients)
        step *= min(1.0, 0.5 / max(float(np.abs(step).max()), TOLERANCE))
        coefficients = coefficients + step
        if np.abs(step).max() < TOLERANCE:
            break
    return np.asarray(coefficients[1:], dtype=np.float64)
