"""A model's ability from its answers, and what the unanswered items are expected to give it: p-IRT's working part.

Curves of all items are fitted to the sources. A target's ability is the posterior mode given the anchors that it
answered; the rest of an output is the weighted mean of P(ability) over the items that are not anchors; an anchor that
the target left open counts with P(ability) as well. So, with every item an anchor, targets may answer any items they
like, each its own, which is how adaptive tests are read.

Where the items at hand are not the whole benchmark (full scores measured elsewhere, or a part of it), what their curves
expect is no estimate of the rest; a line from it to the rest, learnt on the sources, makes it one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.estimators.answered import NOTHING_LEFT, Answered, State, anchor_positions, scored
from anchoreval.estimators.flat_state import part_of, prefixed
from anchoreval.estimators.kinship import kin
from anchoreval.estimators.line import Line
from anchoreval.methods import Selection
from anchoreval.numerics.response_curves import ResponseCurves
from anchoreval.responses import ResponseMatrix


@dataclass(frozen=True, eq=False)
class ItemResponse:
    """Curves of the anchors and of the rest, and how the rest makes up each output.

    Attributes:
        answered: the linear design of the anchors.
        anchors: curves of the anchors, in the design's order.
        rest: curves of the items that stand for what the anchors leave open.
        weights: (rest, outputs) weights of these items; columns sum to 1.
        intercept, slope: (outputs,) line from what the curves expect to the rest; 0 and 1 where the items at hand are
            the whole benchmark, NaN for an output that is known of no source.
    """

    answered: Answered
    anchors: ResponseCurves
    rest: ResponseCurves
    weights: Float64Array
    intercept: Float64Array
    slope: Float64Array

    @classmethod
    def learn(cls, sources: ResponseMatrix, selection: Selection, curves: ResponseCurves) -> Self:
        """Read the design off the sources and their curves.

        Args:
            sources: the whole matrix.
            selection: the anchors.
            curves: of all items, in the matrix's order.
        """
        part = sources.part(selection.items)
        answered = Answered.learn(part, selection)
        shares = np.array(sources.shares.to_numpy(), dtype=np.float64)
        own = np.where(shares[:, :1].any(), shares[:, :1], sources.weights[:, None])
        weights = np.column_stack([own, shares[:, 1:]])
        anchors = anchor_positions(answered.anchors, sources)
        left = np.ones(sources.n_items, dtype=np.bool_)
        left[anchors] = False
        weights, kept = _rest_weights(weights, left)
        outputs = weights.shape[1]
        made = cls(answered, curves.take(anchors), curves.take(kept), weights, np.zeros(outputs), np.ones(outputs))
        elsewhere = answered.rest_share - shares[left].sum(axis=0) > NOTHING_LEFT
        return made._aligned(part, elsewhere) if elsewhere.any() else made

    def _aligned(self, part: ResponseMatrix, elsewhere: BoolArray) -> Self:
        """With a line for each output whose rest is not at hand, through the sources of which it is known."""
        known = scored(part)
        intercept, slope = self.intercept.copy(), self.slope.copy()
        if not known.n_models:
            return self
        expected = self.expected(self.abilities(known))
        rests, groups = self.answered.rests(known), int(kin(known).max()) + 1
        for output in np.flatnonzero(elsewhere):
            line = Line.through(expected[:, output], rests[:, [output]], groups, sloped=True)
            intercept[output], slope[output] = line.intercept[0], line.slope[0]
        return type(self)(self.answered, self.anchors, self.rest, self.weights, intercept, slope)

    def _filled(self, targets: ResponseMatrix) -> tuple[Float64Array, Float64Array]:
        """(targets, dimensions) abilities, and (targets, anchors) answers with gaps as their curves expect them."""
        answers = targets.scores[:, anchor_positions(self.answered.anchors, targets)].astype(np.float64)
        ability = self.anchors.abilities(answers)
        gaps = np.isnan(answers)
        filled = np.where(gaps, self.anchors.expected(ability), answers) if gaps.any() else answers
        return ability, np.where(gaps.all(axis=1, keepdims=True), np.nan, filled)

    def abilities(self, targets: ResponseMatrix) -> Float64Array:
        """(targets, dimensions) posterior modes given the answers on the anchors; 0 without any."""
        return self._filled(targets)[0]

    def expected(self, ability: Float64Array) -> Float64Array:
        """(models, outputs) what the curves of the rest expect, before the line."""
        return np.asarray(self.rest.expected(ability) @ self.weights, dtype=np.float64)

    def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
        """Answers as they are, the rest as expected; a target that answered no anchor is NaN."""
        ability, signatures = self._filled(targets)
        rests = self.intercept + self.slope * self.expected(ability)
        return self.answered.totals(signatures, rests, targets.models.index)

    def state(self) -> State:
        """Plain arrays from which `from_state` restores it."""
        return {
            **prefixed(answered=self.answered.state()),
            "anchors": self.anchors.table,
            "rest": self.rest.table,
            "weights": self.weights,
            "line": np.stack([self.intercept, self.slope]),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """What `state` describes."""
        anchors, rest, weights, line = (
            np.array(state[name], dtype=np.float64) for name in ("anchors", "rest", "weights", "line")
        )
        return cls(
            Answered.from_state(part_of(state, "answered")),
            ResponseCurves(anchors),
            ResponseCurves(rest),
            weights,
            line[0],
            line[1],
        )


def _rest_weights(weights: Float64Array, left: BoolArray) -> tuple[Float64Array, BoolArray]:
    """(kept, outputs) weights of the items that stand for the rest, columns summing to 1; and which items these are.

    Those are the items that are left. An output of which nothing is left at hand is stood for by its anchors, and one
    that has no item at all by the items that stand for the score.
    """
    chosen = np.where(left[:, None], weights, 0.0)
    chosen = np.where(chosen.any(axis=0), chosen, weights)
    chosen = np.where(chosen.any(axis=0), chosen, chosen[:, :1])
    kept = np.asarray(chosen.any(axis=1), dtype=np.bool_)
    chosen = chosen[kept]
    return np.ascontiguousarray(chosen / chosen.sum(axis=0)), kept
