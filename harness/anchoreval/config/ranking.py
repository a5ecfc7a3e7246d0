"""Keys of the jobs that score more models on what was chosen: `leaderboard` and `adaptive`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from anchoreval.config.scorers import LimitsConfig


@dataclass
class LeaderboardConfig:
    """What `job=leaderboard` ranks: a YAML list of models, scored on the anchors of `anchors=<folder>`.

    `into` is the leaderboard's folder. `memory` is the file of answered requests; None: in the folder. `settings` are
    those of lm-eval's run for every model; a model of the list may have its own.
    """

    models: str | None = None
    into: str | None = None
    tasks: list[str] = field(default_factory=list)
    include_path: str | None = None
    metric: str = "acc"
    filter_name: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    memory: str | None = None
    limits: LimitsConfig = field(default_factory=LimitsConfig)


@dataclass
class AdaptiveConfig:
    """How long `job=adaptive` asks a target: until its interval is that narrow, or the budget of items is spent.

    `half_width` is in percentage points; None means that of the fixed form with `k` anchors, on the same models.
    `guarded` says whether the level of the intervals is guaranteed.
    """

    half_width: float | None = None
    budget: int = 200
    batch: int = 5
    guarded: bool = True
