from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from anchoreval.cli import side_by_side
from anchoreval.cli.followings import BATCH, SEARCH, SEED, with_followings
from anchoreval.cli.side_by_side import share_of_a_job
from anchoreval.jobs.cores import cores, share, sharing
from anchoreval.jobs.request import processes

from .commands import call

TARGETS = {
    "joblib": "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher",
    "local": "hydra_plugins.hydra_submitit_launcher.submitit_launcher.LocalLauncher",
    "slurm": "hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher",
    "ray": "hydra_plugins.hydra_ray_launcher.ray_launcher.RayLauncher",
    "basic": "hydra._internal.core_plugins.basic_launcher.BasicLauncher",
    "theirs": "hydra_plugins.theirs.TheirLauncher",
}


@pytest.fixture
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of eight cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("SLURM_CPUS_PER_TASK", raising=False)


@pytest.mark.usefixtures("eight")
@pytest.mark.parametrize(
    ("launcher", "options", "batch", "expected"),
    [
        ("basic", {}, None, None),
        ("joblib", {"n_jobs": -1}, None, 1),
        ("joblib", {"n_jobs": 2}, None, 4),
        ("joblib", {"n_jobs": 3}, None, 2),
        ("joblib", {"n_jobs": 16}, None, 1),
        ("joblib", {"n_jobs": -7}, None, 4),
        ("local", {"cpus_per_task": None}, 4, 2),
        ("local", {"cpus_per_task": 3}, 4, 3),
        ("slurm", {"cpus_per_task": 6}, None, 6),
        ("ray", {"ray": {"remote": {"num_cpus": 2}}}, None, 2),
        ("ray", {"ray": {"remote": {}}}, None, 1),
        ("theirs", {}, None, 1),
    ],
)
def test_a_job_has_the_cores_divided_by_the_jobs_beside_it(
    launcher: str, options: dict[str, Any], batch: int | None, expected: int | None
) -> None:
    section = {"_target_": TARGETS[launcher], **options}
    assert share_of_a_job(section, {"max_batch_size": batch}) == expected


@pytest.mark.usefixtures("eight")
def test_workers_of_a_job_are_its_share() -> None:
    assert processes(None) == 7, "alone, one core is left to the user"
    for count in (1, 2, 4):
        with sharing(count):
            assert processes(None) == count
            assert processes(5) == 5, "what was asked for counts"
    assert share() is None


@pytest.mark.usefixtures("eight")
def test_slurm_says_how_many_cores_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "3")
    assert cores() == 3
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "many")
    assert cores() == 8


@pytest.mark.usefixtures("eight")
def test_a_launcher_that_starts_all_jobs_at_once_is_given_batches() -> None:
    queued = ["-m", "hydra/launcher=local_queue", "k=1,2"]
    assert with_followings(queued) == ["-m", "hydra/launcher=local_queue", f"{BATCH}=8", "k=1,2"]
    for told in ([*queued, f"{BATCH}=3"], [*queued, "hydra/sweeper=theirs"], ["-m", "hydra/launcher=processes"]):
        assert with_followings(told) == told


def test_a_search_draws_from_a_seed_of_its_own() -> None:
    assert with_followings(["-m", SEARCH, "k=1"]) == ["-m", SEARCH, f"{SEED}=0", "k=1"]
    for told in (["-m", SEARCH, f"{SEED}=3"], ["-m", SEARCH, "hydra/sweeper/sampler=grid"]):
        assert with_followings(told) == told


def test_linear_algebra_has_one_thread_in_every_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    from threadpoolctl import threadpool_info

    class InSweep:
        launcher = {"_target_": TARGETS["basic"]}
        sweeper: dict[str, Any] = {}

    monkeypatch.setattr(side_by_side, "in_sweep", lambda: True)
    monkeypatch.setattr(side_by_side.HydraConfig, "get", staticmethod(InSweep))
    with side_by_side.conditions():
        pools = threadpool_info()
        assert pools
        assert {pool["num_threads"] for pool in pools} == {1}
        assert os.environ["OMP_NUM_THREADS"] == "1"


SPY = '''
import json, os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from threadpoolctl import threadpool_info
from anchoreval.jobs.request import processes
from anchoreval.methods import Selection

@dataclass
class Spy:
    """Takes the first items, and says what it may use."""
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset] = frozenset()

    def select(self, sources, k, rng):
        threads = max(pool["num_threads"] for pool in threadpool_info())
        told = {"threads": threads, "OMP": os.environ.get("OMP_NUM_THREADS"), "workers": processes(None)}
        Path(os.environ["SPY"], f"{os.getpid()}.json").write_text(json.dumps(told))
        return Selection(items=sources.items.index[:k])
'''


def test_jobs_side_by_side_do_not_oversubscribe(here: Path) -> None:
    metadata = here / "site" / "spying-1.0.dist-info"
    metadata.mkdir(parents=True)
    (here / "told").mkdir()
    (here / "site" / "spying.py").write_text(SPY, encoding="utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: spying\nVersion: 1.0\n", encoding="utf-8")
    entry = "[anchoreval.selectors]\nspy = spying:Spy\n"
    (metadata / "entry_points.txt").write_text(entry, encoding="utf-8")
    path = os.pathsep.join([str(here / "site"), os.environ.get("PYTHONPATH", "")])
    sweep = ["-m", "job=tune", "benchmark.path=bench", "estimator=signature", "k=5,6,7,8"]
    chosen = ["selector=plugin", "selector.name=spy", "hydra/launcher=processes", "hydra.launcher.n_jobs=2"]
    call(here, *sweep, *chosen, PYTHONPATH=path, SPY=str(here / "told"))
    told = [json.loads(one.read_text()) for one in (here / "told").iterdir()]
    assert told
    own = max(1, min(cores() // 2, 8))
    assert all(one == {"threads": 1, "OMP": "1", "workers": own} for one in told), told
