"""How much more likely a covariate is among targets than among calibration models: weights against covariate shift.

A logistic regression tells targets from calibration models by a standardised covariate and its square; its odds over
the odds of the two sample sizes estimate the ratio of densities (exact for two normal laws). A normal prior on the
slopes pulls towards no shift, the more the fewer models there are, and the ratio is clipped: beyond, nothing is known.

Source: Tibshirani, Barber, Candes and Ramdas, Conformal prediction under covariate shift (arXiv 1904.06019), section
2.3; prior and clipping are ours.
"""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import Float64Array

PRIOR_PRECISION = 1.0
"""Of the slopes per standard deviation of the covariate."""
LARGEST = 30.0
"""Ratios beyond this, or below one over it, are not told from a sample."""
STEPS = 100
TOLERANCE = 1e-10


def density_ratio(calibration: Float64Array, targets: Float64Array, weights: Float64Array) -> Float64Array:
    """Density among targets over density among calibration models.

    Args:
        calibration: (n,) covariate of the calibration models.
        targets: (t,) covariate of the targets; NaN takes no part in the fit and gets ratio 1.
        weights: (n,) how much each calibration model counts (every group of kin as one).

    Returns:
        (n + t,) ratio at each calibration model, then at each target, in [1 / LARGEST, LARGEST].
    """
    everyone = np.concatenate([calibration, targets])
    is_target = np.arange(len(everyone)) >= len(calibration)
    mass = np.where(np.isnan(everyone), 0.0, np.concatenate([weights, np.ones(len(targets))]))
    sizes = np.array([mass[~is_target].sum(), mass[is_target].sum()])
    if not sizes.all():
        return np.ones(len(everyone))
    design = _design(everyone, mass)
    log_odds = design @ _coefficients(design, is_target.astype(np.float64), mass)
    ratio = np.clip(log_odds - np.log(sizes[1] / sizes[0]), -np.log(LARGEST), np.log(LARGEST))
    return np.asarray(np.where(mass > 0, np.exp(ratio), 1.0), dtype=np.float64)


def effective_number(weights: Float64Array) -> float:
    """Kish's number of equally weighted units that say as much: (sum w)^2 / sum w^2; 0 where nothing has weight."""
    squares = float(weights @ weights)
    return float(weights.sum()) ** 2 / squares if squares > 0 else 0.0


def _design(covariate: Float64Array, mass: Float64Array) -> Float64Array:
    """(n + t, 3) of 1, the standardised covariate, and its square, both free of the weighted mean."""
    known = np.where(np.isnan(covariate), 0.0, covariate)
    columns = [np.ones(len(known))]
    linear = _standardised(known, mass)
    columns += [linear, _standardised(linear**2, mass)]
    return np.column_stack(columns)


def _standardised(values: Float64Array, mass: Float64Array) -> Float64Array:
    share = mass / mass.sum()
    centred = values - share @ values
    spread = float(np.sqrt(share @ centred**2))
    return np.asarray(centred / spread if spread > 1e-12 else np.zeros(len(values)), dtype=np.float64)


def _coefficients(design: Float64Array, label: Float64Array, mass: Float64Array) -> Float64Array:
    """(3,) penalised logistic coefficients by Newton's method, each step halved until the objective falls."""
    precision = np.array([0.0, PRIOR_PRECISION, PRIOR_PRECISION])

    def objective(values: Float64Array) -> float:
        logits = design @ values
        return float(mass @ (np.logaddexp(0.0, logits) - label * logits) + 0.5 * precision @ values**2)

    coefficients = np.array([np.log((mass @ label) / (mass @ (1.0 - label))), 0.0, 0.0])
    least = objective(coefficients)
    for _ in range(STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(design @ coefficients, -500.0, 500.0)))
        gradient = design.T @ (mass * (chance - label)) + precision * coefficients
        curvature = design.T @ ((mass * chance * (1.0 - chance))[:, None] * design) + np.diag(precision + TOLERANCE)
        step = np.linalg.solve(curvature, gradient)
        while (reached := objective(coefficients - step)) > least and np.abs(step).max() > TOLERANCE:
            step = step / 2.0
        coefficients, least = coefficients - step, reached
        if np.abs(step).max() < TOLERANCE:
            break
    return coefficients
