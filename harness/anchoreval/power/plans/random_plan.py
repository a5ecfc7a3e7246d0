"""What random anchors read by their mean tell apart, in closed form: what a plan can say with hardly any model at hand.

Models that answer k items drawn at random are compared by McNemar's test (`accuracy_power`); the discordance of models
of like score is read off the source models (`item_sampling`), for scores that are not right or wrong the mean squared
difference on an item. It is a statement about the population that the items are drawn from, whole or large beside k.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.power.analysis.accuracy_power import paired_sample_size
from anchoreval.power.analysis.detectable_difference import detectable_difference
from anchoreval.power.law.item_sampling import ItemSampling
from anchoreval.power.plans.plan_points import Aim


@dataclass(frozen=True)
class RandomPlan:
    """Made by `learn`.

    Attributes:
        discordance: mean squared difference of two models of like score on an item, in [0, 1].
        aim: what is wanted.
    """

    discordance: float
    aim: Aim

    @classmethod
    def learn(cls, sampling: ItemSampling, aim: Aim, coverage: float = 1.0) -> Self:
        """From the sampling error of the full benchmark, of whose weight the items at hand carry a share."""
        return cls(float(np.clip(sampling.variance(0.0) * sampling.n_items / coverage, 0.0, 1.0)), aim)

    def smallest(self, k: Any) -> Float64Array:
        """Smallest difference found by k random items, in score units; NaN where no possible difference is."""
        found = detectable_difference(k, 1.0 - self.discordance, power=self.aim.power, alpha=self.aim.alpha)
        return found.difference

    def needed(self) -> float:
        """Number of random items that find the wanted difference; NaN where it exceeds the discordance."""
        if self.aim.wanted > self.discordance:
            return float("nan")
        return float(paired_sample_size(self.discordance, self.aim.wanted, self.aim.power, self.aim.alpha))
