"""`job=reconstruct`: estimates from lm-eval's logs, printed and written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from omegaconf import DictConfig, OmegaConf

from anchoreval.anchors import AnchorSet, load_anchors
from anchoreval.errors import ConfigurationError, ScoringError, StoreError
from anchoreval.exporters.task_folder import write_task_folder
from anchoreval.jobs.reconstruct import estimates_table, run
from anchoreval.pocket import load, newcomers, score_directly, train, write_tasks
from anchoreval.pocket.lm import PocketLM
from anchoreval.protocol.anchoring import reconstruct, select

from ..exporters.runs import run_lm_eval

BASE: dict[str, Any] = {
    "job": {"name": "reconstruct"},
    "level": 0.9,
    "anchors": "export/anchors",
    "path": "out",
    "into": None,
    **dict.fromkeys(("importer", "items", "models", "logits", "name", "aggregation")),
    "reconstruct": {"metric": None, "filter_name": None},
}


def config(**keys: Any) -> DictConfig:
    made = OmegaConf.merge(BASE, keys)
    assert isinstance(made, DictConfig)
    return made


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Anchors of pocket as a task folder, run by two models that are new to it."""
    folder, benchmark = tmp_path_factory.mktemp("finished"), load()
    chosen = select(benchmark, "stratified_difficulty", k=60, seed=0)
    anchors = chosen.with_reconstruction(reconstruct(benchmark, chosen, "weighted"))
    write_task_folder(anchors, folder / "export", write_tasks(folder / "pocket"))
    for spec in newcomers(2, seed=1):
        lm = PocketLM(spec)
        lm.salt = spec.name
        run_lm_eval(lm, ["anchors_pocket_60"], folder / "out", folder / "export")
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished: Path) -> Path:
    """A working directory with copies of the export and the logs."""
    for name in ("export", "out"):
        shutil.copytree(finished / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def expected() -> pd.DataFrame:
    """The estimates without any log: the models' answers computed directly."""
    anchors, benchmark = load_anchors("export/anchors"), load()
    specs = {spec.name: train(spec) for spec in newcomers(2, seed=1)}
    answers = benchmark.subset(models=benchmark.models.index[:2], items=anchors.items)
    scores = np.stack([score_directly(model, anchors.items)[0] for model in specs.values()])
    object.__setattr__(answers, "scores", scores.astype(np.float32))
    made = anchors.reconstruction().predict(answers, level=0.9)
    return made.set_axis(pd.Index(list(specs), name="model"))


def test_estimates_are_those_of_the_models_answers(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config(into="estimates.parquet")).changed
    written, known = pd.read_parquet("estimates.parquet"), expected()
    assert sorted(written.index) == sorted(known.index)
    for column in ("score", "lower", "upper", "standard_error"):
        np.testing.assert_allclose(written.loc[known.index, column], known[column], atol=1e-9)
    said = capsys.readouterr().out
    assert "90% interval" in said
    assert "2 models reconstructed from 60 anchors of pocket" in said
    for name, row in known.iterrows():
        assert f"{100 * row['lower']:.1f} to {100 * row['upper']:.1f}" in next(
            line for line in said.splitlines() if line.startswith(str(name))
        )


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_a_file_is_written_once_and_replaced_by_its_like_alone(here: Path, suffix: str) -> None:
    path = Path(f"estimates.{suffix}")
    assert run(config(into=str(path))).changed
    assert not run(config(into=str(path))).changed
    assert run(config(into=str(path), level=0.8)).changed
    other = Path(f"other.{suffix}")
    other.write_text('{"mine": 1}\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is there already and is no export"):
        run(config(into=str(other)))
    assert other.read_text(encoding="utf-8") == '{"mine": 1}\n'


def test_json_says_what_it_holds(here: Path) -> None:
    run(config(into="estimates.json"))
    document = json.loads(Path("estimates.json").read_text(encoding="utf-8"))
    assert document["anchors"] == 60
    assert document["level"] == 0.9
    assert {row["model"] for row in document["estimates"]} == {spec.name for spec in newcomers(2, seed=1)}


def test_patterns_and_single_folders_are_paths_too(here: Path) -> None:
    first = newcomers(2, seed=1)[0].name
    run(config(path=f"out/{first}", into="one.csv"))
    run(config(path=f"out/{first[:4]}*{first[-3:]}/samples_*.jsonl", into="same.csv"))
    assert Path("one.csv").read_bytes() == Path("same.csv").read_bytes()
    assert list(pd.read_csv("one.csv")["model"]) == [first]


def test_an_incomplete_model_is_an_error_after_the_others(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lacking, complete = (spec.name for spec in newcomers(2, seed=1))
    next(Path("out", lacking).glob("samples_*.jsonl")).unlink()
    with pytest.raises(ScoringError, match=f"1 of 2 models could not be estimated; {lacking}: .*is not answered"):
        run(config(into="estimates.csv"))
    assert list(pd.read_csv("estimates.csv")["model"]) == [complete]
    assert complete in capsys.readouterr().out
    shutil.rmtree(Path("out", complete))
    with pytest.raises(ScoringError, match="1 of 1 models could not be estimated"):
        run(config(into="never.csv"))
    assert not Path("never.csv").exists()


@pytest.mark.parametrize(
    ("keys", "error", "problem"),
    [
        ({"anchors": None}, ConfigurationError, "job=reconstruct needs anchors="),
        ({"path": None}, ConfigurationError, "job=reconstruct needs path="),
        ({"path": "nowhere"}, StoreError, "nowhere: there is no such file or folder"),
        ({"path": "no*thing"}, StoreError, "there is no such file or folder"),
        ({"into": "table.xlsx"}, ConfigurationError, "ends in .csv, .json, .parquet"),
        ({"level": 1.5}, ConfigurationError, "level = 1.5"),
        ({"models": "x.csv"}, ConfigurationError, "is for job=import"),
    ],
)
def test_wrong_requests(here: Path, keys: dict[str, Any], error: type[Exception], problem: str) -> None:
    with pytest.raises(error, match=problem):
        run(config(**keys))
    assert sorted(p.name for p in here.iterdir()) == ["export", "out"]


def test_names_cannot_move_the_cursor() -> None:
    row = {"score": [0.5], "lower": [np.nan], "upper": [np.nan], "standard_error": [np.nan], "extrapolating": [True]}
    shown = estimates_table(pd.DataFrame(row, index=["a\x1b[2J\nb"]), 0.95)
    assert "\x1b" not in shown
    assert shown.splitlines()[-1].split() == ["a", "[2J", "b", "50.0", "-", "-", "yes"]


def test_anchors_without_calibration_models_give_no_interval(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import dataclasses

    known: AnchorSet = load_anchors("export/anchors")
    dataclasses.replace(known, roles=None, residuals=None).save("bare")
    run(config(anchors="bare"))
    assert "no calibration models: intervals are unavailable" in capsys.readouterr().err
