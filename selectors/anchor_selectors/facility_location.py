"""Facility location: anchors such that every item has one that source models answer much like it.

Chosen greedily to maximise the sum over items of weight times similarity to the most similar anchor; at least 1 - 1/e
of the best possible. Assumes that items which source models answer alike are answered alike by new models. Each anchor
weighs as much as the items it stands for. Deterministic, and nested: the anchors for a smaller k are among those for a
larger one. Fails where few models make many items equal: those are tied and the lower id is taken. Memory 4 bytes a
pair of items up to 16,000 items, computed in blocks beyond; time a few times that of one product of the score matrix
with itself: seconds for 400 models, 10,000 items and k = 100; minutes beyond 16,000.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from anchoreval.errors import MethodOptionError
from anchoreval.methods import Selection
from anchoreval.numerics.facility_location import cluster_weights, lazy_greedy
from anchoreval.numerics.item_similarity import SIMILARITIES, ItemSimilarity
from anchoreval.responses import ResponseMatrix


@dataclass
class FacilityLocation:
    """Greedy facility location over similarities between items; ties go to the lower id.

    Attributes:
        similarity: from the items' columns of source scores: `correlation` ((1 + r) / 2; constant items are alike
            where equal and uncorrelated with all others), `euclidean` (negative distance, shifted and scaled into
            [0, 1]) or `cosine`.
    """

    similarity: str = "correlation"
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset({"complete"})
    reconstruction: ClassVar[Mapping[str, Any]] = {"name": "weighted"}

    def __post_init__(self) -> None:
        if self.similarity not in SIMILARITIES:
            raise MethodOptionError(f"similarity {self.similarity!r} is not one of {', '.join(SIMILARITIES)}")

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Choose k items; `details` holds them in the order of choice and the value reached, in [0, 1]."""
        similarity = ItemSimilarity(sources.scores, self.similarity)
        choice = lazy_greedy(similarity, sources.weights, k)
        chosen = np.sort(choice.items)
        return Selection(
            items=sources.items.index[chosen],
            weights=cluster_weights(similarity, chosen, sources.weights),
            details={
                "order": [str(item) for item in sources.items.index[choice.items]],
                "value": float(choice.gains.sum()),
                "gain_evaluations": choice.evaluations,
            },
        )
