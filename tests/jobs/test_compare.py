from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from anchoreval.cli import main
from anchoreval.protocol.compare import compare
from anchoreval.responses import ResponseMatrix
from anchoreval.store import read_benchmark, write_benchmark


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synthetic: Callable[..., ResponseMatrix]) -> Path:
    write_benchmark(synthetic(40, 40, n_subjects=2), tmp_path / "bench")
    monkeypatch.chdir(tmp_path)
    return tmp_path


GRID = ["compare.k=[5,15]", "compare.repeats=2", "compare.estimators=[mean,weighted]"]


def test_a_comparison_equals_the_function_and_has_random_beside(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = "compare.selectors=[disco,stratified,{name: stratified, allocation: equal}]"
    assert main(["job=compare", "benchmark.path=bench", *GRID, chosen, "seed=4"]) == 0
    (folder,) = (here / "results" / "runs").iterdir()
    cells = pd.read_parquet(folder / "cells.parquet")
    labels = ["random", "random_search", "disco", "stratified", ("stratified", {"allocation": "equal"})]
    expected = compare(read_benchmark("bench"), labels, ["mean", "weighted"], k=[5, 15], repeats=2, seed=4)
    timeless = [c for c in expected.columns if not c.endswith("seconds")]
    pd.testing.assert_frame_equal(cells[timeless], expected[timeless], check_dtype=False)
    chose = {"random", "random_search", "disco", "stratified", "stratified(allocation=equal)"}
    assert set(cells["selector"]) == chose
    out = capsys.readouterr().out
    assert "disco: not applicable: selector disco needs option probabilities" in out
    assert {"cells.csv", "resolution.csv", "report.md", "result.json", "done.json"} <= {
        p.name for p in folder.iterdir()
    }
    assert (folder / "figures" / "error_by_budget.png").is_file()
    assert main(["job=compare", "benchmark.path=bench", *GRID, chosen, "seed=4", "exit_code=true"]) == 3
    assert capsys.readouterr().out == out.replace("written to", "was complete:")


def test_all_registered_methods_are_compared_by_default(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from anchoreval.registry import estimators, selectors

    assert main(["job=compare", "benchmark.path=bench", "compare.k=[10]", "compare.repeats=1"]) == 0
    (folder,) = (here / "results" / "runs").iterdir()
    cells = pd.read_parquet(folder / "cells.parquet")
    assert set(cells["selector"]) == set(selectors())
    assert set(cells["estimator"]) == set(estimators())
    assert "disco: not applicable: " in capsys.readouterr().out


def test_nothing_applicable_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grid = ["compare.selectors=[random]", "compare.estimators=[weighted]", "compare.k=[41]", "compare.repeats=1"]
    assert main(["job=compare", "benchmark.path=bench", *grid]) == 2
    assert "no combination is applicable: k = 41" in capsys.readouterr().err
    assert not (here / "results").exists()


def test_the_rule_for_missing_answers_reaches_the_comparison(
    here: Path, synthetic: Callable[..., ResponseMatrix]
) -> None:
    write_benchmark(synthetic(40, 40, missing=0.15), here / "holed")
    grid = ["compare.k=[10]", "compare.repeats=1", "compare.selectors=[random]", "compare.estimators=[mean]"]
    assert main(["job=compare", "benchmark.path=holed", *grid]) == 2
    assert main(["job=compare", "benchmark.path=holed", "missing=allow", *grid]) == 0
    (folder,) = (here / "results" / "runs").iterdir()
    assert pd.read_parquet(folder / "cells.parquet")["n_source"].iloc[0] >= 25


def test_a_larger_comparison_goes_on_from_finished_cells(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from anchor_selectors.random_search import RandomSearch

    calls, select = [], RandomSearch.select

    def counted(self: RandomSearch, *arguments: object) -> object:
        calls.append(arguments[1])
        return select(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(RandomSearch, "select", counted)
    grid = ["job=compare", "benchmark.path=bench", "compare.k=[5]", "compare.selectors=[random]"]
    assert main([*grid, "compare.repeats=2", "compare.estimators=[weighted]", "compare.workers=1"]) == 0
    assert main([*grid, "compare.repeats=3", "compare.estimators=[mean,weighted]"]) == 0
    assert len(calls) == 3
    assert len(list((here / "results" / "runs").iterdir())) == 2
    elsewhere = ["compare.repeats=2", "compare.estimators=[mean]", "compare.cells=[elsewhere,results/cells]"]
    assert main([*grid, *elsewhere]) == 0
    assert len(calls) == 3
    assert not (here / "elsewhere").exists()


def test_the_number_of_workers_decides_nothing_but_the_time(here: Path) -> None:
    grid = ["job=compare", "benchmark.path=bench", "compare.k=[5]", "compare.selectors=[random]"]
    assert main([*grid, "compare.repeats=1", "compare.estimators=[mean]"]) == 0
    assert main([*grid, "compare.repeats=1", "compare.estimators=[mean]", "compare.workers=2", "exit_code=true"]) == 3
    assert main([*grid, "compare.repeats=2", "compare.estimators=[mean]", "compare.workers=0"]) == 2


def test_a_label_is_what_tables_show_and_decides_no_cell(here: Path) -> None:
    grid = ["job=compare", "benchmark.path=bench", "compare.k=[5]", "compare.repeats=1"]
    grid += ["compare.estimators=[weighted]"]
    assert main([*grid, "compare.selectors=[{name: stratified_difficulty, strata: 4}]"]) == 0
    assert main([*grid, "compare.selectors=[{name: stratified_difficulty, strata: 4, label: 'four (4)'}]"]) == 0
    tables = [pd.read_parquet(folder / "cells.parquet") for folder in (here / "results" / "runs").iterdir()]
    labels = {frozenset(table["selector"]) - {"random", "random_search"} for table in tables}
    assert labels == {frozenset({"stratified_difficulty(strata=4)"}), frozenset({"four (4)"})}
    first, second = (table.set_index("selector")[["mae", "select_seconds"]].loc["random"] for table in tables)
    assert first.equals(second), "to the second: it was read, not computed again"
