"""What `job=adaptive` found, as plain data, and the warnings that follow from what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import pandas as pd

SPENT = "budget spent"
"""Among the reasons why a test stopped, the one that leaves an interval wider than wanted."""


@dataclass(frozen=True, eq=False)
class AdaptiveSummary:
    """What was asked, how it was done, and what came out.

    Attributes:
        benchmark: the benchmark's name; `items` its number of items, `aggregation` how they add up.
        policy: name of the policy, with `policy_options`; `batch` items are asked at a time.
        abilities: error in [0, 1] by number of abilities where the policy chose one for itself.
        budget: most answers of a target.
        half_width: that was wanted, in [0, 1]; None: none, and everybody was asked to the budget.
        fixed: number of anchors of the fixed form whose half-width this is; None: it was given.
        factor: on the policy's own belief; None where no model sizes the errors.
        seed: of everything random.
        scoring: where the targets' answers come from, in words.
        drawn_alike: whether the targets were drawn at random from the same models as those that size the errors; None
            if that cannot be said.
        roles: number of models by role.
        crossed: whether no model was set aside to size the errors, and the test was repeated in folds for it.
        calibration_groups: models that size the errors, variants of one model counted once.
        level: of the intervals.
        obstacle: why intervals are not what was asked for; else empty.
        expected_error: mean absolute error on the models that size the errors, in [0, 1]; None if unknown.
        expected_items: how many items they answered on average, and
        expected_spent: the share of them that ran into the budget.
        duplicates: what is known of copies among the benchmark's models, in a sentence or two.
        left_out: models of the benchmark that had no part, by reason.
        failures: why targets could not be scored, by model.
        estimates: a row a target: `asked`, `answered`, `score`, `lower`, `upper`, `half_width`, `belief`, `ended`,
            `truth`; scores in [0, 1], NaN where unknown.
    """

    benchmark: str
    items: int
    aggregation: str
    policy: str
    policy_options: Mapping[str, Any]
    batch: int
    abilities: Mapping[str, float]
    budget: int
    half_width: float | None
    fixed: int | None
    factor: float | None
    seed: int
    scoring: str
    drawn_alike: bool | None
    roles: Mapping[str, int]
    crossed: bool
    calibration_groups: int
    level: float
    obstacle: str
    expected_error: float | None
    expected_items: float | None
    expected_spent: float | None
    duplicates: str
    left_out: Mapping[str, int]
    failures: Mapping[str, str]
    estimates: pd.DataFrame

    @property
    def judges(self) -> str:
        """The models that size the errors, in words."""
        return "source models" if self.crossed else "calibration models"

    @property
    def judged(self) -> pd.DataFrame:
        """The targets whose true score is known and whose estimate is a number."""
        return self.estimates.dropna(subset=["score", "truth"])

    @property
    def mean_error(self) -> float | None:
        """Mean absolute error over the targets whose true score is known, in [0, 1]."""
        known = self.judged
        return float((known["score"] - known["truth"]).abs().mean()) if len(known) else None

    @property
    def bounded(self) -> bool:
        """Whether intervals say anything."""
        return self.factor is not None and bool(np.isfinite(self.factor))

    def covered(self) -> tuple[int, int]:
        """How many targets' intervals hold the true score, and of how many that can be said."""
        known = self.judged.dropna(subset=["lower", "upper"])
        inside = (known["lower"] <= known["truth"] + 1e-9) & (known["truth"] <= known["upper"] + 1e-9)
        return int(inside.sum()), len(known)

    def to_dict(self) -> dict[str, Any]:
        """Strict JSON data; NaN and infinity become None."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "estimates"}
        plain = {k: dict(v) if isinstance(v, Mapping) else v for k, v in values.items()}
        table = self.estimates.reset_index(names="model")
        rows = [{str(k): _plain(v) for k, v in row.items()} for row in table.to_dict(orient="records")]
        factor = self.factor if self.bounded else None
        return {**plain, "factor": factor, "mean_error": self.mean_error, "estimates": rows, "warnings": warnings(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The summary that `to_dict` wrote."""
        rows = pd.DataFrame(data["estimates"]).set_index("model")
        numeric = [c for c in rows.columns if c not in ("ended", "asked", "answered")]
        rows[numeric] = rows[numeric].astype(np.float64)
        return cls(**{f.name: data[f.name] for f in fields(cls) if f.name != "estimates"}, estimates=rows)


def warnings(summary: AdaptiveSummary) -> list[str]:
    """What a reader must know before using the figures; empty if nothing was found."""
    found = [_obstacle(summary), _drawn(summary), _spent(summary), _silent(summary), _failed(summary)]
    return [text for text in found if text]


def _obstacle(summary: AdaptiveSummary) -> str:
    return f"{summary.obstacle[0].upper()}{summary.obstacle[1:]}." if summary.obstacle else ""


def _drawn(summary: AdaptiveSummary) -> str:
    if summary.drawn_alike is not False or not summary.bounded:
        return ""
    return (
        f"The targets differ from the {summary.judges} on purpose ({summary.scoring}): neither the expected error "
        "nor the level of the intervals is meant for such models."
    )


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


def _plain(value: Any) -> Any:
    if isinstance(value, np.integer | int):
        return int(value)
    if isinstance(value, np.floating | float):
        return float(value) if np.isfinite(value) else None
    return str(value)
