"""The mean of weighted scores with its standard error, where items come in clusters (a passage, a subject, a family).

Items of one cluster share what makes them easy or hard, so that only clusters count as independent: the variance of the
weighted mean is the sum over clusters of (sum of w_i (s_i - mean))^2 (weights summing to 1), times G / (G - 1) for G
clusters, with G - 1 degrees of freedom. Items by themselves are clusters of one. It equals the cluster-robust
(sandwich) variance of a weighted regression on a constant; with few clusters of very unequal weight it is too small
(95 % intervals under exponential weights covered 93 % with 28 effective items of 50, 90 % with 10 of 20).

Where all clusters have the same mean c, or there is only one, the formula gives 0, which would claim certainty. Then
at least a share l = (alpha / 2)^(1 / n) of the population has that mean (Clopper and Pearson's bound for n of n; n is
Kish's effective number of clusters), while the rest may score anything within the scores' bounds: the interval is
l c + (1 - l) [low, high], and the standard error its half-width over the normal quantile. For answers all right or all
wrong it is Clopper and Pearson's interval.

Source: Miller (arXiv 2411.00640), section 2.2; Liang and Zeger (1986); Kish (1965); the interval of equal scores is
ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.errors import ResponseDataError
from anchoreval.power.inputs import check_open_unit, shares

CERTAIN = 1e-12
"""A standard error up to this is rounding: all clusters have the same mean."""


@dataclass(frozen=True)
class MeanInterval:
    """A weighted mean score and its error, in score units.

    Attributes:
        mean: weighted mean of the known scores.
        standard_error: of the mean; never 0.
        lower: end of the interval, within the bounds of the scores.
        upper: the other end.
        degrees_of_freedom: clusters (or items) minus 1.
        n_items: number of known scores.
        n_clusters: number of clusters they come in, that of items where none are given.
        effective_items: Kish's 1 / sum w_i^2.
        effective_clusters: the same of the clusters' weights.
        method: `t`, or `equal scores` where the standard error would be 0 (see the module's text).
    """

    mean: float
    standard_error: float
    lower: float
    upper: float
    degrees_of_freedom: int
    n_items: int
    n_clusters: int
    effective_items: float
    effective_clusters: float
    method: str


@dataclass(frozen=True)
class ClusteredScores:
    """Known scores with the weights and clusters of their items.

    Attributes:
        values: (n,) finite scores.
        weights: (n,) non-negative, summing to 1.
        clusters: (n,) 0 .. G - 1.
    """

    values: Float64Array
    weights: Float64Array
    clusters: IntArray

    @property
    def n_clusters(self) -> int:
        """Number of clusters G."""
        return int(self.clusters.max()) + 1

    @property
    def mean(self) -> float:
        """Weighted mean."""
        return float(self.weights @ self.values)

    @property
    def effective_clusters(self) -> float:
        """Kish's effective number of clusters."""
        return 1.0 / float(np.sum(np.bincount(self.clusters, weights=self.weights) ** 2))

    def variance(self, small_sample: bool) -> float:
        """Cluster-robust variance of the mean; 0 with a single cluster."""
        totals = np.bincount(self.clusters, weights=self.weights * (self.values - self.mean))
        factor = self.n_clusters / max(self.n_clusters - 1, 1) if small_sample else 1.0
        return factor * float(np.sum(totals**2))


def clustered(values: Float64Array, weights: Any = None, clusters: Any = None) -> ClusteredScores:
    """Known scores with their weights, rescaled to sum 1, and cluster numbers.

    Args:
        values: (n,) scores; NaN where an item was not answered.
        weights: (n,) non-negative item weights, or None for equal ones.
        clusters: (n,) labels, or None for items by themselves.

    Raises:
        ResponseDataError: no known score, shapes that differ, a bad weight, a missing label.
    """
    known = ~np.isnan(values)
    whole = shares(weights, len(values))
    labels = _numbered(clusters, len(values))
    if not known.any():
        raise ResponseDataError("there is no item with a score")
    return ClusteredScores(values[known], shares(whole[known], int(known.sum())), _renumbered(labels[known]))


def mean_interval(
    values: Any,
    weights: Any = None,
    clusters: Any = None,
    level: float = 0.95,
    small_sample: bool = True,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> MeanInterval:
    """Weighted mean of scores with a standard error and an interval that allow for clusters.

    Args:
        values: (n,) scores within the bounds; NaN where an item was not answered.
        weights: (n,) non-negative item weights, or None for equal ones.
        clusters: (n,) labels, or None for items by themselves.
        level: of the interval.
        small_sample: whether the variance has the factor G / (G - 1).
        bounds: least and greatest possible score.

    Raises:
        ResponseDataError: no known score, a score out of bounds, shapes that differ, a bad weight, a missing label.
        MethodOptionError: the level is not between 0 and 1.
    """
    check_open_unit("level", level)
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or np.any((numbers < bounds[0]) | (numbers > bounds[1])):
        raise ResponseDataError(f"values must be (items,) scores in [{bounds[0]:g}, {bounds[1]:g}]")
    sample = clustered(numbers, weights, clusters)
    error = float(np.sqrt(sample.variance(small_sample)))
    equal = error <= CERTAIN
    lower, upper = _equal_scores(sample, level, bounds) if equal else _student(sample, error, level, bounds)
    return MeanInterval(
        mean=sample.mean,
        standard_error=(upper - lower) / 2 / float(ndtri(0.5 + level / 2)) if equal else error,
        lower=lower,
        upper=upper,
        degrees_of_freedom=sample.n_clusters - 1,
        n_items=len(sample.values),
        n_clusters=sample.n_clusters,
        effective_items=1.0 / float(np.sum(sample.weights**2)),
        effective_clusters=sample.effective_clusters,
        method="equal scores" if equal else "t",
    )


def _student(sample: ClusteredScores, error: float, level: float, bounds: tuple[float, float]) -> tuple[float, float]:
    half = float(stdtrit(sample.n_clusters - 1, 0.5 + level / 2)) * error
    return max(bounds[0], sample.mean - half), min(bounds[1], sample.mean + half)


def _equal_scores(sample: ClusteredScores, level: float, bounds: tuple[float, float]) -> tuple[float, float]:
    share = ((1.0 - level) / 2) ** (1.0 / sample.effective_clusters)
    lower, upper = (share * sample.mean + (1.0 - share) * bound for bound in bounds)
    return lower, upper


def _numbered(clusters: Any, size: int) -> IntArray:
    if clusters is None:
        return np.arange(size)
    labels = np.asarray(clusters)
    if labels.shape != (size,):
        raise ResponseDataError(f"clusters have shape {labels.shape}, there are {size} items")
    codes = pd.factorize(labels)[0].astype(np.int64)
    if np.any(codes < 0):
        raise ResponseDataError(f"item number {int(np.argmax(codes < 0))} has no cluster")
    return codes


def _renumbered(codes: IntArray) -> IntArray:
    """0 .. G - 1 again, after items were left out."""
    return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.int64)
