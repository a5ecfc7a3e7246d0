"""How good settings of the filter are: the error of the whole recipe on source models that it has not seen.

Fold by fold the item response model is fitted to the other models, the filter chooses, the model is fitted again to
what was chosen, and a GAM goes from ability and subset mean to the full score.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from anchor_selectors.metabench.thinning import Settings, Thinning, abilities
from anchoreval.arrays import BoolArray, Float64Array, IntArray
from anchoreval.numerics.gam import fit_gam
from anchoreval.numerics.irt import fit_irt

POINTS = 100.0
"""Errors in percentage points a unit of score."""
MODELS_A_SPLINE = 5
"""GAMs have a basis function a feature for this many models, between 4 and 10."""


@dataclass(frozen=True, eq=False)
class Fold:
    """Source models to learn from and others to judge by."""

    learnt: Thinning
    held_out: Float64Array
    truth: Float64Array
    held_out_truth: Float64Array
    known: dict[tuple[str, str, bytes], Float64Array] = field(default_factory=dict)

    @classmethod
    def of(cls, scores: Float64Array, truth: Float64Array, inside: BoolArray, bins: int) -> Fold:
        """The fold that holds the models `inside` out."""
        return cls(Thinning(scores[~inside], bins), scores[inside], truth[~inside], truth[inside])

    @cached_property
    def level_errors(self) -> Float64Array:
        """(held out,) errors without any item: of the mean full score."""
        return np.asarray(self.held_out_truth - self.truth.mean(), dtype=np.float64)

    def errors(self, items: IntArray, settings: Settings) -> Float64Array:
        """(held out,) errors of the GAM on ability and mean of these items, worked out once for every set of items."""
        items = np.sort(items)
        key = (settings.model, settings.ability, items.tobytes())
        if key not in self.known:
            self.known[key] = self._errors(items, settings)
        return self.known[key]

    def _errors(self, items: IntArray, settings: Settings) -> Float64Array:
        here, there = self.learnt.scores[:, items], self.held_out[:, items]
        parameters = fit_irt(here, settings.model, standard_errors=False).parameters
        features, targets = (
            np.column_stack([abilities(part, parameters, settings.ability), part.mean(axis=1)])
            for part in (here, there)
        )
        splines = int(np.clip(len(here) // MODELS_A_SPLINE, 4, 10))
        predicted = np.clip(fit_gam(features, self.truth, splines=splines).predict(targets), 0.0, 1.0)
        return np.asarray(self.held_out_truth - predicted, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Objective:
    """What the search for settings makes small.

    Attributes:
        folds: of the source models.
        k: the budget.
        price: of an item, in percentage points: too many or too few against k, or all of them if `published`.
        published: judge what the filter takes and price every item, instead of exactly k items.
        fewest: settings that take fewer items are as bad as no items at all (published form only).
    """

    folds: list[Fold]
    k: int
    price: float
    published: bool
    fewest: int = 10

    def __call__(self, settings: Settings) -> float:
        """Root mean square error in percentage points plus the price of the items."""
        parts = [self._fold(fold, settings) for fold in self.folds]
        errors, counts = np.concatenate([part[0] for part in parts]), np.array([part[1] for part in parts])
        paid = counts.mean() if self.published else np.abs(counts - self.k).mean()
        return float(POINTS * np.sqrt((errors**2).mean()) + self.price * paid)

    def _fold(self, fold: Fold, settings: Settings) -> tuple[Float64Array, int]:
        taken = fold.learnt.filtered(settings)
        if not self.published:
            return fold.errors(fold.learnt.thinned(settings, self.k), settings), len(taken)
        return (fold.errors(taken, settings) if len(taken) >= self.fewest else fold.level_errors), len(taken)
