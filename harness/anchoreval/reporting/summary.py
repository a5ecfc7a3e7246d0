"""What `job=run` and `job=adaptive` both found, whatever they asked of the targets, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class Summary:
    """What was asked, how it was done, and what came out.

    Attributes:
        benchmark: the benchmark's name; `items` its number of items, `aggregation` how they add up.
        seed: of everything random.
        scoring: where the targets' answers come from, in words.
        drawn_alike: whether the targets were drawn at random from the same models as those that size the errors; None
            if that cannot be said.
        roles: number of models by role.
        crossed: whether no model was set aside to size the errors, and all was repeated in folds for it.
        calibration_groups: models that size the errors, variants of one model counted once.
        level: of the intervals.
        obstacle: why intervals are not what was asked for; else empty.
        expected_error: mean absolute error on the models that size the errors, in [0, 1]; None if unknown.
        duplicates: what is known of copies among the benchmark's models, in a sentence or two.
        left_out: models of the benchmark that had no part, by reason.
        estimates: a row a target, with `score`, `lower`, `upper` and `truth` in [0, 1], NaN where unknown.
    """

    benchmark: str
    items: int
    aggregation: str
    seed: int
    scoring: str
    drawn_alike: bool | None
    roles: Mapping[str, int]
    crossed: bool
    calibration_groups: int
    level: float
    obstacle: str
    expected_error: float | None
    duplicates: str
    left_out: Mapping[str, int]
    estimates: pd.DataFrame

    NOT_SCORES: ClassVar[tuple[str, ...]] = ()
    """Columns of `estimates` that are no numbers with NaN."""

    @property
    def judges(self) -> str:
        """The models that size the errors, in words."""
        return "source models" if self.crossed else "calibration models"

    @property
    def drawable(self) -> pd.DataFrame:
        """The estimates, without intervals that say nothing."""
        return self.estimates

    @property
    def judged(self) -> pd.DataFrame:
        """The targets whose true score is known and whose estimate is a number."""
        return self.drawable.dropna(subset=["score", "truth"])

    @property
    def mean_error(self) -> float | None:
        """Mean absolute error over the targets whose true score is known, in [0, 1]."""
        known = self.judged
        return float((known["score"] - known["truth"]).abs().mean()) if len(known) else None

    def covered(self) -> tuple[int, int]:
        """How many targets' intervals hold the true score, and of how many that can be said."""
        known = self.judged.dropna(subset=["lower", "upper"])
        inside = (known["lower"] <= known["truth"] + 1e-9) & (known["truth"] <= known["upper"] + 1e-9)
        return int(inside.sum()), len(known)

    def set_apart(self) -> str:
        """A warning where the targets were chosen to differ from the models that size the errors; else empty."""
        if self.drawn_alike is not False:
            return ""
        return (
            f"The targets differ from the {self.judges} on purpose ({self.scoring}): neither the expected error "
            "nor the level of the intervals is meant for such models."
        )

    def to_dict(self) -> dict[str, Any]:
        """Strict JSON data; NaN becomes None."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "estimates"}
        plain = {k: dict(v) if isinstance(v, Mapping) else v for k, v in values.items()}
        table = self.estimates.reset_index(names="model")
        rows = [{str(k): _json_cell(v) for k, v in row.items()} for row in table.to_dict(orient="records")]
        return {**plain, "mean_error": self.mean_error, "estimates": rows}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The summary that `to_dict` wrote."""
        rows = pd.DataFrame(data["estimates"]).set_index("model")
        numeric = [c for c in rows.columns if c not in cls.NOT_SCORES]
        rows[numeric] = rows[numeric].astype(np.float64)
        return cls(**{f.name: data[f.name] for f in fields(cls) if f.name != "estimates"}, estimates=rows)


def _json_cell(value: Any) -> Any:
    if isinstance(value, np.bool_ | bool):
        return bool(value)
    if isinstance(value, np.integer | int):
        return int(value)
    if isinstance(value, np.floating | float):
        return float(value) if np.isfinite(value) else None
    return str(value)
