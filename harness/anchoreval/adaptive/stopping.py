"""When to stop, and how wide the interval then is: one factor on the belief, learnt on calibration models.

A test stops after the first batch where `factor` times the belief is at most the half-width that is wanted, or at the
budget. Its interval has the wanted half-width, or, where the budget came first, factor times the belief. A larger
factor stops later and widens, so the smallest one whose intervals hold is looked for.

To choose it on the very models that size the errors would be dishonest if the intervals were only looked at where each
factor stops: the error there rises and falls with the factor, and the search finds a lucky one. So a calibration model
counts as missed by a factor where its interval fails at the stop *or would fail after any later batch up to the
budget*. That loss can only fall as the factor grows, and for such losses the choice costs no coverage: with
exchangeable groups of calibration models a new target is missed with probability at most 1 - level (conformal risk
control). The price is some more items, for errors that come and go after the stop;
`results/published/adaptive_stopping.md` measures it beside the choice without that guard (`guarded=False`).

Without a wanted half-width everybody is asked to the budget, and the factor is the conformal quantile of error over
belief there.

Source: Angelopoulos, Bates, Fisch, Lei and Schuster, Conformal risk control (arXiv 2208.02814), theorem 1; groups as in
`anchoreval.numerics.conformal`; its use as a rule for stopping is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from anchoreval.adaptive.course import Course
from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.numerics.conformal import ROUNDING, attainable_level, conformal_quantile, group_weights

HALVINGS = 50
GRID = 400
"""Factors that the choice without the guard looks at; the guarded one is found by bisection."""


def calibrated_factor(
    courses: Sequence[Course],
    truths: Any,
    groups: Any,
    half_width: float | None,
    level: float,
    *,
    guarded: bool = True,
) -> float:
    """By how much the belief must be multiplied.

    Args:
        courses: of calibration models, each to the budget.
        truths: (courses,) their full scores.
        groups: (courses,) labels of what is exchangeable.
        half_width: wanted, in score units; None: none.
        level: of the intervals, in (0, 1).
        guarded: count an interval that fails after the stop as a miss (see the module's text).

    Returns:
        The smallest factor that holds; infinity where there are too few groups for the level.
    """
    error = _padded([np.abs(one.estimate - truth) for one, truth in zip(courses, truths, strict=True)])
    belief = _padded([one.belief for one in courses])
    if half_width is None or level > attainable_level(groups) + ROUNDING:
        return conformal_quantile(error[:, -1] / belief[:, -1], level, groups)
    wanted, weights = half_width, group_weights(groups) * attainable_level(groups)

    def holds(factor: float) -> bool:
        missed = _missed(error, belief, factor, wanted, guarded)
        return float(weights @ ~missed) >= level - ROUNDING

    most = float((error / belief).max()) + ROUNDING
    return _bisected(holds, most) if guarded else _first_of_grid(holds, most)


def half_width_of(factor: float, belief: Any, wanted: float | None) -> Float64Array:
    """Of the interval after a batch: factor times belief, but no narrower than wanted."""
    own = factor * np.asarray(belief, dtype=np.float64)
    return own if wanted is None else np.maximum(own, wanted)


def _missed(error: Float64Array, belief: Float64Array, factor: float, wanted: float, guarded: bool) -> BoolArray:
    """(courses,) whether the interval fails at the stop; guarded: or after any later batch."""
    stopped = np.maximum.accumulate(factor * belief <= wanted, axis=1)
    stopped[:, -1] = True
    fails = error > half_width_of(factor, belief, wanted)
    if guarded:
        return np.asarray((fails & stopped).any(axis=1), dtype=np.bool_)
    return np.asarray(fails[np.arange(len(fails)), stopped.argmax(axis=1)], dtype=np.bool_)


def _padded(rows: Sequence[Float64Array]) -> Float64Array:
    """(courses, batches) of the longest; where a course is over its last value stays."""
    longest = max(map(len, rows), default=1)
    return np.array([np.pad(row, (0, longest - len(row)), mode="edge") for row in rows]).reshape(len(rows), longest)


def _bisected(holds: Callable[[float], bool], most: float) -> float:
    """The smallest factor that holds, where all larger ones do and `most` is one of them."""
    low, high = 0.0, most
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if middle > 0 and holds(middle) else (middle, high)
    return high


def _first_of_grid(holds: Callable[[float], bool], most: float) -> float:
    grid = most * np.arange(1, GRID + 1) / GRID
    return next((float(factor) for factor in grid if holds(float(factor))), most)
