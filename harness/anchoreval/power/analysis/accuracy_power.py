"""What a paired comparison of two accuracies finds: in closed form, exactly, and by simulation.

Two models answer the same n items; discordance d is the probability that exactly one of them is right, D the difference
of their accuracies. The observed difference has mean D and variance (d - D^2) / n, and under equal accuracies d / n, so
that the asymptotic (uncorrected) two-sided McNemar test finds the better model with about

    power = Phi((sqrt(n) |D| - z_{1 - alpha / 2} sqrt(d)) / sqrt(d - D^2)),

which solved for n is ((z_{1 - alpha / 2} sqrt(d) + z_power sqrt(d - D^2)) / D)^2, and solved for D the minimum
detectable effect (`detectable_difference`). It is an approximation: the exact sums are in `mcnemar`, and differ by
several points of power where few items are discordant (against the mid-p test up to 2.5 points at 500 items, 0.3 at
5,000). The examples worked in the paper's code (700 of 1,000 items right, 2 points, no item wrong by both: power .119,
Type-M 3.0, Type-S .022; agreement .975 at 80 % and 500 items: .80) are those of the exact test, simulated.

Source: Card et al., With little power comes great responsibility (arXiv 2010.06595), section 3; the closed form is
Connor, Sample size for testing differences in proportions for the paired-sample design, Biometrics 43 (1987).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtr

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.errors import MethodOptionError
from anchoreval.power.analysis.agreement import ROUNDING, PairedCells
from anchoreval.power.analysis.plan_options import item_counts, power_quantile, two_sided_quantile
from anchoreval.power.analysis.power_figures import PowerFigures, summarise
from anchoreval.power.inference.mcnemar import TESTS, critical_losses, mcnemar_power
from anchoreval.power.inputs import check_at_least, check_open_unit

ASYMPTOTIC = "asymptotic"
"""The uncorrected McNemar test: the difference of the discordant counts beyond z times the root of their sum."""
SIMULATIONS = 30_000


def paired_power(n: Any, discordance: Any, difference: Any, alpha: float = 0.05) -> Float64Array:
    """Power in closed form (see the module's text).

    Args:
        n: number of items.
        discordance: probability that exactly one model is right, in [0, 1].
        difference: of the accuracies; its sign does not matter.
        alpha: two-sided level of the test.

    Returns:
        Power of the broadcast shape; NaN at a difference of 0, which has no right sign.

    Raises:
        MethodOptionError: a difference exceeds its discordance, or an option is out of range.
    """
    items, d, gap = _checked(n, discordance, difference, alpha)
    return np.where(gap > 0.0, closed_form(items, d, gap, alpha), np.nan)


def paired_sample_size(discordance: Any, difference: Any, power: float = 0.8, alpha: float = 0.05) -> Float64Array:
    """The least number of items for a wanted power in closed form: whole numbers as float64, inf at a difference of 0.

    Args:
        discordance: probability that exactly one model is right.
        difference: of the accuracies; its sign does not matter.
        power: wanted, at least 1/2.
        alpha: two-sided level of the test.

    Raises:
        MethodOptionError: a difference exceeds its discordance, or an option is out of range.
    """
    _, d, gap = _checked(1, discordance, difference, alpha)
    root = two_sided_quantile(alpha) * np.sqrt(d) + power_quantile(power) * np.sqrt(np.maximum(d - gap**2, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gap > 0.0, np.maximum(1.0, np.ceil((root / gap) ** 2 - ROUNDING)), np.inf)


def accuracy_power(cells: PairedCells, n: int, alpha: float = 0.05, test: str = "mid-p") -> PowerFigures:
    """Power, Type-M and Type-S: exactly for the `exact` and the `mid-p` test, in closed form for the `asymptotic` one.

    Args:
        cells: how the two models agree, see `agreement.paired_cells`.
        n: number of items.
        alpha: two-sided level of the test.
        test: `exact`, `mid-p` or `asymptotic`.

    Raises:
        MethodOptionError: the two accuracies are equal, another test, or an option is out of range.
    """
    _check_case(cells, n, alpha, test)
    if test == ASYMPTOTIC:
        return _normal_errors(cells, n, alpha)
    exact = mcnemar_power(n, cells.discordance, cells.difference, alpha, test)
    return PowerFigures(exact.power, exact.type_m, exact.type_s)


def simulated_accuracy_power(
    cells: PairedCells,
    n: int,
    alpha: float = 0.05,
    test: str = "mid-p",
    simulations: int = SIMULATIONS,
    seed: int = 0,
) -> PowerFigures:
    """The same by simulation, as Card et al. do it (there with the exact test).

    A simulated benchmark is two binomial draws: how many items are discordant, and how many of these the second wins.

    Args:
        cells: how the two models agree.
        n: number of items.
        alpha: two-sided level of the test.
        test: `exact`, `mid-p` or `asymptotic`.
        simulations: number of simulated benchmarks.
        seed: of the draws.

    Raises:
        MethodOptionError: the two accuracies are equal, another test, or an option is out of range.
    """
    _check_case(cells, n, alpha, test)
    check_at_least("simulations", simulations, 1)
    rng = np.random.default_rng(seed)
    discordant = rng.binomial(n, min(1.0, cells.discordance), size=simulations)
    wins = rng.binomial(discordant, min(1.0, cells.second_only / cells.discordance))
    observed = (2.0 * wins - discordant) / n
    return summarise(observed, _rejects(discordant, wins, alpha, test), cells.difference)


def _rejects(discordant: Any, wins: Any, alpha: float, test: str) -> BoolArray:
    if test == ASYMPTOTIC:
        return np.asarray(np.abs(2.0 * wins - discordant) > two_sided_quantile(alpha) * np.sqrt(discordant))
    numbers, where = np.unique(discordant, return_inverse=True)
    return np.asarray(np.minimum(wins, discordant - wins) <= critical_losses(numbers, alpha, test)[where])


def _normal_errors(cells: PairedCells, n: int, alpha: float) -> PowerFigures:
    """The observed difference is N(D, (d - D^2) / n), and significant beyond z sqrt(d / n)."""
    gap, d = abs(cells.difference), cells.discordance
    spread, limit = np.sqrt(max(d - gap**2, ROUNDING**2) / n), two_sided_quantile(alpha) * np.sqrt(d / n)
    upper, lower = (gap - limit) / spread, (-gap - limit) / spread
    right, wrong = float(ndtr(upper)), float(ndtr(lower))
    density = np.exp(-(np.array([upper, lower]) ** 2) / 2) / np.sqrt(2 * np.pi)
    size = gap * right - gap * wrong + spread * density.sum()
    return PowerFigures(right, float(size / (right + wrong) / gap), wrong / (right + wrong))


def closed_form(n: Float64Array, d: Float64Array, gap: Float64Array, alpha: float) -> Float64Array:
    """The module's formula for arguments that were checked: discordance d, differences of 0 or more."""
    surplus = np.sqrt(n) * gap - two_sided_quantile(alpha) * np.sqrt(d)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(ndtr(surplus / np.sqrt(np.maximum(d - gap**2, 0.0))), dtype=np.float64)


def _checked(n: Any, discordance: Any, difference: Any, alpha: float) -> tuple[Float64Array, ...]:
    check_open_unit("alpha", alpha)
    d, gap = np.asarray(discordance, dtype=np.float64), np.abs(np.asarray(difference, dtype=np.float64))
    if not ((d >= 0.0) & (d <= 1.0)).all():
        raise MethodOptionError("a discordance is not between 0 and 1")
    if not (gap <= d + ROUNDING).all():
        raise MethodOptionError("a difference is larger than its discordance")
    return item_counts(n), d, gap


def _check_case(cells: PairedCells, n: int, alpha: float, test: str) -> None:
    check_open_unit("alpha", alpha)
    check_at_least("n", n, 1)
    if test not in (*TESTS, ASYMPTOTIC):
        raise MethodOptionError(f"test = {test!r} is not one of {', '.join((*TESTS, ASYMPTOTIC))}")
    if abs(cells.difference) < ROUNDING:
        raise MethodOptionError("power and its errors are not defined where the accuracies are equal")
