"""How well items and models fit an IRT model: mean squares of residuals, and the likelihood of answer patterns.

Outfit is the mean of squared standardised residuals, infit the same with each weighted by its information, so that
outfit notices surprises far from a model's level and infit those near it (Wright and Masters 1982, chapter 5). Both are
about 1 where the model holds; above, answers are noisier than it says, below, more regular. The standardised forms are
about N(0, 1) (Wilson-Hilferty); outfit's only roughly so where many answers are nearly certain. l_z says whether a
model's pattern of right and wrong is likely for its ability (Drasgow, Levine and Williams 1985): very negative for one
that misses easy items and gets hard ones.

All assume abilities that are known: with few items a model (below about 20) statistics of items are pulled to 1 and
below. l_z in particular is then too narrow; l_z* is corrected for an estimated ability (Snijders 2001). Fractional
scores vary less than right and wrong, so mean squares fall below 1 and only their order among items or models is to be
read. Missing cells count for nothing; what rests on no answers, or on answers that cannot surprise, is NaN. Cost: one
pass over the scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import Float64Array, FloatArray
from anchoreval.errors import ResponseDataError
from anchoreval.numerics.irt.answers import Answers, blocks
from anchoreval.numerics.irt.parameters import ItemParameters, curves

NEGLIGIBLE = 1e-10
"""A variance below this share of what it is the rest of is rounding."""


@dataclass(frozen=True)
class MeanSquares:
    """Infit and outfit of items, or of models; NaN without answers.

    Attributes:
        infit: information-weighted mean square residual, 1 expected.
        outfit: mean square standardised residual, 1 expected.
        infit_z: infit transformed to about N(0, 1).
        outfit_z: outfit transformed to about N(0, 1).
    """

    infit: Float64Array
    outfit: Float64Array
    infit_z: Float64Array
    outfit_z: Float64Array


@dataclass(frozen=True)
class PersonFit:
    """Fit of models.

    Attributes:
        mean_squares: over the items that each answered.
        lz: (models,) standardised log-likelihood, as if abilities were known.
        lz_star: (models,) the same corrected for abilities that were estimated from these answers.
    """

    mean_squares: MeanSquares
    lz: Float64Array
    lz_star: Float64Array


def item_fit(scores: FloatArray, parameters: ItemParameters, ability: Float64Array) -> MeanSquares:
    """Infit and outfit of items.

    Args:
        scores: (models, items) in [0, 1]; NaN where a model did not answer.
        parameters: of the same items.
        ability: (models,) as estimated from these scores, or known.

    Returns:
        Each (items,).

    Raises:
        ResponseDataError: scores are no table, outside [0, 1], or not of these items and models.
    """
    answers = check_fit(scores, parameters, ability)
    sums = np.empty((len(parameters), len(Residuals.NAMES)))
    for items in blocks(len(parameters), len(ability)):
        sums[items] = Residuals.of(answers, parameters, ability, items).sums(over_models=True)
    return _mean_squares(sums)


def person_fit(scores: FloatArray, parameters: ItemParameters, ability: Float64Array) -> PersonFit:
    """Infit, outfit, l_z and l_z* of models.

    Args:
        scores: (models, items) in [0, 1]; NaN where a model did not answer.
        parameters: of the same items.
        ability: (models,). For l_z* any estimate from these scores that settles as answers come in: the mode, the
            mean or the maximum of likelihood.

    Raises:
        ResponseDataError: scores are no table, outside [0, 1], or not of these items and models.
    """
    answers = check_fit(scores, parameters, ability)
    sums, moments = np.zeros((len(ability), len(Residuals.NAMES))), np.zeros((5, len(ability)))
    for items in blocks(len(parameters), len(ability)):
        residuals = Residuals.of(answers, parameters, ability, items)
        sums += residuals.sums(over_models=False)
        moments += _pattern_moments(residuals)
    return PersonFit(_mean_squares(sums), *_standardised_likelihood(moments))


@dataclass(frozen=True)
class Residuals:
    """A block of items before all models, each (items of the block, models).

    Attributes:
        correct: probability of success.
        wrong: its complement.
        steep: derivative of `correct` by ability.
        residual: score less `correct`, 0 where missing.
        given: 1 where answered, 0 where missing.
    """

    correct: Float64Array
    wrong: Float64Array
    steep: Float64Array
    residual: Float64Array
    given: Float64Array

    NAMES = ("answers", "variance", "squared", "standardised", "outfit_variance", "infit_variance")

    @classmethod
    def of(cls, answers: Answers, parameters: ItemParameters, ability: Float64Array, items: slice) -> Residuals:
        """Residuals of a range of items."""
        part = parameters.take(items)
        at = curves(part, ability)
        scores, mask = answers.block(items)
        given = np.ones_like(at.correct) if mask is None else mask.T
        steep = at.rise * part.discrimination[:, None]
        return cls(at.correct, at.wrong, steep, (scores.T - at.correct) * given, given)

    def sums(self, over_models: bool) -> Float64Array:
        """(items or models, 6) sums of `NAMES` over models, or else over items."""
        variance = self.correct * self.wrong
        fourth = variance * (1 - 3 * variance)  # E (y - P)^4 of a right-or-wrong answer
        squared = self.residual**2
        cells = (
            self.given,
            self.given * variance,
            squared,
            squared / variance,
            self.given * (fourth / variance**2 - 1),
            self.given * (fourth - variance**2),
        )
        return np.stack([cell.sum(axis=int(over_models)) for cell in cells], axis=1)


def _mean_squares(sums: Float64Array) -> MeanSquares:
    answers, variance, squared, standardised, outfit_variance, infit_variance = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        infit, outfit = squared / variance, standardised / answers
        infit_sd, outfit_sd = np.sqrt(infit_variance) / variance, np.sqrt(outfit_variance) / answers
        return MeanSquares(infit, outfit, _wilson_hilferty(infit, infit_sd), _wilson_hilferty(outfit, outfit_sd))


def _wilson_hilferty(mean_square: Float64Array, deviation: Float64Array) -> Float64Array:
    """A mean square of mean 1 on the scale of a standard normal, by its cube root; NaN where it cannot vary."""
    usable = np.where(deviation > np.sqrt(NEGLIGIBLE), deviation, np.nan)
    return np.asarray((np.cbrt(mean_square) - 1) * 3 / usable + usable / 3, dtype=np.float64)


def _pattern_moments(residuals: Residuals) -> Float64Array:
    """(5, models) sums over a block of items that l_z and l_z* are made of."""
    variance = residuals.correct * residuals.wrong
    log_odds = np.log(residuals.correct) - np.log(residuals.wrong)
    score = residuals.steep / variance  # weight of an answer in the estimating equation of ability
    information = residuals.given * residuals.steep * score
    shared = residuals.given * residuals.steep * log_odds
    spread = residuals.given * variance * log_odds**2
    cells = (residuals.residual * log_odds, residuals.residual * score, shared, information, spread)
    return np.stack([cell.sum(axis=0) for cell in cells])


def _standardised_likelihood(moments: Float64Array) -> tuple[Float64Array, Float64Array]:
    """l_z and l_z*, each (models,).

    l - E l is the sum of (y - P) w, w the log odds. l_z* uses w - c r, r an answer's weight in the estimating equation
    of ability and c the regression of w' on r' that makes the expectation flat in ability; an error in ability then
    moves the sum by less than its own size, whichever the estimate. For the mode this is Snijders' form: his term
    c r_0 is what the sum of (y - P) r comes to at the mode.
    """
    surprise, equation, shared, information, spread = moments
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = shared / information
        left = spread - slope * shared
        left = np.where(left > NEGLIGIBLE * spread, left, np.nan)
        known = np.where(spread > 0, spread, np.nan)
        return surprise / np.sqrt(known), (surprise - slope * equation) / np.sqrt(left)


def check_fit(scores: FloatArray, parameters: ItemParameters, ability: Float64Array) -> Answers:
    """Scores that belong to these items and abilities.

    Args:
        scores: (models, items) in [0, 1]; NaN where a model did not answer.
        parameters: of the items.
        ability: (models,).

    Raises:
        ResponseDataError: they do not belong together.
    """
    answers = Answers.of(scores)
    if answers.scores.shape != (len(ability), len(parameters)):
        raise ResponseDataError(
            f"scores: shape {answers.scores.shape} for {len(ability)} abilities and the parameters of {len(parameters)}"
        )
    return answers
