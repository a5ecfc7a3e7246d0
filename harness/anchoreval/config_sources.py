"""The schema of what `job=sources` measures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class SourcesConfig:
    """Selectors, numbers of source models and repeats; `selectors` None means random, random_search and optimal.

    Sizes beyond the number of models that are no targets are left out.
    """

    selectors: list[Any] | None = None
    sizes: list[int] = field(default_factory=lambda: [10, 20, 40, 80, 160, 320, 640, 1280])
    repeats: int = 5
