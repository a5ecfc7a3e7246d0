"""Saturation: whether the anchors still tell the best targets apart.

What the anchors can show at the top is the variation of answers there: the variance of each anchor's score among the
best quarter, weighted like the anchors. That of the targets is compared with that of the models that stand for
freshness, and the difference with the one between sides drawn at random. Information of the anchors' curves says what a
loss costs: the smallest difference in full score that is found with 80 % among models like the best, and among models
in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, IntArray
from anchoreval.numerics.irt import total_information
from anchoreval.responses import ResponseMatrix
from anchoreval.staleness.exchange import POWER_QUANTILE, Exchange
from anchoreval.staleness.pattern import Pattern
from anchoreval.staleness.signal import Signal, unknown
from anchoreval.staleness.sitting import Sitting

TOP = 0.25
FEWEST_TOP = 3
"""Variance among fewer says nothing."""
FLATTER = 0.5
"""Variation that has fallen to this share is a lot less."""
CEILING = 0.9
"""Share of the anchors' weight that all of the best get right from which on there is nothing left to tell apart."""
TWO_SIDED = 1.959963984540054
ALL_RIGHT = 1.0 - 1e-6
NAME = "room at the top"


def room_at_top(
    calm: Sitting,
    targets: Sitting,
    exchange: Exchange,
    weights: Float64Array,
    gaps: DetectableGap,
    alpha: float,
) -> Signal:
    """Whether the best targets still differ on the anchors as the best did before.

    Args:
        calm: models that stand for freshness.
        targets: new ones.
        exchange: of their groups.
        weights: (anchors,) summing to 1.
        gaps: what can be told apart at an ability.
        alpha: size of the test.
    """
    tops = [_top(len(one.labels)) for one in (calm, targets)]
    if min(tops) < FEWEST_TOP:
        counts = f"{len(targets.labels)} independent targets and {len(calm.labels)} models that stand for freshness"
        return unknown(NAME, f"Of {counts} the best quarter is too small to see room at the top.")
    table = Table.of(calm, targets, weights)
    tested = exchange.tested(table.lost, alpha)
    before, now = (float(table.variation(side[None])[0]) for side in (~exchange.observed, exchange.observed))
    best = table.best(exchange.observed)
    solved = float(weights @ (np.nan_to_num(best, nan=1.0) >= ALL_RIGHT).all(axis=0))
    missed = float(weights @ (np.nan_to_num(best, nan=0.0) <= 1.0 - ALL_RIGHT).all(axis=0))
    high, middle = (float(np.quantile(targets.ability, rank)) for rank in (1.0 - TOP / 2.0, 0.5))
    sentence = (
        f"The best {len(best)} independent targets vary {_ratio(now, before):.2f} times as much on the anchors as the "
        f"best quarter of the models that stand for freshness (p = {tested.p_value:.2g}); all of them get {solved:.0%} "
        f"of the anchors' weight right and {missed:.0%} wrong. Told apart among them: about "
        f"{100 * gaps.at(high):.1f} points, in the middle {100 * gaps.at(middle):.1f} (80 % power, by the curves)."
    )
    threshold, visible = FLATTER * before, before - tested.visible
    return Signal(NAME, now, before, threshold, tested.p_value, visible, sentence, remarkable=solved >= CEILING)


@dataclass(frozen=True, eq=False)
class Table:
    """Answers of a model a group, best first.

    Attributes:
        order: (groups,) place of each row among those of an exchange.
        answers: (groups, anchors) NaN where not answered.
        weights: (anchors,) summing to 1.
    """

    order: IntArray
    answers: Float64Array
    weights: Float64Array

    @classmethod
    def of(cls, calm: Sitting, targets: Sitting, weights: Float64Array) -> Self:
        """The first model of each group, by id."""
        answers = np.concatenate([one.answers[one.first_of_groups()] for one in (calm, targets)])
        there = ~np.isnan(answers)
        means = np.nan_to_num(answers) @ weights / np.maximum(there @ weights, 1e-12)
        order = np.argsort(-means, kind="stable")
        return cls(order.astype(np.int64), answers[order], weights)

    def lost(self, targets: BoolArray) -> Float64Array:
        """(divisions,) variation among the best of the others less that among the best of the targets."""
        return np.asarray(self.variation(~targets) - self.variation(targets), dtype=np.float64)

    def variation(self, side: BoolArray) -> Float64Array:
        """(divisions,) weighted variance of the answers of the best quarter of one side."""
        chosen = self._chosen(side).astype(np.float64)
        there = (~np.isnan(self.answers)).astype(np.float64)
        filled = np.nan_to_num(self.answers)
        count = chosen @ there
        mean = chosen @ filled / np.maximum(count, 1.0)
        variance = (chosen @ filled**2 - count * mean**2) / np.maximum(count - 1.0, 1.0)
        return np.asarray(np.maximum(variance, 0.0) @ self.weights, dtype=np.float64)

    def best(self, side: BoolArray) -> Float64Array:
        """(top, anchors) answers of the best quarter of one side."""
        return np.asarray(self.answers[self._chosen(side[None])[0]], dtype=np.float64)

    def _chosen(self, side: BoolArray) -> BoolArray:
        ranked = side[:, self.order]
        return np.asarray(ranked & (np.cumsum(ranked, axis=1) <= _top(int(side[0].sum()))), dtype=np.bool_)


@dataclass(frozen=True)
class DetectableGap:
    """Smallest difference of full scores that anchors show, from the information of their curves.

    Attributes:
        pattern: of the anchors.
        intercept, slope: of the logit of the full score in ability, among the models that selected the anchors.
    """

    pattern: Pattern
    intercept: float
    slope: float

    @classmethod
    def learn(cls, pattern: Pattern, learners: ResponseMatrix) -> DetectableGap:
        """From models with full scores; without two of those every gap is NaN."""
        scores = learners.full_scores.to_numpy(dtype=np.float64)
        ability = pattern.abilities(learners.scores)
        there = np.isfinite(scores)
        if there.sum() < 2 or np.ptp(ability[there]) < 1e-9:
            return cls(pattern, float("nan"), float("nan"))
        inside = np.clip(scores[there], 0.005, 0.995)
        slope, intercept = np.polyfit(ability[there], np.log(inside / (1.0 - inside)), 1)
        return cls(pattern, float(intercept), float(slope))

    def at(self, ability: float) -> float:
        """In score units, between two models near this ability: found with 80 % by a two-sided test at 5 %."""
        information = float(total_information(self.pattern.curves, np.array([ability]))[0])
        score = 1.0 / (1.0 + np.exp(-(self.intercept + self.slope * ability)))
        steepness = abs(self.slope) * score * (1.0 - score)
        return float((TWO_SIDED + POWER_QUANTILE) * np.sqrt(2.0 / max(information, 1e-9)) * steepness)


def _top(count: int) -> int:
    return int(np.ceil(TOP * count))


def _ratio(value: float, expected: float) -> float:
    return value / expected if expected else float("nan")
