"""Rank statistics with ties: average ranks, Spearman, Kendall's tau-b, and how often pairs keep their order.

Pairs are counted in blocks of rows, all of them: seconds for 4,000 values. No loop over pairs, and no scipy.stats,
which costs more to import than any of this to compute.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import Float64Array, IntArray

PAIRS = 1 << 22
"""Pairs worked on at a time."""
ROUNDING = 1e-9
"""Scores closer than this are equal: sums of the same items in another order differ by less."""


@dataclass(frozen=True)
class PairCounts:
    """How two orders of the same things agree, in pairs.

    Attributes:
        agree: ordered by both, the same way.
        disagree: ordered by both, opposite ways.
        tied_first: tied in the first alone.
        tied_second: tied in the second alone.
    """

    agree: int
    disagree: int
    tied_first: int
    tied_second: int


def average_ranks(values: Float64Array) -> Float64Array:
    """(n,) ranks 1 .. n in increasing order; ties (within 1e-9) share the mean of theirs."""
    classes = tie_classes(values)
    size = np.bincount(classes)
    last = np.cumsum(size)
    return np.asarray((last - (size - 1) / 2)[classes], dtype=np.float64)


def tie_classes(values: Float64Array) -> IntArray:
    """(n,) 0, 1 ... in increasing order of value; values less than 1e-9 apart from their neighbour share one."""
    order = np.argsort(values, kind="stable")
    steps = np.diff(values[order]) > ROUNDING
    classes = np.empty(len(values), dtype=np.int64)
    classes[order] = np.concatenate([[0], np.cumsum(steps)])[: len(values)]
    return classes


def spearman(first: Float64Array, second: Float64Array) -> float:
    """Spearman's correlation: Pearson's, of average ranks; NaN where a side is constant or n < 2."""
    ranks = [average_ranks(values) - (len(values) + 1) / 2 for values in (first, second)]
    scale = np.sqrt(np.sum(ranks[0] ** 2) * np.sum(ranks[1] ** 2))
    return float(np.clip(np.sum(ranks[0] * ranks[1]) / scale, -1.0, 1.0)) if scale > 0 else float("nan")


def pair_counts(first: Float64Array, second: Float64Array) -> PairCounts:
    """Count the pairs of two sequences of equal length by their order in each."""
    agree = disagree = tied_first = tied_second = 0
    for _, _, a, b in _pairs(tie_classes(first), tie_classes(second)):
        product = a * b
        agree += int(np.count_nonzero(product > 0))
        disagree += int(np.count_nonzero(product < 0))
        tied_first += int(np.count_nonzero((a == 0) & (b != 0)))
        tied_second += int(np.count_nonzero((a != 0) & (b == 0)))
    return PairCounts(agree, disagree, tied_first, tied_second)


def kendall(counts: PairCounts) -> float:
    """Kendall's tau-b, which allows for ties; NaN where a side has no ordered pair."""
    both = counts.agree + counts.disagree
    scale = np.sqrt(float(both + counts.tied_first) * float(both + counts.tied_second))
    return float((counts.agree - counts.disagree) / scale) if scale > 0 else float("nan")


def pairwise_agreement(counts: PairCounts) -> float:
    """Share of pairs ordered by the second (the truth) that the first orders alike, its ties counting one half.

    Pairs that are tied in the truth are left out; NaN where none is left. Ties of a short test are frequent: a strict
    comparison would count them all as errors, a loose one none (ours; section 9 of arXiv 2510.08730 leaves it open).
    """
    ordered = counts.agree + counts.disagree + counts.tied_first
    return (counts.agree + counts.tied_first / 2) / ordered if ordered else float("nan")


def agreement_by_gap(
    estimate: Float64Array, truth: Float64Array, width: float
) -> tuple[Float64Array, Float64Array, IntArray]:
    """Pairwise agreement by the size of the true gap (arXiv 2510.08730).

    Args:
        estimate: (n,) estimated scores.
        truth: (n,) true scores.
        width: of a bucket; the first is [0, width / 2), the next [width / 2, 3 width / 2), and so on.

    Returns:
        Centres 0, width, 2 width ... of the buckets that hold pairs, the share of pairs in each that the estimate
        orders alike (its ties count one half), and the number of pairs. Pairs that are tied in the truth are left out.
    """
    size = int((np.max(truth) - np.min(truth)) / width + 0.5 + ROUNDING) + 1 if len(truth) else 0
    right, pairs = np.zeros(size), np.zeros(size, dtype=np.int64)
    for row, column, a, b in _pairs(tie_classes(estimate), tie_classes(truth)):
        ordered = b != 0
        gap = np.abs(truth[row[ordered]] - truth[column[ordered]])
        bucket = np.floor(gap / width + 0.5 + ROUNDING).astype(np.int64)
        right += np.bincount(bucket, weights=(1 + a[ordered] * b[ordered]) / 2, minlength=size)
        pairs += np.bincount(bucket, minlength=size)
    there = pairs > 0
    return np.flatnonzero(there).astype(np.float64) * width, right[there] / pairs[there], pairs[there]


def _pairs(first: IntArray, second: IntArray) -> Iterator[tuple[IntArray, IntArray, IntArray, IntArray]]:
    """Every pair once, in blocks: positions of both, and the sign of the difference in each sequence."""
    count = len(first)
    step = max(1, PAIRS // max(count, 1))
    for start in range(0, count, step):
        rows = np.arange(start, min(start + step, count))
        row, column = np.nonzero(rows[:, None] < np.arange(count))
        row += start
        yield row, column, np.sign(first[row] - first[column]), np.sign(second[row] - second[column])
