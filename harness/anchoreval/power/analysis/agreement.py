"""How often two models are right on the same items: what decides the power of a paired comparison of accuracies.

Two models on one item are both right, one of them alone, or neither. Baseline accuracy a, difference D = a' - a and
agreement P (the share of items on which both are right or both wrong) fix the four probabilities: with discordance
d = 1 - P, only the second is right with (d + D) / 2, only the first with (d - D) / 2, both with a - (d - D) / 2, and
neither with what is left. None may be negative, so that not every agreement goes with every pair of accuracies: it lies
between |a + a' - 1| (whatever one gets wrong the other gets right, as far as there is room) and 1 - |D| (the better one
has right all that the other has).

Before models exist their agreement is not known. A line in baseline and difference stands for it: fitted to pairs of
submissions (GLUE), fixed, or one of the two bounds. The four conditions are linear then, and the differences that are
possible at a baseline are an interval.

Source: Card et al., With little power comes great responsibility (arXiv 2010.06595), section 3 and appendix; the line's
figures are those of the authors' code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError, ResponseDataError

ROUNDING = 1e-9
"""Probabilities that are negative by less are zero: differences and agreements come as decimal figures."""


@dataclass(frozen=True)
class PairedCells:
    """Probabilities that two models are right on one item; they sum to 1.

    Attributes:
        both: both are right.
        first_only: the first (the baseline) alone is right.
        second_only: the second alone is right.
        neither: both are wrong.
    """

    both: float
    first_only: float
    second_only: float
    neither: float

    @property
    def difference(self) -> float:
        """Accuracy of the second minus that of the first, in [-1, 1]."""
        return self.second_only - self.first_only

    @property
    def discordance(self) -> float:
        """Probability that exactly one is right, in [0, 1]."""
        return self.second_only + self.first_only

    @property
    def agreement(self) -> float:
        """Probability that both are right or both wrong, in [0, 1]."""
        return self.both + self.neither

    @property
    def accuracies(self) -> tuple[float, float]:
        """Accuracy of the first and of the second."""
        return self.both + self.first_only, self.both + self.second_only


def paired_cells(baseline: float, difference: float, agreement: float) -> PairedCells:
    """The four probabilities from accuracies and agreement.

    Args:
        baseline: accuracy of the first model, in [0, 1].
        difference: accuracy of the second minus that of the first.
        agreement: share of items on which both are right or both wrong.

    Raises:
        MethodOptionError: an accuracy is outside [0, 1], or no two such models have this agreement; names its bounds.
    """
    least, most = agreement_bounds(baseline, difference)
    if not least - ROUNDING <= agreement <= most + ROUNDING:
        raise MethodOptionError(
            f"agreement = {agreement:g} is impossible for accuracies {baseline:g} and {baseline + difference:g}: "
            f"it lies between {least:.4g} and {most:.4g}"
        )
    discordance = 1.0 - min(max(agreement, least), most)
    second, first = (discordance + difference) / 2, (discordance - difference) / 2
    cells = np.clip([baseline - first, first, second, 1.0 - baseline - second], 0.0, 1.0)
    return PairedCells(*(float(cell) for cell in cells))


def agreement_bounds(baseline: float, difference: float) -> tuple[float, float]:
    """The least and the largest agreement that two accuracies allow.

    The largest gives the most power, the least the least: with accuracies .70 and .72 and 1,000 items the exact test
    finds the better model with power .119 or 1.000 (Card et al., notebook `accuracy`).

    Raises:
        MethodOptionError: an accuracy is outside [0, 1].
    """
    other = baseline + difference
    for accuracy in (baseline, other):
        if not -ROUNDING <= accuracy <= 1.0 + ROUNDING:
            raise MethodOptionError(f"accuracy = {accuracy:g} is not between 0 and 1")
    return abs(baseline + other - 1.0), 1.0 - abs(difference)


def observed_cells(first: Any, second: Any) -> PairedCells:
    """Shares of items that two models have right, from their answers: what a plan takes from a validation set.

    Args:
        first: (items,) 1 right, 0 wrong, NaN not answered; items that either lacks are left out.
        second: (items,) likewise.

    Raises:
        ResponseDataError: the lengths differ, an answer is neither right nor wrong, or no item has both answers.
    """
    answers = [np.asarray(values, dtype=np.float64) for values in (first, second)]
    if answers[0].shape != answers[1].shape or answers[0].ndim != 1:
        raise ResponseDataError(f"answers have shapes {answers[0].shape} and {answers[1].shape}, expected (items,)")
    a, b = (values[~(np.isnan(answers[0]) | np.isnan(answers[1]))] for values in answers)
    if not a.size:
        raise ResponseDataError("no item is answered by both models")
    if not (np.isin(a, (0.0, 1.0)).all() and np.isin(b, (0.0, 1.0)).all()):
        raise ResponseDataError("agreement needs answers that are right (1) or wrong (0)")
    both, first_only, second_only = np.mean(a * b), np.mean(a * (1 - b)), np.mean((1 - a) * b)
    return PairedCells(float(both), float(first_only), float(second_only), float(np.mean((1 - a) * (1 - b))))


@dataclass(frozen=True)
class AgreementLine:
    """Agreement of two models as a line: constant + accuracy_slope * baseline + difference_slope * difference.

    The difference is that of a better model to the baseline, at least 0.
    """

    constant: float
    accuracy_slope: float = 0.0
    difference_slope: float = 0.0

    def agreement(self, baseline: Any, difference: Any) -> Float64Array:
        """Agreement, of the broadcast shape of baseline and difference; not clipped to what is possible."""
        accuracy = self.accuracy_slope * np.asarray(baseline, dtype=np.float64) if self.accuracy_slope else 0.0
        gap = self.difference_slope * np.asarray(difference, dtype=np.float64)
        return np.asarray(self.constant + accuracy + gap, dtype=np.float64)

    def discordance(self, baseline: Any, difference: Any) -> Float64Array:
        """1 - agreement."""
        return np.asarray(1.0 - self.agreement(baseline, difference), dtype=np.float64)

    def possible_differences(self, baseline: Any = None) -> tuple[Float64Array, Float64Array]:
        """The least and the largest difference in [0, 1] for which none of the four probabilities is negative.

        Args:
            baseline: accuracies of any shape, or None where it is not known: then the discordance alone is the limit.

        Returns:
            Both ends, of the shape of `baseline`; NaN where no difference is possible.

        Raises:
            MethodOptionError: a baseline outside [0, 1], or none although the line needs it.
        """
        if baseline is None and self.accuracy_slope:
            raise MethodOptionError("this agreement depends on the baseline accuracy, which is not given")
        accuracy = np.asarray(0.0 if baseline is None else baseline, dtype=np.float64)
        if not ((accuracy >= 0.0) & (accuracy <= 1.0)).all():
            raise MethodOptionError("a baseline accuracy is not between 0 and 1")
        conditions = self._conditions(accuracy)
        ends = np.zeros(accuracy.shape), np.ones(accuracy.shape)
        for slope, limit in conditions[:1] if baseline is None else conditions:
            ends = _within(ends, slope, limit)
        possible = ends[0] <= ends[1] + ROUNDING
        return np.where(possible, ends[0], np.nan), np.where(possible, np.maximum(*ends), np.nan)

    def _conditions(self, baseline: Float64Array) -> list[tuple[float, Float64Array]]:
        """(slope, limit) of slope * difference <= limit: first_only, neither and both are not negative."""
        at_zero, slope = self.discordance(baseline, 0.0), -self.difference_slope
        return [
            (1.0 - slope, at_zero),
            (1.0 + slope, 2.0 * (1.0 - baseline) - at_zero),
            (slope - 1.0, 2.0 * baseline - at_zero),
        ]


def _within(
    ends: tuple[Float64Array, Float64Array], slope: float, limit: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """An interval of x narrowed to where slope * x <= limit; the ends cross where nothing is left."""
    low, high = ends
    if abs(slope) < ROUNDING:
        return low, np.where(limit >= -ROUNDING, high, low - 1.0)
    return (low, np.minimum(high, limit / slope)) if slope > 0 else (np.maximum(low, limit / slope), high)


GLUE_AGREEMENT = AgreementLine(0.41422307, 0.58187475, -0.46624237)
"""Fitted to pairs of submissions to the tasks of GLUE (Card et al.)."""
HIGHEST_AGREEMENT = AgreementLine(1.0, 0.0, -1.0)
"""The better model has right all that the baseline has: the upper bound of power."""
LOWEST_AGREEMENT = AgreementLine(-1.0, 2.0, 1.0)
"""No item is wrong by both, possible where the accuracies sum to 1 or more: the lower bound of power."""


def agreement_line(agreement: AgreementLine | float) -> AgreementLine:
    """A line as it is; a figure as the line that has it everywhere.

    Raises:
        MethodOptionError: a figure outside [0, 1].
    """
    if isinstance(agreement, AgreementLine):
        return agreement
    if not 0.0 <= agreement <= 1.0:
        raise MethodOptionError(f"agreement = {agreement:g} is not between 0 and 1")
    return AgreementLine(float(agreement))
