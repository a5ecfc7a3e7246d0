"""Scorers whose targets can sit an adaptive test, asked item by item instead of a fixed set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import pandas as pd

from anchoreval.adaptive import AdaptiveTest, Sitting


@dataclass(frozen=True, eq=False)
class SatTests:
    """Targets' tests, their true scores (NaN where unknown), and why others failed."""

    sittings: Mapping[str, Sitting]
    truth: pd.Series[float]
    failures: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class Sitter(Protocol):
    """A scorer (`anchoreval.jobs.scorers.Scorer`) that also answers one question after another."""

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

    def identity(self) -> dict[str, Any]:
        """What the answers depend on, as plain data without paths: part of a run's hash."""
        ...

    def sit(self, test: AdaptiveTest) -> SatTests:
        """Let every target sit the test."""
        ...
