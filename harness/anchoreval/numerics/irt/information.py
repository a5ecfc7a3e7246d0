"""Fisher information about ability: of each item, and of a test."""

from __future__ import annotations

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.numerics.irt.answers import blocks
from anchoreval.numerics.irt.parameters import ItemParameters, curves


def item_information(parameters: ItemParameters, ability: Float64Array) -> Float64Array:
    """(items, abilities) information P'^2 / (P (1 - P)); for 2pl at most discrimination^2 / 4, at the difficulty.

    Args:
        parameters: of the items.
        ability: (abilities,).
    """
    at = curves(parameters, np.asarray(ability, dtype=np.float64))
    slope = at.rise * parameters.discrimination[:, None]
    return np.asarray(slope**2 / (at.correct * at.wrong), dtype=np.float64)


def total_information(parameters: ItemParameters, ability: Float64Array) -> Float64Array:
    """(abilities,) information of all items together; 1 / sqrt of it is the standard error of maximum likelihood.

    Args:
        parameters: of the items.
        ability: (abilities,).
    """
    total = np.zeros(len(ability))
    for items in blocks(len(parameters), len(ability)):
        total += item_information(parameters.take(items), ability).sum(axis=0)
    return total
