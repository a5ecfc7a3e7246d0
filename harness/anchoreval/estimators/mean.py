"""The sample mean: what sampling theory offers, for anchors drawn at random with known inclusion probabilities.

The rest is estimated by the answers weighted with w_i (1 / pi_i - 1), benchmark weight times how many unanswered items
an anchor stands for; items that the design was certain to draw (pi = 1) stand for nobody else. Together with the
answered part this is the Hajek estimator sum(w y / pi) / sum(w / pi) for designs that spread evenly (a simple random
sample gives exactly the plain mean of the anchors), and the full score when every item was drawn. It looks at no source
model, so no drift between sources and targets can hurt it; it costs nothing and at k = 100 is off by 3 to 5 percentage
points. A subject's score comes from its own anchors; a subject without anchors is NaN.

Source: J. Hajek, comment on Basu, in Foundations of Statistical Inference (1971); splitting off what was answered is
ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.errors import NotApplicableError
from anchoreval.estimators.answered import Answered, State
from anchoreval.estimators.fixed_reading import FixedReading
from anchoreval.methods import Selection
from anchoreval.numerics.design_variance import hajek_variance
from anchoreval.responses import ResponseMatrix


@dataclass
class Mean(FixedReading):
    """Mean of the anchors, weighted by how many items each stands for; refused unless the design is random."""

    needs: ClassVar[frozenset[str]] = frozenset({"inclusion"})
    whole_matrix: ClassVar[bool] = False
    inclusion_: Float64Array = field(init=False, repr=False, compare=False)

    def fit(self, sources: ResponseMatrix, selection: Selection, rng: np.random.Generator) -> Self:
        """Work out the weights; only the benchmark's weights and item means are read off the sources."""
        if selection.inclusion is None:
            raise NotApplicableError("estimator mean needs anchors drawn at random with known inclusion probabilities")
        self.answered_ = Answered.learn(sources.part(selection.items), selection)
        self.inclusion_ = np.asarray(selection.inclusion, dtype=np.float64)
        self.reading_ = stand_ins(self.answered_.relative, self.inclusion_)
        return self

    def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
        """Answered part plus the weighted mean for the rest."""
        signatures = self.answered_.signatures(targets)
        return self.answered_.totals(signatures, signatures @ self.reading_, targets.models.index)

    def design_standard_error(self, targets: ResponseMatrix) -> pd.Series[float]:
        """Standard error of the score under the random draw of the anchors, a row a target, in score units.

        By Hajek's approximation (`anchoreval.numerics.design_variance`): too large for a stratified design. 0 where
        every anchor is certain, NaN with a single anchor and for a target that answered none.
        """
        signatures = self.answered_.signatures(targets)
        variance = hajek_variance(signatures, self.answered_.relative[:, 0], self.inclusion_)
        return pd.Series(np.sqrt(variance), targets.models.index, name="design_standard_error")

    def state(self) -> State:
        """The design, the weights and the inclusion probabilities."""
        return {**super().state(), "inclusion": self.inclusion_}

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Restore them."""
        self.inclusion_ = np.asarray(state["inclusion"], dtype=np.float64)
        return super().from_state(state)


def stand_ins(relative: Float64Array, inclusion: Float64Array) -> Float64Array:
    """Weights with which the anchors stand for the items that were not drawn.

    Args:
        relative: (anchors, outputs) benchmark weights; a column of zeros where an output has no anchor.
        inclusion: (anchors,) in (0, 1].

    Returns:
        (anchors, outputs), columns summing to 1, or NaN where an output has no anchor.
    """
    drawn = relative / inclusion[:, None]
    others = relative * (1.0 / inclusion - 1.0)[:, None]
    # all anchors certain, yet something is left: such a design says nothing about the rest, so every anchor counts
    chosen = np.where(others.sum(axis=0) > 0, others, drawn)
    total = chosen.sum(axis=0)
    return np.asarray(np.where(total > 0, chosen / np.where(total > 0, total, 1.0), np.nan), dtype=np.float64)
