"""Loading tasks: names, groups, tags, configurations, and what stays behind."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from anchoreval.errors import ConfigurationError, MissingExtraError
from anchoreval.scoring.live import score_live
from anchoreval.scoring.model_source import RegisteredModel, needs_no_network
from anchoreval.scoring.task_set import load_tasks

from .doubles import SIZES, HashLM, choice_task, write_group


@pytest.mark.parametrize("name", ["both", "letters", "alpha"])
def test_groups_and_tags_are_taken_apart(tmp_path: Path, name: str) -> None:
    loaded = load_tasks([name], include_path=write_group(tmp_path))
    assert loaded.sizes == (SIZES if name != "alpha" else {"alpha": SIZES["alpha"]})
    assert loaded.local


def test_a_task_file_is_found_by_its_path(tmp_path: Path) -> None:
    assert load_tasks([str(write_group(tmp_path) / "beta.yaml")]).sizes == {"beta": SIZES["beta"]}


def test_a_loaded_set_is_not_loaded_again(tmp_path: Path) -> None:
    loaded = load_tasks([choice_task(tmp_path, "alpha")])
    assert load_tasks(loaded) is loaded


def test_what_lm_eval_changes_in_a_configuration_stays_out_of_the_users(tmp_path: Path) -> None:
    config = choice_task(tmp_path, "alpha")
    config["dataset_kwargs"]["trust_remote_code"] = True
    load_tasks([config])
    assert config["dataset_kwargs"]["trust_remote_code"]


def test_what_does_not_load_is_named(tmp_path: Path) -> None:
    broken = choice_task(tmp_path, "alpha")
    broken["dataset_kwargs"]["data_files"]["test"] = str(tmp_path / "absent.jsonl")
    with pytest.raises(ConfigurationError, match="lm-eval task 'alpha' does not load: FileNotFoundError"):
        load_tasks([broken])
    with pytest.raises(ConfigurationError, match="task 'beta' is given twice"):
        load_tasks([choice_task(tmp_path, "beta"), choice_task(tmp_path, "beta")])
    with pytest.raises(ConfigurationError, match="no lm-eval tasks are given"):
        load_tasks([])
    with pytest.raises(ConfigurationError, match=r"include_path .* is not a folder"):
        load_tasks(["alpha"], include_path=tmp_path / "absent")


def test_an_unknown_name_is_looked_for_in_the_manager_that_is_given(tmp_path: Path) -> None:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(write_group(tmp_path)), include_defaults=False)
    assert load_tasks(["alpha"], task_manager=manager).sizes == {"alpha": SIZES["alpha"]}
    with pytest.raises(ConfigurationError, match=r"lm-eval task 'gamma' does not load: KeyError: .*gamma"):
        load_tasks(["gamma"], task_manager=manager)


def test_data_built_from_local_files_vanish_with_the_tasks(tmp_path: Path) -> None:
    here = Path(tempfile.gettempdir())
    before = set(here.glob("anchoreval-tasks-*"))
    loaded = load_tasks([choice_task(tmp_path, "alpha")])
    (mine,) = set(here.glob("anchoreval-tasks-*")) - before
    assert list(mine.rglob("*.arrow"))
    del loaded
    gc.collect()
    assert not mine.exists()


SCRIPT = """
import socket, sys

def refuse(*args, **kwargs):
    raise AssertionError(f"a look-up in the network: {args}")

socket.getaddrinfo = refuse
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from anchoreval.scoring.live import RegisteredModel, score_live, score_models
from tests.scoring.doubles import HashLM, choice_task
task = choice_task(Path(sys.argv[1]), "alpha")
print(score_live(HashLM(), {"alpha": [3, 1]}, tasks=[task], name="m").scores.shape)
result = score_models({"dummy": RegisteredModel("dummy")}, {"alpha": [3, 1]}, tasks=[task])
print(result.responses.scores.shape, dict(result.failures))
"""


def test_a_run_needs_no_home_and_no_network_and_prints_nothing(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    # a home that cannot be made, even by root; and nothing of this process's settings
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), str(root)],
        env={**kept, "HOME": "/dev/null/home"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["(1, 2)", "(1, 2) {}"]
    assert done.stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == ["alpha.jsonl"]


def test_importing_live_scoring_loads_no_lm_eval() -> None:
    script = "import sys, anchoreval.scoring.live, anchoreval.scoring.replay; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"lm_eval", "datasets", "torch"} & set(shown)


def test_a_model_is_local_where_its_weights_are_a_folder(tmp_path: Path) -> None:
    assert needs_no_network(HashLM())
    assert not needs_no_network(HashLM)
    assert needs_no_network(RegisteredModel("hf", {"pretrained": tmp_path, "dtype": "float32"}))
    assert needs_no_network(RegisteredModel("hf", f"dtype=float32,pretrained={tmp_path}"))
    assert not needs_no_network(RegisteredModel("hf", {"pretrained": "some/model"}))
    assert not needs_no_network(RegisteredModel("dummy"))


def test_a_missing_package_is_named_with_the_line_that_installs_it(tmp_path: Path) -> None:
    def needs(module: str) -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    tasks = load_tasks([choice_task(tmp_path, "alpha")])
    for module, line in [("torch.nn", r"anchoreval\[hf\]"), ("tenacity", r"anchoreval\[api\]"), ("other", "other")]:
        with pytest.raises(MissingExtraError, match=rf"^model 'm' needs \w+, .*: pip install '{line}'$"):
            score_live(lambda module=module: needs(module), {"alpha": [1]}, tasks=tasks, name="m")
