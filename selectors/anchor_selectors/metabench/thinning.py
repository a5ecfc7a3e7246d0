"""The second cut: an item response model of the candidate items, and what the information filter takes of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.numerics.information_filter import ability_bins, information_filter, with_budget
from anchoreval.numerics.irt import Abilities, ItemParameters, eap_abilities, fit_irt, item_information, map_abilities

ABILITIES = {"map": map_abilities, "eap": eap_abilities}


@dataclass(frozen=True)
class Settings:
    """Of the filter.

    Attributes:
        model: of item response theory: 2pl, 3pl or 4pl.
        ability: map or eap.
        grid: of the bins (`anchoreval.numerics.information_filter`).
        threshold: of information.
    """

    model: str
    ability: str
    grid: str
    threshold: float


def abilities(scores: Float64Array, parameters: ItemParameters, kind: str) -> Float64Array:
    """(models,) abilities of the kind named."""
    found: Abilities = ABILITIES[kind](scores, parameters)
    return found.ability


@dataclass(frozen=True, eq=False)
class Thinning:
    """Item response models of some source models on the candidate items, each fitted once and only if asked for.

    Attributes:
        scores: (models, items) without gaps.
        bins: number of bins.
    """

    scores: Float64Array
    bins: int
    known: dict[tuple[str, ...], Float64Array] = field(default_factory=dict)
    fits: dict[str, ItemParameters] = field(default_factory=dict)

    def information(self, model: str, ability: str, grid: str) -> Float64Array:
        """(items, bins) information at the abilities of these models."""
        key = (model, ability, grid)
        if key not in self.known:
            if model not in self.fits:
                self.fits[model] = fit_irt(self.scores, model, standard_errors=False).parameters
            levels = abilities(self.scores, self.fits[model], ability)
            self.known[key] = item_information(self.fits[model], ability_bins(levels, self.bins, grid))
        return self.known[key]

    def filtered(self, settings: Settings) -> IntArray:
        """Positions that the filter takes."""
        information = self.information(settings.model, settings.ability, settings.grid)
        return information_filter(information, settings.threshold)

    def thinned(self, settings: Settings, k: int) -> IntArray:
        """Exactly k positions: what the filter takes, filled or cut."""
        information = self.information(settings.model, settings.ability, settings.grid)
        return with_budget(information, self.filtered(settings), k)
