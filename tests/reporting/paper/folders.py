"""Run folders with results whose numbers are known, as figures of papers find them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.protocol.comparison import COLUMNS
from anchoreval.protocol.marks import BEST, PEER
from anchoreval.protocol.marks import COLUMNS as MARKS

SELECTORS = ("random", "optimal", "disco")
MANY = (
    *("random", "random_search", "stratified", "stratified_difficulty", "disco", "disco(score=jsd, stratify=True)"),
    *("anchor_points", "facility_location", "correctness_clusters", "irt_clusters", "mrmr", "metabench"),
    *("essence(generations=2000)", "optimal"),
)


def finished(folder: Path, job: str, files: Mapping[str, Any], content: str = "0") -> Path:
    """A complete run folder: tables as Parquet, texts as they are, and `done.json` written last."""
    folder.mkdir(parents=True)
    for name, value in files.items():
        if isinstance(value, pd.DataFrame):
            value.to_parquet(folder / name, index=False)
        else:
            (folder / name).write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    identity = {"job": job, "benchmark": {"name": "bench", "content": content}}
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    (folder / "done.json").write_text(json.dumps({"identity": identity, "files": sizes}), encoding="utf-8")
    return folder


def cells(
    selectors: Sequence[str] = SELECTORS,
    estimators: Sequence[str] = ("auto",),
    budgets: Sequence[int] = (10, 30, 100),
    repeats: int = 3,
    benchmarks: Sequence[str] = ("bench",),
    splits: Sequence[str] = ("iid",),
) -> pd.DataFrame:
    """A comparison: selector n errs by (4 + n) sqrt(10 / k) points, and repeats differ by a tenth of a point."""
    common = {
        "status": "ok",
        "reason": "",
        "n_source": 90,
        "n_target": 30,
        "rmse": 5.0,
        "max_error": 9.0,
        "kendall": 0.8,
        "pairwise_agreement": 0.9,
        "interval_width": 20.0,
        "fit_seconds": 0.5,
    }
    names = ("benchmark", "split", "repeat", "selector", "estimator", "k")
    rows = [
        {
            **common,
            **dict(zip(names, (benchmark, split, repeat, chose, read, k), strict=True)),
            "n_anchors": k,
            "mae": (4 + n) * (10 / k) ** 0.5 + 0.1 * (repeat - (repeats - 1) / 2),
            "spearman": 0.95 - 0.01 * n - 1 / k,
            "select_seconds": 0.1 * (n + 1) * k,
        }
        for benchmark in benchmarks
        for split in splits
        for repeat in range(repeats)
        for n, chose in enumerate(selectors)
        for read in estimators
        for k in budgets
    ]
    return pd.DataFrame(rows).reindex(columns=list(COLUMNS))


def resolution(table: pd.DataFrame, peers: Sequence[str] = ()) -> pd.DataFrame:
    """The least error of each budget is the best; the selectors named are not resolved from it."""
    keys = ["benchmark", "split", "selector", "estimator", "k"]
    means = table[table["status"] == "ok"].groupby(keys, sort=False)["mae"].mean().reset_index()
    cell = ["benchmark", "split", "k"]
    first = means.sort_values("mae", kind="stable").drop_duplicates(cell).index
    standing = np.where(means["selector"].isin(peers), PEER, "")
    standing[first] = BEST
    return means.assign(standing=standing, resolved=0, by_repeats=0).reindex(columns=list(MARKS))


def compared(folder: Path, table: pd.DataFrame, peers: Sequence[str] = ()) -> Path:
    """The run folder of a comparison."""
    return finished(folder, "compare", {"cells.parquet": table, "resolution.parquet": resolution(table, peers)})


def by_sources() -> pd.DataFrame:
    """Errors of 40 / sqrt(n) points, another selector a point worse."""
    rows = [
        {"selector": chose, "n": n, "repeat": repeat, "mae": more + 40 / n**0.5 + 0.1 * repeat}
        for repeat in range(2)
        for n in (20, 80, 320)
        for chose, more in (("random", 0.0), ("optimal", 1.0))
    ]
    shared = {"benchmark": "bench", "estimator": "auto", "split": "iid", "k": 50, "n_target": 25, "reason": ""}
    return pd.DataFrame(rows).assign(**shared)
