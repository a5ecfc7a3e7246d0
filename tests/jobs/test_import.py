from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anchoreval.cli import main
from anchoreval.responses import ResponseMatrix
from anchoreval.store import read_benchmark


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def long(matrix: ResponseMatrix) -> pd.DataFrame:
    scores = pd.DataFrame(matrix.scores, index=matrix.models.index, columns=matrix.items.index)
    return scores.rename_axis("model").reset_index().melt("model", var_name="item", value_name="score")


def test_a_table_becomes_a_benchmark_and_models_are_added(
    here: Path, synthetic: Callable[..., ResponseMatrix], capsys: pytest.CaptureFixture[str]
) -> None:
    matrix = synthetic(12, 30)
    long(matrix.subset(models=matrix.models.index[:10])).to_csv("first.csv", index=False)
    long(matrix).to_parquet("all.parquet", index=False)
    assert main(["job=import", "path=first.csv", "into=bench"]) == 0
    said = capsys.readouterr().out
    assert "first: 10 models x 30 items" in said
    assert "bench: 10 models added, 0 replaced, 0 unchanged" in said
    low, high = 100 * matrix.full_scores[:10].min(), 100 * matrix.full_scores[:10].max()
    assert f"full scores in percentage points: {low:.1f} to {high:.1f}" in said
    assert main(["job=import", "importer=tidy", "path=all.parquet", "into=bench", "exit_code=true"]) == 0
    assert "bench: 2 models added, 0 replaced, 10 unchanged" in capsys.readouterr().out
    assert main(["job=import", "path=all.parquet", "into=bench", "exit_code=true"]) == 3
    assert "bench: 0 models added, 0 replaced, 12 unchanged" in capsys.readouterr().out
    stored = read_benchmark("bench")
    np.testing.assert_array_equal(stored.subset(items=matrix.items.index).scores, matrix.scores)


def test_a_folder_of_tables_is_read_whole(here: Path, synthetic: Callable[..., ResponseMatrix]) -> None:
    matrix = synthetic(8, 20, n_subjects=3)
    (here / "raw").mkdir()
    long(matrix).to_parquet("raw/responses.parquet", index=False)
    matrix.items.reset_index().to_csv("raw/items.csv", index=False)
    matrix.models.reset_index().to_parquet("raw/models.parquet", index=False)
    assert main(["job=import", "path=raw", "into=bench", "aggregation=macro", "name=renamed"]) == 0
    stored = read_benchmark("bench")
    assert stored.name == "renamed"
    assert set(stored.subjects) == set(matrix.subjects)
    assert list(stored.models["family"]) == list(matrix.models["family"])
    by_subject = long(matrix).merge(matrix.items["subject"], left_on="item", right_index=True)
    macro = by_subject.groupby(["model", "subject"])["score"].mean().groupby("model").mean()
    np.testing.assert_allclose(stored.full_scores, macro[stored.models.index], atol=1e-6)


def test_a_stored_benchmark_is_merged_into_another(
    here: Path, synthetic: Callable[..., ResponseMatrix], capsys: pytest.CaptureFixture[str]
) -> None:
    matrix = synthetic(8, 20)
    long(matrix.subset(models=matrix.models.index[:4])).to_csv("a.csv", index=False)
    long(matrix.subset(models=matrix.models.index[3:])).to_csv("b.csv", index=False)
    assert main(["job=import", "path=a.csv", "into=one"]) == 0
    assert main(["job=import", "path=b.csv", "into=two", "name=a"]) == 0
    assert main(["job=import", "path=two", "into=one"]) == 0
    assert "one: 4 models added, 0 replaced, 1 unchanged" in capsys.readouterr().out


def test_a_table_called_responses_takes_its_folders_name(
    here: Path, synthetic: Callable[..., ResponseMatrix], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mine").mkdir()
    long(synthetic(8, 20)).to_csv("mine/responses.csv", index=False)
    for number, path in enumerate(("mine", "mine/responses.csv")):
        assert main(["job=import", f"path={path}", f"into={number}"]) == 0
        assert capsys.readouterr().out.startswith("mine: 8 models x 20 items")


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "models", "items"), [("musr", 429, 756), ("cosmosqa_options", 102, 1999)])
def test_real_folders_are_recognised(here: Path, data_folder: Path, name: str, models: int, items: int) -> None:
    assert main(["job=import", f"path={data_folder / name}", "into=bench"]) == 0
    stored = read_benchmark("bench")
    assert (stored.n_models, stored.n_items) == (models, items)
    assert (stored.probabilities is not None) == (name == "cosmosqa_options")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["into=bench"], "path=<file or folder>"),
        (["path=first.csv"], "into=<folder>"),
        (["path=nothing.csv", "into=bench"], "nothing.csv"),
        (["path=empty", "into=bench"], "no responses"),
        (["path=first.csv", "into=bench", "importer=helm"], "importer=helm"),
        (["path=first.csv", "into=empty"], "empty"),
        (["path=broken.parquet", "into=bench"], "broken.parquet"),
        (["path=first.csv", "items=nothing.csv", "into=bench"], "nothing.csv"),
        (["path=first.csv", "into=bench", "aggregation=mean"], "mean"),
        (["path=first.csv", "into=bench", "aggregation=macro"], "subject"),
    ],
)
def test_a_wrong_import_is_one_line_and_leaves_nothing(
    here: Path,
    synthetic: Callable[..., ResponseMatrix],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    long(synthetic(4, 10)).to_csv("first.csv", index=False)
    (here / "empty").mkdir()
    (here / "empty" / "notes.txt").write_text("x", encoding="utf-8")
    (here / "broken.parquet").write_bytes(b"PAR1 and nothing more")
    before = sorted(here.rglob("*"))
    assert main(["job=import", *arguments]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert words in line
    assert sorted(here.rglob("*")) == before
