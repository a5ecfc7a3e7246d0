"""Pairs of models that answer almost alike: few disagreements on the items that both answered.

The disagreement of two models is the sum of |x - y| over those items; for right and wrong it is the number of items on
which they differ. Scores lie in [0, 1], so |x - y| is never less than (x - y)^2, whose sum over items is a product of
matrices: computed block by block for all pairs it finds the few worth a look, and for binary scores it is the
disagreement itself. Without gaps it is also no less than the difference of the two sums of scores, so that with rows
in order of these most blocks are never multiplied.

Cost: at most one product of (models, items) by (items, models), three times as much with gaps. Memory: a few blocks of
`ROWS` rows, and the pairs found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import BoolArray, Float32Array, Float64Array, FloatArray, IntArray

ROWS = 512
"""Models of a block."""
CELLS = 1 << 22
"""Scores compared one by one at a time."""
SLACK = 0.5
"""Disagreements by which a sum in single precision may be off; pairs within it are looked at in double precision."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows, each once, in order of `first`, then `second`.

    Attributes:
        first: (pairs,) row.
        second: (pairs,) a later row.
        common: (pairs,) number of items that both answered.
        disagreements: (pairs,) sum over these of the absolute difference of scores.
    """

    first: IntArray
    second: IntArray
    common: IntArray
    disagreements: Float64Array

    def __len__(self) -> int:
        return len(self.first)

    def take(self, kept: BoolArray) -> Pairs:
        """Some of the pairs."""
        return Pairs(self.first[kept], self.second[kept], self.common[kept], self.disagreements[kept])


def close_pairs(scores: FloatArray, ceiling: float, fewest: int = 1) -> Pairs:
    """All pairs of models whose mean absolute difference is at most `ceiling`.

    Args:
        scores: (models, items) in [0, 1], NaN where a model did not answer.
        ceiling: largest mean difference over the items that both answered.
        fewest: pairs with fewer such items are left out.
    """
    answered = ~np.isnan(scores)
    complete = bool(answered.all())
    total = np.where(answered, scores, 0).sum(axis=1, dtype=np.float64)
    order = np.argsort(total, kind="stable")
    found = [np.empty((2, 0), dtype=np.int64)]
    for rows, columns in _blocks(total[order], ceiling * scores.shape[1] if complete else np.inf):
        here = _candidates(scores[order[rows]], scores[order[columns]], complete, ceiling, fewest)
        pairs = np.stack([order[rows][here[0]], order[columns][here[1]]])
        found.append(pairs[:, here[0] + rows.start < here[1] + columns.start])
    return _checked(scores, np.sort(np.concatenate(found, axis=1), axis=0), ceiling)


def disagreements(scores: FloatArray, first: IntArray, second: IntArray) -> tuple[IntArray, Float64Array]:
    """Number of items that both answered, and the sum of absolute differences over them, for pairs of rows."""
    common, total = np.zeros(len(first), dtype=np.int64), np.zeros(len(first))
    step = max(1, CELLS // scores.shape[1])
    for start in range(0, len(first), step):
        part = slice(start, start + step)
        difference = np.abs(scores[first[part]].astype(np.float64) - scores[second[part]])
        both = ~np.isnan(difference)
        common[part] = both.sum(axis=1)
        total[part] = difference.sum(axis=1, where=both)
    return common, total


def _blocks(total: Float64Array, widest: float) -> Iterator[tuple[slice, slice]]:
    """Pairs of blocks of rows in order of `total`, less those whose totals lie further apart than `widest`."""
    starts = range(0, len(total), ROWS)
    for start in starts:
        last = total[min(start + ROWS, len(total)) - 1]
        for other in starts[start // ROWS :]:
            if total[other] - last > widest + SLACK:
                break
            yield slice(start, start + ROWS), slice(other, other + ROWS)


def _candidates(
    left: FloatArray, right: FloatArray, complete: bool, ceiling: float, fewest: int
) -> tuple[IntArray, IntArray]:
    """Positions of pairs of a left and a right row whose squared differences are small enough."""
    x, y = (np.nan_to_num(side).astype(np.float32, copy=False) for side in (left, right))
    if complete:
        common: Float32Array | float = float(left.shape[1])
        squared = (x * x).sum(axis=1)[:, None] + (y * y).sum(axis=1) - 2.0 * (x @ y.T)
    else:
        in_left, in_right = ((~np.isnan(side)).astype(np.float32) for side in (left, right))
        common = in_left @ in_right.T
        squared = (x * x) @ in_right.T + in_left @ (y * y).T - 2.0 * (x @ y.T)
    close = np.nonzero((squared <= ceiling * common + SLACK) & (common >= fewest))
    return np.asarray(close[0], dtype=np.int64), np.asarray(close[1], dtype=np.int64)


def _checked(scores: FloatArray, pairs: IntArray, ceiling: float) -> Pairs:
    first, second = pairs[:, np.lexsort(pairs[::-1])]
    common, total = disagreements(scores, first, second)
    return Pairs(first, second, common, total).take(total <= ceiling * common + ROUNDING)
