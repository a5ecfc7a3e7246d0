"""Keys of the jobs that read, write and mend files: import (its section is `reading`), export, reconstruct, check.

`path=`, `into=` and what `job=import` is told of tables stand outside these sections, in `Config`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


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
class ReconstructConfig:
    """How `job=reconstruct` reads lm-eval's sample logs: metric and filter, where a task has several."""

    metric: Any = None
    filter_name: str | None = None


@dataclass
class CheckConfig:
    """What `job=check` may mend: stores of older versions, and what killed writes left behind."""

    repair: bool = False
    clean: bool = False
