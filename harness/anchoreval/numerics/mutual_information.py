"""Mutual information, in nats, of many discrete columns at once: with a continuous target, and with each other.

With a continuous target: the nearest-neighbour estimator of B. C. Ross, Mutual Information between Discrete and
Continuous Data Sets (PLOS ONE 2014, 9(2): e87357). For observation i of a class of N_i, let d be the distance to the
k-th nearest of the same class and m_i the number of all others no further away; then

    I = psi(N) + mean psi(k) - mean psi(N_i) - mean psi(m_i).

Equal distances, which scores of models have in plenty, break that formula, because then more than k of the class are
no further than d. Here k is replaced by their number, as Gao, Kannan, Oh and Viswanath do for mixed data (arXiv
1709.06212); without ties nothing changes, and no noise has to be added. Classes of one observation tell nothing and
are left out; smaller classes than k + 1 use all of their others.

All columns share the target, so it is sorted once and neighbours are found by position: O(models x items x
(k + classes)), in blocks that stay small in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from anchoreval.arrays import BoolArray, Float32Array, Float64Array, IntArray

Codes: TypeAlias = npt.NDArray[np.integer[Any]]
"""(models, items) class of each cell, whole numbers from 0; of 8 or 16 bits they are sorted fastest."""

CELLS = 1 << 18
"""Cells of a block: its temporary arrays, about ten of 2 MiB, stay in the cache."""
ROUNDING = 1e-9
"""Distances closer than this are equal: means of the same items in another order differ by less."""
DIGITS = 12
"""Information is rounded to this, so that independent columns have exactly 0 and ties are ties on every machine."""


def ross_information(codes: Codes, target: Float64Array, neighbours: int = 3) -> Float64Array:
    """Mutual information of every discrete column with one continuous target (Ross 2014; see the module's text).

    Args:
        codes: (models, items) class of each cell.
        target: (models,) values in [0, 1] or of that order.
        neighbours: k, at least 1.

    Returns:
        (items,) in nats, never negative; 0 for a column of one class and where no class has two observations.
    """
    order = np.argsort(target, kind="stable")
    values, sorted_codes = target[order], codes[order]
    step = max(1, CELLS // len(target))
    blocks = [sorted_codes[:, first : first + step] for first in range(0, codes.shape[1], step)]
    estimates = [_ross_block(block, values, neighbours) for block in blocks]
    return _settled(np.concatenate(estimates))


def _ross_block(codes: Codes, values: Float64Array, neighbours: int) -> Float64Array:
    """(items,) estimates, possibly negative, of a block whose rows are in the order of `values`."""
    models = len(codes)
    by_class = np.argsort(codes, axis=0, kind="stable")  # classes one after another, each in the order of `values`
    member = np.take_along_axis(codes, by_class, axis=0)
    first, size = _segments(member)
    own = values[by_class]  # (models, items), ascending inside each class
    reach = _neighbour_distance(own, first, size, neighbours) + ROUNDING
    left = np.searchsorted(values, own - reach, side="left")
    right = np.searchsorted(values, own + reach, side="right")
    used = size > 1
    same = _members_between(member, by_class, left, right) - 1
    others = right - left - 1 - _alone_between(by_class, used, left, right)
    count = used.sum(axis=0)
    psi = _digamma_table(models)
    terms = psi[np.where(used, same, 1)] - psi[size] - psi[np.where(used, others, 1)]
    mean = np.where(used, terms, 0.0).sum(axis=0) / np.maximum(count, 1)
    return np.where(count > 0, psi[np.maximum(count, 1)] + mean, 0.0)


def _segments(member: Codes) -> tuple[IntArray, IntArray]:
    """For each cell of columns sorted by class, where its class begins and how many cells it has."""
    models, items = member.shape
    rows = np.arange(models)[:, None]
    edge = np.diff(member, axis=0) != 0
    begins = np.concatenate([np.ones((1, items), dtype=np.bool_), edge])
    ends = np.concatenate([edge, np.ones((1, items), dtype=np.bool_)])
    first = np.maximum.accumulate(np.where(begins, rows, 0), axis=0)
    last = np.minimum.accumulate(np.where(ends, rows, models)[::-1], axis=0)[::-1]
    return first, last - first + 1


def _neighbour_distance(own: Float64Array, first: IntArray, size: IntArray, neighbours: int) -> Float64Array:
    """Distance of each cell to its k-th nearest of the class: the shortest stretch of k + 1 neighbours around it."""
    rows = np.arange(len(own))[:, None]
    steps = np.minimum(neighbours, size - 1)
    last = first + size - 1
    nearest = np.full(own.shape, np.inf)
    for below in range(neighbours + 1):  # how many of the k neighbours lie below
        low, high = rows - below, rows - below + steps
        inside = (below <= steps) & (low >= first) & (high <= last)
        lower = np.take_along_axis(own, np.where(inside, low, 0), axis=0)
        upper = np.take_along_axis(own, np.where(inside, high, 0), axis=0)
        furthest = np.maximum(own - lower, upper - own)
        nearest = np.where(inside, np.minimum(nearest, furthest), nearest)
    return nearest


def _members_between(member: Codes, by_class: IntArray, left: IntArray, right: IntArray) -> IntArray:
    """How many cells of the own class have a place in the target's order from `left` to before `right`."""
    codes = np.empty_like(member)
    np.put_along_axis(codes, by_class, member, axis=0)  # back in the target's order
    found = np.zeros_like(left)
    for label in range(int(member.max()) + 1):
        found = np.where(member == label, _between(codes == label, left, right), found)
    return found


def _alone_between(by_class: IntArray, used: BoolArray, left: IntArray, right: IntArray) -> IntArray:
    """How many cells that are alone in their class have a place from `left` to before `right`."""
    if used.all():
        return np.zeros_like(left)
    alone = np.empty_like(used)
    np.put_along_axis(alone, by_class, ~used, axis=0)
    return _between(alone, left, right)


def _between(flags: BoolArray, left: IntArray, right: IntArray) -> IntArray:
    """Number of flags set in rows `left` to before `right`, column by column."""
    before = np.concatenate([np.zeros((1, flags.shape[1]), dtype=np.int64), np.cumsum(flags, axis=0)])
    until, ahead = (np.take_along_axis(before, rows, axis=0) for rows in (right, left))
    return np.asarray(until - ahead, dtype=np.int64)


def _digamma_table(count: int) -> Float64Array:
    """Digamma of 0 (never asked for), 1 ... count, up to Euler's constant, which cancels: harmonic numbers."""
    return np.concatenate([[0.0, 0.0], np.cumsum(1.0 / np.arange(1, count))])[: count + 1]


@dataclass(frozen=True, eq=False)
class DiscreteColumns:
    """Discrete columns, made ready for their mutual information with one of them after another.

    Attributes:
        indicators: (classes - 1, models, items) 1 where a cell is of the class; class 0 is the rest.
        entropies: (items,) entropy of each column, in nats.
    """

    indicators: Float32Array
    entropies: Float64Array

    @classmethod
    def of(cls, codes: Codes) -> DiscreteColumns:
        """Of (models, items) classes."""
        indicators = np.empty((int(codes.max()), *codes.shape), dtype=np.float32)
        for label, indicator in enumerate(indicators, start=1):
            np.equal(codes, label, out=indicator)
        everyone = np.ones((1, len(codes)), dtype=np.float32)
        return cls(indicators, _entropy(_counts(everyone, indicators), len(codes)))

    def information(self, item: int) -> Float64Array:
        """Mutual information of every column with one of them, from the observed shares.

        Args:
            item: position of the one column.

        Returns:
            (items,) in nats, never negative; at `item` itself, its entropy.
        """
        labels = self.indicators[:, :, item]  # (classes - 1, models)
        column = np.concatenate([1.0 - labels.sum(axis=0, keepdims=True), labels])
        joint = _counts(column[column.any(axis=1)], self.indicators)
        return _settled(self.entropies + self.entropies[item] - _entropy(joint, labels.shape[1]))


def _counts(column: Float32Array, indicators: Float32Array) -> Float32Array:
    """(pairs of classes, items) how many models are of each class of one column and each class of every column."""
    classed = [column @ indicator for indicator in indicators]
    rest = column.sum(axis=1, keepdims=True) - np.sum(classed, axis=0)
    return np.concatenate([np.broadcast_to(rest, (len(column), indicators.shape[2])), *classed])


def _settled(information: Float64Array) -> Float64Array:
    """Never below 0, where estimates and rounding may end, and to a fixed number of digits."""
    return np.asarray(np.round(np.maximum(information, 0.0), DIGITS), dtype=np.float64)


def _entropy(counts: Float32Array, total: int) -> Float64Array:
    """(items,) entropy, in nats, of (classes, items) counts that add up to `total` in every column."""
    whole = np.arange(total + 1)
    count_log_count = whole * np.log(np.maximum(whole, 1))
    return np.asarray(np.log(total) - count_log_count[counts.astype(np.int64)].sum(axis=0) / total, dtype=np.float64)
