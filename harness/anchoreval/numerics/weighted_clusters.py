"""Weighted k-means of items, and one anchor a cluster: what tinyBenchmarks' two clusterings share (arXiv 2402.14992).

Points that are equal are clustered as one. The paper's rule, the item nearest to each centroid, may name an item
twice. Here clusters choose in turn, heaviest first: each takes the nearest item that is not taken yet, and keeps its
own weight. Where there are fewer different points than k, every one is a centroid, and the rest of k goes, one by
one, to the cluster that has most weight an anchor; anchors of one cluster share its weight equally.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from anchoreval.arrays import Float64Array, IntArray


@dataclass(frozen=True, eq=False)
class Representatives:
    """One item a cluster, or several where there are fewer clusters than anchors.

    Attributes:
        items: (k,) positions, ascending.
        weights: (k,) a cluster's weight in equal parts to its anchors.
        displaced: number of clusters whose nearest item was taken already.
    """

    items: IntArray
    weights: Float64Array
    displaced: int


def cluster_centres(
    points: Float64Array, weights: Float64Array, k: int, *, restarts: int, iterations: int, seed: int
) -> tuple[Float64Array, float]:
    """Centroids of a weighted k-means, and its inertia.

    Args:
        points: (items, coordinates).
        weights: (items,) >= 0; items without weight pull nothing.
        k: number of clusters wanted.
        restarts: number of k-means++ starts, of which the one with the least inertia counts.
        iterations: most Lloyd iterations a start.
        seed: of the starts.

    Returns:
        (clusters, coordinates), as many as k or as there are different points that count.
    """
    different, which = np.unique(points, axis=0, return_inverse=True)
    mass = np.bincount(which.ravel(), weights=weights, minlength=len(different)).astype(np.float64)
    different, mass = different[mass > 0], mass[mass > 0]
    return (different, 0.0) if len(different) <= k else _k_means(different, mass, k, restarts, iterations, seed)


def _k_means(
    points: Float64Array, mass: Float64Array, k: int, restarts: int, iterations: int, seed: int
) -> tuple[Float64Array, float]:
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    search: Any = KMeans(k, n_init=restarts, max_iter=iterations, random_state=seed)
    # threads add up in the order in which they end: one thread makes the same sums every time
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # points closer than rounding: a cluster stays empty
        search.fit(points, sample_weight=mass)
    return np.asarray(search.cluster_centers_, dtype=np.float64), float(search.inertia_)


def representatives(points: Float64Array, weights: Float64Array, centres: Float64Array, k: int) -> Representatives:
    """As many items as asked for, standing for the clusters around given centroids.

    Args:
        points: (items, coordinates), at least k.
        weights: (items,) of the items.
        centres: (clusters, coordinates), at most k.
        k: number of items wanted.
    """
    distance = _squared_distances(points, centres)  # (items, clusters)
    cluster = np.argmin(distance, axis=1)
    mass = np.bincount(cluster, weights=weights, minlength=len(centres)).astype(np.float64)
    anchors, displaced = nearest_unique(distance, np.argsort(-mass, kind="stable"))
    items, weighed = with_extras(anchors, cluster, mass, k)
    return Representatives(items, weighed, displaced)


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


def _squared_distances(points: Float64Array, centres: Float64Array) -> Float64Array:
    """(items, clusters), rounded so that equal items are equally far."""
    squares = np.einsum("ij,ij->i", points, points)[:, None] + np.einsum("ij,ij->i", centres, centres)
    return np.asarray(np.round(squares - 2.0 * points @ centres.T, 9), dtype=np.float64)
