"""Whole subjects drawn at random: what a choice of subjects (`bento`) must beat.

k counts subjects; all items of a drawn subject are anchors, and every set of k subjects is as likely as any other. It
assumes nothing and needs nothing of the models. Items of a subject tell much the same, so the error is larger than that
of as many items drawn one by one, and it falls with the number of subjects, not of items.
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
class RandomSubjects:
    """Simple random sample of subjects without replacement; weights are the benchmark's own on their items."""

    unit: ClassVar[str] = "subject"
    needs: ClassVar[frozenset[str]] = frozenset({"subjects"})
    reconstruction: ClassVar[Mapping[str, Any]] = {"name": "weighted"}

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Draw k subjects; every item is in with probability k / subjects."""
        subjects = sorted(sources.subjects)
        drawn = sorted(subjects[place] for place in rng.choice(len(subjects), size=k, replace=False))
        items = np.flatnonzero(sources.items["subject"].isin(drawn))
        inclusion = np.full(len(items), k / len(subjects))
        return Selection(
            items=sources.items.index[items],
            weights=hajek_weights(sources.weights[items], inclusion),
            inclusion=inclusion,
            details={"subjects": drawn},
        )
