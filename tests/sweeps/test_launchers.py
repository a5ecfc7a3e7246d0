from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins

from anchoreval.cli import main
from anchoreval.config import CONF
from anchoreval.jobs.cores import cores

from .commands import TUNE, call, collected, complete, same

PLUGINS = {
    "processes": ("launcher", "joblib", "parallel"),
    "local_queue": ("launcher", "submitit_local", "slurm"),
    "slurm": ("launcher", "submitit_slurm", "slurm"),
    "ray_local": ("launcher", "ray", "ray"),
    "tune": ("sweeper", "optuna", "optuna"),
}
"""By our choice: its group, Hydra's choice that it builds on, and the extra that brings the plug-in."""


def section(capsys: pytest.CaptureFixture[str], group: str, *arguments: str) -> dict[str, Any]:
    """A section of Hydra's own configuration as it is composed."""
    capsys.readouterr()
    assert main([*arguments, "--cfg", "hydra", "-p", f"hydra.{group}"]) == 0
    return dict(yaml.safe_load(capsys.readouterr().out))


def test_every_choice_of_ours_is_known_here() -> None:
    assert {path.stem for path in (CONF / "hydra").glob("*/*.yaml")} == set(PLUGINS)


@pytest.mark.parametrize("choice", [c for c in PLUGINS if c != "ray_local" or find_spec("ray")])
def test_every_choice_composes(choice: str, capsys: pytest.CaptureFixture[str]) -> None:
    group, plugin, _ = PLUGINS[choice]
    ours = section(capsys, group, f"hydra/{group}={choice}")
    assert ours["_target_"] == section(capsys, group, f"hydra/{group}={plugin}")["_target_"]


@pytest.mark.parametrize("choice", PLUGINS)
def test_a_missing_extra_is_one_line_that_installs_it(
    choice: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    group, plugin, extra = PLUGINS[choice]
    Plugins.instance()  # what is installed has registered itself
    monkeypatch.delitem(ConfigStore.instance().repo["hydra"][group], f"{plugin}.yaml", raising=False)
    for asked in (choice, plugin):
        assert main(["-m", f"hydra/{group}={asked}", "k=5,10"]) == 2
        said = capsys.readouterr()
        install = f"pip install 'anchoreval[{extra}]'"
        assert said.err == f"anchoreval: error: hydra/{group}={asked} needs an extra: {install}\n"
        assert said.out == ""


def test_the_extras_are_those_of_the_project() -> None:
    text = (CONF.parent / "pyproject.toml").read_text(encoding="utf-8")
    for _, _, extra in PLUGINS.values():
        assert re.search(rf"^{extra} = \[\"hydra-", text, re.MULTILINE), extra


def test_local_queue_runs_the_sweep_for_real(here: Path) -> None:
    cells = ["-m", *TUNE, "k=10,20,30"]
    said = call(here, *cells, "hydra/launcher=local_queue", "results=queue")
    assert "3 jobs: 3 done, 0 were there already, 0 failed" in said
    logs = list((here / "queue" / "sweeps").glob("*/.submitit/*/*_log.out"))
    assert len(logs) == 3, "every job was a process of submitit's"
    call(here, *cells, "results=plain")
    assert complete(here / "queue").keys() == complete(here / "plain").keys()
    assert same(collected(here, "queue"), collected(here, "plain"))


SUBMITTED = "the script was made"


def test_the_batch_script_that_slurm_would_get(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from submitit.slurm.slurm import SlurmExecutor

    scripts: list[str] = []

    def submit(executor: Any, submitted: str) -> None:
        scripts.append(executor._make_submission_file_text(submitted, "uid"))
        raise RuntimeError(SUBMITTED)

    monkeypatch.setattr(SlurmExecutor, "affinity", classmethod(lambda _: 2))
    monkeypatch.setattr(SlurmExecutor, "_submit_command", submit)
    chosen = ["partition=long", "mem_gb=16", "cpus_per_task=4", "timeout_min=90", "array_parallelism=8"]
    options = [f"hydra.launcher.{one}" for one in chosen]
    options.append("+hydra.launcher.additional_parameters={mail-type:END}")
    assert main(["-m", *TUNE, "seed=range(0,20)", "hydra/launcher=slurm", *options]) == 1
    (script,) = scripts
    flags = dict(re.findall(r"^#SBATCH --([a-z-]+)=(.*)$", script, re.MULTILINE))
    wanted = {"partition": "long", "mem": "16GB", "cpus-per-task": "4", "time": "90", "array": "0-19%8"}
    assert {name: flags.get(name) for name in wanted} == wanted
    assert flags["job-name"] == "anchoreval"
    assert flags["mail-type"] == "END"
    assert ".submitit" in flags["output"]
    assert "account" not in flags, "what is not given is the cluster's default"
    before, after = script.split("# command")
    assert "export OMP_NUM_THREADS=1" in before.split("# setup")[1]
    assert re.search(r"^srun .*submitit\.core\._submit", after, re.MULTILINE)


def test_a_process_that_dies_is_one_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from anchoreval.cli.messages import launcher_error

    class TerminatedWorkerError(Exception):
        """As joblib's."""

    told = launcher_error(TerminatedWorkerError("a long\nexplanation"))
    assert told is not None
    assert "the same command goes on" in str(told)
    assert launcher_error(RuntimeError("else")) is None


def test_all_cores_are_meant_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert section(capsys, "launcher", "hydra/launcher=processes")["n_jobs"] == -1
    queued = section(capsys, "sweeper", "hydra/launcher=local_queue")
    assert queued["max_batch_size"] == cores()
