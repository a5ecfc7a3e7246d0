"""A comparison in short: means over repeats with their standard errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from anchoreval.protocol.comparison import KEYS, SECONDS
from anchoreval.protocol.metrics import METRICS
from anchoreval.protocol.records import COUNTS

BY = [key for key in KEYS if key != "repeat"]
FIGURES = [*COUNTS, *METRICS, *SECONDS]


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean over repeats of every figure that `compare` reports, and its standard error over repeats.

    Repeats divide the same models anew, so their targets overlap: the standard error says how far another set of
    repeats would move the mean, not how far other models would.

    Args:
        table: of `compare`.

    Returns:
        A row per benchmark, split, selector, estimator and k, in the table's order: `repeats` (those with status
        `ok`), `status` and `reason` (`ok` where any repeat is, and then how many are not or carry a remark, with the
        first of these; else those of the first repeat), the means, and a column `<figure>_se` for each of the metrics
        (NaN for a single repeat).
    """
    rows = [_row(dict(zip(BY, keys, strict=True)), cell) for keys, cell in table.groupby(BY, sort=False)]
    errors = [f"{name}_se" for name in METRICS]
    return pd.DataFrame(rows).reindex(columns=[*BY, "repeats", "status", "reason", *FIGURES, *errors])


def _row(keys: dict[str, Any], cell: pd.DataFrame) -> dict[str, Any]:
    done = cell[cell["status"] == "ok"]
    figures = done[FIGURES].astype(np.float64)
    errors = figures[list(METRICS)].sem().add_suffix("_se")
    return {**keys, "repeats": len(done), **_state(cell, done), **figures.mean(), **errors}


def _state(cell: pd.DataFrame, done: pd.DataFrame) -> dict[str, str]:
    others = cell.drop(index=done.index)
    if done.empty:
        return {"status": others["status"].iloc[0], "reason": others["reason"].iloc[0]}
    told = done[done["reason"] != ""]
    remarks = [
        f"{len(rows)} of {len(cell)} repeats {what}: {rows['reason'].iloc[0]}"
        for rows, what in ((others, "without figures"), (told, "with a remark"))
        if len(rows)
    ]
    return {"status": "ok", "reason": "; ".join(remarks)}
