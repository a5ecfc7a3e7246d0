"""How many abilities to fit: the fewest that predict held-out answers of held-out models about as well as any.

The rule is that of tinyBenchmarks (Maia Polo et al. 2024): every fifth model is set aside, items are fitted to the
others, a set-aside model's abilities are found from its answers to the items in even places and its mean score over
those in odd places is predicted. Choosing costs one fit a candidate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array, FloatArray, IntArray
from anchoreval.errors import MethodOptionError, ResponseDataError, TooFewModelsError
from anchoreval.numerics.irt.answers import Answers
from anchoreval.numerics.irt.multidimensional.abilities import multidimensional_abilities
from anchoreval.numerics.irt.multidimensional.fitting import fit_multidimensional
from anchoreval.numerics.irt.multidimensional.parameters import (
    MultidimensionalParameters,
    multidimensional_expected_scores,
)

EVERY = 5
"""Every fifth model is set aside, the first one included."""
FEWEST = 3
"""Fewer models than this leave nothing to fit or nothing to validate."""


@dataclass(frozen=True)
class DimensionChoice:
    """Candidates and what they predict.

    Attributes:
        dimensions: the one chosen.
        errors: mean absolute error of the held-out mean scores in [0, 1], by candidate.
    """

    dimensions: int
    errors: dict[int, float]


def choose_dimensions(
    scores: FloatArray,
    candidates: Sequence[int] = (1, 2, 5, 10),
    slack: float = 0.0025,
    groups: IntArray | None = None,
) -> DimensionChoice:
    """The smallest number of abilities whose validation error is within `slack` of the least.

    Args:
        scores: (models, items) in [0, 1]; NaN where a model did not answer. Every fifth row is set aside, so rows
            should be in an order that says nothing of the models, such as that of their ids.
        candidates: numbers of dimensions to try.
        slack: of the mean absolute error, in score.
        groups: (items,) group of each item, such as its scenario; errors are averaged over groups. None: one group.

    Raises:
        MethodOptionError: no candidates, or a negative slack.
        ResponseDataError: scores are no table, outside [0, 1], or leave nothing to predict.
        TooFewModelsError: fewer than 3 models.
    """
    if not candidates or slack < 0:
        raise MethodOptionError("irt: choosing dimensions needs candidates, and a slack of 0 or more")
    if len(scores) < FEWEST:
        raise TooFewModelsError(f"irt: choosing dimensions needs at least {FEWEST} models, not {len(scores)}")
    aside = np.arange(len(scores)) % EVERY == 0
    labels = np.zeros(scores.shape[1], dtype=np.int64) if groups is None else groups
    errors = {}
    for dimensions in sorted(set(candidates)):
        fitted = fit_multidimensional(scores[~aside], dimensions).parameters
        errors[dimensions] = held_out_error(scores[aside], fitted, labels)
    least = min(errors.values())
    return DimensionChoice(next(d for d, error in errors.items() if error <= least + slack), errors)


def held_out_error(scores: FloatArray, parameters: MultidimensionalParameters, groups: IntArray) -> float:
    """Mean absolute error of mean scores over items in odd places, predicted from those in even places.

    Args:
        scores: (models, items) of models that the parameters were not fitted to.
        parameters: of the items.
        groups: (items,) a mean score is taken over each, and errors are averaged over them.

    Raises:
        ResponseDataError: no model answered an item in an odd place.
    """
    even = np.arange(scores.shape[1]) % 2 == 0
    ability = multidimensional_abilities(scores[:, even], parameters.take(even)).ability
    expected = multidimensional_expected_scores(parameters, ability)
    errors = [_mean_errors(scores, expected, ~even & (groups == group)) for group in np.unique(groups)]
    known = [float(np.nanmean(error)) for error in errors if not np.isnan(error).all()]
    if not known:
        raise ResponseDataError("irt: choosing dimensions needs models set aside that answered items in odd places")
    return float(np.mean(known))


def _mean_errors(scores: FloatArray, expected: Float64Array, items: BoolArray) -> Float64Array:
    """(models,) absolute error of the mean over some items that a model answered; NaN where it answered none."""
    answers = Answers.of(scores)
    given = np.ones_like(expected) if answers.answered is None else answers.answered.astype(np.float64)
    given = given * items
    count = given.sum(axis=1)
    difference = np.einsum("mi,mi->m", given, answers.scores - expected)
    return np.abs(np.where(count > 0, difference / np.maximum(count, 1), np.nan))
