"""How much of each of two estimates to take: the mixture of least expected squared error, from their errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float64Array

NOTHING = 1e-15
"""Mixtures whose squared difference is below this are the same estimate."""


@dataclass(frozen=True, eq=False)
class ErrorMoments:
    """Second moments, (outputs,) each, of the errors of a sample estimate and of a metamodel, biases included."""

    sample: Float64Array
    model: Float64Array
    both: Float64Array

    @classmethod
    def of(cls, truth: Float64Array, sample: Float64Array, model: Float64Array, weights: Float64Array) -> Self:
        """Weighted over models; an output counts only models for which all three are known.

        Args:
            truth: (models, outputs); NaN where unknown.
            sample: (models, outputs) estimates; NaN where there is none.
            model: (models, outputs) likewise.
            weights: (models,) non-negative.

        Returns:
            Moments; NaN for an output of which nothing is known.
        """
        known = ~np.isnan(truth + sample + model)
        first = np.where(known, sample - truth, 0.0)
        second = np.where(known, model - truth, 0.0)
        total = weights @ known
        mass = np.where(total > 0, total, np.nan)
        return cls(*((weights @ product) / mass for product in (first**2, second**2, first * second)))

    def sample_share(self, scale: Float64Array, more: Float64Array) -> Float64Array:
        """(models, outputs) share of the sample estimate, in [0, 1]; 1 where nothing is known of the errors.

        Args:
            scale: (models,) by what the moments are multiplied for a model.
            more: (models,) squared error that a metamodel has besides, independent of the sample's.
        """
        for_sample = scale[:, None] * (self.model - self.both) + more[:, None]
        apart = scale[:, None] * (self.model + self.sample - 2.0 * self.both) + more[:, None]
        share = np.where(apart > NOTHING, for_sample / np.where(apart > NOTHING, apart, 1.0), 1.0)
        return np.asarray(np.clip(np.nan_to_num(share, nan=1.0), 0.0, 1.0), dtype=np.float64)

    def state(self) -> dict[str, np.ndarray[Any, Any]]:
        """Plain arrays from which `from_state` restores them."""
        return {"sample": self.sample, "model": self.model, "both": self.both}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """What `state` describes."""
        return cls(*(np.array(state[name], dtype=np.float64) for name in ("sample", "model", "both")))
