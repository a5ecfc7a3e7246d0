"""Studies with human ratings, drawn rating by rating from the mixed model."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.power.analysis.ratings import RatingDeviations


def drawn_ratings(
    deviations: RatingDeviations, workers: int, items: int, difference: float, rng: np.random.Generator
) -> Float64Array:
    """(2, workers, items) ratings of two systems by every worker on every item."""
    level = rng.normal(0, deviations.worker_level, (workers, 1)) + rng.normal(0, deviations.item_level, items)
    gap = difference + rng.normal(0, deviations.worker_difference, (workers, 1))
    gap = gap + rng.normal(0, deviations.item_difference, items)
    error = rng.normal(0, deviations.residual, (2, workers, items))
    return np.asarray(0.5 + level + np.array([-0.5, 0.5])[:, None, None] * gap + error)


def as_table(ratings: Float64Array) -> pd.DataFrame:
    """A row a rating: system, worker, item, rating."""
    rows = itertools.product("ab", range(ratings.shape[1]), range(ratings.shape[2]))
    return pd.DataFrame(rows, columns=["system", "worker", "item"]).assign(rating=ratings.ravel())
