"""The schema of a configuration: Hydra refuses a wrong key or a wrong type while it composes.

The YAML files under `conf/` fill these in, one group a folder. `selector`, `estimator` and `policy` are open, because a
plug-in brings options of its own; `anchoreval.instantiate` checks those against the method's fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, DictConfig, OmegaConf

from anchoreval.config_collect import CollectConfig, TuneConfig
from anchoreval.config_figures import FiguresConfig
from anchoreval.config_sources import SourcesConfig
from anchoreval.config_study import StudyConfig
from anchoreval.errors import ConfigurationError

HERE = Path(__file__).resolve().parent
CONF = HERE / "conf" if (HERE / "conf").is_dir() else HERE.parents[1] / "conf"
"""The folder of YAML files: inside the package where it was installed from a wheel, else in the repository."""


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


@dataclass
class ScorerConfig:
    """Where the targets' answers come from."""

    _target_: str = MISSING


@dataclass
class AutoScorerConfig(ScorerConfig):
    """`pocket` for the embedded benchmark, else `replay`."""

    _target_: str = "anchoreval.jobs.scorer_auto.auto"


@dataclass
class PocketScorerConfig(ScorerConfig):
    """New models of pocket's own kind, trained and then scored live through lm-eval."""

    _target_: str = "anchoreval.jobs.scorer_pocket.PocketScorer"
    models: int = 3
    truth: bool = True


@dataclass
class ReplayScorerConfig(ScorerConfig):
    """Models of the benchmark that nobody else sees: named ones, or those that `split` holds out."""

    _target_: str = "anchoreval.jobs.scorer_replay.ReplayScorer"
    models: list[str] | None = None


@dataclass
class LimitsConfig:
    """What live scoring may spend: requests and tokens of one run, and money by prices a million tokens."""

    requests_per_minute: float | None = None
    max_requests: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    prompt_price: float | None = None
    completion_price: float | None = None


@dataclass
class LmEvalScorerConfig(ScorerConfig):
    """One model scored live through lm-eval."""

    _target_: str = "anchoreval.jobs.scorer_lm_eval.LmEvalScorer"
    model: str = MISSING
    model_args: dict[str, Any] = field(default_factory=dict)
    tasks: list[str] = MISSING
    name: str | None = None
    metric: str = "acc"
    filter_name: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    include_path: str | None = None
    truth: bool = False
    limits: LimitsConfig = field(default_factory=LimitsConfig)


@dataclass
class CompareConfig:
    """The grid of `job=compare`; None means every method that is registered.

    `workers` None takes all processor cores but one, at most 8. `cells` are the folders of finished cells, of which the
    first is written to; None means `cells` inside `results`.
    """

    selectors: list[Any] | None = None
    estimators: list[Any] | None = None
    k: list[int] = field(default_factory=lambda: [10, 30, 100])
    splits: list[str] = field(default_factory=lambda: ["iid"])
    repeats: int = 5
    workers: int | None = None
    cells: list[str] | None = None


@dataclass
class TransferConfig:
    """What `job=transfer` measures; the model is one of pocket's population, or the one of scorer=lm_eval."""

    model: str | None = None
    shots: int = 5
    draws: int = 3
    items_per_subject: int = 40
    apart: str | None = None


@dataclass
class PowerConfig:
    """When a difference counts as found: two-sided level of the test, and the power that is wanted of it.

    `budgets` are further numbers of anchors at which `job=run` runs the selector again, for its power report.
    """

    alpha: float = 0.05
    power: float = 0.8
    budgets: list[int] = field(default_factory=list)


@dataclass
class PlanConfig:
    """What `job=plan` looks for, and the grid that it measures.

    `wanted` is in percentage points and must be given. `selectors` None means random, stratified_difficulty and
    optimal. `price` None takes the items' column `cost` where there is one, else counts items. `workers` and `cells`
    are as for `CompareConfig`.
    """

    wanted: float | None = None
    selectors: list[Any] | None = None
    k: list[int] = field(default_factory=lambda: [25, 50, 100, 200, 400])
    repeats: int = 3
    price: float | None = None
    models: int = 1
    workers: int | None = None
    cells: list[str] | None = None


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


@dataclass
class ExportConfig:
    """What `job=export` writes of the anchors of `anchors=<folder>`, to `into=<folder or file>`."""

    kind: str = "samples"
    tasks: list[str] | None = None
    include_path: str | None = None
    metric: Any = None
    filter_name: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    group: str | None = None
    estimates: str | None = None
    organization: str | None = None
    relationship: str = "third_party"
    license: str | None = None


@dataclass
class ReadingConfig:
    """How `job=import` reads what harnesses write, and what it does with runs that meet.

    `metric` is a name, or a name by task. `on_conflict` is refuse, first, last or replicates; `replicates` is rows or
    mean; `partial` is keep, drop or refuse; `changed_items` is refuse or separate; `on_damage` is refuse or skip.
    `workers` None takes all processor cores but one, at most 8.
    """

    metric: Any = None
    filter_name: str | None = None
    tasks: list[str] | None = None
    normalised: bool = False
    on_conflict: str = "refuse"
    replicates: str = "rows"
    partial: str = "keep"
    changed_items: str = "refuse"
    on_damage: str = "refuse"
    workers: int | None = None


@dataclass
class CheckConfig:
    """What `job=check` may mend: stores of older versions, and what killed writes left behind."""

    repair: bool = False
    clean: bool = False


@dataclass
class ReconstructConfig:
    """How `job=reconstruct` reads lm-eval's sample logs: metric and filter, where a task has several."""

    metric: Any = None
    filter_name: str | None = None


@dataclass
class Config:
    """Everything that can be configured."""

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


def register() -> None:
    """Put the schema where Hydra finds it; the YAML files name it in their defaults lists."""
    store = ConfigStore.instance()
    store.store(name="schema", node=Config, provider="anchoreval")
    for name, schema in {
        "auto": AutoScorerConfig,
        "pocket": PocketScorerConfig,
        "replay": ReplayScorerConfig,
        "lm_eval": LmEvalScorerConfig,
    }.items():
        store.store(group="scorer", name=f"{name}_schema", node=schema, provider="anchoreval")


def refuse_added_keys(config: DictConfig, parent: str = "") -> None:
    """Refuse a key that `+key=value` put where the schema knows all keys: it would have no effect.

    Raises:
        ConfigurationError: naming the key.
    """
    schema = OmegaConf.get_type(config)
    for key in map(str, config):
        if is_dataclass(schema) and key not in {f.name for f in fields(schema)}:
            raise ConfigurationError(f"{parent}{key}: there is no such key")
        if not OmegaConf.is_missing(config, key) and isinstance(config[key], DictConfig):
            refuse_added_keys(config[key], f"{parent}{key}.")
