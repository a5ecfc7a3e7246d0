"""The job that asks each model items of its own: what it writes, that it resumes, and live and recorded answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from omegaconf import DictConfig, OmegaConf

from anchoreval import pocket
from anchoreval.adaptive import AdaptiveTest, estimates_of, fixed_form, recorded
from anchoreval.errors import BudgetError, ConfigurationError, MethodOptionError, UnknownMethodError
from anchoreval.groups import model_groups
from anchoreval.jobs.adaptive import read_summary, run
from anchoreval.policies.optimal import Optimal
from anchoreval.responses import ResponseMatrix
from anchoreval.store import read_benchmark, write_benchmark

ONLY_IMPORT = ("importer", "path", "into", "items", "models", "logits", "name", "aggregation")
REPLAY = {"_target_": "anchoreval.jobs.scorer_replay.ReplayScorer", "models": None}
POCKET = {"_target_": "anchoreval.jobs.scorer_pocket.PocketScorer", "models": 1, "truth": True}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def config(**changes: Any) -> DictConfig:
    """As Hydra composes it, with replay on the benchmark `bench`."""
    base = {
        "job": {"name": "adaptive"},
        "benchmark": {"name": None, "path": "bench"},
        "split": {"kind": "iid", "test_share": None},
        "scorer": REPLAY,
        "policy": {"name": "optimal", "dimensions": 1},
        "adaptive": {"half_width": 12.0, "budget": 30, "batch": 5, "guarded": True},
        "k": 20,
        "seed": 1,
        "level": 0.9,
        "calibration": "auto",
        "missing": "refuse",
        "results": "results",
        "verbose": False,
        **dict.fromkeys(ONLY_IMPORT),
    }
    return OmegaConf.create(base | changes)


def test_a_run_equals_the_same_steps_in_python(here: Path, synthetic: Callable[..., ResponseMatrix]) -> None:
    write_benchmark(synthetic(110, 60, n_subjects=3, variants=2), "bench")
    outcome = run(config(scorer=REPLAY | {"models": ["model010", "model050"]}, calibration=0.4))
    matrix = read_benchmark("bench")
    groups = model_groups(matrix)
    sources = matrix.subset(models=matrix.models.index[~groups.isin(groups[["model010", "model050"]])])
    policy = Optimal(dimensions=1, batch=5)
    test = AdaptiveTest.learn(sources, policy, budget=30, half_width=0.12, level=0.9, calibration=0.4, seed=1)
    expected = estimates_of(test.sit_recorded(matrix.subset(models=["model010", "model050"])))
    found = pd.read_parquet(outcome.folder / "estimates.parquet")
    pd.testing.assert_frame_equal(found[expected.columns], expected, check_index_type=False, check_names=False)
    assert found["truth"].to_numpy() == pytest.approx(matrix.full_scores[["model010", "model050"]].to_numpy())
    summary = read_summary(outcome.folder)
    assert summary.factor == pytest.approx(test.factor)
    assert summary.expected_error == pytest.approx(test.expected_error)
    assert summary.left_out["variants or copies of a target"] == 2
    assert outcome.objective == pytest.approx(100 * test.expected_error)


def test_what_a_run_writes_and_that_it_is_done_once(
    here: Path, synthetic: Callable[..., ResponseMatrix], capsys: pytest.CaptureFixture[str]
) -> None:
    write_benchmark(synthetic(100, 60), "bench")
    first = run(config())
    names = {str(path.relative_to(first.folder)) for path in first.folder.rglob("*") if path.is_file()}
    assert {"result.json", "report.md", "report.html", "estimates.csv", "estimates.parquet", "done.json"} <= names
    assert {"sittings.parquet", "calibration.csv", "figures/items.png", "figures/half_widths.png"} <= names
    said = capsys.readouterr().out
    assert "items on average" in said
    again = run(config())
    assert (again.folder, again.changed) == (first.folder, False)
    assert capsys.readouterr().out.replace("was complete:", "written to") == said
    other = run(config(adaptive={"half_width": 14.0, "budget": 30, "batch": 5, "guarded": True}))
    assert other.changed
    assert other.folder != first.folder
    table = pd.read_parquet(first.folder / "sittings.parquet")
    estimates = pd.read_csv(first.folder / "estimates.csv", index_col="model")
    assert table.groupby("model").size().to_dict() == estimates["asked"].to_dict()
    scores = pd.DataFrame(
        read_benchmark("bench").scores,
        index=read_benchmark("bench").models.index,
        columns=read_benchmark("bench").items.index,
    )
    for row in table.head(40).itertuples():
        assert row.answer == scores.loc[str(row.model), str(row.item)]
    json.loads((first.folder / "result.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)


def test_the_wanted_width_is_that_of_the_fixed_form_where_none_is_given(
    here: Path, synthetic: Callable[..., ResponseMatrix]
) -> None:
    write_benchmark(synthetic(110, 60), "bench")
    given = {"half_width": None, "budget": 40, "batch": 10, "guarded": True}
    outcome = run(config(adaptive=given, scorer=REPLAY | {"models": ["model003"]}))
    summary, matrix = read_summary(outcome.folder), read_benchmark("bench")
    sources = matrix.subset(models=matrix.models.index.drop("model003"))
    assert summary.half_width == pytest.approx(fixed_form(sources, 20, level=0.9, seed=1).half_width)
    assert summary.fixed == 20
    assert "that of 20 fixed anchors" in (outcome.folder / "report.md").read_text(encoding="utf-8")


def test_newcomers_are_asked_live_what_their_answers_call_for(here: Path) -> None:
    outcome = run(
        config(
            benchmark={"name": "pocket", "path": None},
            scorer=POCKET,
            adaptive={"half_width": 15.0, "budget": 15, "batch": 5, "guarded": True},
            seed=2,
        )
    )
    (spec,) = pocket.newcomers(1, 2)
    model = pocket.train(spec)
    found = pd.read_parquet(outcome.folder / "estimates.parquet")
    assert found.loc[spec.name, "truth"] == pytest.approx(pocket.score_directly(model)[0].mean())
    matrix = pocket.load()
    scores = pocket.score_directly(model, matrix.items.index)[0]
    direct = ResponseMatrix.from_arrays(scores, models=[spec.name], items=matrix.items)
    policy = Optimal(dimensions=1, batch=5)
    test = AdaptiveTest.learn(matrix, policy, budget=15, half_width=0.15, level=0.9, seed=2)
    expected = test.sit(recorded(direct, spec.name), spec.name)
    table = pd.read_parquet(outcome.folder / "sittings.parquet")
    assert table["item"].tolist() == expected.items.tolist()
    np.testing.assert_array_equal(table["answer"], expected.scores)
    assert found.loc[spec.name, "score"] == expected.estimate


def test_a_model_that_lm_eval_knows_by_name(here: Path) -> None:
    from lm_eval.api.registry import MODEL_REGISTRY, register_model

    from anchoreval.pocket.lm import PocketLM

    if "pocket-for-tests" not in MODEL_REGISTRY:

        @register_model("pocket-for-tests")
        class ByName(PocketLM):
            def __init__(self, pretrained: str, **_: object) -> None:
                super().__init__(next(spec for spec in pocket.population() if spec.name == pretrained))

    tasks = pocket.write_tasks(here / "tasks")
    for task in tasks:
        (here / "tasks" / f"{task['task']}.yaml").write_text(yaml.safe_dump(task), encoding="utf-8")
    scorer = {
        "_target_": "anchoreval.jobs.scorer_lm_eval.LmEvalScorer",
        "model": "pocket-for-tests",
        "model_args": {"pretrained": "fir-3"},
        "tasks": [str(task["task"]) for task in tasks],
        "include_path": "tasks",
        "truth": False,
    }
    benchmark = {"name": "pocket", "path": None}
    outcome = run(
        config(
            benchmark=benchmark, scorer=scorer, adaptive={"half_width": 20.0, "budget": 10, "batch": 5, "guarded": True}
        )
    )
    table = pd.read_parquet(outcome.folder / "sittings.parquet")
    matrix = pocket.load()
    expected = matrix.subset(models=["fir-3"], items=table["item"]).scores[0]
    np.testing.assert_array_equal(table["answer"], expected)
    assert read_summary(outcome.folder).estimates["truth"].isna().all()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"adaptive": {"half_width": 0.0, "budget": 30, "batch": 1}}, ConfigurationError, "half_width = 0"),
        ({"adaptive": {"half_width": 5.0, "budget": 61, "batch": 1}}, BudgetError, "adaptive.budget = 61"),
        ({"adaptive": {"half_width": None, "budget": 30, "batch": 1}, "k": 99}, BudgetError, "k = 99"),
        ({"adaptive": {"half_width": 5.0, "budget": 30, "batch": 0}}, MethodOptionError, "batch"),
        ({"policy": {"name": "fischer"}}, UnknownMethodError, "fischer"),
        ({"policy": {"dimensions": 2}}, ConfigurationError, "policy.name is missing"),
        ({"policy": {"name": "optimal", "dims": 2}}, MethodOptionError, "dims"),
        ({"level": 1.5}, ConfigurationError, "level = 1.5"),
        ({"path": "x"}, ConfigurationError, "job=import"),
    ],
)
def test_wrong_requests_write_nothing(
    here: Path,
    changes: dict[str, Any],
    error: type[Exception],
    message: str,
    synthetic: Callable[..., ResponseMatrix],
) -> None:
    write_benchmark(synthetic(70, 60), "bench")
    with pytest.raises(error, match=message):
        run(config(**changes))
    assert not (here / "results").exists()


def test_without_the_guard_no_more_items_are_asked(here: Path, synthetic: Callable[..., ResponseMatrix]) -> None:
    write_benchmark(synthetic(110, 60, n_subjects=3, variants=2), "bench")
    asked = [
        run(config(adaptive={"half_width": 12.0, "budget": 30, "batch": 1, "guarded": guarded}))
        for guarded in (True, False)
    ]
    assert asked[0].folder != asked[1].folder
    items = [pd.read_csv(outcome.folder / "estimates.csv")["asked"].mean() for outcome in asked]
    assert items[1] <= items[0]
