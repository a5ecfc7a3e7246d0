"""Distribution function of two correlated standard normals, its inverse in the correlation, and density; vectorised.

Owen's identity turns the double integral into two of one dimension, which SciPy has to full precision:
Phi2(h, k; r) = (Phi(h) + Phi(k)) / 2 - T(h, a_h) - T(k, a_k) - [h and k have opposite signs] / 2, where
a_h = (k - r h) / (h sqrt(1 - r^2)) and a_k likewise. Errors are below 1e-14 and 10,000 values take a few milliseconds;
`scipy.stats.multivariate_normal.cdf` takes one value at a time.

Source: Owen, Tables for computing bivariate normal probabilities, Annals of Mathematical Statistics 27 (1956), eq. 2.1.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, owens_t

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError

TINY = 1e-300
"""Stands for an argument of 0, which the identity divides by; the function is continuous there."""
EXTREME = 12.0
"""Bound of Fisher's z of a correlation that is looked for: 1 - 8e-11."""
HALVINGS = 40
"""Of that range, until Fisher's z is known to 1e-11."""


def bivariate_normal_cdf(h: Float64Array, k: Float64Array, correlation: Float64Array) -> Float64Array:
    """P(X <= h, Y <= k) for standard normal X and Y.

    Args:
        h: finite, of any shape.
        k: finite, of a shape that broadcasts.
        correlation: strictly between -1 and 1, of a shape that broadcasts.

    Returns:
        Probabilities of the broadcast shape.

    Raises:
        MethodOptionError: a correlation of -1, 1 or beyond.
    """
    if not np.all(np.abs(correlation) < 1.0):
        raise MethodOptionError("the correlation of two normals must be strictly between -1 and 1")
    first, second = (np.where(np.abs(x) < TINY, TINY, x) for x in (h, k))
    root = np.sqrt((1.0 - correlation) * (1.0 + correlation))
    slopes = (second - correlation * first) / (first * root), (first - correlation * second) / (second * root)
    inside = (ndtr(first) + ndtr(second)) / 2 - owens_t(first, slopes[0]) - owens_t(second, slopes[1])
    half = np.where((first < 0) != (second < 0), 0.5, 0.0)
    return np.asarray(np.clip(inside - half, 0.0, 1.0), dtype=np.float64)


def correlation_of(h: Float64Array, k: Float64Array, probability: Float64Array) -> Float64Array:
    """The correlation at which `bivariate_normal_cdf` has a given value, by bisection in Fisher's z.

    Args:
        h: (n,) finite.
        k: (n,) finite.
        probability: (n,); beyond what any correlation attains, the nearer of 1 - 8e-11 and its negative is returned.
    """
    lower, upper = np.full(h.shape, -EXTREME), np.full(h.shape, EXTREME)
    for _ in range(HALVINGS):
        middle = (lower + upper) / 2
        short = bivariate_normal_cdf(h, k, np.tanh(middle)) < probability
        lower, upper = np.where(short, middle, lower), np.where(short, upper, middle)
    return np.asarray(np.tanh((lower + upper) / 2), dtype=np.float64)


def log_density(h: Float64Array, k: Float64Array, correlation: Float64Array) -> Float64Array:
    """Logarithm of the density at (h, k), the derivative of the distribution function in the correlation."""
    rest = (1.0 - correlation) * (1.0 + correlation)
    square = (h**2 - 2.0 * correlation * h * k + k**2) / rest
    return np.asarray(-np.log(2.0 * np.pi) - np.log(rest) / 2 - square / 2, dtype=np.float64)
