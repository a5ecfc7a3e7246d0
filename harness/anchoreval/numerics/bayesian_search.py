"""Minimising an expensive function over a finite list of settings: Gaussian process, lower confidence bound.

After a random start the process is fitted to the values seen (squared exponential kernel, one length scale and noise
level chosen by marginal likelihood on a small grid) and the setting with the least mean - kappa x deviation is tried
next. Settings are points of a unit cube; a choice without order is coded as one coordinate a category, which puts any
two categories equally far apart. Costs a Cholesky factor of the values seen for each of 18 pairs of scale and noise, a
few milliseconds a step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import Float64Array, IntArray

KAPPA = 2.576
"""Of the confidence bound, as published with metabench: 99 % of a normal lie within it."""
LENGTHS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
NOISES = (1e-4, 1e-2, 1e-1)
"""Variance of the noise, in units of the variance of the values."""


@dataclass(frozen=True, eq=False)
class Trials:
    """What a search tried.

    Attributes:
        settings: (trials,) numbers of the settings, in order.
        values: (trials,) what the function gave.
    """

    settings: IntArray
    values: Float64Array

    @property
    def best(self) -> int:
        """Number of the setting with the least value, the earliest of equals."""
        return int(self.settings[np.argmin(self.values)])


def minimise(
    function: Callable[[int], float],
    points: Float64Array,
    *,
    start: int,
    steps: int,
    rng: np.random.Generator,
    kappa: float = KAPPA,
) -> Trials:
    """Try settings one after another, none twice.

    Args:
        function: finite value of the setting with a given number.
        points: (settings, coordinates) in [0, 1].
        start: number of settings drawn at random first.
        steps: number of settings tried after these.
        rng: draws the start.
        kappa: how much uncertainty counts against the mean.
    """
    tried = rng.permutation(len(points))[: max(start, 1)].tolist()
    values = [function(setting) for setting in tried]
    for _ in range(min(steps, len(points) - len(tried))):
        mean, deviation = posterior(points[tried], np.array(values), points)
        bound = mean - kappa * deviation
        bound[tried] = np.inf
        tried.append(int(np.argmin(np.round(bound, 9))))
        values.append(function(tried[-1]))
    return Trials(np.array(tried, dtype=np.int64), np.array(values, dtype=np.float64))


def posterior(seen: Float64Array, values: Float64Array, points: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Mean and standard deviation of a Gaussian process at `points`; the values are standardised first.

    Args:
        seen: (trials, coordinates).
        values: (trials,).
        points: (settings, coordinates).

    Returns:
        Both (settings,); their unit and origin do not matter for a comparison of settings.
    """
    standard = (values - values.mean()) / (values.std() or 1.0)
    length, noise = _most_likely(seen, standard)
    factor = np.linalg.cholesky(_kernel(seen, seen, length) + noise * np.eye(len(seen)))
    across = np.linalg.solve(factor, _kernel(seen, points, length))  # (trials, settings)
    mean = across.T @ np.linalg.solve(factor, standard)
    return mean, np.sqrt(np.maximum(1.0 - (across**2).sum(axis=0), 0.0))


def _most_likely(seen: Float64Array, standard: Float64Array) -> tuple[float, float]:
    """Length scale and noise with the greatest marginal likelihood; of equals the longest, then the least noisy."""
    pairs = [(length, noise) for length in LENGTHS[::-1] for noise in NOISES]
    return max(pairs, key=lambda pair: round(_log_likelihood(seen, standard, *pair), 9))


def _log_likelihood(seen: Float64Array, standard: Float64Array, length: float, noise: float) -> float:
    factor = np.linalg.cholesky(_kernel(seen, seen, length) + noise * np.eye(len(seen)))
    whitened = np.linalg.solve(factor, standard)
    return float(-0.5 * whitened @ whitened - np.log(np.diag(factor)).sum())


def _kernel(left: Float64Array, right: Float64Array, length: float) -> Float64Array:
    """(left, right) squared exponential covariance."""
    squares = ((left[:, None, :] - right[None, :, :]) ** 2).sum(axis=2)
    return np.asarray(np.exp(-0.5 * squares / length**2), dtype=np.float64)
