"""What `job=adaptive` found, as plain data, and the warnings that follow from what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from anchoreval.reporting.summary import Summary

SPENT = "budget spent"
"""Among the reasons why a test stopped, the one that leaves an interval wider than wanted."""


@dataclass(frozen=True, eq=False)
class AdaptiveSummary(Summary):
    """What was asked, how it was done, and what came out.

    Attributes:
        policy: name of the policy, with `policy_options`; `batch` items are asked at a time.
        abilities: error in [0, 1] by number of abilities where the policy chose one for itself.
        budget: most answers of a target.
        half_width: that was wanted, in [0, 1]; None: none, and everybody was asked to the budget.
        fixed: number of anchors of the fixed form whose half-width this is; None: it was given.
        factor: on the policy's own belief; None where no model sizes the errors.
        expected_items: how many items the models that size the errors answered on average, and
        expected_spent: the share of them that ran into the budget.
        failures: why targets could not be scored, by model.
        estimates: a row a target: `asked`, `answered`, `score`, `lower`, `upper`, `half_width`, `belief`, `ended`,
            `truth`; scores in [0, 1], NaN where unknown.
    """

    policy: str
    policy_options: Mapping[str, Any]
    batch: int
    abilities: Mapping[str, float]
    budget: int
    half_width: float | None
    fixed: int | None
    factor: float | None
    expected_items: float | None
    expected_spent: float | None
    failures: Mapping[str, str]

    NOT_SCORES: ClassVar[tuple[str, ...]] = ("ended", "asked", "answered")

    @property
    def bounded(self) -> bool:
        """Whether intervals say anything."""
        return self.factor is not None and bool(np.isfinite(self.factor))

    def to_dict(self) -> dict[str, Any]:
        """Strict JSON data; NaN and infinity become None."""
        return {**super().to_dict(), "factor": self.factor if self.bounded else None, "warnings": warnings(self)}


def warnings(summary: AdaptiveSummary) -> list[str]:
    """What a reader must know before using the figures; empty if nothing was found."""
    found = [_obstacle(summary), _drawn(summary), _spent(summary), _silent(summary), _failed(summary)]
    return [text for text in found if text]


def _obstacle(summary: AdaptiveSummary) -> str:
    return f"{summary.obstacle[0].upper()}{summary.obstacle[1:]}." if summary.obstacle else ""


def _drawn(summary: AdaptiveSummary) -> str:
    return summary.set_apart() if summary.bounded else ""


def _spent(summary: AdaptiveSummary) -> str:
    count = int((summary.estimates["ended"] == SPENT).sum())
    if summary.half_width is None or not count or not summary.bounded:
        return ""
    return (
        f"{count} of {len(summary.estimates)} targets ran into the budget of {summary.budget} items: their intervals "
        "are wider than was wanted."
    )


def _silent(summary: AdaptiveSummary) -> str:
    silent = summary.estimates.index[summary.estimates["score"].isna()]
    if not len(silent):
        return ""
    return f"{len(silent)} targets answered nothing and have no estimate ({', '.join(map(str, silent[:5]))})."


def _failed(summary: AdaptiveSummary) -> str:
    if not summary.failures:
        return ""
    model, reason = next(iter(summary.failures.items()))
    return f"{len(summary.failures)} targets could not be scored; the first, {model}: {reason}"
