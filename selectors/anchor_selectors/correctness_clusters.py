"""Correctness clusters: tinyBenchmarks' anchors from k-means on source scores (arXiv 2402.14992).

An item is the column of its source scores. Weighted k-means groups the items; the item nearest to each centroid is an
anchor and weighs as much as its cluster. Assumes that items which source models answer alike are answered alike by new
models. k-means seldom finds the best clustering, so five restarts are tried. Weights are uneven (1 / sum of
squares: 27 of 100 anchors on ARC), so the weighted mean is noisy.

The paper's rule may name an item twice. Here clusters choose in turn, heaviest first: each takes the item nearest to
its centroid that is not taken yet, and keeps its own weight. Items with the same scores are clustered as one; where
there are fewer different items than k, every one of them is an anchor and the rest of k goes, one by one, to the
cluster that has most weight an anchor; anchors of one cluster share its weight equally.

Costs restarts x iterations x models x items x k: 5 to 12 seconds for 400 models, 10,000 items and k = 100.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.errors import MethodOptionError
from anchoreval.methods import Selection
from anchoreval.responses import ResponseMatrix


@dataclass
class CorrectnessClusters:
    """Items nearest to the centroids of a weighted k-means on source scores, with the clusters' weights.

    Attributes:
        restarts: number of k-means++ starts, of which the one with the least inertia counts.
        iterations: most Lloyd iterations a start.
    """

    restarts: int = 5
    iterations: int = 300
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset({"complete"})

    def __post_init__(self) -> None:
        for option in ("restarts", "iterations"):
            if getattr(self, option) < 1:
                raise MethodOptionError(f"{option} = {getattr(self, option)} is less than 1")

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Choose k items; `details` say how many clusters had to take another than their nearest item."""
        if k == sources.n_items:
            return Selection(items=sources.items.index, weights=sources.weights)
        columns = sources.scores.T.astype(np.float64)  # (items, models)
        centres, inertia = self._centres(columns, sources.weights, k, rng)
        distance = _squared_distances(columns, centres)  # (items, clusters)
        cluster = np.argmin(distance, axis=1)
        mass = np.bincount(cluster, weights=sources.weights, minlength=len(centres)).astype(np.float64)
        anchors, displaced = nearest_unique(distance, np.argsort(-mass, kind="stable"))
        items, weights = with_extras(anchors, cluster, mass, k)
        return Selection(
            items=sources.items.index[items],
            weights=weights,
            details={"clusters": len(centres), "inertia": inertia, "displaced": displaced},
        )

    def _centres(
        self, columns: Float64Array, weights: Float64Array, k: int, rng: np.random.Generator
    ) -> tuple[Float64Array, float]:
        """(clusters, models) centroids, as many as k or as there are different items that count; and their inertia."""
        different, which = np.unique(columns, axis=0, return_inverse=True)
        mass = np.bincount(which.ravel(), weights=weights, minlength=len(different)).astype(np.float64)
        different, mass = different[mass > 0], mass[mass > 0]
        seed = int(rng.integers(2**31))
        return (different, 0.0) if len(different) <= k else self._k_means(different, mass, k, seed)

    def _k_means(self, points: Float64Array, mass: Float64Array, k: int, seed: int) -> tuple[Float64Array, float]:
        from sklearn.cluster import KMeans
        from sklearn.exceptions import ConvergenceWarning
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        search: Any = KMeans(k, n_init=self.restarts, max_iter=self.iterations, random_state=seed)
        # threads add up in the order in which they end: one thread makes the same sums every time
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore", ConvergenceWarning)  # points closer than rounding: a cluster stays empty
            search.fit(points, sample_weight=mass)
        return np.asarray(search.cluster_centers_, dtype=np.float64), float(search.inertia_)


def nearest_unique(distance: Float64Array, turns: IntArray) -> tuple[IntArray, int]:
    """For each cluster in turn, the nearest item that no cluster before it took; ties go to the lower item.

    Args:
        distance: (items, clusters) from items to centroids, with at least as many items as clusters.
        turns: (clusters,) the order in which clusters choose.

    Returns:
        (clusters,) item of each cluster, all different, and the number of clusters that did not get their nearest.
    """
    free = np.zeros(len(distance))  # becomes infinite for items that are taken
    taken = np.empty(len(turns), dtype=np.int64)
    for cluster in turns:  # each choice depends on those before it
        taken[cluster] = np.argmin(distance[:, cluster] + free)
        free[taken[cluster]] = np.inf
    return taken, int(np.count_nonzero(taken != np.argmin(distance, axis=0)))


def with_extras(anchors: IntArray, cluster: IntArray, mass: Float64Array, k: int) -> tuple[IntArray, Float64Array]:
    """Anchors filled up to k from clusters with most weight an anchor, and what each weighs.

    Args:
        anchors: (clusters,) one item of each cluster, at most k.
        cluster: (items,) cluster of each item.
        mass: (clusters,) weight of each.
        k: number of anchors wanted.

    Returns:
        (k,) items, ascending, and their weights: a cluster's mass in equal parts to its anchors.
    """
    group = cluster.copy()
    group[anchors] = np.arange(len(anchors))  # an anchor speaks for the cluster that took it
    spare = np.setdiff1d(np.arange(len(cluster)), anchors)
    spare = spare[np.argsort(group[spare], kind="stable")]
    rank = np.arange(len(spare)) - np.searchsorted(group[spare], group[spare])
    most = np.argsort(-mass[group[spare]] / (rank + 1.0), kind="stable")  # highest averages
    items = np.sort(np.concatenate([anchors, spare[most[: k - len(anchors)]]]))
    count = np.bincount(group[items], minlength=len(mass))
    return items, mass[group[items]] / count[group[items]]


def _squared_distances(columns: Float64Array, centres: Float64Array) -> Float64Array:
    """(items, clusters), rounded so that equal items are equally far."""
    squares = np.einsum("ij,ij->i", columns, columns)[:, None] + np.einsum("ij,ij->i", centres, centres)
    return np.asarray(np.round(squares - 2.0 * columns @ centres.T, 9), dtype=np.float64)
