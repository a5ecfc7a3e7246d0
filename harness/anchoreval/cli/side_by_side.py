"""Cores and threads of a sweep's jobs: one rule under every launcher.

* Linear algebra has one thread in every job of a sweep, the basic launcher's included: the last bits of a sum depend on
  the number of threads, and results shall not depend on the launcher.
* A job's own workers are as many as its share: the cores of the machine, divided by the jobs that run on it at a time;
  on a cluster, what the scheduler gives the job.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from hydra.core.hydra_config import HydraConfig

from anchoreval.jobs.cores import cores, sharing
from anchoreval.jobs.output import in_sweep


@contextmanager
def conditions() -> Iterator[None]:
    """Threads and cores of the job that runs in the block; nothing changes outside of a sweep."""
    if not in_sweep():
        yield
        return
    from anchoreval.protocol.workers import one_thread

    hydra = HydraConfig.get()
    with one_thread(), sharing(share_of_a_job(hydra.launcher, hydra.sweeper)):
        yield


def share_of_a_job(launcher: Mapping[str, Any], sweeper: Mapping[str, Any]) -> int | None:
    """Cores of each job of a sweep; None under the basic launcher, whose jobs run one after the other.

    Args:
        launcher: the section `hydra.launcher`.
        sweeper: the section `hydra.sweeper`.
    """
    name = str(launcher["_target_"]).rsplit(".", 1)[-1]
    if name == "BasicLauncher":
        return None
    if name == "JoblibLauncher":
        return max(1, cores() // _processes(int(launcher["n_jobs"])))
    if name == "RayLauncher":
        return max(1, int(launcher["ray"]["remote"].get("num_cpus") or 1))
    if name == "LocalLauncher":
        beside = sweeper.get("max_batch_size") or cores()
        return int(launcher["cpus_per_task"] or max(1, cores() // int(beside)))
    if name == "SlurmLauncher":
        return int(launcher["cpus_per_task"] or cores())
    return 1


def _processes(n_jobs: int) -> int:
    """Joblib's way of counting: -1 is as many as there are cores, -2 one less."""
    return n_jobs if n_jobs > 0 else max(1, cores() + 1 + n_jobs)
