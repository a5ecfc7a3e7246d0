"""The table of an anchor set: what each anchor is and weighs, and whether a benchmark has the same."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anchoreval.methods import Selection
from anchoreval.responses import SCORE, ResponseMatrix

COLUMNS = ("weight", "share", "inclusion", "task", "doc_id", "doc_hash", "subject", "text", "options")


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns that an anchor set shows, in their order; those of which nothing is known are left out."""
    return frame[[name for name in COLUMNS if name in frame]]


def table_of(matrix: ResponseMatrix, selection: Selection, sources: ResponseMatrix) -> pd.DataFrame:
    """One row an anchor (see `AnchorSet.table`); `sources` is the part of the benchmark that holds the anchors."""
    k = len(selection.items)
    own = sources.weights if sources.weights.sum() > 0 else np.full(k, 1.0 / k)
    weights = own if selection.weights is None else np.asarray(selection.weights, dtype=np.float64)
    if abs(weights.sum() - 1.0) > 1e-9:  # `choose` has scaled them; others may not have
        weights = weights / weights.sum()
    columns = {"weight": weights, "share": matrix.shares[SCORE].reindex(selection.items).to_numpy()}
    if selection.inclusion is not None:
        columns["inclusion"] = np.asarray(selection.inclusion, dtype=np.float64)
    return shown(pd.concat([pd.DataFrame(columns, index=sources.items.index), sources.items], axis=1))


def first_difference(table: pd.DataFrame, matrix: ResponseMatrix) -> str:
    """Why anchors are not those of this benchmark, of which the items' digest is another one."""
    if (missing := table.index.difference(matrix.items.index, sort=False)).size:
        return f"there is no item {missing[0]!r}"
    if "doc_hash" in table and "doc_hash" in matrix.items:
        theirs = matrix.items["doc_hash"].reindex(table.index).astype(str)
        differs = (table["doc_hash"].astype(str) != theirs).to_numpy()
        if differs.any():
            item = table.index[int(np.argmax(differs))]
            return f"item {item!r} has doc_hash {theirs[item]}, not {table['doc_hash'][item]}"
    shares = matrix.shares[SCORE].reindex(table.index).to_numpy()
    differs = ~np.isclose(shares, table["share"].to_numpy(), rtol=1e-6, atol=0)
    if differs.any():
        item = table.index[int(np.argmax(differs))]
        return f"item {item!r} carries {shares[differs][0]:.3g} of its weight, not {table['share'][item]:.3g}"
    return "all anchors are there, other items are not the same"
