"""Correctness clusters: tinyBenchmarks' anchors from k-means on source scores (arXiv 2402.14992).

An item is the column of its source scores. Weighted k-means groups the items; the item nearest to each centroid is an
anchor and weighs as much as its cluster. Assumes that items which source models answer alike are answered alike by new
models. k-means seldom finds the best clustering, so five restarts are tried. Weights are uneven (1 / sum of
squares: 27 of 100 anchors on ARC), so the weighted mean is noisy.

The paper's rule may name an item twice; how each cluster still gets an anchor of its own, and what happens where fewer
than k items differ, says `anchoreval.numerics.weighted_clusters`.

Costs restarts x iterations x models x items x k: 5 to 12 seconds for 400 models, 10,000 items and k = 100.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError
from anchoreval.methods import Selection
from anchoreval.numerics.weighted_clusters import cluster_centres, representatives
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
    reconstruction: ClassVar[Mapping[str, Any]] = {"name": "gpirt"}

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
        found = representatives(columns, sources.weights, centres, k)
        return Selection(
            items=sources.items.index[found.items],
            weights=found.weights,
            details={"clusters": len(centres), "inertia": inertia, "displaced": found.displaced},
        )

    def _centres(
        self, columns: Float64Array, weights: Float64Array, k: int, rng: np.random.Generator
    ) -> tuple[Float64Array, float]:
        """(clusters, models) centroids, as many as k or as there are different items that count; and their inertia."""
        seed = int(rng.integers(2**31))
        return cluster_centres(columns, weights, k, restarts=self.restarts, iterations=self.iterations, seed=seed)
