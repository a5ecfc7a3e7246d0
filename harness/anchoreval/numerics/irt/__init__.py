"""Item response theory: unidimensional logistic models fitted, abilities, information and fit statistics."""

from __future__ import annotations

from anchoreval.numerics.irt.ability import Abilities, eap_abilities, map_abilities
from anchoreval.numerics.irt.chi_square import ItemChiSquare, item_chi_square
from anchoreval.numerics.irt.fit_statistics import MeanSquares, PersonFit, item_fit, person_fit
from anchoreval.numerics.irt.fitting import IRTFit, fit_irt
from anchoreval.numerics.irt.hierarchical import fit_hierarchical
from anchoreval.numerics.irt.information import item_information, total_information
from anchoreval.numerics.irt.parameters import ItemErrors, ItemParameters, expected_scores
from anchoreval.numerics.irt.priors import Priors

__all__ = [
    "Abilities",
    "IRTFit",
    "ItemChiSquare",
    "ItemErrors",
    "ItemParameters",
    "MeanSquares",
    "PersonFit",
    "Priors",
    "eap_abilities",
    "expected_scores",
    "fit_hierarchical",
    "fit_irt",
    "item_chi_square",
    "item_fit",
    "item_information",
    "map_abilities",
    "person_fit",
    "total_information",
]
