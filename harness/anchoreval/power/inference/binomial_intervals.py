"""Intervals for the accuracy behind a count of right answers, from few answers too.

The textbook interval (Wald: estimate plus or minus z standard errors) has width 0 where all answers are right or all
wrong, and covers 77 % instead of 95 % with ten items. It is here only so that it can be shown failing. Wilson's inverts
the score test and holds its level on average; Clopper and Pearson's inverts the exact test and never covers less than
its level, hence is wide; the Beta interval is the equal-tailed posterior under a uniform prior.

`average_coverage` is exact, not simulated: with the accuracy uniform on (0, 1) every count 0 .. n is equally likely and
the accuracy given count x is Beta(x + 1, n - x + 1), so coverage is the mean posterior mass of the n + 1 intervals.

Source: Wilson (1927); Clopper and Pearson (1934); Bowyer, Aitchison and Ivanova, Position: don't use the CLT in LLM
evals with fewer than a few hundred datapoints (arXiv 2503.01747), section 3.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from scipy.special import betainc, betaincinv, ndtri

from anchoreval.arrays import Float64Array
from anchoreval.errors import ResponseDataError
from anchoreval.power.inputs import check_open_unit, counts


@dataclass(frozen=True)
class BinomialInterval:
    """Both ends of intervals for an accuracy, in [0, 1], of the shape of the counts (0-d for one count)."""

    lower: Float64Array
    upper: Float64Array


IntervalRule: TypeAlias = Callable[[Any, Any, float], BinomialInterval]
"""From right answers, answers and level to an interval: any of the four below."""


def wilson_interval(right: Any, n: Any, level: float = 0.95) -> BinomialInterval:
    """Wilson's score interval.

    Args:
        right: number of right answers, of any shape.
        n: number of answers, of a shape that broadcasts; with none the interval is [0, 1].
        level: of the two-sided interval.

    Raises:
        ResponseDataError: `right` or `n` are not counts, or there are more right answers than answers.
        MethodOptionError: the level is not between 0 and 1.
    """
    successes, trials, z = _checked(right, n, level)
    scale = trials + z**2
    centre = (successes + z**2 / 2) / scale
    half = z / scale * np.sqrt(successes * (trials - successes) / np.maximum(trials, 1.0) + z**2 / 4)
    return _pinned(centre - half, centre + half, successes, trials)


def clopper_pearson_interval(right: Any, n: Any, level: float = 0.95) -> BinomialInterval:
    """The exact interval of Clopper and Pearson, which covers at least `level` at every accuracy.

    Arguments and errors are those of `wilson_interval`.
    """
    successes, trials, _ = _checked(right, n, level)
    failures = trials - successes
    tail = (1.0 - level) / 2
    lower = betaincinv(np.maximum(successes, 1.0), failures + 1.0, tail)
    upper = betaincinv(successes + 1.0, np.maximum(failures, 1.0), 1.0 - tail)
    return _pinned(lower, upper, successes, trials)


def beta_interval(right: Any, n: Any, level: float = 0.95) -> BinomialInterval:
    """The equal-tailed posterior interval under a uniform prior, Beta(1, 1).

    Arguments and errors are those of `wilson_interval`. It never reaches 0 or 1, even where no answer is right
    or none is wrong.
    """
    successes, trials, _ = _checked(right, n, level)
    tail = (1.0 - level) / 2
    ends = [betaincinv(successes + 1.0, trials - successes + 1.0, mass) for mass in (tail, 1.0 - tail)]
    return BinomialInterval(np.asarray(ends[0]), np.asarray(ends[1]))


def failing_wald_interval(right: Any, n: Any, level: float = 0.95) -> BinomialInterval:
    """The textbook interval, kept to be shown failing: never use it to report a score.

    Arguments and errors are those of `wilson_interval`; NaN where there are no answers. Ends are not clipped to [0, 1].
    """
    successes, trials, z = _checked(right, n, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = successes / trials
        half = z * np.sqrt(estimate * (1.0 - estimate) / trials)
    return BinomialInterval(np.asarray(estimate - half), np.asarray(estimate + half))


def average_coverage(interval: IntervalRule, n: int, level: float = 0.95) -> float:
    """Exact coverage of an interval, averaged over accuracies that are uniform on (0, 1).

    Args:
        interval: one of this module's.
        n: number of answers.
        level: nominal, handed to the interval.

    Returns:
        A share in [0, 1]; `level` itself for the Beta interval, whatever n is.
    """
    right = np.arange(n + 1.0)
    found = interval(right, n, level)
    mass = [betainc(right + 1.0, n - right + 1.0, np.clip(end, 0.0, 1.0)) for end in (found.lower, found.upper)]
    return float(np.mean(mass[1] - mass[0]))


def _checked(right: Any, n: Any, level: float) -> tuple[Float64Array, Float64Array, float]:
    check_open_unit("level", level)
    successes, trials = np.broadcast_arrays(counts("right answers", right), counts("answers", n))
    if np.any(successes > trials):
        raise ResponseDataError(f"there are {successes.max():g} right answers among {trials.max():g}")
    return successes, trials, float(ndtri(0.5 + level / 2))


def _pinned(lower: Any, upper: Any, successes: Float64Array, trials: Float64Array) -> BinomialInterval:
    """Within [0, 1], and exactly 0 or 1 where no answer is right or none is wrong."""
    low = np.where(successes == 0, 0.0, np.maximum(lower, 0.0))
    high = np.where(successes == trials, 1.0, np.minimum(upper, 1.0))
    return BinomialInterval(low, high)
