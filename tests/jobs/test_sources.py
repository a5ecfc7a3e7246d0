from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anchoreval.cli import main
from anchoreval.contract import choose
from anchoreval.groups import model_groups
from anchoreval.jobs.sources_work import SourceWork
from anchoreval.protocol.method_specs import labelled_estimators, labelled_selectors
from anchoreval.protocol.trial import answers_only
from anchoreval.responses import ResponseMatrix
from anchoreval.store import write_benchmark

ASKED = ["job=sources", "benchmark.path=bench", "estimator=signature", "k=10", "sources.repeats=2"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synthetic: Callable[..., ResponseMatrix]) -> Path:
    write_benchmark(synthetic(60, 80), tmp_path / "bench")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def work(matrix: ResponseMatrix, *selectors: str, **changes: int) -> SourceWork:
    return SourceWork(
        matrix=matrix,
        selectors=labelled_selectors(selectors or ("random",)),
        estimator=labelled_estimators("signature")[0],
        k=changes.get("k", 20),
        split="iid",
        test_share=None,
        sizes=[10, 40, 150, 10_000],
        repeats=changes.get("repeats", 4),
        seed=changes.get("seed", 0),
        missing="refuse",
    )


def test_more_sources_make_smaller_errors(synthetic: Callable[..., ResponseMatrix]) -> None:
    found = work(synthetic(240, 150)).measure()
    assert sorted(found["n"].unique()) == [10, 40, 150], "sizes beyond the models that there are are left out"
    means = found.groupby("n")["mae"].mean()
    assert means[10] > means[40] > means[150] > 0
    assert found["n_target"].eq(60).all()


def test_targets_are_the_same_at_every_size_and_no_source_is_one(
    synthetic: Callable[..., ResponseMatrix], monkeypatch: pytest.MonkeyPatch
) -> None:
    import anchoreval.jobs.sources_work as module

    matrix, seen = synthetic(60, 50, variants=3), []

    def watched(selector: object, sources: ResponseMatrix, k: int, seed: int) -> object:
        seen.append(set(sources.models.index))
        return choose(selector, sources, k, seed)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "choose", watched)
    asked: list[set[str]] = []

    def answered(targets: ResponseMatrix, items: pd.Index[str]) -> ResponseMatrix:
        asked.append(set(targets.models.index))
        return answers_only(targets, items)

    monkeypatch.setattr(module, "answers_only", answered)
    found = work(matrix, repeats=1).measure()
    assert len(found) == len(seen) == len(asked) == 2
    assert seen[0] < seen[1]
    assert asked[0] == asked[1]
    groups = model_groups(matrix)
    assert not set(groups[sorted(seen[1])]) & set(groups[sorted(asked[0])]), "variants of a model stay on one side"


def test_what_does_not_apply_says_why(synthetic: Callable[..., ResponseMatrix]) -> None:
    found = work(synthetic(60, 50), "random", "disco", repeats=1).measure().set_index("selector")
    assert found.loc[["disco"], "mae"].isna().all()
    assert found.loc[["disco"], "reason"].str.contains("option probabilities").all()
    assert found.loc[["random"], "mae"].notna().all()


def test_the_job_writes_its_table_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ASKED, "sources.selectors=[stratified_difficulty]", "sources.sizes=[20,10]"]) == 0
    out = capsys.readouterr().out
    (folder,) = (here / "results" / "runs").iterdir()
    table = pd.read_parquet(folder / "sources.parquet")
    assert set(table["selector"]) == {"random", "stratified_difficulty"}, "random anchors stand beside any"
    assert len(table) == 2 * 2 * 2
    np.testing.assert_allclose(pd.read_csv(folder / "sources.csv")["mae"], table["mae"])
    mean = table[(table["selector"] == "random") & (table["n"] == 20)]["mae"].mean()
    assert f"{mean:.2f}" in out
    assert "](figures/source_curve.png)" in (folder / "report.md").read_text(encoding="utf-8")
    assert (folder / "figures" / "source_curve.png").read_bytes().startswith(b"\x89PNG")
    again = [*ASKED, "sources.selectors=[stratified_difficulty]", "sources.sizes=[10,20]", "exit_code=true"]
    assert main(again) == 3
    assert capsys.readouterr().out == out.replace("written to", "was complete:")


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["sources.repeats=0"], ["sources.repeats"]),
        (["sources.sizes=[]"], ["sources.sizes"]),
        (["sources.sizes=[1000]"], ["fewer than 1000 models"]),
        (["sources.selectors=[]"], ["sources.selectors"]),
        (["sources.selectors=[dsco]"], ["dsco"]),
        (["k=81"], ["k = 81", "80 items"]),
        (["split.kind=odd"], ["odd"]),
        (["path=x"], ["path=x"]),
    ],
)
def test_a_wrong_request_is_one_line(
    here: Path, capsys: pytest.CaptureFixture[str], overrides: list[str], words: list[str]
) -> None:
    assert main([*ASKED, *overrides]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert all(word in line for word in words), line
    assert not (here / "results").exists()
