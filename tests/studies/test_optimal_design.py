"""The study's tables from made-up errors whose ratios and signs are known, and cells that name what they compare."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from anchoreval.responses import ResponseMatrix
from anchoreval.studies.optimal_design import (
    BUDGETS,
    CLUSTERS,
    ESTIMATORS,
    SELECTORS,
    protocol_report,
    protocol_table,
    thinned_report,
)


def line_of(text: str, *start: object) -> list[str]:
    """Cells of the one table row that starts like this."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return next(row for row in rows if row[: len(start)] == [str(part) for part in start])


def test_ratios_are_geometric_means_over_repeats() -> None:
    names = [*SELECTORS, *CLUSTERS]
    errors = {
        "random": [2.0, 4.0],
        "optimal": [1.0, 4.0],
        **{name: [4.0, 8.0] for name in names[1:] if name != "optimal"},
    }
    table = pd.DataFrame(
        [
            {"benchmark": "b", "groups": 10, "repeat": repeat, "k": 5, "selector": name, "estimator": "e", "mae": value}
            for name in names
            for repeat, value in enumerate(errors[name])
        ]
    )
    text = thinned_report(table)
    row = dict(zip(line_of(text, "benchmark"), line_of(text, "b", 10, "e"), strict=True))
    assert row["random (points)"] == "3.00"
    error = np.sqrt(0.5) * np.std(np.log([0.5, 1.0]), ddof=1) / np.sqrt(2)
    assert row["optimal"] == f"0.71 ({100 * error:.0f})"
    assert row["greedy alone"] == "2.00 (0)"


def test_marks_say_which_differences_are_resolved() -> None:
    noise = np.random.default_rng(0).normal(size=20)
    levels = {"random": 3.0, "stratified_difficulty": 3.01, "greedy alone": 5.0, "optimal": 1.0}
    table = pd.DataFrame(
        [
            {"benchmark": "b", "split": "iid", "k": 50, "estimator": "signature", "selector": name, "repeat": repeat}
            | {"mae": level + 0.1 * noise[repeat] * n, "status": "ok", "n_source": 75, "n_target": 25}
            for n, (name, level) in enumerate(levels.items())
            for repeat in range(20)
        ]
    )
    row = line_of(protocol_report(table, {"iid": 20, "family": 10}), "b", "iid", 50, "signature", 75, 25)
    means = table.groupby("selector")["mae"].mean()
    marks = {"random": "", "stratified_difficulty": "", "greedy alone": " +", "optimal": " -"}
    assert row[6:] == [f"{means[name]:.2f}{marks[name]}" for name in levels]


def test_the_table_has_every_method_in_every_split_benchmark_by_benchmark(
    synthetic: Callable[..., ResponseMatrix], tmp_path: Path
) -> None:
    made = {"z": synthetic(60, 120, seed=1), "a": synthetic(60, 110, seed=2)}
    table = protocol_table(made, {"iid": 2, "family": 1}, tmp_path, workers=1)
    assert len(table) == 2 * 3 * len(SELECTORS) * len(ESTIMATORS) * len(BUDGETS)
    assert list(dict.fromkeys(table["benchmark"])) == ["z", "a"]
    assert (table["status"] == "ok").all()
    assert line_of(protocol_report(table, {"iid": 2, "family": 1}), "z", "family", BUDGETS[0], "signature")
    assert SELECTORS["greedy alone"] == {"name": "optimal", "prior_groups": 0.0}
