"""The estimators that `auto` chooses among, from the simplest to the most elaborate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from anchoreval.contract import unmet_need
from anchoreval.methods import Estimator, Selection
from anchoreval.registry import make_estimator
from anchoreval.responses import ResponseMatrix


@dataclass(frozen=True)
class Candidate:
    """A registered estimator with its options; `most_sources` is where it becomes too slow to be tried.

    One that is not `usual` is tried only where the user names it: slower, and in our trials seldom ahead.
    """

    label: str
    method: str
    options: Mapping[str, Any] = field(default_factory=dict)
    fewest_sources: int = 1
    most_sources: int = 1_000_000
    usual: bool = True

    def make(self) -> Estimator:
        """A new estimator."""
        return make_estimator(self.method, **self.options)

    def applies(self, part: ResponseMatrix, selection: Selection) -> bool:
        """Whether its needs are met and the number of sources suits it."""
        size_fits = self.fewest_sources <= part.n_models <= self.most_sources
        return size_fits and unmet_need(self.make().needs, part, selection) is None


CANDIDATES = (
    Candidate("mean", "mean", usual=False),
    Candidate("fusion", "fusion", {"sample": "mean"}),
    Candidate("weighted", "weighted"),
    Candidate("ridge", "signature", {"regressor": "ridge"}, fewest_sources=2),
    Candidate("kernel_ridge", "signature", {"regressor": "kernel_ridge"}, fewest_sources=2, most_sources=1000),
    Candidate("knn", "signature", {"regressor": "knn"}, fewest_sources=20, most_sources=1000, usual=False),
    Candidate("forest", "signature", {"regressor": "forest"}, fewest_sources=40, most_sources=1000, usual=False),
    Candidate("average", "signature", {"regressor": "average"}, fewest_sources=40, most_sources=1000, usual=False),
)
LABELS = tuple(one.label for one in CANDIDATES)


def candidate(label: str) -> Candidate:
    """The candidate of that label."""
    return next(one for one in CANDIDATES if one.label == label)
