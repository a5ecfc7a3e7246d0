"""Optimal: ask the item after which this target's full score is least uncertain (ours).

Under a linear Gaussian model what is still unknown does not depend on the answers, and the best items can be listed
beforehand: that is the selector `optimal`. Answers matter where the spread of an answer depends on its mean: an item
that this target is all but sure to solve has little left to tell. Here items have logistic curves in a few abilities,
and what these leave over has a covariance of its own (`anchoreval.numerics.correlated_curves`), learnt on the sources.
Given the answers so far, the scores of the open items are about Gaussian around what the curves expect; the next item
is the one whose answer takes most off the variance of the full score. A test may stop when the standard deviation that
is left, `floor` added in squares, is small enough. `predict` reads the answers under the same model.

Both halves are needed. With curves alone (`shrinkage=1`) musr, whose three subjects are more than a few abilities
explain, was read worse than by fixed anchors; with remainders alone the test does not adapt. How many abilities the
curves have, and the shrinkage, were set from the number of groups in trials on arc, musr and ifeval (4 and 8 abilities;
shrinkage 0.3 to 0.85 made little difference) and on truthfulqa; items asked in batches of five cost 4 % more error. In
`results/published/literature.md` (20 splits, k = 20, 50, 100) its error against that of the fixed anchors of `optimal`
read by `auto` is 1.94, 1.44, 1.12 points to 2.68, 2.07, 1.63 on arc, 3.15, 2.02, 1.41 to 3.75, 2.55, 1.84 on ifeval,
1.25, 0.96 to 1.75, 1.27 on truthfulqa (k = 20, 50), and level on musr and winogrande. With few groups of sources (22 on
livebench) it is behind at 20 items and ahead at 50 and 100.

Unlike Fisher information it aims at the full score and at several abilities at once. It assumes that targets resemble
sources; the model's own belief of its error is too good, and no interval. Scores between 0 and 1 count as noisy as they
are on average. Costs a fit of the curves, then about 2 ms a question for 200 sources and 1,000 items.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.errors import MethodOptionError
from anchoreval.methods import Answers
from anchoreval.numerics.correlated_curves import (
    CorrelatedCurves,
    LocalBelief,
    most_telling,
    open_variance,
    suited_to,
)
from anchoreval.numerics.score_weights import score_weights
from anchoreval.policies.asked import Asked, check_numbers
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.tables import base_model_codes


@dataclass
class Optimal:
    """Greatest reduction of the variance of the full score, given the answers so far.

    Attributes:
        dimensions: number of abilities; None: one for every 28 groups of sources, from 1 to 8.
        shrinkage: of the covariance of what the curves leave over to its diagonal, from 0 to 1; None: 400 / (400 + G)
            with G groups of sources.
        batch: items asked at a time; answers are looked at between batches, and within one the items are chosen as if
            the others had been answered as expected.
        standard_error: stop where the full score is known to it, in score units; None: at k items.
        floor: standard deviation of what the model cannot know, in score units; `standard_error` must exceed it.
        least: answers before such a stop.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"complete"})
    dimensions: int | None = None
    shrinkage: float | None = None
    batch: int = 1
    standard_error: float | None = None
    floor: float = 0.01
    least: int = 10
    items_: pd.Index[Any] = field(init=False, repr=False, compare=False)
    weights_: Float64Array = field(init=False, repr=False, compare=False)
    model_: CorrelatedCurves = field(init=False, repr=False, compare=False)
    level_: float = field(init=False, repr=False, compare=False)
    k_: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        dimensions = 1 if self.dimensions is None else self.dimensions
        check_numbers("optimal", dimensions=(dimensions, 1), batch=(self.batch, 1), least=(self.least, 0))
        if self.shrinkage is not None and not 0 <= self.shrinkage <= 1:
            raise MethodOptionError(f"policy optimal: option shrinkage must be from 0 to 1, not {self.shrinkage}")
        if not self.floor >= 0:
            raise MethodOptionError(f"policy optimal: option floor must not be negative, not {self.floor}")
        if self.standard_error is not None and not self.standard_error > self.floor:
            raise MethodOptionError(
                f"policy optimal: option standard_error must exceed floor = {self.floor}, not {self.standard_error}"
            )

    def fit(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Self:
        """Fit curves and remainders of all items; at most k are asked of a target. Nothing is random."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        codes = base_model_codes(sources.models)
        dimensions, shrinkage = suited_to(len(np.unique(codes)))
        self.items_ = sources.items.index
        with threadpool_limits(1):
            self.weights_, self.level_ = _readout(sources, codes)
            dimensions = self.dimensions or dimensions
            shrinkage = shrinkage if self.shrinkage is None else self.shrinkage
            self.model_ = CorrelatedCurves.fit(sources.scores, dimensions, shrinkage)
        self.k_ = k
        return self

    def next_items(self, answers: Answers) -> pd.Index[Any]:
        """The items that most reduce the variance; none to stop."""
        asked = Asked.of(answers, self.items_)
        count = min(self.batch, self.k_ - len(asked.items), int(asked.open.sum()))
        if count <= 0:
            return self.items_[:0]
        belief = self._belief(asked)
        if self._is_enough(belief, asked):
            return self.items_[:0]
        return self.items_[most_telling(belief, self._open_weights(asked), asked.open, count)]

    def standard_deviation(self, answers: Answers) -> float:
        """What is left to know of the target's full score, in score units, `floor` included."""
        asked = Asked.of(answers, self.items_)
        return self._deviation(self._belief(asked), asked)

    def predict(self, answers: Answers) -> float:
        """The target's full score as the model expects it, in [0, 1]."""
        asked = Asked.of(answers, self.items_)
        return float(np.clip(self.level_ + self.model_.predicted(asked.items, asked.scores) @ self.weights_, 0.0, 1.0))

    def _is_enough(self, belief: LocalBelief, asked: Asked) -> bool:
        if self.standard_error is None or len(asked.items) < self.least:
            return False
        return self._deviation(belief, asked) <= self.standard_error

    def _deviation(self, belief: LocalBelief, asked: Asked) -> float:
        return float(np.sqrt(open_variance(belief, self._open_weights(asked)) + self.floor**2))

    def _belief(self, asked: Asked) -> LocalBelief:
        return self.model_.belief(asked.items, asked.scores)

    def _open_weights(self, asked: Asked) -> Float64Array:
        """Weights of what is not known: of items that were not asked, or gave no answer."""
        weights = self.weights_.copy()
        weights[asked.items] = 0.0
        return weights


def _readout(sources: ResponseMatrix, groups: IntArray) -> tuple[Float64Array, float]:
    """(items,) what each item adds to the full score, and what is added to all (see `score_weights`)."""
    if sources.coverage.get(SCORE, 1.0) >= 1.0:
        return sources.weights, 0.0
    return score_weights(sources.scores, np.asarray(sources.full_scores, dtype=np.float64), groups)
