from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from anchoreval.cli import main
from anchoreval.collecting.measures import COLUMNS, WHOLE
from anchoreval.collecting.requests import request_digest
from anchoreval.collecting.run_table import flattened
from anchoreval.responses import ResponseMatrix
from anchoreval.store import write_benchmark

TABLES = ("results.parquet", "results.csv", "runs.parquet", "runs.csv", "times.parquet", "times.csv", "failed.csv")
SMALL = ["benchmark.path=bench", "estimator=weighted"]
GRID = ["compare.selectors=[disco]", "compare.estimators=[weighted,signature]", "compare.k=[5]", "compare.repeats=1"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, synthetic: Callable[..., ResponseMatrix]) -> Path:
    """A working directory with one run of each job whose numbers are collected, and a cell that failed."""
    folder = tmp_path_factory.mktemp("made")
    write_benchmark(synthetic(40, 60, n_subjects=3), folder / "bench")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        _sweep()
    return folder


@pytest.fixture
def swept(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it."""
    shutil.copytree(made, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def _sweep() -> None:
    assert main([*SMALL, "k=10"]) == 0
    assert main(["-m", *SMALL, "job=tune", "k=10,500,20"]) == 2
    assert main(["job=compare", "benchmark.path=bench", *GRID, "compare.workers=1"]) == 0


def tables(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in TABLES}


def run_folders(here: Path, job: str) -> list[Path]:
    return sorted((here / "results" / "runs").glob(f"{job}-*"))


def test_all_runs_in_one_table(swept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["job=collect"]) == 0
    said = capsys.readouterr().out
    assert "written to results/collected" in said
    assert "1 x job: BudgetError" in said
    folder = swept / "results" / "collected"
    table = pd.read_parquet(folder / "results.parquet")
    assert tuple(table.columns) == COLUMNS
    assert [str(table[name].dtype) for name in WHOLE] == ["Int64"] * 3
    assert table["value"].notna().all()
    assert set(table["job"]) == {"run", "compare", "tune"}
    _run_rows(swept, table)
    _compare_rows(swept, table)
    tuned = table[(table["job"] == "tune") & (table["metric"] == "error")]
    assert list(tuned["k"].sort_values()) == [10, 20]
    _runs_table(swept, pd.read_parquet(folder / "runs.parquet"))
    _failed_table(pd.read_csv(folder / "failed.csv"))
    _times(pd.read_parquet(folder / "times.parquet"), table)


def _run_rows(here: Path, table: pd.DataFrame) -> None:
    (folder,) = run_folders(here, "run")
    estimates = pd.read_csv(folder / "estimates.csv", index_col="model")
    rows = table[table["job"] == "run"]
    wide = rows.pivot(index="target", columns="metric", values="value")
    assert set(wide.index) == set(estimates.index)
    assert (wide["score"] - estimates["score"]).abs().max() < 1e-12
    errors = 100 * (estimates["score"] - estimates["truth"])
    assert (wide["error"] - errors).abs().max() < 1e-9
    inside = (estimates["truth"] >= estimates["lower"]) & (estimates["truth"] <= estimates["upper"])
    assert (wide["covered"] == inside.astype(float)).all()
    told = rows[["benchmark", "split", "selector", "estimator", "k", "seed"]].drop_duplicates()
    assert told.to_numpy().tolist() == [["simulated", "iid", "random", "weighted", 10, 0]]


def _compare_rows(here: Path, table: pd.DataFrame) -> None:
    (folder,) = run_folders(here, "compare")
    cells = pd.read_parquet(folder / "cells.parquet")
    done = cells[cells["status"] == "ok"].set_index(["selector", "estimator"])
    rows = table[(table["job"] == "compare") & (table["metric"] == "mae")].set_index(["selector", "estimator"])
    assert rows["value"].sort_index().tolist() == done["mae"].sort_index().tolist()
    assert rows["target"].isna().all()


def _runs_table(here: Path, runs: pd.DataFrame) -> None:
    assert list(runs["run"]) == sorted(p.name for p in (here / "results" / "runs").iterdir())
    chosen = runs.set_index("run").loc[run_folders(here, "run")[0].name]
    assert (chosen["config.k"], chosen["config.selector.name"], chosen["job"]) == (10, "random", "run")
    assert chosen["seconds"] > 0
    assert chosen["version.pandas"] == pd.__version__
    assert json.loads(runs.set_index("job").loc["compare", "config.compare.k"]) == [5]


def _failed_table(failed: pd.DataFrame) -> None:
    job = failed[failed["what"] == "job"].iloc[0]
    assert job["kind"] == "BudgetError"
    assert "k = 500" in job["reason"]
    assert "k=500" in job["overrides"]
    assert set(failed[failed["what"] == "combination"]["kind"]) == {"not applicable"}


def _times(times: pd.DataFrame, table: pd.DataFrame) -> None:
    assert {"select", "fit", "tune", "select_seconds", "fit_seconds"} <= set(times["metric"])
    assert not table["metric"].str.contains("seconds").any(), "seconds would make equal results look different"


def test_the_same_runs_give_the_same_bytes_in_whatever_order_they_came(swept: Path) -> None:
    assert main(["job=collect"]) == 0
    first = tables(swept / "results" / "collected")
    assert main(["job=collect", "exit_code=true"]) == 3, "nothing changed"
    for folder in sorted((swept / "results" / "runs").iterdir(), reverse=True):
        shutil.copytree(folder, swept / "moved" / "deeper" / folder.name)
    assert main(["job=collect", "path=moved", "into=again"]) == 0
    again = tables(swept / "again")
    assert {name: again[name] for name in TABLES[:6]} == {name: first[name] for name in TABLES[:6]}


def test_damaged_runs_are_named_and_skipped_or_refused(swept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run,), (compare,) = run_folders(swept, "run"), run_folders(swept, "compare")
    (run / "report.md").unlink()
    cells = compare / "cells.parquet"
    cells.write_bytes(cells.read_bytes()[:-5] + b"other")
    capsys.readouterr()
    assert main(["job=collect", "collect.on_damage=refuse"]) == 2
    assert "damaged" in capsys.readouterr().err
    assert not (swept / "results" / "collected").exists()
    assert main(["job=collect"]) == 0
    told = capsys.readouterr().err
    assert f"{run.name}: damaged and skipped: report.md" in told
    assert f"{compare.name}: damaged and skipped: cells.parquet" in told
    assert set(pd.read_parquet(swept / "results" / "collected" / "results.parquet")["job"]) == {"tune"}
    failed = pd.read_csv(swept / "results" / "collected" / "failed.csv")
    assert set(failed.loc[failed["kind"] == "damaged", "run"]) == {run.name, compare.name}
    assert main(["job=collect", "collect.on_damage=perhaps"]) == 2


def test_runs_that_are_under_way_are_passed_over(swept: Path) -> None:
    (run,) = run_folders(swept, "run")
    (run / "done.json").unlink()
    shutil.copytree(run_folders(swept, "tune")[0], swept / "results" / "runs" / ".tune-x.0123.tmp")
    assert main(["job=collect"]) == 0
    runs = pd.read_parquet(swept / "results" / "collected" / "runs.parquet")
    assert sorted(runs["job"]) == ["compare", "tune", "tune"]


def test_a_failure_is_no_longer_listed_once_it_was_done(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_memory(*_: object, **__: object) -> None:
        raise MemoryError("too large\nfor this machine")

    with monkeypatch.context() as broken:
        broken.setattr("anchoreval.jobs.tune.source_error", out_of_memory)
        assert main(["-m", *SMALL, "job=tune", "k=10"]) == 1
    assert main(["-m", *SMALL, "job=tune", "k=20"]) == 0
    assert main(["job=collect"]) == 0
    failed = pd.read_csv(here / "results" / "collected" / "failed.csv")
    assert failed[["kind", "reason"]].to_numpy().tolist() == [
        ["MemoryError", "MemoryError: too large for this machine"]
    ]
    assert main([*SMALL, "job=tune", "k=10", "verbose=true"]) == 0, "alone, and told to say more"
    assert main(["job=collect"]) == 0
    assert pd.read_csv(here / "results" / "collected" / "failed.csv").empty


def test_what_is_not_ours_is_not_replaced(swept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (swept / "mine").mkdir()
    (swept / "mine" / "letter.txt").write_text("dear", encoding="utf-8")
    assert main(["job=collect", "into=mine"]) == 2
    assert "into=" in capsys.readouterr().err
    assert (swept / "mine" / "letter.txt").read_text(encoding="utf-8") == "dear"
    for nothing in ("nowhere", "bench"):
        assert main(["job=collect", f"path={nothing}"]) == 2


def test_a_request_is_the_same_wherever_and_however_it_is_done() -> None:
    asked = {"k": 10, "results": "a", "compare": {"k": [1], "workers": 1, "cells": None}}
    elsewhere = {"k": 10, "results": "b", "verbose": True, "compare": {"k": [1], "workers": 8, "cells": ["c"]}}
    assert request_digest(asked) == request_digest(elsewhere)
    assert request_digest(asked) != request_digest({**asked, "k": 11})
    assert dict(flattened({"a": {"b": 1, "c": {}}, "d": [1]}, "x")) == {"x.a.b": 1, "x.d": [1]}


@pytest.mark.parametrize("reader", ["pandas", *(["duckdb"] if find_spec("duckdb") else [])])
def test_the_table_answers_a_question_in_a_line(swept: Path, reader: str) -> None:
    assert main(["job=collect"]) == 0
    file = swept / "results" / "collected" / "results.parquet"
    if reader == "duckdb":
        import duckdb  # type: ignore[import-not-found]

        query = f"select estimator, avg(value) from '{file}' where metric = 'mae' group by estimator"
        means = dict(duckdb.sql(query).fetchall())
    else:
        table = pd.read_parquet(file)
        means = table[table["metric"] == "mae"].groupby("estimator")["value"].mean().to_dict()
    assert set(means) == {"weighted", "signature"}
    assert all(value > 0 for value in means.values())
