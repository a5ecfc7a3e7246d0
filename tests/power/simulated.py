"""Calibration models whose law of differences is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array


def residuals(
    rng: np.random.Generator,
    models: int,
    slope: float = 0.7,
    deviation: float = 0.03,
    by_level: float = 0.0,
    families: int = 0,
    shared: float = 0.0,
) -> pd.DataFrame:
    """Estimates slope * truth + error.

    Args:
        rng: draws everything.
        models: number of them, each a group of its own.
        slope: of estimates on truths.
        deviation: of the error of a model of score one half.
        by_level: change of the deviation per unit of score, relative to it.
        families: number of families; 0: none are known.
        shared: share of the error's variance that a family has in common.
    """
    truth = rng.beta(4.0, 3.0, models)
    family = rng.integers(max(families, 1), size=models)
    common: Float64Array = rng.normal(size=max(families, 1))
    noise = np.sqrt(shared) * common[family] + np.sqrt(1.0 - shared) * rng.normal(size=models)
    size = deviation * (1.0 + by_level * (truth - 0.5))
    estimate = 0.2 + slope * truth + size * noise
    return pd.DataFrame(
        {
            "estimate": estimate,
            "truth": truth,
            "residual": estimate - truth,
            "group": [f"g{n}" for n in range(models)],
            "family": [f"f{n}" for n in family] if families else None,
        },
        index=pd.Index([f"m{n:03d}" for n in range(models)], dtype=object, name="model"),
    )
