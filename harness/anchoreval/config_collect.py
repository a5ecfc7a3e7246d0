"""The sections of `job=collect` and `job=tune`."""

from __future__ import annotations

from dataclasses import dataclass


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
