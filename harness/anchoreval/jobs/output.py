"""What jobs print: a page each, or a line each inside a sweep."""

from __future__ import annotations

import sys

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode


def in_sweep() -> bool:
    """Whether this job is one of several: its output should be a line, not a page."""
    return bool(HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN)


def job_label() -> str:
    """`#3 k=50 seed=1: ` inside a sweep, else nothing."""
    if not in_sweep():
        return ""
    hydra = HydraConfig.get()
    return f"#{hydra.job.num} {' '.join(hydra.overrides.task)}: "


def page(text: str, line: str) -> None:
    """Print a job's page and its closing line; inside a sweep the line alone, after the job's overrides."""
    print(f"{job_label()}{line}" if in_sweep() else f"{text}\n\n{line}", flush=True)  # noqa: T201


def note(line: str) -> None:
    """Print a line on standard error."""
    print(f"anchoreval: {job_label()}{line}", file=sys.stderr, flush=True)  # noqa: T201
