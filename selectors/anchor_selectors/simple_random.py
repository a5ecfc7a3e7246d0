"""Simple random sampling: every set of k items is as likely as any other.

Assumes nothing and needs nothing of the models. Every item is drawn with probability k / n, so any estimator that
relies on a random design applies, and its error is known from sampling theory: about sd * sqrt((1 - k/n) / k) with sd
the spread of a model's item scores (4 to 5 percentage points at k = 100). The line that other selectors must beat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from anchoreval.methods import Selection
from anchoreval.numerics.sampling import hajek_weights
from anchoreval.responses import ResponseMatrix


@dataclass
class Random:
    """Simple random sample without replacement; weights are the benchmark's own on the items drawn."""

    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset()
    reconstruction: ClassVar[Mapping[str, Any]] = {"name": "mean"}

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Draw k items."""
        drawn = rng.choice(sources.n_items, size=k, replace=False)
        inclusion = np.full(k, k / sources.n_items)
        return Selection(
            items=sources.items.index[drawn],
            weights=hajek_weights(sources.weights[drawn], inclusion),
            inclusion=inclusion,
        )
