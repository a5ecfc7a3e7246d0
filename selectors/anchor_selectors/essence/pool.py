"""Which items a search may choose from: all but those that tell little and those that repeat others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchor_selectors.essence.coarse_filter import Similarity, not_redundant, rank_similarity, text_similarity
from anchor_selectors.essence.item_filter import informative
from anchor_selectors.essence.text import text_vectors
from anchoreval.arrays import BoolArray, FloatArray, IntArray

ROOM = 2
"""The filters leave at least this many times k items, or there is nothing to choose."""


@dataclass(frozen=True)
class PoolRule:
    """The filters' options, as `Essence` documents them."""

    max_accuracy: float | None
    min_sd: float | None
    min_discrimination: float | None
    text_threshold: float | None
    rank_threshold: float | None
    redundant: str
    keep: str
    embeddings: str | None

    def pool(self, items: pd.DataFrame, scores: FloatArray, k: int) -> tuple[IntArray, dict[str, Any]]:
        """Filter the items.

        Where fewer than 2 k are left, items are taken back: redundant ones before uninformative ones, each in the
        order in which they were judged.

        Args:
            items: the benchmark's item table.
            scores: (models, items) of the source models, without NaN.
            k: number of anchors wanted.

        Returns:
            Ascending positions of items, and what was dropped and why, as plain data.
        """
        order = self._order(items)
        passes = informative(scores, self.max_accuracy, self.min_sd, self.min_discrimination)
        candidates = order[passes[order]]
        fresh, compared = self._fresh(items.iloc[candidates], scores[:, candidates])
        kept = np.zeros(len(items), dtype=np.bool_)
        kept[candidates[fresh]] = True
        least = min(ROOM * k, len(items))
        back = np.concatenate([candidates[~fresh], order[~passes[order]]])[: max(0, least - int(kept.sum()))]
        details = {
            "uninformative": int((~passes).sum()),
            "redundant": int((~fresh).sum()),
            "taken_back": len(back),
            "compared": compared,
        }
        kept[back] = True
        return np.flatnonzero(kept), details

    def _order(self, items: pd.DataFrame) -> IntArray:
        """Positions of items in the order in which they are judged: the benchmark's, or that reversed."""
        position = pd.to_numeric(items["position"], errors="coerce").to_numpy(dtype=np.float64)
        order = np.argsort(position, kind="stable")
        return np.asarray(order if self.keep == "first" else order[::-1], dtype=np.int64)

    def _fresh(self, items: pd.DataFrame, scores: FloatArray) -> tuple[BoolArray, list[str]]:
        """Which candidates, in the order given, repeat no other; and by what they were compared."""
        tests = self._tests(items, scores)
        redundancy = [(similarity, threshold) for _, similarity, threshold in tests]
        fresh = not_redundant(np.arange(len(items)), redundancy, every=self.redundant == "both")
        return fresh, [name for name, _, _ in tests]

    def _tests(self, items: pd.DataFrame, scores: FloatArray) -> list[tuple[str, Similarity, float]]:
        tests: list[tuple[str, Similarity, float]] = []
        texts = _texts(items)
        if self.text_threshold is not None and any(texts):
            tests.append(("text", text_similarity(text_vectors(texts, self.embeddings)), self.text_threshold))
        if self.rank_threshold is not None:
            tests.append(("rank", rank_similarity(scores), self.rank_threshold))
        return tests


def _texts(items: pd.DataFrame) -> Sequence[str]:
    """Text of each item; empty where there is none."""
    if "text" not in items:
        return []
    return [text.strip() if isinstance(text, str) else "" for text in items["text"]]
