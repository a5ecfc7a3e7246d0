"""Multidimensional item response theory: a 2PL in several abilities fitted, abilities, and how many to fit."""

from __future__ import annotations

from anchoreval.numerics.irt.multidimensional.abilities import (
    MultidimensionalAbilities,
    multidimensional_abilities,
)
from anchoreval.numerics.irt.multidimensional.dimensions import DimensionChoice, choose_dimensions
from anchoreval.numerics.irt.multidimensional.fitting import MultidimensionalFit, fit_multidimensional
from anchoreval.numerics.irt.multidimensional.parameters import (
    MultidimensionalParameters,
    multidimensional_expected_scores,
)

__all__ = [
    "DimensionChoice",
    "MultidimensionalAbilities",
    "MultidimensionalFit",
    "MultidimensionalParameters",
    "choose_dimensions",
    "fit_multidimensional",
    "multidimensional_abilities",
    "multidimensional_expected_scores",
]
