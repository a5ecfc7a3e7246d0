"""Error bars of scores whose answers are random: what comes from the choice of items, what from the answers.

A score is s_i = x_i + e_i: the item's expected score x_i (its items are a sample from a population of them), and noise
of variance sigma_i^2 because the answer is sampled. The mean of n items with K answers each has the variance
(Var(x) + E[sigma^2] / K) / n. More answers shrink only the second part; the n K answers are never n K independent ones.
Where the probability of the right option is known and is itself the score, sigma is 0. Lowering the temperature is no
way to shrink sigma: it moves the variance into x, and the score with it.

Two models on the same items differ with the variance (omega^2 + sigma_A^2 / K_A + sigma_B^2 / K_B) / n, where
omega^2 = Var(x_A - x_B), from which follow the number of items that a wanted difference needs and the least difference
that n items detect.

Source: Miller, Adding error bars to evals (arXiv 2411.00640), sections 2 to 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from scipy.special import ndtri

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.inputs import check_at_least, check_open_unit, scores

ROUNDING = 1e-9
"""A number of items that is whole but for rounding is not rounded up."""


@dataclass(frozen=True)
class AnswerNoise:
    """The variance of one model's scores, split in two; squared score units.

    Attributes:
        item_variance: Var(x), of the items' expected scores. An unbiased estimate can be negative; the methods then
            take 0.
        answer_variance: E[sigma^2], the mean variance of an item's answers.
    """

    item_variance: float
    answer_variance: float

    def per_item(self, answers: float = 1) -> float:
        """Var(x) + E[sigma^2] / K: the variance of a mean score times its number of items.

        Raises:
            MethodOptionError: less than one answer an item.
        """
        check_at_least("answers", answers, 1)
        return max(0.0, self.item_variance) + self.answer_variance / answers

    def standard_error(self, n: int, answers: float = 1) -> float:
        """Of the mean score of n items with K answers each, in score units.

        Raises:
            MethodOptionError: no item, or less than one answer an item.
        """
        check_at_least("n", n, 1)
        return float(np.sqrt(self.per_item(answers) / n))


@dataclass(frozen=True)
class PairedNoise:
    """The variance of the difference of two models' scores on the same items; squared score units.

    Attributes:
        item_variance: omega^2 = Var(x_A - x_B). An unbiased estimate can be negative; the methods then take 0.
        first: E[sigma_A^2], the mean variance of an item's answers by the first model.
        second: E[sigma_B^2], by the second.
    """

    item_variance: float
    first: float = 0.0
    second: float = 0.0

    def per_item(self, first_answers: float = 1, second_answers: float = 1) -> float:
        """omega^2 + sigma_A^2 / K_A + sigma_B^2 / K_B: the variance of a mean difference times its number of items.

        Raises:
            MethodOptionError: less than one answer an item.
        """
        check_at_least("answers", min(first_answers, second_answers), 1)
        return max(0.0, self.item_variance) + self.first / first_answers + self.second / second_answers

    def items_needed(
        self,
        difference: float,
        first_answers: float = 1,
        second_answers: float = 1,
        alpha: float = 0.05,
        power: float = 0.8,
    ) -> int:
        """The fewest items that detect a true difference.

        Args:
            difference: of the mean scores, in score units; its sign does not matter.
            first_answers: K_A, answers that the first model gives to an item.
            second_answers: K_B.
            alpha: two-sided level of the z test.
            power: wanted probability of rejecting on the right side.

        Raises:
            MethodOptionError: a difference of 0, alpha or power not in (0, 1), less than one answer an item.
        """
        if not abs(difference) > 0.0:
            raise MethodOptionError(f"difference = {difference!r} needs no number of items to be seen")
        exact = _quantiles(alpha, power) ** 2 * self.per_item(first_answers, second_answers) / difference**2
        return max(1, ceil(exact * (1.0 - ROUNDING)))

    def detectable_difference(
        self,
        n: int,
        first_answers: float = 1,
        second_answers: float = 1,
        alpha: float = 0.05,
        power: float = 0.8,
    ) -> float:
        """The least true difference that n items detect, in score units; the inverse of `items_needed`.

        Raises:
            MethodOptionError: no item, alpha or power not in (0, 1), less than one answer an item.
        """
        check_at_least("n", n, 1)
        return _quantiles(alpha, power) * float(np.sqrt(self.per_item(first_answers, second_answers) / n))


def noise_of_answers(answers: Any) -> AnswerNoise:
    """Split the variance of repeated answers, without bias.

    Args:
        answers: (items, answers) scores in [0, 1]; NaN where an item has fewer answers than others. Items without any
            answer are left out; those with one say nothing of the noise and are given the others' mean.

    Raises:
        ResponseDataError: fewer than two items with an answer, or no item with two.
    """
    means, noise, noise_of_mean = _item_moments("answers", answers)
    return AnswerNoise(float(means.var(ddof=1) - noise_of_mean.mean()), noise)


def noise_of_pairs(first: Any, second: Any) -> PairedNoise:
    """Split the variance of the differences of two models' repeated answers to the same items, without bias.

    Args:
        first: (items, K_A) scores in [0, 1] of the first model, as in `noise_of_answers`.
        second: (items, K_B) scores of the second, its items in the same order.

    Raises:
        ResponseDataError: the items differ in number, or as in `noise_of_answers`.
    """
    tables = [np.asarray(answers, dtype=np.float64) for answers in (first, second)]
    if any(table.ndim != 2 for table in tables) or len(tables[0]) != len(tables[1]):
        raise ResponseDataError(f"answers have shapes {tables[0].shape} and {tables[1].shape}, expected equal items")
    both = ~np.isnan(tables[0]).all(axis=1) & ~np.isnan(tables[1]).all(axis=1)
    (means, noise, of_mean), (other_means, other_noise, other_of_mean) = (
        _item_moments("answers", table[both]) for table in tables
    )
    omega = (means - other_means).var(ddof=1) - of_mean.mean() - other_of_mean.mean()
    return PairedNoise(float(omega), noise, other_noise)


def noise_of_probabilities(right: Any, sampled: bool = False) -> AnswerNoise:
    """The split where the probability of a right answer is known for each item.

    Args:
        right: (items,) probability that an answer is right; NaN where it is not known.
        sampled: whether scores are those of sampled answers, with sigma_i^2 = p_i (1 - p_i), or the probabilities
            themselves, which have no noise.

    Raises:
        ResponseDataError: fewer than two items, or a probability outside [0, 1].
    """
    probabilities = scores("probabilities", right)
    known = probabilities[~np.isnan(probabilities)]
    if known.size < 2:
        raise ResponseDataError(f"{known.size} items are too few to split a variance, at least 2 are needed")
    return AnswerNoise(float(known.var(ddof=1)), float(np.mean(known * (1.0 - known))) if sampled else 0.0)


def _item_moments(name: str, answers: Any) -> tuple[Float64Array, float, Float64Array]:
    """Mean of each item, E[sigma^2], and the noise variance of each item's mean."""
    table = np.asarray(answers, dtype=np.float64)
    if table.ndim != 2:
        raise ResponseDataError(f"{name} have shape {table.shape}, expected (items, answers)")
    scores(name, table.ravel())
    number = np.sum(~np.isnan(table), axis=1)
    table, number = table[number > 0], number[number > 0]
    repeated = number > 1
    if len(table) < 2 or not repeated.any():
        raise ResponseDataError(
            f"{len(table)} items, {repeated.sum()} with repeated answers: too few to split a variance"
        )
    within = np.full(len(table), np.nan)
    within[repeated] = np.nanvar(table[repeated], axis=1, ddof=1)
    noise = float(np.nanmean(within))
    return np.nanmean(table, axis=1), noise, np.where(repeated, within, noise) / number


def _quantiles(alpha: float, power: float) -> float:
    """Sum of the normal quantiles of the two-sided level and of the power."""
    check_open_unit("alpha", alpha)
    check_open_unit("power", power)
    return float(ndtri(1.0 - alpha / 2) + ndtri(power))
