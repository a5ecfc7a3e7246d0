"""The scores that an Inspect log states, and of which samples they are the mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

METRICS = ("accuracy", "mean")
REDUCERS = (None, "mean")
"""Over epochs; others (`mode`, `at_least_1`) state no mean of the samples."""


@dataclass(frozen=True)
class Stated:
    """A mean that a log states.

    Attributes:
        mean: in [0, 1].
        samples: how many it is of, where the log says so.
        scored: how many of them have a score, where the log says so.
    """

    mean: float
    samples: int | None
    scored: int | None

    def of_all(self, scored: int, completed: int, samples: int) -> bool:
        """Whether it is the mean of these samples and no others.

        Args:
            scored: samples with a score.
            completed: samples that did not fail.
            samples: all.
        """
        return self.scored in (None, scored) and self.samples in (None, completed, samples) and scored > 0


def stated_mean(results: Mapping[str, Any], scorer: str, part: str) -> Stated | None:
    """The mean of a scorer's values, or of a part of them, as a log states it; None where it states none."""
    listed = results.get("scores")
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, dict) and _is_of(entry, scorer, part):
            mean = _mean(entry.get("metrics"))
            if mean is not None:
                return Stated(mean, _count(results.get("completed_samples")), _count(entry.get("scored_samples")))
    return None


def _is_of(entry: Mapping[str, Any], scorer: str, part: str) -> bool:
    if entry.get("reducer") not in REDUCERS:
        return False
    names = (entry.get("name"), entry.get("scorer"))
    return names == (part, scorer) if part else names[0] == scorer


def _mean(metrics: Any) -> float | None:
    for name in METRICS:
        metric = metrics.get(name) if isinstance(metrics, dict) else None
        value = metric.get("value") if isinstance(metric, dict) else None
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1 and not math.isnan(value):
            return float(value)
    return None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
