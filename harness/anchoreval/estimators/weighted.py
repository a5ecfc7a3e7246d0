"""The weighted mean: a selector's own weights applied to the answers, as published with tinyBenchmarks.

Z_w = sum_j w_j y_j over the anchors, where a weight is the share of the benchmark that its anchor stands for (the size
of its cluster). It needs a selector that gives weights, looks at no source model, and is as good as the clusters are
homogeneous; a few heavy anchors make it noisy, and nothing corrects a systematic difference. A subject's score uses the
weights of its own anchors, scaled to sum to 1 (ours); a subject without anchors is NaN. Where the anchors carry the
whole of an output, that output is their exact mean whatever the weights are.

Source: Maia Polo et al., tinyBenchmarks (arXiv 2402.14992), section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from anchoreval.errors import NotApplicableError
from anchoreval.estimators.answered import Answered
from anchoreval.estimators.fixed_reading import FixedReading
from anchoreval.methods import Selection
from anchoreval.responses import ResponseMatrix


@dataclass
class Weighted(FixedReading):
    """Mean of the anchors under the selector's weights."""

    needs: ClassVar[frozenset[str]] = frozenset({"weights"})
    whole_matrix: ClassVar[bool] = False

    def fit(self, sources: ResponseMatrix, selection: Selection, rng: np.random.Generator) -> Self:
        """Work out every output's weights; only the benchmark's weights and item means are read off the sources."""
        if selection.weights is None:
            raise NotApplicableError("estimator weighted needs anchors whose selector gives weights")
        self.answered_ = Answered.learn(sources.part(selection.items), selection)
        inside = self.answered_.relative > 0
        inside[:, 0] = True
        weights = np.where(inside, self.answered_.lead[:, None], 0.0)
        total = weights.sum(axis=0)
        self.reading_ = np.where(total > 0, weights / np.where(total > 0, total, 1.0), np.nan)
        return self

    def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
        """The weighted means."""
        signatures = self.answered_.signatures(targets)
        whole = self.answered_.rest_share == 0
        values = np.where(whole, signatures @ self.answered_.shares, signatures @ self.reading_)
        return self.answered_.table(values, targets.models.index)
