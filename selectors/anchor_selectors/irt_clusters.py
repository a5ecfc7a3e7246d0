"""IRT clusters: tinyBenchmarks' anchors from k-means on item parameters (arXiv 2402.14992).

An item is the slope (or slopes) and the intercept of its logistic response curve, fitted to the source models. Weighted
k-means groups the items; the item nearest to each centroid is an anchor and weighs as much as its cluster. Assumes that
the curves describe the items: two items of one slope and one intercept are the same to it, whatever they ask.

Coordinates are not scaled, for abilities are N(0, I): the squared distance between two items in slope and intercept is
then the mean squared difference of their logits over models, in which every coordinate counts as it should. An
asymptote, which is a probability, counts four times: where a curve is steepest, a logit is a quarter of probability.
Items that nearly all models solve, or nearly none, lie far apart in logits and close in scores, and take more than
their share of the clusters. `coordinates="curves"` (ours) measures distance in expected scores instead: on arc, ifeval
and musr (k = 50, two splits each) the weighted mean's error fell from 4.1, 4.7 and 5.2 points to 3.8, 3.7 and 3.9, and
gp-IRT's from 2.7, 3.5 and 3.7 to 2.6, 3.4 and 3.3.

Needs no complete data; a few dozen source models for curves that say much. Costs the fit and a k-means in few
coordinates: about a second for 200 models and 1,000 items, six for 400 and 10,000, in one ability or in two.
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
COORDINATES = ("parameters", "curves")
NODES, DRAWS = 15, 100
"""Abilities at which curves are compared: nodes of a quadrature for one ability, draws for several."""
DIGITS = 6
"""Far below the fit's accuracy: items with the same answers get the same coordinates to the last bit."""


@dataclass
class IrtClusters:
    """Items nearest to the centroids of a weighted k-means on curve parameters, with the clusters' weights.

    Attributes:
        coordinates: `parameters`, as in the paper, or `curves`: expected scores at a range of abilities, so that the
            squared distance is the mean squared difference of expected scores over models.
        model: of the curves: 1pl, 2pl, 3pl or 4pl.
        dimensions: number of abilities; more than 1 goes with 2pl.
        restarts: number of k-means++ starts, of which the one with the least inertia counts.
        iterations: most Lloyd iterations a start.
    """

    coordinates: str = "parameters"
    model: str = "2pl"
    dimensions: int = 1
    restarts: int = 5
    iterations: int = 300
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset()
    reconstruction: ClassVar[Mapping[str, Any]] = {"name": "gpirt"}

    def __post_init__(self) -> None:
        check_curve_options(self.model, self.dimensions)
        if self.coordinates not in COORDINATES:
            raise MethodOptionError(f"coordinates {self.coordinates!r} is not one of {', '.join(COORDINATES)}")
        for option in ("restarts", "iterations"):
            if getattr(self, option) < 1:
                raise MethodOptionError(f"{option} = {getattr(self, option)} is less than 1")

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Choose k items; `details` say how many clusters had to take another than their nearest item."""
        if k == sources.n_items:
            return Selection(items=sources.items.index, weights=sources.weights)
        seed = int(rng.integers(2**31))
        points = self._points(ResponseCurves.fit(sources.scores, self.model, self.dimensions), rng)
        centres, inertia = cluster_centres(
            points, sources.weights, k, restarts=self.restarts, iterations=self.iterations, seed=seed
        )
        found = representatives(points, sources.weights, centres, k)
        return Selection(
            items=sources.items.index[found.items],
            weights=found.weights,
            details={"clusters": len(centres), "inertia": inertia, "displaced": found.displaced},
        )

    def _points(self, curves: ResponseCurves, rng: np.random.Generator) -> Float64Array:
        """(items, coordinates) in logits, asymptotes only where the model frees them; or in scores."""
        if self.coordinates == "curves":
            abilities, weights = _population(curves.dimensions, rng)
            return np.round(curves.expected(abilities).T * np.sqrt(weights), DIGITS)
        table = curves.table.copy()
        table[:, -2:] *= PROBABILITY_IN_LOGITS
        return np.round(table[:, :-2] if self.model in LINEAR else table, DIGITS)


def _population(dimensions: int, rng: np.random.Generator) -> tuple[Float64Array, Float64Array]:
    """(nodes, dimensions) abilities and (nodes,) weights that stand for N(0, I): Gauss-Hermite, or draws."""
    if dimensions == 1:
        nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
        return nodes[:, None], weights / weights.sum()
    return rng.standard_normal((DRAWS, dimensions)), np.full(DRAWS, 1.0 / DRAWS)
