"""Minimum redundancy, maximum relevance (mRMR) as in Bowyer, Locatelli and Cao (arXiv 2605.25773).

Items are taken one by one. An item's relevance is the mutual information between its answers and the models' full
scores (nearest neighbours, Ross 2014); its redundancy is the mean mutual information of its answers with those of the
items already taken. The next item is the one of the largest quotient, or difference, of the two. Works on answers
alone; assumes that pairs of items tell all about redundancy. Mutual information is noisy with few models: with 15 of
them the paper finds it behind gp-IRT. `difference` may take items that nobody or everybody gets right (0 less 0) before
informative but redundant ones. The anchors are no random sample and discriminate more than most items, so their mean is
far from the full score and no weights are given; reconstruct by a regression on the answers. Costs O(k x models x
items): seconds for 400 x 10,000 at k = 100.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from anchoreval.arrays import Float32Array, Float64Array, IntArray
from anchoreval.errors import MethodOptionError, TooFewModelsError
from anchoreval.methods import Selection
from anchoreval.numerics.mutual_information import Codes, DiscreteColumns, ross_information
from anchoreval.responses import ResponseMatrix

SCHEMES = ("quotient", "difference")
DISCRETISATIONS = ("half", "quantiles")
NEIGHBOURS = 3
MOST_BINS = 100
FLOOR = 1e-10
"""Added to the redundancy before dividing by it (arXiv 2605.25773)."""


@dataclass
class Mrmr:
    """Greedy choice of items that tell much of the full score and little of each other; ties go to the lower id.

    Attributes:
        scheme: `quotient`, relevance / (redundancy + 1e-10), or `difference`, relevance - redundancy.
        discretise: how scores become classes. `half`: right (at least 0.5) or not, which leaves scores of 0 and 1 as
            they are. `quantiles`: each item's scores in `bins` classes of about equally many models, equal scores
            always together; a column of two values keeps both.
        bins: number of classes with `quantiles`, 2 to 100; memory grows with it.
    """

    scheme: str = "quotient"
    discretise: str = "half"
    bins: int = 4
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset({"complete"})
    reconstruction: ClassVar[Mapping[str, Any]] = {
        "name": "signature",
        "features": "scores",
        "regressor": "kernel_ridge",
        "line": False,
    }

    def __post_init__(self) -> None:
        for option, allowed in (("scheme", SCHEMES), ("discretise", DISCRETISATIONS)):
            if getattr(self, option) not in allowed:
                raise MethodOptionError(f"{option} {getattr(self, option)!r} is not one of {', '.join(allowed)}")
        if isinstance(self.bins, bool) or not isinstance(self.bins, int) or not 2 <= self.bins <= MOST_BINS:
            raise MethodOptionError(f"bins = {self.bins!r} is not a whole number from 2 to {MOST_BINS}")

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Take k items; `rng` is not used.

        Raises:
            TooFewModelsError: fewer than four models with a full score: a class of one has no neighbours.
        """
        target = np.asarray(sources.full_scores, dtype=np.float64)
        known = np.flatnonzero(~np.isnan(target))
        if len(known) <= NEIGHBOURS:
            raise TooFewModelsError(
                f"selector mrmr needs at least {NEIGHBOURS + 1} source models; benchmark {sources.name} has "
                f"{len(known)} with a full score"
            )
        codes = self._classes(sources.scores[known])
        relevance = ross_information(codes, target[known], NEIGHBOURS)
        chosen, redundancy = self._greedy(relevance, DiscreteColumns.of(codes), k)
        items = sources.items.index[chosen]
        return Selection(
            items=items,
            details={
                "order": [str(item) for item in items],
                "relevance": _extent(relevance),
                "relevance_of_anchors": _extent(relevance[chosen]),
                "redundancy_of_anchors": _extent(redundancy),
            },
        )

    def _classes(self, scores: Float32Array) -> Codes:
        """(models, items) class of each score, from 0."""
        if self.discretise == "half":
            return np.asarray(scores >= 0.5, dtype=np.int16)
        from scipy.stats import rankdata

        below = (rankdata(scores, axis=0) - 0.5) / len(scores)  # share of models below, ties counting half
        return np.asarray(np.floor(below * self.bins), dtype=np.int16)

    def _greedy(self, relevance: Float64Array, columns: DiscreteColumns, k: int) -> tuple[IntArray, Float64Array]:
        """Positions of the items in the order taken, and the redundancy of each when it was taken."""
        chosen: list[int] = []
        redundancies: list[float] = []
        total = np.zeros(len(relevance))  # information shared with the items taken
        left = np.ones(len(relevance), dtype=np.bool_)
        for taken in range(k):
            redundancy = total / max(taken, 1)
            best = int(np.argmax(np.where(left, self._gain(relevance, redundancy), -np.inf)))
            chosen.append(best)
            redundancies.append(float(redundancy[best]))
            left[best] = False
            if taken + 1 < k:
                total += columns.information(best)
        return np.array(chosen), np.array(redundancies)

    def _gain(self, relevance: Float64Array, redundancy: Float64Array) -> Float64Array:
        return relevance / (redundancy + FLOOR) if self.scheme == "quotient" else relevance - redundancy


def _extent(values: Float64Array) -> dict[str, float]:
    return {"min": float(values.min()), "median": float(np.median(values)), "max": float(values.max())}
