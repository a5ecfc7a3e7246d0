"""`job=export`: every kind, from a configuration as the command line composes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from omegaconf import DictConfig, OmegaConf

from anchoreval.anchors import AnchorSet, load_anchors
from anchoreval.errors import AnchorSetError, ConfigurationError, StoreError
from anchoreval.exporters.every_eval_ever_reading import read_every_eval_ever
from anchoreval.exporters.identity import first_difference
from anchoreval.exporters.lm_eval_samples import read_samples, samples_difference
from anchoreval.exporters.markdown import escaped
from anchoreval.exporters.task_folder import read_task_folder
from anchoreval.jobs.export import run
from anchoreval.pocket import load
from anchoreval.power.report.power_report import power_report
from anchoreval.protocol.anchoring import reconstruct, select

BASE: dict[str, Any] = {
    "job": {"name": "export"},
    "benchmark": {"name": "pocket", "path": None},
    "power": {"alpha": 0.05, "power": 0.8, "budgets": []},
    "level": 0.9,
    "anchors": "anchors",
    "into": "out",
    **dict.fromkeys(("importer", "path", "items", "models", "logits", "name", "aggregation")),
    "export": {
        "kind": "samples",
        "tasks": None,
        "include_path": None,
        "metric": None,
        "filter_name": None,
        "settings": {},
        "group": None,
        "estimates": None,
        "organization": None,
        "relationship": "third_party",
        "license": None,
    },
}


def config(export: dict[str, Any] | None = None, **keys: Any) -> DictConfig:
    made = OmegaConf.merge(BASE, keys, {"export": export or {}})
    assert isinstance(made, DictConfig)
    return made


@pytest.fixture(scope="module")
def pocket_anchors() -> AnchorSet:
    benchmark = load()
    chosen = select(benchmark, "stratified", k=40, seed=0)
    return chosen.with_reconstruction(reconstruct(benchmark, chosen, "weighted"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pocket_anchors: AnchorSet) -> Path:
    """A working directory with a saved anchor set."""
    monkeypatch.chdir(tmp_path)
    pocket_anchors.save(tmp_path / "anchors")
    return tmp_path


def test_samples(here: Path, pocket_anchors: AnchorSet, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config(into="my.json")).changed
    assert samples_difference(read_samples("my.json"), pocket_anchors) is None
    assert not run(config(into="my.json")).changed
    assert run(config(into="folder")).folder == Path("folder")
    assert read_samples("folder/samples.json") == read_samples("my.json")
    said = capsys.readouterr().out
    assert "my.json: written" in said
    assert "my.json: unchanged" in said
    assert "40 anchors of pocket exported" in said


def test_pocket_s_tasks_need_not_be_named(here: Path, pocket_anchors: AnchorSet) -> None:
    assert run(config({"kind": "tasks"})).changed
    assert first_difference(read_task_folder("out"), pocket_anchors) is None
    assert load_anchors("out/anchors").expected_error == pocket_anchors.expected_error
    assert not run(config({"kind": "tasks"})).changed


def test_a_card_with_what_the_power_report_says(here: Path) -> None:
    run(config({"kind": "card", "license": "other"}, into="README.md"))
    card = Path("README.md").read_text(encoding="utf-8")
    assert yaml.safe_load(card.split("---\n")[1])["license"] == "other"
    assert "# 40 anchors of pocket" in card
    benchmark, anchors = load(), load_anchors("anchors")
    report = power_report(benchmark, anchors, reconstruction=anchors.reconstruction())
    assert f"{100 * report.smallest:.1f} percentage points apart are told apart" in card
    assert report.caveats
    assert all(escaped(caveat) in card for caveat in report.caveats)


def test_estimates_of_a_run_or_a_leaderboard(here: Path) -> None:
    Path("run").mkdir()
    table = pd.DataFrame({"score": [0.5, 0.25], "lower": [0.4, 0.1], "upper": [0.6, 0.4]}, index=["a", "b"])
    table.rename_axis("model").to_parquet("run/estimates.parquet")
    Path("run/result.json").write_text('{"level": 0.8}', encoding="utf-8")
    asked = {"kind": "every_eval_ever", "estimates": "run", "organization": "A Lab"}
    assert run(config(asked)).changed
    assert not run(config(asked)).changed
    read = read_every_eval_ever("out").estimates
    assert read["score"].to_dict() == {"a": 0.5, "b": 0.25}
    assert set(read["level"]) == {0.8}
    Path("board").mkdir()
    table.assign(rank=[1, 2]).rename_axis("model").to_parquet("board/leaderboard.parquet")
    run(config({**asked, "estimates": "board"}, into="other"))
    assert set(read_every_eval_ever("other").estimates["level"]) == {0.9}


def test_all_at_once(here: Path, pocket_anchors: AnchorSet) -> None:
    pd.DataFrame({"model": ["a"], "score": [0.5]}).to_csv("estimates.csv", index=False)
    asked = {"kind": "all", "estimates": "estimates.csv", "organization": "A Lab"}
    assert run(config(asked)).changed
    assert {p.name for p in Path("out").iterdir()} == {"README.md", "samples.json", "tasks", "every_eval_ever"}
    assert samples_difference(read_samples("out/samples.json"), pocket_anchors) is None
    assert first_difference(read_task_folder("out/tasks"), pocket_anchors) is None
    assert list(read_every_eval_ever("out/every_eval_ever").estimates.index) == ["a"]
    assert not run(config(asked)).changed


@pytest.mark.parametrize(
    ("export", "keys", "error", "problem"),
    [
        ({"kind": "zip"}, {}, ConfigurationError, "there is no such kind"),
        ({}, {"anchors": None}, ConfigurationError, "job=export needs anchors="),
        ({}, {"into": None}, ConfigurationError, "job=export needs into="),
        ({}, {"anchors": "nowhere"}, AnchorSetError, "nowhere"),
        ({}, {"items": "x.csv"}, ConfigurationError, "items=x.csv is for job=import"),
        ({"kind": "every_eval_ever"}, {}, ConfigurationError, "needs export.estimates="),
        ({"kind": "every_eval_ever", "estimates": "anchors"}, {}, StoreError, "holds no leaderboard.parquet"),
        ({"kind": "all"}, {"into": "x.json"}, ConfigurationError, "writes a folder"),
    ],
)
def test_wrong_requests_write_nothing(
    here: Path, export: dict[str, Any], keys: dict[str, Any], error: type[Exception], problem: str
) -> None:
    with pytest.raises(error, match=problem):
        run(config(export, **keys))
    assert [p.name for p in here.iterdir()] == ["anchors"]


def test_other_benchmarks_tasks_must_be_named(here: Path) -> None:
    document = json.loads(Path("anchors/anchors.json").read_text(encoding="utf-8"))
    document["benchmark"]["name"] = "mine"
    del document["digest"]  # of the file as it was written
    Path("anchors/anchors.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"needs export\.tasks="):
        run(config({"kind": "tasks"}))
