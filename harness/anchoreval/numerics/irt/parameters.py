"""Item parameters of the one- to four-parameter logistic models, and the curves they describe.

The probability that a model of ability theta answers an item correctly is
lower + (upper - lower) / (1 + exp(-(discrimination theta + intercept))), with discrimination > 0 and
0 <= lower < upper <= 1; difficulty = -intercept / discrimination is where the curve is half-way. A fractional score
in [0, 1] has that value as its expectation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import Float64Array

STEEPEST = 80.0
"""Logits beyond this make no difference to a double, and their exponentials must not overflow."""


@dataclass(frozen=True)
class ItemErrors:
    """Standard errors of item parameters, each (items,); 0 where the model fixes the parameter.

    Attributes:
        discrimination: of the slope.
        intercept: of the intercept.
        difficulty: of -intercept / discrimination, by the delta method.
        lower: of the lower asymptote.
        upper: of the upper asymptote.
    """

    discrimination: Float64Array
    intercept: Float64Array
    difficulty: Float64Array
    lower: Float64Array
    upper: Float64Array


@dataclass(frozen=True)
class ItemParameters:
    """Parameters of a logistic item response model, each (items,) float64.

    Attributes:
        discrimination: slope of the logit in ability, positive.
        intercept: logit at ability 0; the form the model is fitted in, finite for every item.
        lower: probability of success at very low ability.
        upper: probability of success at very high ability.
        errors: standard errors, or None where the parameters were not estimated here.
    """

    discrimination: Float64Array
    intercept: Float64Array
    lower: Float64Array
    upper: Float64Array
    errors: ItemErrors | None = None

    @property
    def difficulty(self) -> Float64Array:
        """(items,) ability at which the curve is half-way between its asymptotes; large items are hard."""
        return np.asarray(-self.intercept / self.discrimination, dtype=np.float64)

    @property
    def plain(self) -> bool:
        """Whether every curve runs from 0 to 1."""
        return not self.lower.any() and bool((self.upper == 1.0).all())

    def __len__(self) -> int:
        return len(self.discrimination)

    def take(self, items: slice) -> ItemParameters:
        """The parameters of a range of items, without standard errors."""
        return ItemParameters(self.discrimination[items], self.intercept[items], self.lower[items], self.upper[items])


@dataclass(frozen=True)
class Curves:
    """Item curves at some abilities, each (items, abilities).

    Attributes:
        logistic: 1 / (1 + exp(-logit)).
        correct: probability of success.
        wrong: its complement, without the rounding of 1 - correct.
        rise: derivative of `correct` by the logit.
    """

    logistic: Float64Array
    correct: Float64Array
    wrong: Float64Array
    rise: Float64Array


def curves(parameters: ItemParameters, ability: Float64Array) -> Curves:
    """Every item's curve at every ability.

    Args:
        parameters: of n items.
        ability: (abilities,).
    """
    logit = parameters.discrimination[:, None] * ability + parameters.intercept[:, None]
    inverse_odds = np.exp(-np.clip(logit, -STEEPEST, STEEPEST))
    logistic = 1.0 / (1.0 + inverse_odds)
    failing = inverse_odds * logistic
    if parameters.plain:
        return Curves(logistic, logistic, failing, logistic * failing)
    lower, span = parameters.lower[:, None], (parameters.upper - parameters.lower)[:, None]
    wrong = 1.0 - parameters.upper[:, None] + span * failing
    return Curves(logistic, lower + span * logistic, wrong, span * logistic * failing)


def log_curves(parameters: ItemParameters, ability: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Logarithms of the odds of success and of the probability of failure, both (items, abilities).

    Args:
        parameters: of n items.
        ability: (abilities,).
    """
    if parameters.plain:
        logit = parameters.discrimination[:, None] * ability + parameters.intercept[:, None]
        return logit, -np.maximum(logit, 0.0) - np.log1p(np.exp(-np.abs(logit)))
    at = curves(parameters, ability)
    log_wrong = np.log(at.wrong)
    return np.log(at.correct) - log_wrong, log_wrong


def expected_scores(parameters: ItemParameters, ability: Float64Array) -> Float64Array:
    """(models, items) expected score of models of given ability.

    Args:
        parameters: of the items.
        ability: (models,).
    """
    return curves(parameters, np.asarray(ability, dtype=np.float64)).correct.T
