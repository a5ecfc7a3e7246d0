"""How pocket's models and items spread, as a Markdown table: `python -m anchoreval.pocket.spread`."""

from __future__ import annotations

import sys

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.numerics.item_statistics import difficulty, discrimination
from anchoreval.pocket.shipped import load
from anchoreval.responses import ResponseMatrix


def spread_table(matrix: ResponseMatrix) -> str:
    """Spread of full scores, difficulty, discrimination and correlation between items, in Markdown."""
    models, correct = matrix.models, difficulty(matrix.scores)
    correlation, first = item_correlation(matrix)
    specialists = int((models["specialty"] != "").sum())
    rows = {
        "models": f"{matrix.n_models} in {models['family'].nunique()} families, "
        f"{models['base_model'].nunique()} base models, {specialists} specialists",
        "items": f"{matrix.n_items:,} with four options, {len(matrix.subjects)} subjects",
        "full scores (%)": _quantiles(np.asarray(100 * matrix.full_scores, dtype=np.float64), 1),
        "models that answer an item correctly (%)": _quantiles(100 * correct, 1),
        "discrimination (item-rest correlation)": _quantiles(discrimination(matrix.scores), 2),
        "mean correlation between items": f"{correlation:.3f}",
        "share of the first principal component": f"{first:.3f}",
        "released": f"{models['released'].min():%Y-%m-%d} to {models['released'].max():%Y-%m-%d}",
    }
    lines = ["| pocket | |", "| :-- | :-- |", *(f"| {name} | {value} |" for name, value in rows.items())]
    return "\n".join(lines) + "\n"


def item_correlation(matrix: ResponseMatrix) -> tuple[float, float]:
    """Mean correlation between two items, and the first principal component's share of the items' variance."""
    varied = matrix.scores[:, matrix.scores.std(axis=0) > 0].astype(np.float64)
    standard = (varied - varied.mean(axis=0)) / varied.std(axis=0) / np.sqrt(len(varied))
    n = standard.shape[1]
    kinship = standard @ standard.T  # models x models: the same eigenvalues as items x items, and far smaller
    sum_of_all = float((standard.sum(axis=1) ** 2).sum())
    return (sum_of_all - n) / (n * (n - 1)), float(np.linalg.eigvalsh(kinship)[-1] / n)


def _quantiles(values: Float64Array, digits: int) -> str:
    low, lower, middle, upper, high = np.nanquantile(values, [0, 0.25, 0.5, 0.75, 1])
    return (
        f"{low:.{digits}f} to {high:.{digits}f}, quartiles {lower:.{digits}f}, {middle:.{digits}f}, {upper:.{digits}f}"
    )


if __name__ == "__main__":
    sys.stdout.write(spread_table(load()))
