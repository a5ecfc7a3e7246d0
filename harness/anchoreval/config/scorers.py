"""Where targets are scored, a class a choice of the group scorer, and what live scoring may spend.

The scorers themselves are in `anchoreval.jobs`, in modules called alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING


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
