"""Exported folders run by plain `lm-eval run`, with a real Hugging Face model made here (extra `hf`)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anchoreval.anchors import AnchorSet, load_anchors
from anchoreval.exporters.logged_answers import read_logged_answers
from anchoreval.exporters.task_folder import write_task_folder
from anchoreval.pocket import load, write_tasks
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.scoring.live import score_live
from anchoreval.scoring.task_set import TaskSet, load_tasks

from ..scoring.doubles import choice_task, generation_task
from ..scoring.test_hugging_face import save_tiny_model
from .sets import anchors_of

pytest.importorskip("torch", reason="needs the extra hf: pip install 'anchoreval[hf]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # warnings of transformers and torch are not ours to mend
]

REGEX = [
    {"name": "digit", "filter": [{"function": "regex", "regex_pattern": "([0-9])"}, {"function": "take_first"}]},
    {"name": "none", "filter": [{"function": "take_first"}]},
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "tiny"
    save_tiny_model(folder)
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A working directory far from everything."""
    folder = tmp_path / "some" / "where else"
    folder.mkdir(parents=True)
    return folder


def plain_run(model: Path, folder: Path, group: str, cwd: Path) -> Path:
    """Run a group as its README says; the output folder."""
    home = {name: str(cwd / "home") for name in ("HF_HOME", "HOME")}
    offline = dict.fromkeys(("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"), "1")
    command = [
        *(sys.executable, "-m", "lm_eval", "run", "--model", "hf"),
        *("--model_args", f"pretrained={model},dtype=float32", "--device", "cpu"),
        *("--include_path", str(folder), "--tasks", group, "--log_samples", "--output_path", "out"),
    ]
    environment = {**os.environ, **home, **offline, "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return cwd / "out"


def moved(folder: Path) -> Path:
    """The export after it was moved, so that no path inside can be of use."""
    return Path(shutil.move(folder, folder.parent / "moved here"))


def logged_metrics(out: Path) -> dict[tuple[str, str, str], float]:
    """Every number by item, filter and metric, read from the logs without our reader."""
    found = {}
    for path in out.rglob("samples_*.jsonl"):
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            found |= {(row["doc"]["item"], row["filter"], metric): row[metric] for metric in row["metrics"]}
    return found


def assert_same_as_live(out: Path, tasks: TaskSet, anchors: Any, model: Path, metrics: Any, **settings: Any) -> None:
    found = logged_metrics(out)
    for metric, filter_name in metrics:
        live = score_live(
            *("hf", anchors),
            tasks=tasks,
            name="tiny",
            model_args={"pretrained": str(model), "dtype": "float32", "device": "cpu"},
            metric=metric,
            filter_name=filter_name,
            **settings,
        )
        assert [found[item, filter_name, metric] for item in live.items.index] == live.scores[0].tolist()
        if isinstance(anchors, AnchorSet):
            logged = read_logged_answers([out], anchors).responses
            assert logged is not None
            np.testing.assert_array_equal(logged.scores, live.scores)
            np.testing.assert_allclose(logged.probabilities, live.probabilities, atol=1e-5)


def test_a_moved_folder_gives_the_scores_of_live_scoring(model: Path, tmp_path: Path, elsewhere: Path) -> None:
    """Multiple choice with examples and a description, and generation through filters, in one folder."""
    choice = choice_task(
        *(tmp_path, "alpha", ("acc", "acc_norm")), num_fewshot=2, description="Pick one for {{question}}.\n\n"
    )
    generation = generation_task(
        *(tmp_path, "beta"),
        filter_list=REGEX,
        generation_kwargs={"until": ["\n"], "max_gen_toks": 8, "do_sample": False},
    )
    tasks = load_tasks([choice, generation], network=False)
    anchors = anchors_of(tasks, 12)
    by_task = {"alpha": "acc", "beta": "exact_match"}
    write_task_folder(anchors, tmp_path / "export", tasks, metric=by_task)
    out = plain_run(model, moved(tmp_path / "export"), "anchors_letters_12", elsewhere)
    rows = anchors.table.groupby("task")
    assert set(rows.groups) == {"alpha", "beta"}
    assert_same_as_live(
        *(out, tasks, rows.get_group("alpha"), model),
        metrics=[("acc", "none"), ("acc_norm", "none")],
    )
    assert_same_as_live(
        *(out, tasks, rows.get_group("beta"), model),
        metrics=[("exact_match", "digit"), ("exact_match", "none")],
    )
    logged = read_logged_answers([out], anchors).responses
    assert logged is not None
    assert logged.scores[0].tolist() == [
        logged_metrics(out)[item, "none", by_task[task]] for item, task in anchors.table["task"].items()
    ]


def test_anchors_of_pocket_are_reconstructed_from_the_folder_alone(
    model: Path, tmp_path: Path, elsewhere: Path
) -> None:
    benchmark = load()
    anchors = select(benchmark, "stratified_difficulty", k=40, seed=0)
    anchors = anchors.with_reconstruction(reconstruct(benchmark, anchors, "weighted"))
    tasks = load_tasks(write_tasks(tmp_path / "pocket"), network=False)
    write_task_folder(anchors, tmp_path / "export", tasks)
    shutil.rmtree(tmp_path / "pocket")
    folder = moved(tmp_path / "export")
    out = plain_run(model, folder, "anchors_pocket_40", elsewhere)
    assert_same_as_live(out, tasks, anchors, model, metrics=[("acc", "none")])
    read = load_anchors(folder / "anchors")
    logged = read_logged_answers([out], read).responses
    assert logged is not None
    estimate = read.reconstruction().predict(logged).iloc[0]
    assert 0.0 <= estimate["lower"] <= estimate["score"] <= estimate["upper"] <= 1.0
