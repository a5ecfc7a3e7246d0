"""What came of a test: the estimate, its interval, why it stopped, and the way there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from anchoreval.adaptive.course import Course
from anchoreval.adaptive.stopping import half_width_of

ESTIMATES = ("asked", "answered", "score", "lower", "upper", "half_width", "belief", "ended")
"""Columns of `estimates_of`."""
QUESTIONS = ("model", "order", "batch", "item", "answer")
"""Columns of `questions_of`."""


@dataclass(frozen=True, eq=False)
class Sitting:
    """One target's test.

    Attributes:
        items: ids of the items asked, in order.
        scores: (asked,) in [0, 1], NaN without an answer.
        estimate: of the full score, in [0, 1]; NaN where nothing was answered. Likewise
        lower, upper: its interval; NaN where no model sized errors.
        half_width: of the interval before it is cut to [0, 1].
        belief: the standard deviation that the reader believes in, in score units; too small, and no interval.
        ended: `narrow enough`, `budget spent`, `no item left` or `ended by the policy`.
        path: a row a batch: `asked`, `answered`, `estimate`, `belief`, `half_width`.
    """

    items: pd.Index[Any]
    scores: np.ndarray[tuple[int], np.dtype[np.float64]]
    estimate: float
    lower: float
    upper: float
    half_width: float
    belief: float
    ended: str
    path: pd.DataFrame

    @classmethod
    def of(cls, course: Course, factor: float, wanted: float | None) -> Self:
        """Read a course whose belief is to be multiplied by `factor` (NaN: no interval is known)."""
        widths = half_width_of(factor, course.belief, wanted)
        path = pd.DataFrame(
            {
                "asked": course.asked,
                "answered": course.answered,
                "estimate": course.estimate,
                "belief": course.belief,
                "half_width": widths,
            }
        )
        silent = not len(path) or not course.answered[-1]
        estimate, belief = (np.nan, np.nan) if silent else (float(course.estimate[-1]), float(course.belief[-1]))
        half_width = np.nan if silent else float(widths[-1])
        return cls(
            items=course.items,
            scores=course.scores,
            estimate=estimate,
            lower=float(np.clip(estimate - half_width, 0.0, 1.0)),
            upper=float(np.clip(estimate + half_width, 0.0, 1.0)),
            half_width=half_width,
            belief=belief,
            ended=course.ended,
            path=path,
        )

    @property
    def answered(self) -> int:
        """Number of items answered."""
        return int((~np.isnan(self.scores)).sum())


def estimates_of(sittings: Mapping[str, Sitting]) -> pd.DataFrame:
    """A row a target, indexed by `model`, with the columns `ESTIMATES`; scores in [0, 1]."""
    rows = [
        (len(s.items), s.answered, s.estimate, s.lower, s.upper, s.half_width, s.belief, s.ended)
        for s in sittings.values()
    ]
    return pd.DataFrame(rows, columns=list(ESTIMATES), index=pd.Index(list(sittings), dtype=object, name="model"))


def questions_of(sittings: Mapping[str, Sitting]) -> pd.DataFrame:
    """Who was asked what in which order and answered how: a row a question, with the columns `QUESTIONS`.

    `order` and `batch` count from 1.
    """
    tables = [_questions(model, sitting) for model, sitting in sittings.items()]
    if not tables:
        return pd.DataFrame(columns=list(QUESTIONS))
    return pd.concat(tables, ignore_index=True)


def _questions(model: str, sitting: Sitting) -> pd.DataFrame:
    order = np.arange(1, len(sitting.items) + 1)
    batch = np.searchsorted(sitting.path["asked"].to_numpy(), order) + 1
    columns = (model, order, batch, sitting.items.to_numpy(dtype=object), sitting.scores)
    return pd.DataFrame(dict(zip(QUESTIONS, columns, strict=True)))
