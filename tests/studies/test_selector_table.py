from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from anchoreval.responses import ResponseMatrix
from anchoreval.studies.selector_table import BUDGETS, COMMON, OWN, measured, report

Simulator = Callable[..., ResponseMatrix]


@pytest.fixture
def folder(synthetic: Simulator, tmp_path: Path) -> Path:
    """Two small benchmarks on disk, in the layout that studies read."""
    for n, name in enumerate(("first", "second")):
        matrix = synthetic(40, 120, seed=n)
        scores = pd.DataFrame(matrix.scores, index=matrix.models.index, columns=matrix.items.index)
        (tmp_path / name).mkdir()
        rows = scores.rename_axis("model").reset_index().melt("model", var_name="item", value_name="score")
        rows.to_parquet(tmp_path / name / "responses.parquet")
        matrix.models.rename_axis("model").reset_index().to_parquet(tmp_path / name / "models.parquet")
    return tmp_path


def small(folder: Path, kept: Path, *labels: str) -> pd.DataFrame:
    return measured(folder, ["first", "second"], 2, kept, 1, labels)


def test_every_selector_is_read_twice_and_finished_cells_are_kept(folder: Path, tmp_path: Path) -> None:
    table = small(folder, tmp_path / "cells", "random", "stratified_difficulty")
    assert len(table) == 2 * 2 * 2 * len(BUDGETS) * 2
    assert set(table["estimator"]) == {COMMON, OWN}
    assert not table.duplicated(["benchmark", "repeat", "selector", "estimator", "k"]).any()
    again = small(folder, tmp_path / "cells", "random", "stratified_difficulty")
    pd.testing.assert_frame_equal(again, table, check_exact=True)  # seconds included: nothing was computed


def test_the_report_says_what_does_not_apply_and_marks_the_best(folder: Path, tmp_path: Path) -> None:
    table = small(folder, tmp_path / "cells", "random", "stratified_difficulty", "disco")
    text = report(table)
    assert "not applicable: selector disco needs option probabilities" in text
    for benchmark in ("first", "second"):
        part = table[(table["benchmark"] == benchmark) & (table["k"] == 20) & (table["estimator"] == "signature")]
        best = part[part["status"] == "ok"].groupby("selector")["mae"].mean().min()
        assert f"**{best:.2f} ±" in text
