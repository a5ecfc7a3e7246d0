from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from anchoreval.responses import ResponseMatrix
from anchoreval.studies import cells as cells_module
from anchoreval.studies.cells import Cell, work_off
from anchoreval.studies.selector_table import BUDGETS, cells, report, specs

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


def small(folder: Path, *names: str) -> list[Cell]:
    return [cell for cell in cells(folder, ["first", "second"], 2) if cell.label in names]


def test_finished_cells_are_not_computed_again(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = small(folder, "random", "stratified_difficulty")
    kept = tmp_path / "cells"
    table = work_off(wanted, kept, workers=1)
    assert len(table) == len(wanted) * len(BUDGETS) * 2
    monkeypatch.setattr(cells_module, "_compute", lambda *_: pytest.fail("computed again"))
    pd.testing.assert_frame_equal(work_off(wanted, kept), table)


def test_what_decides_a_cell_decides_its_file(folder: Path, tmp_path: Path) -> None:
    files = [cell.file(tmp_path) for cell in cells(folder, ["first", "second"], 2)]
    assert len(set(files)) == len(files) == 2 * 2 * len(specs())


def test_a_cell_is_the_comparison_of_its_repeat(folder: Path) -> None:
    first, again = (small(folder, "random")[n].rows() for n in (0, 0))
    timings = ["select_seconds", "fit_seconds"]
    pd.testing.assert_frame_equal(first.drop(columns=timings), again.drop(columns=timings))
    other = small(folder, "random")[1].rows()
    assert set(other["repeat"]) == {1}
    assert (other["mae"] != first["mae"]).any()


def test_the_report_says_what_does_not_apply_and_marks_the_best(folder: Path, tmp_path: Path) -> None:
    wanted = small(folder, "random", "stratified_difficulty", "disco")
    table = work_off(wanted, tmp_path / "cells", workers=1)
    text = report(table)
    assert "not applicable: selector disco needs option probabilities" in text
    for benchmark in ("first", "second"):
        part = table[(table["benchmark"] == benchmark) & (table["k"] == 20) & (table["estimator"] == "signature")]
        best = part[part["status"] == "ok"].groupby("selector")["mae"].mean().min()
        assert f"**{best:.2f} ±" in text
