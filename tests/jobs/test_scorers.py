"""Live targets: what the two live scorers do inside `job=run`, on pocket's models and through lm-eval."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from anchoreval import pocket
from anchoreval.anchors import load_anchors
from anchoreval.cli import main
from anchoreval.groups import model_groups
from anchoreval.store import write_benchmark

MODEL = "fir-3"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def registered() -> str:
    """A kind of model that lm-eval knows by name: one of pocket's population, retrained."""
    from lm_eval.api.registry import MODEL_REGISTRY, register_model

    from anchoreval.pocket.lm import PocketLM

    if "pocket-by-name" not in MODEL_REGISTRY:

        @register_model("pocket-by-name")
        class ByName(PocketLM):
            def __init__(self, pretrained: str, **_: object) -> None:
                super().__init__(next(spec for spec in pocket.population() if spec.name == pretrained))

    return "pocket-by-name"


def the_run(here: Path) -> Path:
    (folder,) = (here / "results" / "runs").iterdir()
    return folder


def test_the_demo_scores_newcomers_live_and_knows_the_truth(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["experiment=demo", "k=40", "scorer.models=2", "estimator=mean", "seed=2"]) == 0
    said = capsys.readouterr()
    assert said.err == "", "no progress bar and no log where there is no terminal"
    estimates = pd.read_parquet(the_run(here) / "estimates.parquet")
    specs = pocket.newcomers(2, 2)
    assert list(estimates.index) == [spec.name for spec in specs]
    anchors = load_anchors(the_run(here) / "anchors").items
    for spec in specs:
        model = pocket.train(spec)
        assert estimates.loc[spec.name, "truth"] == pytest.approx(pocket.score_directly(model)[0].mean())
        plain_mean = pocket.score_directly(model, anchors)[0].mean()
        assert estimates.loc[spec.name, "score"] == pytest.approx(plain_mean), "a simple random sample of equal weights"
    assert "of 2 intervals hold the true score" in said.out


def test_newcomers_without_truth_get_a_forest(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["k=30", "scorer=pocket", "scorer.truth=false", "scorer.models=1", "estimator=mean"]) == 0
    assert "true score" not in capsys.readouterr().out
    assert "the true scores are not known" in (the_run(here) / "report.md").read_text(encoding="utf-8")


def test_a_model_that_lm_eval_knows_by_name(here: Path, registered: str) -> None:
    matrix = pocket.load()
    write_benchmark(matrix, "bench")
    tasks = pocket.write_tasks(here / "tasks")
    for task in tasks:
        (here / "tasks" / f"{task['task']}.yaml").write_text(yaml.safe_dump(task), encoding="utf-8")
    names = ",".join(str(task["task"]) for task in tasks)
    live = ["scorer=lm_eval", f"scorer.model={registered}", f"+scorer.model_args.pretrained={MODEL}"]
    live += [f"scorer.tasks=[{names}]", "scorer.include_path=tasks", "scorer.truth=true"]
    assert main(["benchmark.path=bench", *live, "k=40", "estimator=mean"]) == 0
    folder = the_run(here)
    estimates = pd.read_parquet(folder / "estimates.parquet")
    anchors = load_anchors(folder / "anchors")
    recorded = matrix.subset(models=[MODEL], items=anchors.items).scores.mean()
    assert estimates.loc[MODEL, "score"] == pytest.approx(recorded), "live answers are the recorded ones"
    assert estimates.loc[MODEL, "truth"] == pytest.approx(matrix.full_scores[MODEL])
    groups = model_groups(matrix)
    relatives = groups.index[groups == groups[MODEL]]
    assert len(relatives) > 1
    assert anchors.roles is not None
    assert not set(relatives) & set(anchors.roles.index), "neither the model nor a variant of it chose the anchors"
    assert json.loads((folder / "result.json").read_text(encoding="utf-8"))["scoring"] == "scored live through lm-eval"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scorer.tasks=[nothing]", "scorer.include_path=nowhere"], "nowhere"),
        (["scorer.tasks=[a]", "+scorer.settings.use_cache=x"], "use_cache"),
        ([], "scorer.tasks"),
    ],
)
def test_wrong_live_requests_are_one_line(
    here: Path, capsys: pytest.CaptureFixture[str], registered: str, arguments: list[str], words: str
) -> None:
    assert main(["scorer=lm_eval", f"scorer.model={registered}", "k=10", "estimator=mean", *arguments]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert words in line
    assert not list(here.iterdir())
