"""Anchor Points: medoids of items whose confidences rise and fall together (arXiv 2309.08638).

k-medoids on 1 - r, with Pearson's r between items over source models; each anchor weighs as much as the items it stands
for. The paper takes the probability given to the correct option, and that matters: on binary scores others report
errors of 8 to 11 points at k = 100 on MMLU and ARC (arXiv 2602.07909). Correlation does not see level: an easy and a
hard item may share an anchor, so the weighted mean can be far off where a regression on the anchors is not. Few models
make chance correlations. Deterministic: PAM's build, then swaps until none improves. Memory 4 bytes a pair of items up
to 16,000 items; time grows with the square of the number of items.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array, FloatArray, IntArray
from anchoreval.errors import MethodOptionError
from anchoreval.methods import Selection
from anchoreval.numerics.additive import additive_item_effects, fill_in
from anchoreval.numerics.facility_location import cluster_weights
from anchoreval.numerics.item_similarity import ItemSimilarity
from anchoreval.numerics.medoids import k_medoids
from anchoreval.responses import ResponseMatrix

FEATURES = ("auto", "scores")
FEWEST_MODELS = 2
"""With probabilities; a correlation over fewer models says nothing."""


@dataclass
class AnchorPoints:
    """k-medoids on 1 - Pearson correlation between items, weighted by the benchmark's weights.

    Constant items are at distance 0 from items equal to them and 1 from all others.

    Attributes:
        features: `auto` correlates the correct option's probability where it is known: the matrix has option
            probabilities for at least half of the source models, and the item table's column `answer` names every
            item's correct option, as a letter (A, B ...) or a position counted from 0. Else, and with `scores`, it
            correlates scores. `details` say which it was.
    """

    features: str = "auto"
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset({"complete"})
    reconstruction: ClassVar[Mapping[str, Any]] = {"name": "weighted"}

    def __post_init__(self) -> None:
        if self.features not in FEATURES:
            raise MethodOptionError(f"features {self.features!r} is not one of {', '.join(FEATURES)}")

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Choose k medoids; `details` hold the mean distance to them before and after the swaps."""
        confidences = correct_confidences(sources) if self.features == "auto" else None
        values: FloatArray = sources.scores if confidences is None else confidences
        similarity = ItemSimilarity(values, "correlation")
        found = k_medoids(similarity, sources.weights, k)
        return Selection(
            items=sources.items.index[found.items],
            weights=cluster_weights(similarity, found.items, sources.weights),
            details={
                "features": "scores" if confidences is None else "confidences",
                "models": len(values),
                "distance_built": 2.0 * (1.0 - found.built),  # 1 - r is twice 1 - (1 + r) / 2
                "distance": 2.0 * (1.0 - found.value),
                "swaps": found.swaps,
            },
        )


def correct_confidences(sources: ResponseMatrix) -> Float64Array | None:
    """Probability that each model with option probabilities gives to the correct option; None where not known.

    Gaps are filled as those of scores are. An answer key under which models are no more confident where they score
    higher is not this matrix's key (counted from 1, say), and is not used.

    Returns:
        (models with probabilities, items), or None.
    """
    position = _answer_positions(sources)
    if sources.probabilities is None or position is None:
        return None
    correct = sources.probabilities[:, np.arange(sources.n_items), position].astype(np.float64)
    known = np.flatnonzero(~np.all(np.isnan(correct), axis=1))
    if len(known) < max(FEWEST_MODELS, len(correct) / 2) or not _agrees(correct, sources.scores):
        return None
    return fill_in(correct[known], additive_item_effects(correct[known]))


def _answer_positions(sources: ResponseMatrix) -> IntArray | None:
    """(items,) position of each item's correct option; None unless the item table says it for every item."""
    if "answer" not in sources.items or sources.probabilities is None:
        return None
    text = sources.items["answer"].astype(str).str.strip().str.upper()
    letter = text.str.fullmatch("[A-Z]").to_numpy(dtype=bool)
    code = text.where(letter, "A").map(ord).to_numpy() - ord("A")
    number = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64)
    position = np.where(letter, code, number)
    options = np.maximum(sources.option_counts, 1)  # an item without probabilities is filled in, whatever its answer
    if not ((position >= 0) & (position < options) & (position == np.floor(position))).all():
        return None
    return position.astype(np.int64)


def _agrees(correct: Float64Array, scores: FloatArray) -> bool:
    """Whether confidence in the correct option goes along with the score, over all cells; true where it cannot tell."""
    there = ~np.isnan(correct)
    confidence, score = correct[there] - correct[there].mean(), scores[there] - scores[there].mean(dtype=np.float64)
    return bool(confidence @ score > 0) or not np.ptp(scores[there]) > 0
