"""Five ways to turn counts into a distribution, each interpolating with the next lower order.

`c` is how often the token followed the context, `n` how often the context was seen, `t` how many different tokens
followed it, `p` the lower order's probability. Where the context was never seen (n = 0) the lower order stands. Only
the four basic operations are used, which IEEE 754 makes the same on every machine. Source of the first four: Chen and
Goodman, "An empirical study of smoothing techniques for language modeling" (1999), section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from anchoreval.arrays import Float64Array

Rule: TypeAlias = Callable[[Float64Array, Float64Array, Float64Array, Float64Array, float], Float64Array]


def witten_bell(c: Float64Array, n: Float64Array, t: Float64Array, p: Float64Array, strength: float) -> Float64Array:
    """A context that was followed by many different tokens trusts the lower order more; `strength` scales that."""
    return (c + strength * t * p) / (n + strength * t)


def jelinek_mercer(c: Float64Array, n: Float64Array, t: Float64Array, p: Float64Array, strength: float) -> Float64Array:
    """A fixed share `strength` of the lower order."""
    return (1.0 - strength) * (c / n) + strength * p


def absolute(c: Float64Array, n: Float64Array, t: Float64Array, p: Float64Array, strength: float) -> Float64Array:
    """Every seen n-gram gives up `strength` of a count to the lower order."""
    return (np.maximum(c - strength, 0.0) + strength * t * p) / n


def dirichlet(c: Float64Array, n: Float64Array, t: Float64Array, p: Float64Array, strength: float) -> Float64Array:
    """The lower order counts as `strength` observations."""
    return (c + strength * p) / (n + strength)


def longest(c: Float64Array, n: Float64Array, t: Float64Array, p: Float64Array, strength: float) -> Float64Array:
    """Nearly only the longest seen context counts: a lower order is worth `strength` / (1 + n) observations (ours)."""
    share = strength / (1.0 + n)
    return (c + share * p) / (n + share)


SMOOTHING: dict[str, Rule] = {
    "witten_bell": witten_bell,
    "jelinek_mercer": jelinek_mercer,
    "absolute": absolute,
    "dirichlet": dirichlet,
    "longest": longest,
}

STRENGTHS = {"jelinek_mercer": (0.0, 1.0), "absolute": (0.0, 1.0)}
"""Open ranges of the parameter where it is bounded; the others take any positive number."""


def interpolate(
    rule: Rule, strength: float, lower: Float64Array, c: Float64Array, n: Float64Array, t: Float64Array
) -> Float64Array:
    """One order on top of the lower one; arrays that broadcast against each other."""
    return np.where(n > 0, rule(c, np.maximum(n, 1.0), t, lower, strength), lower)
