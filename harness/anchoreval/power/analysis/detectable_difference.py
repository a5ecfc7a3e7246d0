"""The minimum detectable effect (MDE) of a paired comparison: the least difference found with a wanted power.

The closed-form power of `accuracy_power`, solved for the difference D of two accuracies. Since discordance d is linear
in D (`agreement.AgreementLine`), sqrt(n) D - z_{1 - alpha / 2} sqrt(d) - z_power sqrt(d - D^2) is convex in D for a
power of 1/2 or more and negative where D is small: it crosses zero once, and bisection between the least and the
largest possible difference finds it. Where even the largest possible difference has too little power the result is NaN,
and says why.

Which rule gives the published figures: those for GLUE are the closed form with the GLUE line of agreement, 80 % power
and a two-sided level of 5 %. WNLI (147 items, 94.5 %) has none: the formula would need 5.7 points, agreement and
headroom leave 5.05.

Source: Card et al., With little power comes great responsibility (arXiv 2010.06595), section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.power.analysis.accuracy_power import closed_form
from anchoreval.power.analysis.agreement import AgreementLine, agreement_line
from anchoreval.power.analysis.plan_options import item_counts, power_quantile, two_sided_quantile
from anchoreval.power.analysis.rising_root import rising_root
from anchoreval.power.inference.mcnemar import mcnemar_power


@dataclass(frozen=True)
class DetectableDifference:
    """Minimum detectable effects, all arrays of one shape.

    Attributes:
        difference: the least difference found with the wanted power; NaN where there is none (see `reasons`).
        discordance: that goes with it; NaN likewise.
        largest: the largest difference that baseline and agreement allow; NaN where they allow none.
        best_power: power at the largest difference.
    """

    difference: Float64Array
    discordance: Float64Array
    largest: Float64Array
    best_power: Float64Array

    @property
    def reasons(self) -> list[str]:
        """Why there is none, in C order; empty strings where there is one."""
        rows = zip(self.difference.flat, self.largest.flat, self.best_power.flat, strict=True)
        return [_reason(float(found), float(largest), float(best)) for found, largest, best in rows]


def detectable_difference(
    n: Any, agreement: AgreementLine | float, baseline: Any = None, power: float = 0.8, alpha: float = 0.05
) -> DetectableDifference:
    """Minimum detectable effects in closed form, for many numbers of items or baselines at once.

    Args:
        n: numbers of items.
        agreement: of the two models: a figure in [0, 1], or a line such as `agreement.GLUE_AGREEMENT`.
        baseline: accuracies of the weaker model, of a shape that broadcasts with n; None where it is not known, and
            then no headroom limits the difference.
        power: wanted, at least 1/2.
        alpha: two-sided level of the test.

    Raises:
        MethodOptionError: an option is out of range.
    """
    line = agreement_line(agreement)
    low, high = line.possible_differences(baseline)
    items, low, high = np.broadcast_arrays(item_counts(n), low, high)
    z_alpha, z_power = two_sided_quantile(alpha), power_quantile(power)

    def surplus(gap: Float64Array) -> Float64Array:
        d = np.maximum(line.discordance(baseline, gap), 0.0)
        own = np.sqrt(np.maximum(d - gap**2, 0.0))
        return np.asarray(np.sqrt(items) * gap - z_alpha * np.sqrt(d) - z_power * own)

    found = _positive(rising_root(surplus, low, high))
    at_best = closed_form(items, np.maximum(line.discordance(baseline, high), 0.0), high, alpha)
    best = np.where(high == 0.0, 0.0, at_best)
    return DetectableDifference(found, line.discordance(baseline, found), high, best)


def exact_detectable_difference(
    n: int,
    agreement: AgreementLine | float,
    baseline: float | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
    test: str = "mid-p",
) -> DetectableDifference:
    """The minimum detectable effect by the exact power of McNemar's test, for one number of items.

    The closed form is optimistic where few items are discordant; this is what to plan small anchor sets with.

    Args:
        n: number of items.
        agreement: a figure in [0, 1] or a line.
        baseline: accuracy of the weaker model, or None.
        power: wanted, at least 1/2.
        alpha: two-sided level of the test.
        test: `exact` or `mid-p`.

    Raises:
        MethodOptionError: an option is out of range.
    """
    power_quantile(power)
    line = agreement_line(agreement)
    low, high = line.possible_differences(baseline)

    def power_at(gap: float) -> float:
        d = float(np.clip(line.discordance(baseline, gap), gap, 1.0))
        return mcnemar_power(n, d, gap, alpha, test).power if gap > 0.0 else 0.0

    def surplus(gap: Float64Array) -> Float64Array:
        return np.asarray(power_at(float(gap)) - power if np.isfinite(gap) else np.nan)

    best = surplus(high) + power
    found = _positive(rising_root(surplus, low, high))
    return DetectableDifference(found, line.discordance(baseline, found), high, best)


def _positive(roots: Float64Array) -> Float64Array:
    return np.where(roots > 0.0, roots, np.nan)


def _reason(found: float, largest: float, best: float) -> str:
    if found == found:
        return ""
    if largest != largest:
        return "no difference goes with this baseline and agreement"
    return f"the largest possible difference, {100 * largest:.2f} points, has power {best:.2f}"
