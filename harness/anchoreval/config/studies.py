"""Sections study, sources, figures, collect and tune: many runs as one, and what is drawn of them."""

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


@dataclass
class SourcesConfig:
    """Selectors, numbers of source models and repeats; `selectors` None means random, random_search and optimal.

    Sizes beyond the number of models that are no targets are left out.
    """

    selectors: list[Any] | None = None
    sizes: list[int] = field(default_factory=lambda: [10, 20, 40, 80, 160, 320, 640, 1280])
    repeats: int = 5


@dataclass
class CollectConfig:
    """What `job=collect` does about damaged runs; `on_damage` is skip or refuse."""

    on_damage: str = "skip"


@dataclass
class TuneConfig:
    """How `job=tune` divides the source models.

    `divisions` is how often; `resemble` is how held-out models differ from the others: iid, chronological, family or
    gap.
    """

    divisions: int = 4
    resemble: str = "iid"


@dataclass
class FiguresConfig:
    """What `job=figures` draws of `path=<run folder or study folder>`, or of the study that `experiment=` names.

    `kinds` None: all that the results allow, or what the study lists. `columns` None: as the study says, else one.
    """

    kinds: list[str] | None = None
    columns: str | None = None
