"""Where the answers of target models come from: what every scorer does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

import pandas as pd
from omegaconf import DictConfig

from anchoreval.anchors import AnchorSet
from anchoreval.config.groups import SplitConfig
from anchoreval.groups import model_groups
from anchoreval.responses import ResponseMatrix

REQUESTS = "requests.sqlite"
"""Name of the file of answered requests."""


@dataclass(frozen=True, eq=False)
class Setting:
    """What a scorer knows before anything is chosen.

    Attributes:
        matrix: the whole benchmark.
        split: how targets are held out where they are not named.
        seed: of random draws.
        missing: rule for missing answers (see `ResponseMatrix.totals`).
        roles: of the models in a saved anchor set that is used again, by model; None if anchors are selected anew.
        verbose: show what lm-eval logs.
        requests: file of answered requests, from which a run that was killed goes on; None: nothing is kept.
    """

    matrix: ResponseMatrix
    split: SplitConfig
    seed: int
    missing: str
    roles: pd.Series[str] | None = None
    verbose: bool = False
    requests: Path | None = None

    @classmethod
    def of(cls, config: DictConfig, matrix: ResponseMatrix, roles: pd.Series[str] | None = None) -> Self:
        """What a configuration says; answered requests are kept beside the runs."""
        return cls(
            matrix=matrix,
            split=SplitConfig(kind=config.split.kind, test_share=config.split.test_share),
            seed=config.seed,
            missing=config.missing,
            roles=roles,
            verbose=config.verbose,
            requests=Path(config.results) / REQUESTS,
        )


@dataclass(frozen=True, eq=False)
class Scored:
    """Targets' answers on the anchors (None: of no target), their true scores, and why others failed."""

    answers: ResponseMatrix | None
    truth: pd.Series[float]
    failures: Mapping[str, str] = field(default_factory=dict)


class Scorer(Protocol):
    """Gets target models' answers on anchors."""

    @property
    def scoring(self) -> str:
        """How, in words that follow "answers are"."""
        ...

    @property
    def drawn_alike(self) -> bool | None:
        """Whether targets are drawn at random from the same models as the sources; None if that cannot be said."""
        ...

    def held_out(self) -> pd.Index[Any]:
        """Models of the benchmark that must not be sources: the targets, their variants and copies."""
        ...

    def score(self, anchors: AnchorSet) -> Scored:
        """The targets' answers on the anchors."""
        ...

    def identity(self) -> dict[str, Any]:
        """What the answers depend on, as plain data without paths: part of a run's hash."""
        ...


def with_relatives(matrix: ResponseMatrix, models: pd.Index[Any]) -> pd.Index[Any]:
    """These models and every variant or copy of them in the benchmark."""
    groups = model_groups(matrix)
    return groups.index[groups.isin(groups[models])]
