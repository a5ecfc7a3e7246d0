"""Randomisation test of a metric of a whole corpus, such as BLEU, and what it finds.

A corpus metric has no score per sentence, but swapping the two systems' outputs for one sentence changes the difference
of their metrics by a measurable amount, the sentence's swap effect. Effects of many swaps add up to the effect of
swapping all of them (correlation 1.0000 on WMT19, .978 on WMT18). Swapping everything turns a difference D into -D, so
that the effects sum to -2 D. Under equal systems every sentence is swapped or not by the toss of a coin: the test
compares the observed difference with those of many random swaps.

For planning, effects are taken to be 0 with probability P0 (equal outputs) and Laplace distributed otherwise, with
location mu = -2 D / (n (1 - P0)) and scale b = b0 / n: P0 = .13 and b0 = 25.8 are typical of WMT. The observed
difference then has variance n Var(effect) / 4 and the null n E[effect^2] / 4, which gives a closed form: .747 for 2,000
sentences and one point of BLEU; the authors' 500 simulations gave .756, the paper says about 75 %.

P-values count the observed assignment among the random ones, (1 + hits) / (1 + permutations), which keeps the level
with any number of permutations. The authors reject outside the 2.5 and 97.5 percentiles of the null, which is the same
up to one permutation in 1,000. Differences come in the metric's own unit (points of BLEU), whatever it is.

Source: Card et al. (arXiv 2010.06595), section 4 and the notebook `BLEU` of their code; the test is Riezler and
Maxwell's approximate randomisation (2005).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import ndtr

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.analysis.plan_options import power_quantile, two_sided_quantile
from anchoreval.power.analysis.power_figures import PowerFigures, summarise
from anchoreval.power.analysis.rising_root import rising_root
from anchoreval.power.inputs import check_at_least, check_open_unit

CELLS = 1 << 22
"""Coin tosses held at a time."""
TRIALS = 25
"""Simulated corpora that share one set of coin tosses; each has effects of its own."""
ROUNDING = 1e-9
"""Differences closer than this share of the summed effects are equal."""


@dataclass(frozen=True)
class RandomisationTest:
    """Outcome of a randomisation test.

    Attributes:
        difference: observed, of the second system to the first, in the metric's unit.
        p_value: two-sided.
        null_deviation: standard deviation of the difference under random swaps, sqrt(sum of squared effects) / 2.
    """

    difference: float
    p_value: float
    null_deviation: float


@dataclass(frozen=True)
class LaplaceMixture:
    """Law of one sentence's swap effect: 0 with probability `zero_share`, else Laplace.

    Attributes:
        zero_share: probability that a swap changes nothing, in [0, 1).
        location: mean of the other effects, in the metric's unit.
        scale: their mean absolute deviation.
    """

    zero_share: float
    location: float
    scale: float

    @classmethod
    def planned(cls, n: int, difference: float, zero_share: float = 0.13, corpus_scale: float = 25.8) -> Self:
        """The law at a true difference of a corpus.

        Args:
            n: number of sentences.
            difference: true difference of the metric, in its unit.
            zero_share: P0, in [0, 1).
            corpus_scale: b0, the scale of an effect times the number of sentences.

        Raises:
            MethodOptionError: an option is out of range.
        """
        check_at_least("n", n, 1)
        if not 0.0 <= zero_share < 1.0:
            raise MethodOptionError(f"zero_share = {zero_share!r} is not at least 0 and less than 1")
        check_at_least("corpus_scale", corpus_scale, 0.0)
        return cls(zero_share, -2.0 * difference / (n * (1.0 - zero_share)), corpus_scale / n)

    @classmethod
    def fitted(cls, swap_effects: Any) -> Self:
        """The maximum-likelihood law of measured effects: share of zeros, median and mean deviation of the rest.

        Raises:
            ResponseDataError: there are no effects, one is not finite, or all are 0.
        """
        effects = _effects(swap_effects)
        rest = effects[effects != 0.0]
        if not rest.size:
            raise ResponseDataError("no swap changes the metric: the systems cannot be told apart")
        centre = float(np.median(rest))
        return cls(1.0 - rest.size / effects.size, centre, float(np.mean(np.abs(rest - centre))))

    @property
    def second_moment(self) -> float:
        """Mean squared effect."""
        return (1.0 - self.zero_share) * (2.0 * self.scale**2 + self.location**2)

    def draw(self, size: tuple[int, ...], rng: np.random.Generator) -> Float64Array:
        """Effects of the given shape."""
        drawn = rng.laplace(self.location, self.scale, size=size)
        return np.asarray(np.where(rng.random(size) < self.zero_share, 0.0, drawn), dtype=np.float64)


def randomisation_test(swap_effects: Any, permutations: int = 1000, seed: int = 0) -> RandomisationTest:
    """Test whether two systems differ, from the effects of single swaps on the difference of their metrics.

    For a mean of scores per item the effect of a swap is -2 d / n, with d the item's difference.

    Args:
        swap_effects: (n,) change of the difference when one sentence's outputs are swapped.
        permutations: number of random swaps of the whole corpus.
        seed: of the swaps.

    Raises:
        ResponseDataError: there are no effects, or one is not finite.
        MethodOptionError: permutations < 1.
    """
    check_at_least("permutations", permutations, 1)
    effects = _effects(swap_effects)
    hits = _hits(effects[:, None], permutations, np.random.default_rng(seed))[0]
    deviation = float(np.sqrt(np.sum(effects**2)) / 2)
    return RandomisationTest(-float(effects.sum()) / 2, (1.0 + float(hits)) / (1.0 + permutations), deviation)


def corpus_metric_power(
    n: int, effects: LaplaceMixture, alpha: float = 0.05, trials: int = 500, permutations: int = 1000, seed: int = 0
) -> PowerFigures:
    """Power, Type-M and Type-S of the randomisation test by simulation.

    Args:
        n: number of sentences.
        effects: law of a swap effect, such as `LaplaceMixture.planned(2000, 1.0)`.
        alpha: two-sided level of the test.
        trials: number of simulated corpora.
        permutations: of each test.
        seed: of everything random.

    Raises:
        MethodOptionError: the true difference is 0, or an option is out of range.
    """
    check_open_unit("alpha", alpha)
    for name, value in (("n", n), ("trials", trials), ("permutations", permutations)):
        check_at_least(name, value, 1)
    truth = -n * (1.0 - effects.zero_share) * effects.location / 2
    if not truth:
        raise MethodOptionError("power and its errors are not defined where the systems are equal")
    rng = np.random.default_rng(seed)
    observed, p_values = np.empty(trials), np.empty(trials)
    for start in range(0, trials, TRIALS):
        block = slice(start, min(start + TRIALS, trials))
        drawn = effects.draw((n, block.stop - start), rng)
        observed[block] = -drawn.sum(axis=0) / 2
        p_values[block] = (1.0 + _hits(drawn, permutations, rng)) / (1.0 + permutations)
    return summarise(observed, p_values <= alpha * (1.0 + ROUNDING), truth)


def rough_corpus_metric_power(n: int, effects: LaplaceMixture, alpha: float = 0.05) -> float:
    """Power in closed form, both distributions taken to be normal; alpha / 2 where the systems are equal.

    Args:
        n: number of sentences.
        effects: law of a swap effect.
        alpha: two-sided level of the test.

    Raises:
        MethodOptionError: an option is out of range.
    """
    check_at_least("n", n, 1)
    mean = (1.0 - effects.zero_share) * effects.location
    null, own = np.sqrt(n * effects.second_moment) / 2, np.sqrt(n * max(effects.second_moment - mean**2, 0.0)) / 2
    surplus = n * abs(mean) / 2 - two_sided_quantile(alpha) * null
    return float(ndtr(surplus / own)) if own > 0.0 else float(surplus > 0.0)


def corpus_metric_detectable_difference(
    n: int, zero_share: float = 0.13, corpus_scale: float = 25.8, power: float = 0.8, alpha: float = 0.05
) -> float:
    """The least difference that is found with a wanted power, in closed form; NaN where no difference is.

    Args:
        n: number of sentences.
        zero_share: P0, in [0, 1).
        corpus_scale: b0, in the metric's unit.
        power: wanted, at least 1/2.
        alpha: two-sided level of the test.

    Raises:
        MethodOptionError: an option is out of range.
    """
    noise = np.sqrt(n * LaplaceMixture.planned(n, 0.0, zero_share, corpus_scale).second_moment) / 2
    changed = n * (1.0 - zero_share)
    z, z_power = two_sided_quantile(alpha), power_quantile(power)
    slope = 1.0 - z / np.sqrt(changed) - z_power * np.sqrt(1.0 / changed - 1.0 / n)
    if slope <= 0.0:
        return float("nan")

    def surplus(gap: Float64Array) -> Float64Array:
        own = np.sqrt(noise**2 + gap**2 * (1.0 / changed - 1.0 / n))
        return np.asarray(gap - z * np.sqrt(noise**2 + gap**2 / changed) - z_power * own)

    return float(rising_root(surplus, np.asarray(0.0), np.asarray((z + z_power) * noise / slope)))


def _hits(effects: Float64Array, permutations: int, rng: np.random.Generator) -> Float64Array:
    """(trials,) number of random swaps with a difference at least as large as the observed; effects (n, trials)."""
    n, trials = effects.shape
    observed = np.abs(effects.sum(axis=0)) / 2 - ROUNDING * np.abs(effects).sum(axis=0)
    hits, rows = np.zeros(trials), max(1, CELLS // n)
    for start in range(0, permutations, rows):
        count = min(rows, permutations - start)
        bits = np.frombuffer(rng.bytes(count * -(-n // 8)), dtype=np.uint8).reshape(count, -1)
        swapped = np.unpackbits(bits, axis=1, count=n).astype(np.float64) - 0.5
        hits += np.count_nonzero(np.abs(swapped @ effects) >= observed, axis=0)
    return hits


def _effects(values: Any) -> Float64Array:
    effects = np.asarray(values, dtype=np.float64)
    if effects.ndim != 1 or not effects.size:
        raise ResponseDataError(f"swap effects have shape {effects.shape}, expected at least one item")
    if not np.isfinite(effects).all():
        raise ResponseDataError(f"the swap effect of item number {int(np.argmin(np.isfinite(effects)))} is not finite")
    return effects
