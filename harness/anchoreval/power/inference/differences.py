"""The difference of two models' mean scores: paired on the same items, unpaired on different ones.

On the same items the difference is the mean of the items' differences, and what makes an item hard for both cancels:
SE^2 = SE_A^2 + SE_B^2 - 2 rho SE_A SE_B. Anchors are always shared, so the paired form is the one to use; the ratio of
the two variances says what pairing was worth. Weights and clusters are those of
`anchoreval.power.inference.clustering`.

The interval is Student's. With fewer than about ten discordant items prefer McNemar's test or the paired posterior.
Where all items (or clusters) differ by the same amount c the standard error would be 0; the interval is then that of
equal scores, l c + (1 - l) [-1, 1] with l = (alpha / 2)^(1 / n). For right-or-wrong answers this is Clopper and
Pearson's bound on the discordance (where no item is discordant) or on the agreement (where all are, one way), and its
p-value, 2 (1 + |c|)^-n, is that of the exact McNemar test.

Unpaired, the interval is Welch's; where one side has equal scores, it is put together from the two sides' intervals
(Newcombe's square-and-add).

Source: Miller (arXiv 2411.00640), section 4; Welch (1947); Newcombe (1998), method 10; equal differences are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit

from anchoreval.arrays import Float64Array
from anchoreval.errors import ResponseDataError
from anchoreval.power.inference.clustering import MeanInterval, mean_interval
from anchoreval.power.inputs import scores


@dataclass(frozen=True)
class PairedDifference:
    """The first model's mean score minus the second's on the same items, in score units.

    Attributes:
        difference: weighted mean of the items' differences.
        standard_error: of the difference; never 0.
        lower: end of the interval.
        upper: the other end.
        p_value: two-sided, of no difference.
        degrees_of_freedom: clusters (or items) minus 1.
        first: the first model's own mean score on the items that both answered, their number and their clusters'.
        second: the second model's, on the same items.
        correlation: rho of the two means; NaN where scores or differences are all equal.
        variance_ratio: SE^2 / (SE_A^2 + SE_B^2), of the standard errors given here.
        method: `t`, or `equal differences` (see the module's text).
    """

    difference: float
    standard_error: float
    lower: float
    upper: float
    p_value: float
    degrees_of_freedom: int
    first: MeanInterval
    second: MeanInterval
    correlation: float
    variance_ratio: float
    method: str


@dataclass(frozen=True)
class UnpairedDifference:
    """The first model's mean score minus the second's, on different items, in score units.

    Attributes:
        difference: of the two weighted means.
        standard_error: of the difference; never 0.
        lower: end of the interval.
        upper: the other end.
        p_value: two-sided, of no difference; NaN where the method is `square-and-add`.
        degrees_of_freedom: Welch and Satterthwaite's; NaN likewise.
        first: the first model's mean score.
        second: the second model's.
        method: `t`, or `square-and-add` where a model's scores are all equal.
    """

    difference: float
    standard_error: float
    lower: float
    upper: float
    p_value: float
    degrees_of_freedom: float
    first: MeanInterval
    second: MeanInterval
    method: str


def paired_difference(
    first: Any,
    second: Any,
    weights: Any = None,
    clusters: Any = None,
    level: float = 0.95,
    small_sample: bool = True,
) -> PairedDifference:
    """Difference of two models on the same items.

    Args:
        first: (items,) scores in [0, 1]; NaN where not answered. Only items that both answered count.
        second: (items,) scores of the other model, in the same order.
        weights: (items,) non-negative, or None for equal ones.
        clusters: (items,) labels, or None for items by themselves.
        level: of the interval.
        small_sample: whether variances have the factor G / (G - 1) for G clusters.

    Raises:
        ResponseDataError: shapes that differ, no item answered by both, a score outside [0, 1], a bad weight, a
            missing label.
        MethodOptionError: the level is not between 0 and 1.
    """
    pair = _same_items(first, second)
    found = mean_interval(pair[0] - pair[1], weights, clusters, level, small_sample, bounds=(-1.0, 1.0))
    own = [mean_interval(values, weights, clusters, level, small_sample) for values in pair]
    return PairedDifference(
        difference=found.mean,
        standard_error=found.standard_error,
        lower=found.lower,
        upper=found.upper,
        p_value=_p_value(found),
        degrees_of_freedom=found.degrees_of_freedom,
        first=own[0],
        second=own[1],
        correlation=_correlation(own[0], own[1], found),
        variance_ratio=found.standard_error**2 / sum(model.standard_error**2 for model in own),
        method="t" if found.method == "t" else "equal differences",
    )


def unpaired_difference(
    first: Any,
    second: Any,
    weights: tuple[Any, Any] = (None, None),
    clusters: tuple[Any, Any] = (None, None),
    level: float = 0.95,
    small_sample: bool = True,
) -> UnpairedDifference:
    """Difference of two models on different items.

    Args:
        first: (items,) scores in [0, 1] of the first model; NaN where not answered.
        second: (other items,) scores of the second.
        weights: of either's items, or None for equal ones.
        clusters: of either's items, or None for items by themselves.
        level: of the interval.
        small_sample: whether variances have the factor G / (G - 1) for G clusters.

    Raises:
        ResponseDataError: no answer, a score outside [0, 1], a bad weight, a missing label.
        MethodOptionError: the level is not between 0 and 1.
    """
    one, other = (
        mean_interval(values, weight, cluster, level, small_sample)
        for values, weight, cluster in zip((first, second), weights, clusters, strict=True)
    )
    return _welch(one, other, level) if one.method == other.method == "t" else _square_and_add(one, other, level)


def _welch(one: MeanInterval, other: MeanInterval, level: float) -> UnpairedDifference:
    gap, parts = one.mean - other.mean, np.array([one.standard_error, other.standard_error]) ** 2
    error = float(np.sqrt(parts.sum()))
    freedom = float(parts.sum() ** 2 / np.sum(parts**2 / [one.degrees_of_freedom, other.degrees_of_freedom]))
    half = float(stdtrit(freedom, 0.5 + level / 2)) * error
    p_value = 2.0 * float(stdtr(freedom, -abs(gap) / error))
    ends = max(-1.0, gap - half), min(1.0, gap + half)
    return UnpairedDifference(gap, error, *ends, p_value, freedom, one, other, "t")


def _square_and_add(one: MeanInterval, other: MeanInterval, level: float) -> UnpairedDifference:
    gap, nan = one.mean - other.mean, float("nan")
    lower = gap - float(np.hypot(one.mean - one.lower, other.upper - other.mean))
    upper = gap + float(np.hypot(one.upper - one.mean, other.mean - other.lower))
    error = (upper - lower) / 2 / float(ndtri(0.5 + level / 2))
    return UnpairedDifference(gap, error, max(-1.0, lower), min(1.0, upper), nan, nan, one, other, "square-and-add")


def _same_items(first: Any, second: Any) -> tuple[Float64Array, Float64Array]:
    """Both models' scores, NaN in both where one has none."""
    one, other = scores("first", first), scores("second", second)
    if one.shape != other.shape:
        raise ResponseDataError(f"the models have {one.size} and {other.size} scores, not those of the same items")
    missing = np.isnan(one) | np.isnan(other)
    return np.where(missing, np.nan, one), np.where(missing, np.nan, other)


def _p_value(found: MeanInterval) -> float:
    if found.method == "t":
        return 2.0 * float(stdtr(found.degrees_of_freedom, -abs(found.mean) / found.standard_error))
    return float(min(1.0, 2.0 * (1.0 + abs(found.mean)) ** -found.effective_clusters))


def _correlation(first: MeanInterval, second: MeanInterval, difference: MeanInterval) -> float:
    """From the three standard errors, where all are those of a sample."""
    if not first.method == second.method == difference.method == "t":
        return float("nan")
    one, other, both = (part.standard_error for part in (first, second, difference))
    return (one**2 + other**2 - both**2) / (2.0 * one * other)
