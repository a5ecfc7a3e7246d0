"""The schema of a configuration as a whole: Hydra refuses a wrong key or a wrong type while it composes.

The YAML files under `conf/` fill it in, one group a folder. `selector`, `estimator` and `policy` are open, because a
plug-in brings options of its own; `anchoreval.instantiate` checks those against the method's fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from anchoreval.config.files import CheckConfig, ExportConfig, ReadingConfig, ReconstructConfig
from anchoreval.config.groups import BenchmarkConfig, JobConfig, SplitConfig
from anchoreval.config.measuring import CompareConfig, PlanConfig, PowerConfig, TransferConfig
from anchoreval.config.ranking import AdaptiveConfig, LeaderboardConfig
from anchoreval.config.scorers import ScorerConfig
from anchoreval.config.studies import CollectConfig, FiguresConfig, SourcesConfig, StudyConfig, TuneConfig


@dataclass
class Config:
    """Everything that can be configured: groups, a section a job, and the keys that no single job owns.

    Keys from `k` to `verbose` are for `job=run` and most others. Those from `importer` on are for `job=import`, which
    has `reading` besides; `path` and `into` serve export, reconstruct and check as well.
    """

    job: JobConfig = field(default_factory=JobConfig)
    benchmark: BenchmarkConfig = field(default_factory=BenchmarkConfig)
    selector: dict[str, Any] = field(default_factory=dict)
    estimator: dict[str, Any] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)
    split: SplitConfig = field(default_factory=SplitConfig)
    scorer: ScorerConfig = field(default_factory=ScorerConfig)
    compare: CompareConfig = field(default_factory=CompareConfig)
    transfer: TransferConfig = field(default_factory=TransferConfig)
    power: PowerConfig = field(default_factory=PowerConfig)
    plan: PlanConfig = field(default_factory=PlanConfig)
    leaderboard: LeaderboardConfig = field(default_factory=LeaderboardConfig)
    adaptive: AdaptiveConfig = field(default_factory=AdaptiveConfig)
    export: ExportConfig = field(default_factory=ExportConfig)
    reading: ReadingConfig = field(default_factory=ReadingConfig)
    check: CheckConfig = field(default_factory=CheckConfig)
    reconstruct: ReconstructConfig = field(default_factory=ReconstructConfig)
    study: StudyConfig = field(default_factory=StudyConfig)
    sources: SourcesConfig = field(default_factory=SourcesConfig)
    figures: FiguresConfig = field(default_factory=FiguresConfig)
    collect: CollectConfig = field(default_factory=CollectConfig)
    tune: TuneConfig = field(default_factory=TuneConfig)
    k: int = 100
    seed: int = 0
    level: float = 0.95
    calibration: Any = "auto"
    intervals: str = "auto"
    missing: str = "refuse"
    anchors: str | None = None
    results: str = "results"
    exit_code: bool = False
    verbose: bool = False
    importer: str | None = None
    path: str | None = None
    into: str | None = None
    items: str | None = None
    models: str | None = None
    logits: str | None = None
    name: str | None = None
    aggregation: str | None = None
