"""How many cores a job may use: the machine's, or its share where several jobs run side by side.

Worker processes of a job (`compare.workers` and the like) are as many as its share, so that a sweep that runs as many
jobs as there are cores does not start as many workers again in each of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_share: ContextVar[int | None] = ContextVar("share", default=None)


def cores() -> int:
    """Cores that this process may run on; on a cluster, those that Slurm gave the task."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    given = os.environ.get("SLURM_CPUS_PER_TASK", "")
    return min(allowed, int(given)) if given.isdigit() and int(given) else allowed


def share() -> int | None:
    """Cores of this job where others run beside it; None where it has the machine for itself."""
    return _share.get()


@contextmanager
def sharing(count: int | None) -> Iterator[None]:
    """Give what runs in the block a share of the cores; None: all of them."""
    token = _share.set(count)
    try:
        yield
    finally:
        _share.reset(token)
