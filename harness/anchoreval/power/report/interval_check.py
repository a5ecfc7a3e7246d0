"""Coverage of the intervals on the calibration models themselves, each judged by intervals that the others sized.

Overall, by family and by third of the estimate: conformal intervals hold on average, and a family or the best models
may be covered less than promised. Every share comes with the Wilson interval of its number of groups.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray
from anchoreval.power.inference.binomial_intervals import wilson_interval
from anchoreval.reconstruction import Reconstruction

LEVELS = (0.9, 0.95)
FEWEST = 5
"""Models below which a family or a third is not judged."""
EVERY = "all"
COLUMNS = ("what", "level", "coverage", "low", "high", "models")


def interval_check(made: Reconstruction, levels: tuple[float, ...] = LEVELS) -> pd.DataFrame:
    """A row per level and set of calibration models: `what`, `level`, `coverage`, `low`, `high`, `models`.

    Levels that so many groups cannot attain are left out.
    """
    rows = []
    for level in levels:
        inside = _inside(made, level)
        if inside is None:
            continue
        for what, chosen in _parts(made.residuals):
            count = int(chosen.sum())
            share = float(inside[chosen].mean())
            ends = wilson_interval(round(share * count), count)
            rows.append(
                dict(zip(COLUMNS, (what, level, share, float(ends.lower), float(ends.upper), count), strict=True))
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _inside(made: Reconstruction, level: float) -> BoolArray | None:
    """(models,) whether a model's interval, sized without its group, holds its true score; None: not attainable."""
    residuals = made.residuals
    groups = residuals["group"].astype(str).to_numpy()
    found = np.zeros(len(residuals), dtype=np.bool_)
    for name in np.unique(groups):
        own = groups == name
        rule = made.rule.of(~own)
        width = rule.half_widths(residuals[~own], residuals[own], level) if not own.all() else np.array([np.inf])
        if np.isinf(width).any():
            return None
        found[own] = residuals["residual"].abs().to_numpy()[own] <= width + 1e-9
    return found if len(found) else None


def _parts(residuals: pd.DataFrame) -> Iterator[tuple[str, BoolArray]]:
    yield EVERY, np.ones(len(residuals), dtype=np.bool_)
    order = residuals["estimate"].rank(method="first").to_numpy()
    third = np.minimum((order - 1) * 3 // max(len(order), 1), 2)
    for number, name in enumerate(("low estimates", "middle estimates", "high estimates")):
        if (third == number).sum() >= FEWEST:
            yield name, np.asarray(third == number, dtype=np.bool_)
    counts = residuals["family"].value_counts()
    for family in counts.index[counts >= FEWEST]:
        yield f"family {family}", np.asarray(residuals["family"] == family, dtype=np.bool_)
