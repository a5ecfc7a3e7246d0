"""The schema of `job=figures`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class FiguresConfig:
    """What `job=figures` draws of `path=<run folder or study folder>`, or of the study that `experiment=` names.

    `kinds` None: all that the results allow, or what the study lists. `columns` None: as the study says, else one.
    """

    kinds: list[str] | None = None
    columns: str | None = None
