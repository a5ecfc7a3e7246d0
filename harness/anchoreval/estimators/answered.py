"""What every estimator shares: the answers enter as they are, only the mean of the unanswered items is predicted.

Each output c (the score, then each subject) of a model splits into the part that the anchors carry and the rest,

    total_c = Y_S A_c + (1 - sum A_c) rest_c,

with Y_S the answers on the anchors and A_c the anchors' shares of the whole benchmark's weight in c. An estimator
predicts rest_c; with every item an anchor nothing is left to predict and the total is exact. Where the full score was
measured outside of these items, A_c is zero and the rest is the whole score.

Targets that left anchors unanswered are filled in with item effects learnt on the sources' anchors plus their own
model effect (`ResponseMatrix.completed`); a target that answered no anchor gets NaN throughout.

Shares and totals are rounded to single precision, that of the scores: sums in another order (a permuted benchmark, or
a part of it stored with an anchor set) then leave no trace, and refitting gives the same estimator to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.errors import AnchorSetError, TooFewModelsError
from anchoreval.methods import Selection
from anchoreval.responses import ResponseMatrix

NOTHING_LEFT = 1e-6
"""Anchors that carry all but this share of an output answer it completely."""

State = dict[str, np.ndarray[Any, Any]]


def anchor_positions(anchors: pd.Index[Any], responses: ResponseMatrix) -> IntArray:
    """Columns of the anchors in a matrix of targets.

    Raises:
        AnchorSetError: naming the first anchor that the matrix does not hold.
    """
    found = np.asarray(responses.items.index.get_indexer(anchors), dtype=np.int64)
    if (found < 0).any():
        raise AnchorSetError(
            f"targets of benchmark {responses.name} lack anchor {anchors[found < 0][0]!r}"
            f" ({int((found < 0).sum())} of {len(anchors)} anchors are missing)"
        )
    return found


def scored(part: ResponseMatrix) -> ResponseMatrix:
    """The models of a matrix that a regression can learn from: full score known, some anchor answered."""
    known = part.full_scores.notna().to_numpy() & ~np.isnan(part.scores).all(axis=1)
    return part.subset(models=part.models.index[known])


def lesson_of(whole: ResponseMatrix, estimator: str) -> ResponseMatrix:
    """What `scored` leaves, for an estimator that needs two models to learn anything.

    Raises:
        TooFewModelsError: there are fewer.
    """
    part = scored(whole)
    if part.n_models < 2:
        raise TooFewModelsError(
            f"estimator {estimator} needs 2 source models with a full score, benchmark {whole.name} has {part.n_models}"
        )
    return part


@dataclass(frozen=True, eq=False)
class Answered:
    """The linear design that turns answers on the anchors and a predicted rest into totals.

    Attributes:
        anchors: ids of the anchors.
        outputs: `score`, then the subjects.
        shares: (anchors, outputs) share of each output that an anchor carries; columns sum to at most 1.
        relative: (anchors, outputs) weights of the anchors among themselves; columns sum to 1, or to 0 for a subject
            that has no anchor.
        lead: (anchors,) weights, summing to 1, of the anchor mean that best stands for the score: the selector's own
            where it gives some, else the benchmark's, corrected for inclusion probabilities where they are known.
        effects: (anchors,) item effects of the sources, which fill in what a target did not answer.
    """

    anchors: pd.Index[Any]
    outputs: tuple[str, ...]
    shares: Float64Array
    relative: Float64Array
    lead: Float64Array
    effects: Float64Array

    @classmethod
    def learn(cls, part: ResponseMatrix, selection: Selection) -> Self:
        """Read the design off a selection and the sources' part on its items (`ResponseMatrix.part`)."""
        shares = _settled(part.shares.to_numpy())
        relative = shares.copy()
        if not relative[:, 0].any():  # full scores measured elsewhere: the anchors still weigh against each other
            relative[:, 0] = _settled(part.weights)
        relative = _columns_to_one(relative)
        return cls(
            anchors=pd.Index(selection.items, dtype=object, name="item"),
            outputs=tuple(str(name) for name in part.shares.columns),
            shares=np.where(shares.sum(axis=0) > 1.0 - NOTHING_LEFT, relative, shares),
            relative=relative,
            lead=_lead(selection, relative[:, 0]),
            effects=np.nan_to_num(part.item_effects().to_numpy(dtype=np.float64), nan=0.5),
        )

    @property
    def rest_share(self) -> Float64Array:
        """(outputs,) share of each output that the anchors leave open; exactly 0 where they leave nothing."""
        rest = 1.0 - self.shares.sum(axis=0)
        return np.where(rest < NOTHING_LEFT, 0.0, rest)

    def signatures(self, targets: ResponseMatrix) -> Float64Array:
        """(targets, anchors) answers with gaps filled in; all NaN for a target that answered no anchor.

        Raises:
            AnchorSetError: naming an anchor that the targets do not hold.
        """
        anchor_positions(self.anchors, targets)
        answers = targets.part(self.anchors)
        unanswered = np.isnan(answers.scores).all(axis=1, keepdims=True)
        filled = answers.completed(pd.Series(self.effects, index=self.anchors)).scores.astype(np.float64)
        return np.ascontiguousarray(np.where(unanswered, np.nan, filled))

    def leads(self, signatures: Float64Array) -> Float64Array:
        """(models,) weighted anchor mean of each signature, the best single number that the anchors give."""
        return np.asarray(signatures @ self.lead, dtype=np.float64)

    def rests(self, part: ResponseMatrix) -> Float64Array:
        """(models, outputs) mean over the unanswered items of each source, in [0, 1]: what regressions aim at.

        A subject's rest that is unknown for some model is filled in additively, from the model's overall rest plus
        the subject's mean difference to it; a subject known for no model stays NaN.
        """
        totals = _settled(part.totals().loc[:, list(self.outputs)].to_numpy())
        left = np.where(self.rest_share > 0, self.rest_share, np.inf)
        rests = np.clip((totals - self.signatures(part) @ self.shares) / left, 0.0, 1.0)
        known = ~np.isnan(rests)
        gap = np.where(known, rests - rests[:, :1], 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        filled = np.where(known, rests, np.clip(rests[:, :1] + gap, 0.0, 1.0))
        return np.where(known.any(axis=0), filled, np.nan)

    def totals(self, signatures: Float64Array, rests: Float64Array, index: pd.Index[Any]) -> pd.DataFrame:
        """Totals from (models, anchors) signatures and (models, outputs) predicted rests; a row a model."""
        open_part = np.where(self.rest_share > 0, self.rest_share * np.clip(rests, 0.0, 1.0), 0.0)
        return self.table(signatures @ self.shares + open_part, index)

    def table(self, values: Float64Array, index: pd.Index[Any]) -> pd.DataFrame:
        """(models, outputs) values in [0, 1] as the DataFrame that `predict` returns."""
        return pd.DataFrame(np.clip(values, 0.0, 1.0), index=index, columns=list(self.outputs))

    def state(self) -> State:
        """Plain arrays from which `from_state` restores the design."""
        return {
            "anchors": np.array(self.anchors, dtype=str),
            "outputs": np.array(self.outputs, dtype=str),
            "shares": self.shares,
            "relative": self.relative,
            "lead": self.lead,
            "effects": self.effects,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """The design that `state` describes."""
        numbers = {
            name: np.asarray(state[name], dtype=np.float64) for name in ("shares", "relative", "lead", "effects")
        }
        anchors = pd.Index([str(item) for item in state["anchors"]], dtype=object, name="item")
        return cls(anchors=anchors, outputs=tuple(str(name) for name in state["outputs"]), **numbers)


def _settled(values: Any) -> Float64Array:
    """Round to single precision, so that the order in which sums were taken no longer shows."""
    return np.asarray(values, dtype=np.float32).astype(np.float64)


def _columns_to_one(weights: Float64Array) -> Float64Array:
    total = weights.sum(axis=0)
    return np.asarray(weights / np.where(total > 0, total, 1.0), dtype=np.float64)


def _lead(selection: Selection, relative: Float64Array) -> Float64Array:
    weights = relative if selection.inclusion is None else relative / _settled(selection.inclusion)
    if selection.weights is not None:
        weights = _settled(selection.weights)
    weights = weights if weights.sum() > 0 else np.ones_like(weights)  # anchors without weight count the same
    return np.asarray(weights / weights.sum(), dtype=np.float64)
