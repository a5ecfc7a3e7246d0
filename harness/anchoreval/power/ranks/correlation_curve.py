"""A correlation of errors as a rising function of similarity, from squared differences of models that share pairs.

With errors z of mean square 1, the correlation of two models' errors is 1 minus half of the expected (z_i - z_j)^2.
Pairs are put into bins of similarity that halve towards the most similar ones, which are few and matter most. Pairs
share models, so models are counted: within a bin every model has one vote, the mean over its partners there, and a bin
with few models joins the next less similar one. What few models say is drawn towards what is believed beforehand, as if
ten disjoint pairs had shown that; but only downwards, since a correlation that is too high makes differences look more
certain than they are. Isotonic regression over the bins makes the whole rise.

Ours; variogram: Matheron, Principles of geostatistics, Economic Geology 58 (1963).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, IntArray

FEWEST_MODELS = 10.0
"""Models that a bin must show; no curve comes from fewer."""
PRIOR_PAIRS = 10.0
"""Disjoint pairs that the belief beforehand counts as."""
SHARES = (0.0, *(1.0 - 0.5**n for n in range(1, 10)))
"""Shares of the pairs that are less similar than each bin."""


@dataclass(frozen=True, eq=False)
class CorrelationCurve:
    """Correlation of two models' errors by their similarity: straight between knots, level beyond them.

    Attributes:
        similarity: (knots,) increasing.
        correlation: (knots,) not decreasing, at most 1.
    """

    similarity: Float64Array
    correlation: Float64Array

    def __call__(self, similarity: Any) -> Float64Array:
        """Correlation at similarities of any shape; where one is not known (NaN), the least, and at most 0."""
        values = np.asarray(similarity, dtype=np.float64)
        found = np.interp(values, self.similarity, self.correlation)
        return np.where(np.isnan(values), min(0.0, float(self.correlation[0])), found)


UNCORRELATED = CorrelationCurve(np.zeros(1), np.zeros(1))


@dataclass(frozen=True, eq=False)
class _Bins:
    """Means over each model's partners in each bin, NaN where it has none.

    Attributes:
        similarity: (models, bins).
        half_square: (models, bins).
        votes: (models,) of each model; those of a group sum to 1.
    """

    similarity: Float64Array
    half_square: Float64Array
    votes: Float64Array

    @property
    def models(self) -> Float64Array:
        """(bins,) votes cast."""
        return np.asarray(self.votes @ ~np.isnan(self.half_square), dtype=np.float64)

    def mean(self, values: Float64Array) -> Float64Array:
        """(bins,) mean over the models that have a partner in a bin."""
        return np.asarray(self.votes @ np.nan_to_num(values) / self.models, dtype=np.float64)


def fit_curve(
    half_squares: Float64Array,
    similarity: Float64Array,
    pairs: BoolArray,
    votes: Float64Array,
    belief: CorrelationCurve,
) -> CorrelationCurve | None:
    """Fit a curve to some of the pairs of models.

    Args:
        half_squares: (models, models) (z_i - z_j)^2 / 2 of errors with mean square 1.
        similarity: (models, models) in [0, 1], not NaN where a pair is used.
        pairs: (models, models) which pairs to use, symmetric.
        votes: (models,) how many models each counts as.
        belief: the curve towards which few models are drawn.

    Returns:
        The curve, or None where fewer than 10 models have such a pair.
    """
    from scipy.optimize import isotonic_regression

    if votes @ pairs.any(axis=1) < FEWEST_MODELS:
        return None
    bins = _binned(half_squares, similarity, pairs, votes)
    centre, found, disjoint = bins.mean(bins.similarity), 1.0 - bins.mean(bins.half_square), bins.models / 2.0
    expected = belief(centre)
    trust = np.where(found > expected, disjoint / (disjoint + PRIOR_PAIRS), 1.0)
    rising = isotonic_regression(expected + trust * (found - expected), weights=disjoint).x
    return CorrelationCurve(centre, np.asarray(rising, dtype=np.float64))


def _binned(half_squares: Float64Array, similarity: Float64Array, pairs: BoolArray, votes: Float64Array) -> _Bins:
    own, partner = np.nonzero(pairs)
    alike = similarity[own, partner]
    edges = np.unique(np.quantile(alike, SHARES))
    position = np.searchsorted(edges, alike, side="right") - 1
    label = _joined(own, position, votes)[position]
    cell, shape = own * (label.max() + 1) + label, (len(votes), int(label.max()) + 1)

    def summed(values: Float64Array) -> Float64Array:
        flat = np.bincount(cell, weights=votes[partner] * values, minlength=shape[0] * shape[1])
        return np.asarray(flat.reshape(shape), dtype=np.float64)

    weight = summed(np.ones(len(own)))
    weight[weight == 0.0] = np.nan
    return _Bins(summed(alike) / weight, summed(half_squares[own, partner]) / weight, votes)


def _joined(own: IntArray, position: IntArray, votes: Float64Array) -> IntArray:
    """(bins,) new number of each bin: from the most similar down, one with too few models joins the next."""
    present = np.zeros((len(votes), int(position.max()) + 1), dtype=np.bool_)
    present[own, position] = True
    starts = np.zeros(present.shape[1], dtype=np.bool_)
    gathered = np.zeros(len(votes), dtype=np.bool_)
    for bin_ in range(present.shape[1] - 1, 0, -1):
        gathered |= present[:, bin_]
        if votes @ gathered >= FEWEST_MODELS and votes @ present[:, :bin_].any(axis=1) >= FEWEST_MODELS:
            starts[bin_] = True
            gathered[:] = False
    return np.cumsum(starts)
