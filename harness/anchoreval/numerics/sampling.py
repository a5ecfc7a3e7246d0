"""Random designs whose inclusion probabilities are exact: allocation to strata, controlled rounding, Hajek weights.

`allocate` settles an expected number of draws for every stratum, a real number. `round_at_random` turns these into
whole numbers that add up to k and whose expectations are exactly the real ones. A simple random sample of that many
units inside each stratum then gives every unit of it the inclusion probability expected / size, whatever was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import Float64Array, IntArray

WHOLE = 1e-9
"""An expected number of draws this close to a whole number is that number."""


def allocate(k: int, shares: Float64Array, sizes: IntArray) -> Float64Array:
    """Expected number of draws a stratum: proportional to its share, at least 1 where k allows, at most its size.

    Args:
        k: total number of draws, at most the sum of sizes.
        shares: (strata,) non-negative. Strata of share 0 get only what the others cannot hold.
        sizes: (strata,) number of units in each, at least 1.

    Returns:
        (strata,) real numbers that sum to k: clip(rate * share, lowest, size) for the one rate that makes it so.
    """
    lowest = np.full(len(sizes), 1.0 if k >= len(sizes) else 0.0)
    if k == sizes.sum():
        return sizes.astype(np.float64)
    shares = np.maximum(shares / shares.max(), 1e-9) if shares.max() > 0 else np.ones(len(sizes))
    low, high = 0.0, float(np.max(sizes / shares))
    for _ in range(100):  # bisection finds which strata are at a limit; what is left is solved exactly
        rate = (low + high) / 2
        low, high = (rate, high) if np.clip(rate * shares, lowest, sizes).sum() < k else (low, rate)
    expected = np.clip(high * shares, lowest, sizes)
    free = (expected > lowest) & (expected < sizes)
    if free.any():
        expected[free] = (k - expected[~free].sum()) * shares[free] / shares[free].sum()
    return expected


def round_at_random(expected: Float64Array, rng: np.random.Generator) -> IntArray:
    """Round each number up or down at random, keeping the sum and every expectation (systematic sampling).

    Args:
        expected: (strata,) non-negative, with a whole sum.
        rng: orders the strata and draws the one starting point.

    Returns:
        (strata,) whole numbers whose sum is that of `expected`; a number that is whole stays as it is.
    """
    whole = np.floor(expected + WHOLE)
    part = expected - whole
    part[part < WHOLE] = 0.0
    order = rng.permutation(len(expected))
    reach = np.round(np.cumsum(part[order]), 8)  # ends on a whole number, so every start draws the same count
    whole[order] += np.diff(np.floor(reach + rng.random()), prepend=0.0)
    return whole.astype(np.int64)


def stratified_sample(stratum: IntArray, expected: Float64Array, rng: np.random.Generator) -> IntArray:
    """Draw simple random samples inside strata, of sizes that are `expected` on average.

    Args:
        stratum: (units,) number of each unit's stratum, from 0 without gaps.
        expected: (strata,) expected number of draws, at most each stratum's size, with a whole sum.
        rng: source of all randomness.

    Returns:
        Positions of the units drawn; unit u is drawn with probability expected / size of its stratum.
    """
    counts = round_at_random(expected, rng)
    shuffled = rng.permutation(len(stratum))
    by_stratum = shuffled[np.argsort(stratum[shuffled], kind="stable")]
    sizes = np.bincount(stratum)
    place = np.arange(len(stratum)) - np.repeat(np.cumsum(sizes) - sizes, sizes)  # 0, 1 ... inside each stratum
    return by_stratum[place < np.repeat(counts, sizes)]


@dataclass(frozen=True, eq=False)
class StratifiedDraw:
    """A stratified sample and what its design says of it.

    Attributes:
        drawn: (k,) positions of the units drawn.
        inclusion: (k,) probability with which each was drawn.
        weights: (k,) of its Hajek estimator, or None (see `hajek_weights`).
        expected: (strata,) number of draws expected of each stratum.
    """

    drawn: IntArray
    inclusion: Float64Array
    weights: Float64Array | None
    expected: Float64Array


def draw_stratified(
    k: int, stratum: IntArray, shares: Float64Array, weights: Float64Array, rng: np.random.Generator
) -> StratifiedDraw:
    """Draw k units, every stratum's part of k proportional to its share.

    Args:
        k: number of units to draw.
        stratum: (units,) number of each unit's stratum, from 0 without gaps.
        shares: (strata,) what a stratum's part of k is proportional to.
        weights: (units,) weights in the whole.
        rng: source of all randomness.
    """
    sizes = np.bincount(stratum)
    expected = allocate(k, shares, sizes)
    drawn = stratified_sample(stratum, expected, rng)
    inclusion = (expected / sizes)[stratum[drawn]]
    return StratifiedDraw(drawn, inclusion, hajek_weights(weights[drawn], inclusion), expected)


def hajek_weights(weights: Float64Array, inclusion: Float64Array) -> Float64Array | None:
    """Weights of a sample's units in its Hajek estimator, the ratio form of Horvitz and Thompson's.

    Args:
        weights: (drawn,) the units' weights in the whole.
        inclusion: (drawn,) probability with which each was drawn.

    Returns:
        (drawn,) proportional to weight / inclusion, summing to 1; None where no unit drawn carries weight.
    """
    raised = weights / inclusion
    return raised / raised.sum() if raised.sum() > 0 else None
