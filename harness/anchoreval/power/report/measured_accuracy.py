"""How accurate reconstructed scores are on calibration models, with intervals, beside as many random anchors.

Every figure of `anchoreval.protocol.metrics` that needs no interval, each with the 95 % interval of a bootstrap over
groups of models. The reference is the mean of a simple random sample of the same size, by its exact formula: what the
anchors have to beat.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from anchoreval.protocol.metrics import POINTS, error_metrics, mdad
from anchoreval.responses import ResponseMatrix

DRAWS = 400
LEVEL = 0.95
SURELY = 0.95
"""Agreement for the stricter of the two minimum detectable ability differences."""
LEFT_OUT = ("coverage", "interval_width")


def accuracy_table(residuals: pd.DataFrame, seed: int = 0, draws: int = DRAWS) -> pd.DataFrame:
    """Index metric (see `anchoreval.protocol.metrics.error_metrics`; `r_squared` and `mdad_95` besides).

    Columns `value`, `lower`, `upper` (95 %); errors in percentage points. Each group of models counts by its members
    once drawn; NaN where a figure is not defined.
    """
    found = _figures(residuals)
    groups = residuals["group"].astype(str)
    rows = {name: np.flatnonzero(groups == name) for name in sorted(groups.unique())}
    names, rng = list(rows), np.random.default_rng(seed)
    drawn = [
        _figures(residuals.iloc[np.concatenate([rows[names[n]] for n in rng.integers(len(names), size=len(names))])])
        for _ in range(draws if len(names) > 1 else 0)
    ]
    table = pd.DataFrame({"value": found})
    if drawn:
        tails = pd.DataFrame(drawn).quantile([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        table["lower"], table["upper"] = tails.iloc[0], tails.iloc[1]
    return table.reindex(columns=["value", "lower", "upper"]).rename_axis("metric")


def random_error(matrix: ResponseMatrix, models: pd.Index[str], k: int) -> float:
    """Root mean squared error of the mean of k random items over these models, in percentage points.

    By the formula for a simple random sample without replacement, (1 - k / N) s^2 / k, at benchmark weights that are
    all equal; with other weights the variance is that of the weighted scores.
    """
    part = matrix.subset(models=models).completed()
    scores, n = part.scores.astype(np.float64), part.n_items
    weighted = scores * (part.weights * n)
    variance = (1.0 - k / n) * weighted.var(axis=1, ddof=1) / k if n > 1 else np.zeros(len(scores))
    return float(np.sqrt(variance.mean()) * POINTS)


def _figures(residuals: pd.DataFrame) -> dict[str, float]:
    estimate, truth = (residuals[name].to_numpy(dtype=np.float64) for name in ("estimate", "truth"))
    figures = {name: value for name, value in error_metrics(estimate, truth).items() if name not in LEFT_OUT}
    spread = float(np.sum((truth - truth.mean()) ** 2))
    explained = 1.0 - float(np.sum((estimate - truth) ** 2)) / spread if spread > 0 else float("nan")
    return figures | {"r_squared": explained, "mdad_95": mdad(estimate, truth, SURELY)}
