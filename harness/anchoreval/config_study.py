"""The schema of a named study, which a file of `conf/experiment/` fills in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING


@dataclass
class StudyFigureConfig:
    """A figure of a study: its kind, the part that it shows, and one or two columns of width."""

    kind: str = MISSING
    part: str = MISSING
    columns: str = "one"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class StudyTableConfig:
    """A table of a study: its kind and the part that it shows."""

    kind: str = MISSING
    part: str = MISSING
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class StudyConfig:
    """What `job=study` does: parts by name, each a list of overrides for one job, and what is drawn of them.

    `about` says in a sentence what the study shows. See `anchoreval.jobs.study_parts` for how overrides are put
    together.
    """

    name: str | None = None
    about: str = ""
    parts: dict[str, list[str]] = field(default_factory=dict)
    figures: list[StudyFigureConfig] = field(default_factory=list)
    tables: list[StudyTableConfig] = field(default_factory=list)
