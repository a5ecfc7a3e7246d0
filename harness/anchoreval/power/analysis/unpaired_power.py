"""What a comparison of two accuracies finds where each model answers items of its own.

The pooled two-sided z-test of two proportions, n items a model: with accuracies a and a + D, their mean m, and
v = a (1 - a) + (a + D) (1 - a - D),

    power = Phi((sqrt(n) |D| - z_{1 - alpha / 2} sqrt(2 m (1 - m))) / sqrt(v)),

solved for n, or for D to give the minimum detectable effect. Both roots are concave in D, so that the equation crosses
zero once for a power of 1/2 or more. NaN where even a perfect model is not better by enough.

This rule gives the printed digits of the unpaired column for GLUE (WNLI: 5.38; without pooling it would be 5.35).
`rough_detectable_difference` is the textbook (z_{1 - alpha / 2} + z_power) sqrt(2 a (1 - a) / n), which takes the
variance of the baseline for both models: section 10 of the methods digest prints it for a = .7. It knows of no ceiling
(36.3 points above 70 % at 25 items).

Source: Card et al. (arXiv 2010.06595), appendix; Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions,
3rd edition, chapter 4, without the continuity correction.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtr

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError
from anchoreval.power.analysis.plan_options import item_counts, power_quantile, two_sided_quantile
from anchoreval.power.analysis.rising_root import rising_root

ROUNDING = 1e-9


def unpaired_power(n: Any, baseline: Any, difference: Any, alpha: float = 0.05) -> Float64Array:
    """Probability of a significant result of the right sign.

    Args:
        n: number of items of each model.
        baseline: accuracy of the first model.
        difference: accuracy of the second minus that of the first.
        alpha: two-sided level of the test.

    Returns:
        Power of the broadcast shape; NaN at a difference of 0.

    Raises:
        MethodOptionError: an accuracy is outside [0, 1], or an option is out of range.
    """
    items, z = item_counts(n), two_sided_quantile(alpha)
    gap = np.asarray(difference, dtype=np.float64)
    null, own = _deviations(_accuracies(baseline), gap)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gap != 0.0, ndtr((np.sqrt(items) * np.abs(gap) - z * null) / own), np.nan)


def unpaired_sample_size(baseline: Any, difference: Any, power: float = 0.8, alpha: float = 0.05) -> Float64Array:
    """The least number of items of each model for a wanted power: whole numbers as float64, inf at a difference of 0.

    Args:
        baseline: accuracy of the first model.
        difference: accuracy of the second minus that of the first.
        power: wanted, at least 1/2.
        alpha: two-sided level of the test.

    Raises:
        MethodOptionError: an accuracy is outside [0, 1], or an option is out of range.
    """
    gap = np.asarray(difference, dtype=np.float64)
    null, own = _deviations(_accuracies(baseline), gap)
    root = two_sided_quantile(alpha) * null + power_quantile(power) * own
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gap != 0.0, np.maximum(1.0, np.ceil((root / gap) ** 2 - ROUNDING)), np.inf)


def unpaired_detectable_difference(n: Any, baseline: Any, power: float = 0.8, alpha: float = 0.05) -> Float64Array:
    """The least improvement on a baseline that is found with a wanted power; NaN where even a perfect model is not.

    Args:
        n: number of items of each model.
        baseline: accuracy of the weaker model, of a shape that broadcasts.
        power: wanted, at least 1/2.
        alpha: two-sided level of the test.

    Raises:
        MethodOptionError: an accuracy is outside [0, 1], or an option is out of range.
    """
    items, accuracy = np.broadcast_arrays(item_counts(n), _accuracies(baseline))
    z_alpha, z_power = two_sided_quantile(alpha), power_quantile(power)

    def surplus(gap: Float64Array) -> Float64Array:
        null, own = _deviations(accuracy, gap)
        return np.asarray(np.sqrt(items) * gap - z_alpha * null - z_power * own)

    found = rising_root(surplus, np.zeros(accuracy.shape), 1.0 - accuracy)
    return np.where(found > 0.0, found, np.nan)


def rough_detectable_difference(n: Any, accuracy: Any, power: float = 0.8, alpha: float = 0.05) -> Float64Array:
    """The textbook figure with one variance for both models; may exceed what the ceiling leaves.

    Args:
        n: number of items of each model.
        accuracy: of both models, as far as their variance goes.
        power: wanted, at least 1/2.
        alpha: two-sided level of the test.

    Raises:
        MethodOptionError: an accuracy is outside [0, 1], or an option is out of range.
    """
    items, rate = item_counts(n), _accuracies(accuracy)
    return np.asarray((two_sided_quantile(alpha) + power_quantile(power)) * np.sqrt(2 * rate * (1 - rate) / items))


def _deviations(baseline: Float64Array, gap: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Deviations of sqrt(n) times the observed difference, under equal accuracies and under their own."""
    other = baseline + gap
    if (np.isfinite(other) & ((other < -ROUNDING) | (other > 1.0 + ROUNDING))).any():
        raise MethodOptionError("baseline plus difference is not an accuracy between 0 and 1")
    other = np.clip(other, 0.0, 1.0)
    mean = (baseline + other) / 2
    return np.sqrt(2 * mean * (1 - mean)), np.sqrt(baseline * (1 - baseline) + other * (1 - other))


def _accuracies(values: Any) -> Float64Array:
    accuracies = np.asarray(values, dtype=np.float64)
    if not ((accuracies >= 0.0) & (accuracies <= 1.0)).all():
        raise MethodOptionError("an accuracy is not between 0 and 1")
    return accuracies
