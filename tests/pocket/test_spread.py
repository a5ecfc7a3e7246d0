"""The table of pocket's spread agrees with NumPy's correlation matrix."""

from __future__ import annotations

import numpy as np
import pytest

from anchoreval.pocket import load
from anchoreval.pocket.spread import item_correlation, spread_table


def test_item_correlation_is_that_of_the_correlation_matrix() -> None:
    matrix = load().subset(items=load().items.index[:60])
    varied = matrix.scores[:, matrix.scores.std(axis=0) > 0].astype(np.float64)
    full = np.corrcoef(varied.T)
    off_diagonal = full[~np.eye(len(full), dtype=bool)].mean()
    assert item_correlation(matrix) == pytest.approx((off_diagonal, np.linalg.eigvalsh(full)[-1] / len(full)))


def test_the_table_states_what_the_matrix_holds() -> None:
    matrix = load()
    shown = spread_table(matrix)
    assert f"{100 * matrix.full_scores.min():.1f} to {100 * matrix.full_scores.max():.1f}" in shown
    assert f"{matrix.n_models} in {matrix.models['family'].nunique()} families" in shown
