"""Keys of the jobs that measure methods, `compare`, `plan` and `transfer`, and of the power that `run` reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


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
