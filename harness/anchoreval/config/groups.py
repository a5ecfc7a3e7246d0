"""What the groups job, benchmark and split choose; the scorers, which have more keys, are beside.

Selectors, estimators and policies have no class here: a plug-in brings options of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING


@dataclass
class JobConfig:
    """What to do: the name of a job."""

    name: str = MISSING


@dataclass
class BenchmarkConfig:
    """A benchmark by name (`pocket`), or a stored one by the path of its folder, which counts first."""

    name: str | None = None
    path: str | None = None


@dataclass
class SplitConfig:
    """How models are held out as targets: iid, chronological, family or gap; share None: the usual one."""

    kind: str = "iid"
    test_share: float | None = None
