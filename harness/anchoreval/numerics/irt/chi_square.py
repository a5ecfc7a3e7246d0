"""Whether an item's curve has the shape of the model: observed against expected scores by level of ability (Q1).

Models are cut into groups of like ability, and in each group an item's mean score is compared with the one expected
(Yen 1981). It sees what mean squares miss: a curve that bends, falls, or ends above 0. It takes abilities for known:
with few items a model (below about 50) it rejects too often, as the answers themselves put the models into groups.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from anchoreval.arrays import Float64Array, FloatArray
from anchoreval.errors import MethodOptionError
from anchoreval.numerics.irt.answers import Answers, blocks
from anchoreval.numerics.irt.fit_statistics import check_fit
from anchoreval.numerics.irt.parameters import ItemParameters, curves
from anchoreval.numerics.ranks import average_ranks

LEAST_VARIANCE = 1e-9
"""An expected score nearer to 0 or 1 than this leaves nothing to compare."""


@dataclass(frozen=True)
class ItemChiSquare:
    """Q1 of items.

    Attributes:
        statistic: (items,) sum over groups of squared standardised differences; NaN without answers.
        degrees: (items,) groups that hold answers, less the item's free parameters.
        p_value: (items,) upper tail of the chi-square distribution; NaN without degrees of freedom.
    """

    statistic: Float64Array
    degrees: Float64Array
    p_value: Float64Array


def item_chi_square(
    scores: FloatArray, parameters: ItemParameters, ability: Float64Array, groups: int = 10, free: int = 2
) -> ItemChiSquare:
    """Yen's Q1 of every item.

    Args:
        scores: (models, items) in [0, 1]; NaN where a model did not answer. Fractional scores vary less than right and
            wrong, so that their statistic is too small.
        parameters: of the same items.
        ability: (models,).
        groups: number of levels of ability, as equal in size as can be; equal abilities stay together.
        free: parameters that were fitted an item: 2 for the 2PL, 0 for parameters known beforehand.

    Raises:
        MethodOptionError: fewer groups than leave a degree of freedom.
        ResponseDataError: scores are no table, outside [0, 1], or not of these items and models.
    """
    if groups <= free or free < 0:
        raise MethodOptionError(f"irt: groups must exceed the {free} free parameters of an item, not be {groups}")
    answers = check_fit(scores, parameters, ability)
    place = (average_ranks(ability) - 0.5) / len(ability) * groups
    member = np.equal.outer(np.arange(groups), np.minimum(place.astype(np.int64), groups - 1)).astype(np.float64)
    statistic, degrees = np.empty(len(parameters)), np.empty(len(parameters))
    for items in blocks(len(parameters), len(ability)):
        statistic[items], filled = _by_group(answers, parameters, ability, member, items)
        degrees[items] = filled - free
    p_value = np.where(degrees > 0, chdtrc(np.maximum(degrees, 1), np.nan_to_num(statistic)), np.nan)
    return ItemChiSquare(statistic, degrees, np.where(np.isnan(statistic), np.nan, p_value))


def _by_group(
    answers: Answers, parameters: ItemParameters, ability: Float64Array, member: Float64Array, items: slice
) -> tuple[Float64Array, Float64Array]:
    """(items of the block,) statistic, and number of groups that hold answers."""
    scores, mask = answers.block(items)
    given = np.ones_like(scores) if mask is None else mask
    count, observed = member @ given, member @ scores  # (groups, items)
    expected = member @ (curves(parameters.take(items), ability).correct.T * given)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = expected / count
        cells = (observed - expected) ** 2 / (count * share * (1 - share))
    filled = (count > 0) & (share * (1 - share) > LEAST_VARIANCE)
    total = np.where(filled, cells, 0.0).sum(axis=0)
    return np.where(filled.any(axis=0), total, np.nan), filled.sum(axis=0).astype(np.float64)
