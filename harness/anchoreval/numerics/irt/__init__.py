"""Item response theory: unidimensional logistic models fitted, abilities, information and fit statistics."""

from __future__ import annotations

from anchoreval.numerics.irt.ability import Abilities, eap_abilities, map_abilities
from anchoreval.numerics.irt.fitting import IRTFit, fit_irt
from anchoreval.numerics.irt.information import item_information, total_information
from anchoreval.numerics.irt.parameters import ItemErrors, ItemParameters, expected_scores
from anchoreval.numerics.irt.priors import Priors

__all__ = [
    "Abilities",
    "IRTFit",
    "ItemErrors",
    "ItemParameters",
    "Priors",
    "eap_abilities",
    "expected_scores",
    "fit_irt",
    "item_information",
    "map_abilities",
    "total_information",
]
