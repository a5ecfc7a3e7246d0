"""Ridge regression of the full score on the anchors' subject means: what a set of whole subjects is read with.

Anchors are averaged within each subject that has some, and the mean of the unanswered items is predicted from these few
numbers: a line through the anchor mean, corrected by a ridge regression whose penalty is chosen by leaving groups of
kin out. Beside `signature`, which has a coefficient an item, it has one a subject, so it needs fewer sources and
cannot see which items within a subject tell more. Meant for anchors that are whole subjects (`bento`); works with any,
and with anchors without subjects it is the line alone. It assumes that targets resemble sources: the correction stays
within what a source needed. Costs milliseconds.

Source: the third reading of a task subset beside size weights and cluster weights; line and penalty are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError
from anchoreval.estimators.answered import Answered, State, lesson_of
from anchoreval.estimators.flat_state import part_of, prefixed
from anchoreval.estimators.kinship import kin
from anchoreval.estimators.line import Line
from anchoreval.estimators.regressors import Lesson, Ridge
from anchoreval.methods import Selection
from anchoreval.responses import ResponseMatrix


@dataclass
class SubjectRidge:
    """Line through the anchor mean plus a ridge regression on subject means.

    Attributes:
        line: start from a line in the anchor mean; False starts from the sources' mean.
        alpha: the penalty; None chooses it on the sources.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    whole_matrix: ClassVar[bool] = False
    line: bool = True
    alpha: float | None = None
    answered_: Answered = field(init=False, repr=False, compare=False)
    averages_: Float64Array = field(init=False, repr=False, compare=False)
    centre_: Float64Array = field(init=False, repr=False, compare=False)
    line_: Line = field(init=False, repr=False, compare=False)
    ridge_: Ridge = field(init=False, repr=False, compare=False)
    known_: Float64Array = field(init=False, repr=False, compare=False)
    limits_: Float64Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.alpha is not None and not self.alpha > 0:
            raise MethodOptionError(f"estimator subject_ridge: option alpha must be positive, not {self.alpha}")

    def fit(self, sources: ResponseMatrix, selection: Selection, rng: np.random.Generator) -> Self:
        """Learn from the sources whose full score is known.

        Raises:
            TooFewModelsError: there are fewer than two of them.
        """
        whole = sources.part(selection.items)
        part = lesson_of(whole, "subject_ridge")
        self.answered_ = Answered.learn(whole, selection)
        self.averages_ = _averages(self.answered_.relative)
        self._learn(part, rng)
        return self

    def _learn(self, part: ResponseMatrix, rng: np.random.Generator) -> None:
        signatures, rests, groups = self.answered_.signatures(part), self.answered_.rests(part), kin(part)
        known = np.asarray(~np.isnan(rests).any(axis=0), dtype=np.bool_)  # others' score is known for no source
        lead = self.answered_.leads(signatures)
        means = signatures @ self.averages_
        self.centre_ = means.mean(axis=0)
        self.line_ = Line.through(lead, rests[:, known], int(groups.max()) + 1, sloped=self.line)
        leftovers = rests[:, known] - self.line_.at(lead)
        lesson = Lesson(means - self.centre_, self.line_.columns(lead), leftovers, groups)
        self.ridge_ = Ridge(self.alpha).learn(lesson, rng)
        self.known_ = known.astype(np.float64)
        self.limits_ = np.stack([leftovers.min(axis=0), leftovers.max(axis=0)])

    def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
        """Answered part plus line and correction for the rest."""
        signatures = self.answered_.signatures(targets)
        lead = self.answered_.leads(signatures)
        correction = self.ridge_.predict(signatures @ self.averages_ - self.centre_, self.line_.columns(lead))
        rests = np.full((targets.n_models, len(self.answered_.outputs)), np.nan)
        rests[:, self.known_ > 0] = self.line_.at(lead) + np.clip(correction, *self.limits_)
        return self.answered_.totals(signatures, rests, targets.models.index)

    def state(self) -> State:
        """Everything learnt."""
        parts = prefixed(answered=self.answered_.state(), line=self.line_.state(), ridge=self.ridge_.state())
        numbers = {"averages": self.averages_, "centre": self.centre_, "known": self.known_, "limits": self.limits_}
        return {**parts, **numbers}

    def from_state(self, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Restore what `state` describes."""
        self.answered_ = Answered.from_state(part_of(state, "answered"))
        self.line_ = Line.from_state(part_of(state, "line"))
        self.ridge_ = Ridge(self.alpha).from_state(part_of(state, "ridge"))
        for name in ("averages", "centre", "known", "limits"):
            setattr(self, f"{name}_", np.asarray(state[name], dtype=np.float64))
        return self


def _averages(relative: Float64Array) -> Float64Array:
    """(anchors, subjects with anchors) weights that turn answers into subject means; the whole where there are none.

    Args:
        relative: (anchors, outputs) weights of the anchors in the score and in each subject; columns sum to 1 or 0.
    """
    subjects = relative[:, 1:]
    present = subjects[:, subjects.any(axis=0)]
    return np.ascontiguousarray(present if present.shape[1] else relative[:, :1])
