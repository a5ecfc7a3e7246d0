"""The items at hand and what they stand for: all that an anchor set leaves open, or a part of the whole benchmark.

A sample of the items at hand says what their mean is. Where they are the whole benchmark, the items left open are the
rest that is wanted. Where full scores were measured elsewhere, or the matrix is a part of the benchmark, a line from
the mean of the items at hand to the rest, learnt on the sources, leads to what is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.estimators.answered import NOTHING_LEFT, Answered, State, anchor_positions, scored
from anchoreval.estimators.kinship import kin
from anchoreval.estimators.line import Line
from anchoreval.responses import ResponseMatrix


@dataclass(frozen=True, eq=False)
class AtHand:
    """How anchors and open items make up the items at hand, and these the rest of each output.

    Attributes:
        shares: (anchors, outputs) share of the weight at hand that an anchor carries; columns sum to at most 1.
        elsewhere: (outputs,) 1 where the items at hand are not the whole, else 0.
        intercept, slope: (outputs,) line from the mean at hand to the rest, used where `elsewhere`; NaN for an output
            that is known of no source.
        spread: (outputs,) standard deviation of the sources around that line.
    """

    shares: Float64Array
    elsewhere: Float64Array
    intercept: Float64Array
    slope: Float64Array
    spread: Float64Array

    @classmethod
    def learn(cls, answered: Answered, sources: ResponseMatrix) -> Self:
        """Read it off the design and complete sources (the whole matrix)."""
        weights = weights_at_hand(sources)
        anchors = anchor_positions(answered.anchors, sources)
        left = open_items(answered, sources)
        elsewhere = answered.rest_share - sources.shares.to_numpy()[left].sum(axis=0) > NOTHING_LEFT
        outputs = weights.shape[1]
        made = cls(
            np.ascontiguousarray(weights[anchors]),
            elsewhere.astype(np.float64),
            np.zeros(outputs),
            np.ones(outputs),
            np.zeros(outputs),
        )
        return made._aligned(answered, sources, weights) if elsewhere.any() else made

    def _aligned(self, answered: Answered, sources: ResponseMatrix, weights: Float64Array) -> Self:
        """With a line for each output that is not at hand, through the sources of which it is known."""
        part = scored(sources.part(answered.anchors))
        if not part.n_models:
            return self
        means = sources.subset(models=part.models.index).scores @ weights
        rests, groups = answered.rests(part), int(kin(part).max()) + 1
        intercept, slope, spread = self.intercept.copy(), self.slope.copy(), self.spread.copy()
        for output in np.flatnonzero(self.elsewhere):
            line = Line.through(means[:, output], rests[:, [output]], groups, sloped=True)
            intercept[output], slope[output] = line.intercept[0], line.slope[0]
            missed = rests[:, output] - line.at(means[:, output])[:, 0]
            spread[output] = np.sqrt((missed**2).sum() / max(len(missed) - 2, 1))
        return type(self)(self.shares, self.elsewhere, intercept, slope, spread)

    def means(self, signatures: Float64Array, open_means: Float64Array) -> Float64Array:
        """(models, outputs) means at hand, from (models, anchors) answers and (models, outputs) of the open items."""
        return np.asarray(signatures @ self.shares + (1.0 - self.shares.sum(axis=0)) * open_means, dtype=np.float64)

    def rests(self, signatures: Float64Array, open_means: Float64Array) -> Float64Array:
        """(models, outputs) what the anchors leave open of the whole benchmark."""
        along = self.intercept + self.slope * self.means(signatures, open_means)
        return np.where(self.elsewhere > 0, along, open_means)

    def state(self) -> State:
        """Plain arrays from which `from_state` restores it."""
        line = np.stack([self.elsewhere, self.intercept, self.slope, self.spread])
        return {"shares": self.shares, "line": line}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """What `state` describes."""
        line = np.array(state["line"], dtype=np.float64)
        return cls(np.array(state["shares"], dtype=np.float64), *line)


def weights_at_hand(sources: ResponseMatrix) -> Float64Array:
    """(items, outputs) weights, columns summing to 1; an output without an item is stood for by the score's items."""
    shares = np.array(sources.shares.to_numpy(), dtype=np.float64)
    if not shares[:, 0].any():  # full scores measured elsewhere
        shares[:, 0] = sources.weights
    shares = np.where(shares.any(axis=0), shares, shares[:, :1])
    return np.asarray(shares / shares.sum(axis=0), dtype=np.float64)


def open_items(answered: Answered, sources: ResponseMatrix) -> BoolArray:
    """(items,) True for the items that are no anchor."""
    left = np.ones(sources.n_items, dtype=np.bool_)
    left[anchor_positions(answered.anchors, sources)] = False
    return left


def open_weights(answered: Answered, sources: ResponseMatrix) -> Float64Array:
    """(items, outputs) weights of the items that are no anchor; columns sum to 1, or to 0 where none is left."""
    weights = np.where(open_items(answered, sources)[:, None], weights_at_hand(sources), 0.0)
    total = weights.sum(axis=0)
    return np.asarray(weights / np.where(total > 0, total, 1.0), dtype=np.float64)
