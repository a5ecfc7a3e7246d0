"""What a preference test finds: n judgements, each for one of two systems, against an even split.

The two-sided exact binomial test is McNemar's with every item discordant, so that power, Type-M and Type-S are sums
over one binomial distribution. Type-M is on the scale of the lead, 2 p - 1: at p = .65 and 25 judgements a significant
result shows a lead 1.7 times too large.

A true preference of 65 % is found by 100 judgements with power .828, by 25 with .306; the authors' simulations gave
.826 and .305 (rejection where the p-value is below .05).

Source: Card et al., With little power comes great responsibility (arXiv 2010.06595), figure 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import bdtr

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError
from anchoreval.power.analysis.accuracy_power import (
    SIMULATIONS,
    accuracy_power,
    paired_sample_size,
    simulated_accuracy_power,
)
from anchoreval.power.analysis.agreement import PairedCells
from anchoreval.power.analysis.plan_options import item_counts, power_quantile
from anchoreval.power.analysis.power_figures import PowerFigures
from anchoreval.power.analysis.rising_root import rising_root
from anchoreval.power.inference.mcnemar import critical_losses

WINDOW = 40.0, 10.0
"""Judgements around the closed form's number n that are looked at, each way: the first and the second times sqrt(n).
The saws of exact power are of the order of 1 / sqrt(n), which is some sqrt(n) judgements."""


def preference_power(n: int, preference: float, alpha: float = 0.05, test: str = "exact") -> PowerFigures:
    """Power, Type-M and Type-S of a preference test.

    Args:
        n: number of judgements.
        preference: true share for the first system, in [0, 1] and not 1/2.
        alpha: two-sided level of the test.
        test: `exact` or `mid-p` (exact sums), or `asymptotic` (closed form).

    Raises:
        MethodOptionError: an even preference, another test, or an option is out of range.
    """
    return accuracy_power(_cells(preference), n, alpha, test)


def simulated_preference_power(
    n: int, preference: float, alpha: float = 0.05, test: str = "exact", simulations: int = SIMULATIONS, seed: int = 0
) -> PowerFigures:
    """The same from simulated tests.

    Args:
        n: number of judgements.
        preference: true share for the first system, in [0, 1] and not 1/2.
        alpha: two-sided level of the test.
        test: `exact`, `mid-p` or `asymptotic`.
        simulations: number of simulated tests.
        seed: of the draws.

    Raises:
        MethodOptionError: an even preference, another test, or an option is out of range.
    """
    return simulated_accuracy_power(_cells(preference), n, alpha, test, simulations, seed)


def detectable_preference(n: Any, power: float = 0.8, alpha: float = 0.05, test: str = "exact") -> Float64Array:
    """The least preference above 1/2 that is found with a wanted power, by exact sums.

    Args:
        n: numbers of judgements, of any shape.
        power: wanted, at least 1/2.
        alpha: two-sided level of the test.
        test: `exact` or `mid-p`.

    Returns:
        Preferences in (1/2, 1], NaN where there are too few judgements for any significant result.

    Raises:
        MethodOptionError: an option is out of range.
    """
    power_quantile(power)
    judgements = np.floor(item_counts(n))
    losses = critical_losses(judgements, alpha, test)

    def surplus(preference: Float64Array) -> Float64Array:
        return _exact_power(judgements, losses, preference) - power

    return rising_root(surplus, np.full(judgements.shape, 0.5), np.ones(judgements.shape))


def preference_sample_size(preference: float, power: float = 0.8, alpha: float = 0.05, test: str = "exact") -> int:
    """The least number of judgements from which on the exact power stays at what is wanted.

    Exact power rises in saws: some smaller number may reach it too, and the next one not.

    Args:
        preference: true share for the first system, in [0, 1] and not 1/2.
        power: wanted, at least 1/2.
        alpha: two-sided level of the test.
        test: `exact` or `mid-p`.

    Raises:
        MethodOptionError: an even preference, or an option is out of range.
    """
    lead = abs(_cells(preference).difference)
    if not lead:
        raise MethodOptionError("no number of judgements finds an even preference")
    about = float(paired_sample_size(1.0, lead, power, alpha))
    width = np.ceil(WINDOW[0] + WINDOW[1] * np.sqrt(about))
    judgements = np.arange(max(1.0, about - width), about + width)
    reached = _exact_power(judgements, critical_losses(judgements, alpha, test), (1.0 + lead) / 2) >= power
    return int(judgements[0]) + int(np.max(np.flatnonzero(~reached), initial=-1)) + 1


def _exact_power(n: Float64Array, losses: Float64Array, preference: Float64Array | float) -> Float64Array:
    """P(at most so many judgements against the preferred system)."""
    return np.where(losses < 0, 0.0, bdtr(np.maximum(losses, 0.0), n.astype(np.int64), 1.0 - np.asarray(preference)))


def _cells(preference: float) -> PairedCells:
    if not 0.0 <= preference <= 1.0:
        raise MethodOptionError(f"preference = {preference:g} is not between 0 and 1")
    return PairedCells(0.0, 1.0 - preference, preference, 0.0)
