"""Permutation tests of a difference of mean scores: no distribution is assumed, only that labels could be exchanged.

Paired: under no difference each item's two scores could as well belong to the other model, so that the sign of each
item's (or, with clusters, each cluster's) difference is a fair coin. Unpaired: every division of the scores into groups
of the two sizes is equally likely. The statistic is the absolute difference of the (weighted) means.

With few units every sign pattern or division is enumerated and the p-value is exact; else it is (b + 1) / (m + 1),
where b of m random ones reach the observed difference, which holds its level for every m.

Source: Fisher (1935); Phipson and Smyth (2010) for (b + 1) / (m + 1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.errors import ResponseDataError
from anchoreval.power.inference.clustering import clustered
from anchoreval.power.inputs import check_at_least, scores

FEW_SIGNS = 20
"""Up to so many units that differ, all sign patterns are enumerated: half a million, as their mirrors are the same."""
FEW_DIVISIONS = 50_000
"""Up to so many divisions into two groups, all are enumerated."""
CELLS = 1 << 22
"""Random signs or ranks held at a time."""
ROUNDING = 1e-12
"""Sums of the same numbers in another order differ by less."""


@dataclass(frozen=True)
class PermutationTest:
    """Outcome of a permutation test.

    Attributes:
        difference: first minus second mean score, in score units.
        p_value: two-sided, in (0, 1].
        exact: whether all permutations were enumerated.
        permutations: how many were looked at, the observed one among them.
    """

    difference: float
    p_value: float
    exact: bool
    permutations: int


def sign_flip_test(
    first: Any,
    second: Any,
    rng: np.random.Generator,
    weights: Any = None,
    clusters: Any = None,
    draws: int = 10_000,
) -> PermutationTest:
    """Two models on the same items.

    Args:
        first: (items,) scores in [0, 1]; NaN where not answered. Only items that both answered count.
        second: (items,) scores of the other model, in the same order.
        rng: draws the signs where there are too many to enumerate.
        weights: (items,) non-negative, or None for equal ones.
        clusters: (items,) labels whose items change sign together, or None for items by themselves.
        draws: random sign patterns.

    Raises:
        ResponseDataError: shapes that differ, no item answered by both, a score outside [0, 1], a bad weight.
        MethodOptionError: less than one draw.
    """
    check_at_least("draws", draws, 1)
    one, other = scores("first", first), scores("second", second)
    if one.shape != other.shape:
        raise ResponseDataError(f"the models have {one.size} and {other.size} scores, not those of the same items")
    sample = clustered(one - other, weights, clusters)
    totals: Float64Array = np.bincount(sample.clusters, weights=sample.weights * sample.values).astype(np.float64)
    units = totals[np.abs(totals) > ROUNDING]
    least = abs(sample.mean) - ROUNDING
    if len(units) <= FEW_SIGNS:
        reached = np.abs(_all_signed_sums(units)) >= least
        return PermutationTest(sample.mean, float(reached.mean()), True, reached.size)
    found = sum(np.count_nonzero(np.abs(sums) >= least) for sums in _random_signed_sums(units, draws, rng))
    return PermutationTest(sample.mean, (found + 1) / (draws + 1), False, draws + 1)


def label_permutation_test(first: Any, second: Any, rng: np.random.Generator, draws: int = 10_000) -> PermutationTest:
    """Two models on different items.

    Args:
        first: (items,) scores in [0, 1] of the first model; NaN where not answered.
        second: (other items,) scores of the second.
        rng: draws the divisions where there are too many to enumerate.
        draws: random divisions.

    Raises:
        ResponseDataError: a model without a score, or a score outside [0, 1].
        MethodOptionError: less than one draw.
    """
    check_at_least("draws", draws, 1)
    one, other = (values[~np.isnan(values)] for values in (scores("first", first), scores("second", second)))
    if not (one.size and other.size):
        raise ResponseDataError(f"the models have {one.size} and {other.size} scores, each needs at least one")
    pooled = np.concatenate([one, other])
    difference = float(one.mean() - other.mean())
    exact = comb(pooled.size, one.size) <= FEW_DIVISIONS
    sums = _all_group_sums(pooled, one.size) if exact else _random_group_sums(pooled, one.size, draws, rng)
    others = np.abs(sums / one.size - (pooled.sum() - sums) / other.size)
    reached = int(np.sum(others >= abs(difference) - ROUNDING))
    p_value = reached / sums.size if exact else (reached + 1) / (draws + 1)
    return PermutationTest(difference, p_value, exact, sums.size + (not exact))


def _all_signed_sums(units: Float64Array) -> Float64Array:
    """(2^(n - 1),) sums under every sign pattern that leaves the first unit's sign alone; (1,) without units."""
    sums = units[:1] if units.size else np.zeros(1)
    for unit in units[1:]:
        sums = np.concatenate([sums + unit, sums - unit])
    return sums


def _random_signed_sums(units: Float64Array, draws: int, rng: np.random.Generator) -> Iterator[Float64Array]:
    for count in _blocks(draws, len(units)):
        positive = rng.integers(2, size=(count, len(units)), dtype=np.uint8)
        yield 2.0 * (positive @ units) - units.sum()


def _all_group_sums(pooled: Float64Array, size: int) -> Float64Array:
    """Sum of the first group in every division of the scores."""
    chosen = np.array(list(combinations(range(pooled.size), size)))
    return np.asarray(pooled[chosen].sum(axis=1), dtype=np.float64)


def _random_group_sums(pooled: Float64Array, size: int, draws: int, rng: np.random.Generator) -> Float64Array:
    """(draws,) sum of the first group in random divisions of the scores."""
    parts = [
        rng.permuted(np.tile(pooled, (count, 1)), axis=1)[:, :size].sum(axis=1) for count in _blocks(draws, pooled.size)
    ]
    return np.concatenate(parts)


def _blocks(draws: int, width: int) -> Iterator[int]:
    """Numbers of draws that together make `draws`, each of at most CELLS numbers."""
    step = max(1, CELLS // max(width, 1))
    return (min(step, draws - start) for start in range(0, draws, step))
