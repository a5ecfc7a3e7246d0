"""Saturation: whether the anchors still tell the best targets apart.

What the anchors can show at the top is the variation of answers there: the variance of each anchor's score among the
best quarter, weighted like the anchors. It is compared with the best quarter of as many models drawn at random from
both sides. Information of the anchors' curves says what this costs: the smallest difference in full score that is found
with 80 % among models like the best, and among models in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array
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
    top = int(np.ceil(TOP * len(targets.labels)))
    if top < FEWEST_TOP:
        count = len(targets.labels)
        return unknown(NAME, f"Of {count} independent targets the best quarter is too small to see room at the top.")
    answers = np.concatenate([calm.answers[calm.first_of_groups()], targets.answers[targets.first_of_groups()]])
    tested = exchange.tested(lambda division: -_variation(answers, weights, division, top), alpha)
    best = _best(targets.answers[targets.first_of_groups()], weights, top)
    solved = float(weights @ (np.nan_to_num(best, nan=1.0) >= ALL_RIGHT).all(axis=0))
    missed = float(weights @ (np.nan_to_num(best, nan=0.0) <= 1.0 - ALL_RIGHT).all(axis=0))
    high = float(np.quantile(targets.ability, 1.0 - TOP / 2.0))
    middle = float(np.median(targets.ability))
    sentence = (
        f"The best {top} targets vary {_ratio(tested.value, tested.expected):.2f} times as much on the anchors as the "
        f"best of as many models used to (p = {tested.p_value:.2g}); all of them get {solved:.0%} of the anchors' "
        f"weight right and {missed:.0%} wrong. Told apart there: about {100 * gaps.at(high):.1f} points, in the middle "
        f"{100 * gaps.at(middle):.1f} (80 % power, by the curves)."
    )
    value, expected, visible = (-v for v in (tested.value, tested.expected, tested.visible))
    remarkable = solved >= CEILING
    return Signal(NAME, value, expected, FLATTER * expected, tested.p_value, visible, sentence, remarkable=remarkable)


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


def _variation(answers: Float64Array, weights: Float64Array, division: BoolArray, top: int) -> Float64Array:
    """(divisions,) weighted variance of answers among the best of each division's targets."""
    order = np.argsort(-_means(answers, weights), kind="stable")
    ranked = division[:, order]
    best = ranked & (np.cumsum(ranked, axis=1) <= top)
    there = (~np.isnan(answers[order])).astype(np.float64)
    filled = np.nan_to_num(answers[order])
    chosen = best.astype(np.float64)
    count = np.maximum(chosen @ there, 1.0)
    variance = chosen @ filled**2 / count - (chosen @ filled / count) ** 2
    return np.asarray(np.maximum(variance, 0.0) @ weights, dtype=np.float64)


def _best(answers: Float64Array, weights: Float64Array, top: int) -> Float64Array:
    return answers[np.argsort(-_means(answers, weights), kind="stable")[:top]]


def _means(answers: Float64Array, weights: Float64Array) -> Float64Array:
    there = ~np.isnan(answers)
    return np.asarray(np.nan_to_num(answers) @ weights / np.maximum(there @ weights, 1e-12), dtype=np.float64)


def _ratio(value: float, expected: float) -> float:
    return value / expected if expected else float("nan")
