"""Confidence sets for ranks: which places on a leaderboard each model may hold, given the errors of all scores.

Pairs of models are compared, each difference against its own standard error, so that models whose errors go together
(kin, or one set of anchors) are told apart more sharply than intervals of single scores could. A model that k others
surely beat is at best of rank k + 1; one that surely beats k others is at worst of rank models - k. Rank 1 is the best.

Ties: the rank of a model is 1 plus the number of models that are truly better, and a set covers it. Where true scores
tie, it covers every place of the tied block.

*Simultaneous* sets hold all models' ranks at once with the stated probability, and so do the sets of models that may be
among the best or the worst made from them. *Marginal* sets hold the rank of one model named beforehand; they are
narrower. One-sided bounds are narrower than two-sided sets only in the marginal case: over all models "j beats k" is
tested in both orders anyway.

Needs the whole covariance of the estimates' errors, the variances alone would do where errors are independent. Draws
are normal, or Student's where the covariance's size was itself estimated from few models (`degrees_of_freedom`).
Cost: 400 models and 10,000 draws take 1 s, all marginal sets 8 s.

Source: Mogstad, Romano, Shaikh and Wilhelm, Inference for ranks with applications to mobility across neighbourhoods and
academic achievement across countries, Review of Economic Studies 91 (2024). Naive bootstraps of ranks do not cover
under ties.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, Float64Array, IntArray
from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.inputs import check_at_least
from anchoreval.power.ranks.rank_statistics import (
    ROUNDING,
    StudentisedPairs,
    all_pairs,
    pairs_with,
    stepdown,
    studentise,
)

Sides = Literal["both", "best", "worst"]
SIDES = ("both", "best", "worst")


@dataclass(frozen=True, eq=False)
class RankSets:
    """The places that each model may hold. Rank 1 is the best.

    Attributes:
        models: that are ranked, in the order given.
        left_out: models without an estimate; ranks are among the others.
        estimates: (models,) scores, or counts.
        above: (models, models) whether the column's model is surely better than the row's, as found for the row's rank.
        below: (models, models) whether the row's model is surely better than the column's; of simultaneous two-sided
            sets, the transpose of `above`.
        level: probability with which the sets hold.
        simultaneous: whether for all models at once, or for each by itself.
        critical: (models,) standard errors by which a difference had to exceed 0 at the last step; NaN for counts.
    """

    models: pd.Index[Any]
    left_out: tuple[Any, ...]
    estimates: Float64Array
    above: BoolArray
    below: BoolArray
    level: float
    simultaneous: bool
    critical: Float64Array

    @property
    def rank(self) -> IntArray:
        """(models,) 1 plus the number of models with a higher estimate; ties share the better rank."""
        return _one_plus(self.estimates[None, :] - self.estimates[:, None] > ROUNDING)

    @property
    def lower(self) -> IntArray:
        """(models,) best rank that is not ruled out; 1 where only the worst ranks were asked for."""
        return _one_plus(self.above)

    @property
    def upper(self) -> IntArray:
        """(models,) worst rank that is not ruled out; the number of models where only the best ranks were asked for."""
        return len(self.models) + 1 - _one_plus(self.below)

    def table(self) -> pd.DataFrame:
        """Index model; `estimate`, `rank`, `lower`, `upper`."""
        columns = {"estimate": self.estimates, "rank": self.rank, "lower": self.lower, "upper": self.upper}
        return pd.DataFrame(columns, index=self.models)

    def best(self, tau: int = 1) -> pd.Index[Any]:
        """Models that may be among the `tau` best; of simultaneous sets, all that truly are, with probability `level`.

        Raises:
            MethodOptionError: `tau` is less than 1.
        """
        return self.models[self.lower <= _checked_tau(tau)]

    def worst(self, tau: int = 1) -> pd.Index[Any]:
        """Models that may be among the `tau` worst; of simultaneous sets, all that truly are.

        Raises:
            MethodOptionError: `tau` is less than 1.
        """
        return self.models[self.upper > len(self.models) - _checked_tau(tau)]


def rank_sets(
    estimates: Any,
    covariance: Any,
    level: float = 0.95,
    *,
    simultaneous: bool = True,
    sides: Sides = "both",
    single_step: bool = False,
    draws: int = 10_000,
    seed: int = 0,
    degrees_of_freedom: float | None = None,
    models: Sequence[Any] | None = None,
) -> RankSets:
    """Rank confidence sets from estimates and the covariance of their errors.

    Args:
        estimates: (models,) scores, NaN for a model that is to be left out.
        covariance: (models, models) of the estimates' errors, in score units squared; rows of models left out are not
            read. Two models whose difference has no error are one: never told apart, unless both scores are known
            without error.
        level: probability with which the sets hold, in (0.5, 1).
        simultaneous: for all models at once, or for each by itself.
        sides: `both`, or only the `best` or the `worst` rank of each model.
        single_step: whether to do without the stepdown, which never loses anything.
        draws: of the estimates' errors.
        seed: of the draws.
        degrees_of_freedom: with which the covariance's size was estimated (groups of calibration models); None: known.
        models: (models,) names; positions by default.

    Raises:
        MethodOptionError: a level, sides, draws or degrees of freedom that are not possible.
        ResponseDataError: shapes disagree, no model has an estimate, or the covariance is not one.
    """
    check_request(level, sides)
    _check_draws(draws, degrees_of_freedom)
    values, matrix, names, there = _checked(estimates, covariance, models)
    pairs = studentise(values, matrix, draws, seed, degrees_of_freedom)
    search = _all_at_once if simultaneous else _one_by_one
    above, below, critical = search(pairs, level, sides, not single_step)
    return RankSets(names[there], tuple(names[~there]), values, above, below, level, simultaneous, critical)


def _all_at_once(
    pairs: StudentisedPairs, level: float, sides: Sides, repeat: bool
) -> tuple[BoolArray, BoolArray, Float64Array]:
    count = len(pairs.statistics)
    found = stepdown(pairs, all_pairs(count), level, repeat)
    better = found.ahead | found.behind.T
    nothing = np.zeros_like(better)
    above, below = (better.T if sides != "worst" else nothing), (better if sides != "best" else nothing)
    return above, below, np.full(count, found.critical)


def _one_by_one(
    pairs: StudentisedPairs, level: float, sides: Sides, repeat: bool
) -> tuple[BoolArray, BoolArray, Float64Array]:
    count = len(pairs.statistics)
    above, below = np.zeros((2, count, count), dtype=np.bool_)
    critical = np.zeros(count)
    for model in range(count):
        family = pairs_with(model, count, ahead=sides != "best", behind=sides != "worst")
        found = stepdown(pairs, family, level, repeat)
        above[model], below[model], critical[model] = found.behind[0], found.ahead[0], found.critical
    return above, below, critical


def _one_plus(counted: BoolArray) -> IntArray:
    """(models,) 1 plus the number of models marked in each row."""
    return np.asarray(1 + counted.sum(axis=1), dtype=np.int64)


def _checked_tau(tau: int) -> int:
    if tau < 1:
        raise MethodOptionError(f"tau = {tau!r}: there is no place better than the first")
    return tau


def check_request(level: float, sides: str) -> None:
    """Raise MethodOptionError unless the level is in (0.5, 1) and the sides are among `SIDES`."""
    if not 0.5 < level < 1.0:
        raise MethodOptionError(f"level = {level!r} is not between 0.5 and 1")
    if sides not in SIDES:
        raise MethodOptionError(f"sides = {sides!r} is none of {', '.join(SIDES)}")


def named(models: Sequence[Any] | None, count: int) -> pd.Index[Any]:
    """(count,) names of the models, their positions where None is given.

    Raises:
        ResponseDataError: another number of names.
    """
    names = pd.Index(range(count) if models is None else list(models), name="model")
    if len(names) != count:
        raise ResponseDataError(f"{count} models have {len(names)} names")
    return names


def _check_draws(draws: int, degrees_of_freedom: float | None) -> None:
    check_at_least("draws", draws, 1)
    if degrees_of_freedom is not None:
        check_at_least("degrees_of_freedom", degrees_of_freedom, 1)


def _checked(
    estimates: Any, covariance: Any, models: Sequence[Any] | None
) -> tuple[Float64Array, Float64Array, pd.Index[Any], BoolArray]:
    """Estimates and covariance of the models that have one, all names, and which models these are."""
    values, matrix = np.asarray(estimates, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
    if values.ndim != 1 or matrix.shape != (len(values), len(values)):
        raise ResponseDataError(f"estimates have shape {values.shape}, their covariance {matrix.shape}")
    names = named(models, len(values))
    there = ~np.isnan(values)
    if not there.any():
        raise ResponseDataError("no model has an estimate")
    values, matrix = values[there], matrix[np.ix_(there, there)]
    wrong = ~np.isfinite(values) | ~np.isfinite(matrix).all(axis=1) | (np.diag(matrix) < 0.0)
    if wrong.any():
        raise ResponseDataError(f"model {names[there][wrong][0]!r}: its estimate or variance is not a possible number")
    if not np.allclose(matrix, matrix.T, rtol=1e-6, atol=1e-9 * float(np.max(np.diag(matrix), initial=0.0))):
        raise ResponseDataError("the covariance is not symmetric")
    return values, (matrix + matrix.T) / 2.0, names, there
