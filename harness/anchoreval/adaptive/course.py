"""The course of a test: what a target was asked, and what was held of its score after every batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.responses import ResponseMatrix

Ask: TypeAlias = "Callable[[pd.Index[Any]], Float64Array]"
"""Where answers come from: item ids in, their scores in [0, 1] out, NaN where the target gives no answer."""

NARROW, SPENT, EMPTY, ENDED = "narrow enough", "budget spent", "no item left", "ended by the policy"
"""Why a test stops."""


@dataclass(frozen=True, eq=False)
class Course:
    """One target's test from the first batch to the last.

    Attributes:
        items: ids of the items asked, in order.
        scores: (asked,) in [0, 1], NaN without an answer.
        asked: (batches,) number of items asked by the end of each batch; likewise
        answered: of items answered,
        estimate: the full score that is expected, in [0, 1],
        belief: what the reader holds to be the estimate's standard deviation, in score units.
        ended: why it stopped, one of the reasons above.
    """

    items: pd.Index[Any]
    scores: Float64Array
    asked: IntArray
    answered: IntArray
    estimate: Float64Array
    belief: Float64Array
    ended: str

    def first_below(self, threshold: float) -> int:
        """The first batch after which the belief is at most `threshold`; the last one where it never is."""
        below = np.flatnonzero(self.belief <= threshold)
        return int(below[0]) if below.size else len(self.belief) - 1

    def broken_off(self, batch: int, ended: str) -> Course:
        """The same test up to and including a batch."""
        count, batches = int(self.asked[batch]), slice(batch + 1)
        return Course(
            self.items[:count],
            self.scores[:count],
            self.asked[batches],
            self.answered[batches],
            self.estimate[batches],
            self.belief[batches],
            ended,
        )


def recorded(matrix: ResponseMatrix, model: str) -> Ask:
    """The answers that a matrix holds of one model."""
    row = matrix.scores[matrix.models.index.get_loc(model)].astype(np.float64)
    items = matrix.items.index

    def ask(asked: pd.Index[Any]) -> Float64Array:
        return np.asarray(row[items.get_indexer(asked)], dtype=np.float64)

    return ask
