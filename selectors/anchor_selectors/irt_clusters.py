"""IRT clusters: tinyBenchmarks' anchors from k-means on item parameters (arXiv 2402.14992).

An item is the slope (or slopes) and the intercept of its logistic response curve, fitted to the source models. Weighted
k-means groups the items; the item nearest to each centroid is an anchor and weighs as much as its cluster. Assumes that
the curves describe the items: two items of one slope and one intercept are the same to it, whatever they ask.

Coordinates are not scaled, for abilities are N(0, I): the squared distance between two items in slope and intercept is
then the mean squared difference of their logits over models, in which every coordinate counts as it should. An
asymptote, which is a probability, counts four times: where a curve is steepest, a logit is a quarter of probability.
Items that nearly all models solve, or nearly none, lie far apart in logits and close in scores, and take more than
their share of the clusters; correctness clusters do not have that fault.

Needs no complete data; a few dozen source models for curves that say much. Costs the fit (a second for 200 models and
1,000 items, half a minute for 400 and 10,000 in two abilities) and a k-means in few coordinates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError
from anchoreval.methods import Selection
from anchoreval.numerics.response_curves import LINEAR, ResponseCurves, check_curve_options
from anchoreval.numerics.weighted_clusters import cluster_centres, representatives
from anchoreval.responses import ResponseMatrix

PROBABILITY_IN_LOGITS = 4.0
"""Logits to a unit of probability where a logistic curve is steepest."""
DIGITS = 6
"""Far below the fit's accuracy: items with the same answers get the same coordinates to the last bit."""


@dataclass
class IrtClusters:
    """Items nearest to the centroids of a weighted k-means on curve parameters, with the clusters' weights.

    Attributes:
        model: of the curves: 1pl, 2pl, 3pl or 4pl.
        dimensions: number of abilities; more than 1 goes with 2pl.
        restarts: number of k-means++ starts, of which the one with the least inertia counts.
        iterations: most Lloyd iterations a start.
    """

    model: str = "2pl"
    dimensions: int = 1
    restarts: int = 5
    iterations: int = 300
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset()
    reconstruction: ClassVar[Mapping[str, Any]] = {"name": "gpirt"}

    def __post_init__(self) -> None:
        check_curve_options(self.model, self.dimensions)
        for option in ("restarts", "iterations"):
            if getattr(self, option) < 1:
                raise MethodOptionError(f"{option} = {getattr(self, option)} is less than 1")

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Choose k items; `details` say how many clusters had to take another than their nearest item."""
        if k == sources.n_items:
            return Selection(items=sources.items.index, weights=sources.weights)
        points = self._coordinates(sources)
        seed = int(rng.integers(2**31))
        centres, inertia = cluster_centres(
            points, sources.weights, k, restarts=self.restarts, iterations=self.iterations, seed=seed
        )
        found = representatives(points, sources.weights, centres, k)
        return Selection(
            items=sources.items.index[found.items],
            weights=found.weights,
            details={"clusters": len(centres), "inertia": inertia, "displaced": found.displaced},
        )

    def _coordinates(self, sources: ResponseMatrix) -> Float64Array:
        """(items, coordinates) in logits; asymptotes only where the model frees them."""
        table = ResponseCurves.fit(sources.scores, self.model, self.dimensions).table
        table[:, -2:] *= PROBABILITY_IN_LOGITS
        return np.round(table[:, :-2] if self.model in LINEAR else table, DIGITS)
