"""Power, Type-M and Type-S: what a comparison finds at a given true difference, also from simulated studies.

Power counts significant results of the right sign alone. What is significant is selected for its size: Type-M is by how
much significant differences exaggerate on average, Type-S how often they have the wrong sign. Both are large where
power is small, so that an underpowered comparison misleads even when it finds something.

Source: Gelman and Carlin, Beyond power calculations (2014); Card et al. (arXiv 2010.06595).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array


@dataclass(frozen=True)
class PowerFigures:
    """What a comparison finds at a given true difference.

    Attributes:
        power: probability of a significant result of the right sign.
        type_m: mean size of the significant differences over the true one; NaN where none is ever significant.
        type_s: share of significant differences with the wrong sign; NaN likewise.
        monte_carlo_error: standard error of `power` from a finite number of simulations, 0 where there are none.
    """

    power: float
    type_m: float
    type_s: float
    monte_carlo_error: float = 0.0


def summarise(observed: Float64Array, significant: BoolArray, truth: float) -> PowerFigures:
    """Power, Type-M and Type-S of simulated differences.

    Args:
        observed: (simulations,) estimated differences.
        significant: (simulations,) which of them the test finds.
        truth: the true difference, not 0.
    """
    found = observed[significant]
    right = int(np.count_nonzero(np.sign(found) == np.sign(truth)))
    size, count = len(observed), len(found)
    type_m = float(np.mean(np.abs(found)) / abs(truth)) if count else float("nan")
    type_s = 1.0 - right / count if count else float("nan")
    return PowerFigures(right / size, type_m, type_s, monte_carlo_error(right, size))


def monte_carlo_error(hits: int, simulations: int) -> float:
    """Standard error of a simulated share; two hits and two misses are added, so that none is 0 (Agresti and Coull)."""
    share = (hits + 2) / (simulations + 4)
    return float(np.sqrt(share * (1.0 - share) / (simulations + 4)))
