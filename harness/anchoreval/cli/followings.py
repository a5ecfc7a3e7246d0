"""What follows from the choice of a launcher or sweeper in another section, where a YAML file of Hydra's cannot say it.

* `hydra/launcher=local_queue` starts a batch of jobs at once: as many as there are cores, unless told otherwise.
* `hydra/sweeper=tune` draws from a seed of its own, so that a search that was killed and is started again asks for the
  same runs, which are complete by then. Other samplers than its usual one may know no seed, and get none.
"""

from __future__ import annotations

from collections.abc import Sequence

from anchoreval.jobs.cores import cores

BATCH = "hydra.sweeper.max_batch_size"
QUEUES = ("hydra/launcher=local_queue", "hydra/launcher=submitit_local")
SEARCH = "hydra/sweeper=tune"
SAMPLER = "hydra/sweeper/sampler="
SEED = "hydra.sweeper.sampler.seed"


def with_followings(arguments: Sequence[str]) -> list[str]:
    """The arguments, each choice followed by what it entails unless that is told."""
    return [one for argument in arguments for one in (argument, *_followings(argument, arguments))]


def _followings(argument: str, arguments: Sequence[str]) -> list[str]:
    if argument in QUEUES and not _told(arguments, BATCH, "hydra/sweeper="):
        return [f"{BATCH}={cores()}"]
    if argument == SEARCH and not _told(arguments, SEED, SAMPLER):
        return [f"{SEED}=0"]
    return []


def _told(arguments: Sequence[str], *beginnings: str) -> bool:
    return any(argument.lstrip("+~").startswith(beginnings) for argument in arguments)
