"""McNemar's test of two models on the same items: exact and mid-p p-values, and their exact power.

Only discordant items count, those that one model has right and the other wrong: under equal accuracies the m of them
are fair coin tosses. The exact test doubles the smaller binomial tail, 2 F(x); as few tosses can reach few levels, it
rejects too rarely. The mid-p test counts half of the observed outcome, F(x) + F(x - 1), and comes closer to its level
without passing it by much. At 5 % the exact test rejects nothing on fewer than six discordant items, the mid-p test on
fewer than five.

Power sums over the number of discordant items m ~ Bin(k, d) and, given m, over those that the better model wins,
x ~ Bin(m, (1 + difference / d) / 2). The rejection region given m is x <= c(m) or x >= m - c(m), so that the inner sums
(of probabilities, and of the observed difference for Type-M) are incomplete beta functions and the whole takes
milliseconds for 10,000 items.

Source: McNemar (1947); mid-p: Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13:91 (2013); Type-S and
Type-M: Gelman and Carlin (2014), as used by Card et al., With little power comes great responsibility (arXiv
2010.06595).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import betainc, gammaln, xlog1py, xlogy

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.errors import MethodOptionError
from anchoreval.power.inputs import check_at_least, check_open_unit, counts

TESTS = ("exact", "mid-p")
ROUNDING = 1e-12
"""A p-value that equals alpha but for rounding rejects."""
NEGLIGIBLE = 1e-18
"""Numbers of discordant items less likely than this are left out of the sums: less than 1e-14 for 10,000 items."""


@dataclass(frozen=True)
class McNemarPower:
    """What a test of k items finds at a given true difference; every figure is exact.

    Attributes:
        power: probability of a significant result in the right direction; NaN at a difference of 0, which has none.
        rejection: probability of a significant result in either direction (the size, at a difference of 0).
        type_s: probability that a significant result has the wrong sign; NaN at a difference of 0, or where nothing is
            ever significant.
        type_m: expected size of a significant observed difference, over the size of the true one; NaN likewise.
    """

    power: float
    rejection: float
    type_s: float
    type_m: float


def mcnemar_p_values(first_only: Any, second_only: Any, test: str = "mid-p") -> Float64Array:
    """Two-sided p-values of equal accuracies.

    Args:
        first_only: number of items that only the first model has right, of any shape.
        second_only: the same for the second model, of a shape that broadcasts.
        test: `exact` or `mid-p`.

    Returns:
        p-values in (0, 1] of the broadcast shape; 1 where no item is discordant.

    Raises:
        ResponseDataError: not counts.
        MethodOptionError: another test.
    """
    first, second = np.broadcast_arrays(counts("items", first_only), counts("items", second_only))
    return _two_sided(np.minimum(first, second), first + second, _checked(test))


def critical_losses(discordant: Any, alpha: float = 0.05, test: str = "mid-p") -> Float64Array:
    """The most discordant items that a model may lose and still be found better, -1 where nothing suffices.

    Args:
        discordant: number of discordant items, of any shape.
        alpha: two-sided level of the test.
        test: `exact` or `mid-p`.

    Returns:
        Whole numbers c as float64: the test rejects where the smaller of the two counts is at most c.

    Raises:
        ResponseDataError: not counts.
        MethodOptionError: another test, or alpha not between 0 and 1.
    """
    check_open_unit("alpha", alpha)
    number, rule = counts("discordant items", discordant), _checked(test)
    rejected, kept = np.full(number.shape, -1.0), np.floor(number / 2) + 1.0
    while np.any(kept - rejected > 1.0):
        middle = np.floor((rejected + kept) / 2)
        rejects = _two_sided(middle, number, rule) <= alpha * (1.0 + ROUNDING)
        rejected, kept = np.where(rejects, middle, rejected), np.where(rejects, kept, middle)
    return rejected


def mcnemar_power(
    k: int, discordance: float, difference: float, alpha: float = 0.05, test: str = "mid-p"
) -> McNemarPower:
    """Exact power, Type-S and Type-M error of McNemar's test.

    Args:
        k: number of items that both models answer, drawn at random.
        discordance: share d of items that exactly one of the two has right, in [0, 1].
        difference: of the true accuracies, in [-d, d]; its sign does not matter.
        alpha: two-sided level of the test.
        test: `exact` or `mid-p`.

    Raises:
        MethodOptionError: k < 1, another test, alpha or discordance out of range, |difference| > discordance.
    """
    check_at_least("k", k, 1)
    if not 0.0 <= discordance <= 1.0:
        raise MethodOptionError(f"discordance = {discordance!r} is not between 0 and 1")
    gap = abs(difference)
    if not gap <= discordance * (1.0 + ROUNDING):
        raise MethodOptionError(f"a difference of {gap:g} is more than the discordance {discordance:g} allows")
    m, mass = _likely_counts(k, discordance)
    share = min(1.0, (1.0 + gap / discordance) / 2) if discordance else 0.5
    losses = critical_losses(m, alpha, test)
    right, wrong = (_tail(m, losses, odds, mass) for odds in (share, 1.0 - share))
    return _summary(right, wrong, k * gap)


def _summary(right: tuple[float, float], wrong: tuple[float, float], expected: float) -> McNemarPower:
    """From probability and sum of |wins - losses| of both sides of the rejection region."""
    rejection = min(1.0, right[0] + wrong[0])
    if not expected:
        return McNemarPower(float("nan"), rejection, float("nan"), float("nan"))
    if not rejection:
        return McNemarPower(0.0, 0.0, float("nan"), float("nan"))
    return McNemarPower(
        power=min(1.0, right[0]),
        rejection=rejection,
        type_s=wrong[0] / rejection,
        type_m=(right[1] + wrong[1]) / rejection / expected,
    )


def _tail(m: Float64Array, losses: Float64Array, share: float, mass: Float64Array) -> tuple[float, float]:
    """Probability of at most so many losses, and the sum of wins - losses over it, with wins ~ Bin(m, share)."""
    possible = losses >= 0
    m, losses, mass = m[possible], losses[possible], mass[possible]
    wins = m - losses
    probability = _at_least(wins, m, share)
    mean_wins = m * share * _at_least(wins - 1.0, m - 1.0, share)
    return float(mass @ probability), float(mass @ (2.0 * mean_wins - m * probability))


def _at_least(x: Float64Array, m: Float64Array, share: float) -> Float64Array:
    """P(Bin(m, share) >= x) for 0 <= x <= m."""
    inside = betainc(np.maximum(x, 1.0), m - x + 1.0, share)
    return np.where(x < 1.0, 1.0, inside)


def _likely_counts(k: int, probability: float) -> tuple[Float64Array, Float64Array]:
    """The values of Bin(k, probability) that are not negligible, and their probabilities."""
    m = np.arange(k + 1.0)
    choose = gammaln(k + 1.0) - gammaln(m + 1.0) - gammaln(k - m + 1.0)
    mass = np.exp(choose + xlogy(m, probability) + xlog1py(k - m, -probability))
    likely: BoolArray = mass > NEGLIGIBLE
    return m[likely], mass[likely]


def _two_sided(smaller: Float64Array, m: Float64Array, test: str) -> Float64Array:
    """Twice the lower tail of m fair tosses at the smaller count; half of the observed outcome counts for mid-p."""
    tails = _fair_tail(smaller, m), _fair_tail(smaller if test == "exact" else smaller - 1.0, m)
    return np.minimum(1.0, tails[0] + tails[1])


def _fair_tail(x: Float64Array, m: Float64Array) -> Float64Array:
    """P(Bin(m, 1/2) <= x) for x <= m, 0 where x < 0."""
    inside = betainc(np.maximum(m - x, 1.0), np.maximum(x, 0.0) + 1.0, 0.5)
    return np.where(x < 0.0, 0.0, np.where(x >= m, 1.0, inside))


def _checked(test: str) -> str:
    if test not in TESTS:
        raise MethodOptionError(f"test = {test!r} is not one of {', '.join(TESTS)}")
    return test
