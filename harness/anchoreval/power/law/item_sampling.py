"""What the full benchmark itself can tell apart, its items being a draw from a larger population (estimand T2).

The full score of a model is exact for these items (T1). For the population that they come from it is a sample mean, and
the difference of two models has variance (E[(y_a - y_b)^2] - D^2) / N over draws of N items, with weights
sum w_i^2 ((y_ai - y_bi) - D)^2. The mean squared difference of two models of like score is that of wrong against right:
for right-or-wrong answers it is the discordance d of McNemar's test. It is read off pairs of source models here, as a
smooth function of the gap, since the answers of a model still to be scored are not known.

Source: Miller, Adding Error Bars to Evals (arXiv 2411.00640), paired differences; the closed form of the power is that
of McNemar's test in Card et al. (arXiv 2010.06595).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.errors import TooFewModelsError
from anchoreval.responses import SCORE, ResponseMatrix

MOST_MODELS = 400
"""More models are thinned to so many, evenly over their scores."""
SHARE_OF_SPREAD = 0.4
"""Width of the kernel over gaps, in standard deviations of the full scores."""


@dataclass(frozen=True, eq=False)
class ItemSampling:
    """Sampling error of differences of full scores. Made by `learn`.

    Attributes:
        n_items: of the benchmark.
        gaps: (pairs,) absolute differences of full scores.
        variances: (pairs,) of the difference over draws of items, in squared score units.
        width: of the kernel over gaps.
    """

    n_items: int
    gaps: Float64Array
    variances: Float64Array
    width: float

    @classmethod
    def learn(cls, sources: ResponseMatrix) -> Self:
        """From the complete answers of source models (those without a full score are left out).

        Raises:
            TooFewModelsError: fewer than two models, or none that differ.
        """
        known = sources.full_scores.dropna()
        if len(known) < 2:
            raise TooFewModelsError("two models with a full score are needed to tell how far items agree")
        ordered = known.sort_values(kind="stable").index
        kept = ordered[np.linspace(0, len(ordered) - 1, min(len(ordered), MOST_MODELS)).round().astype(np.int64)]
        part = sources.subset(models=kept).completed()
        gaps, variances = _pair_variances(part.scores.astype(np.float64), part.weights)
        share = part.coverage.get(SCORE, 1.0)  # of the benchmark that these items are; the rest is like them
        spread = float(known.std(ddof=1))
        return cls(sources.n_items, gaps, variances * share, max(SHARE_OF_SPREAD * spread, 1e-9))

    def variance(self, gap: float) -> float:
        """Of the difference of two full scores that are `gap` apart, in squared score units."""
        weights = np.exp(-0.5 * ((self.gaps - gap) / self.width) ** 2)
        return float(weights @ self.variances / weights.sum()) if weights.sum() > 0 else float(self.variances.mean())

    def power(self, gap: float, alpha: float = 0.05) -> float:
        """Probability that the full benchmark finds a population difference, in the right direction."""
        from scipy.special import ndtr, ndtri

        null, deviation = np.sqrt(self.variance(0.0)), np.sqrt(self.variance(gap))
        return float(ndtr((gap - float(ndtri(1.0 - alpha / 2)) * null) / deviation)) if deviation > 0 else 1.0

    def smallest(self, alpha: float = 0.05, power: float = 0.8) -> float:
        """The smallest population difference that the full benchmark finds with probability `power`; NaN above 1."""
        low, high = 0.0, 1.0
        if self.power(high, alpha) < power:
            return float("nan")
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (low, middle) if self.power(middle, alpha) >= power else (middle, high)
        return high


def _pair_variances(scores: Float64Array, weights: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Of every pair of models: absolute difference of the weighted means, and sum w_i^2 (difference_i - D)^2."""
    squared = weights**2
    totals, shares = scores @ weights, scores @ squared
    products = (scores * squared) @ scores.T
    own = np.diagonal(products)
    gap, share = np.subtract.outer(totals, totals), np.subtract.outer(shares, shares)
    variance = own[:, None] + own - 2.0 * products - 2.0 * gap * share + gap**2 * squared.sum()
    above = np.triu_indices(len(scores), 1)
    return np.abs(gap[above]), np.maximum(variance[above], 0.0)
