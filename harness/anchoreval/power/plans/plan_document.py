"""Plans as plain data, and back: what `plan.json` holds (schema: `anchoreval/schemas/plan.json`)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.power.plans.plan_curves import COLUMNS as CURVE_COLUMNS
from anchoreval.power.plans.plan_points import Aim
from anchoreval.power.plans.planning import POINT_COLUMNS, Plan, Prices, Recommendation, Subject

SCHEMA = 1
COUNTS = ("k", "repeats", "reached", "groups")
FLAGS = ("frontier", "extrapolated")
TEXTS = ("selector", "reason")
PARTS = {"subject": Subject, "aim": Aim, "prices": Prices, "recommendation": Recommendation}
TABLES = {"points": POINT_COLUMNS, "curves": CURVE_COLUMNS}
NUMBERS = ("full_population", "discordance", "random_needed")


def to_document(plan: Plan) -> dict[str, Any]:
    """The plan as JSON can hold it; null stands for a figure that is not known."""
    return {
        "schema": SCHEMA,
        "estimand": "T1: full scores on these very items; T2 (the population of items) only where it is named",
        **{name: _known(dataclasses.asdict(getattr(plan, name))) for name in PARTS},
        **{name: _known(getattr(plan, name)) for name in NUMBERS},
        **{name: _known(getattr(plan, name).to_dict("records")) for name in TABLES},
        "caveats": list(plan.caveats),
        "left_out": list(plan.left_out),
    }


def from_document(document: Mapping[str, Any]) -> Plan:
    """The plan that `to_document` made this of."""
    read: dict[str, Any] = {name: _number(document[name]) for name in NUMBERS}
    read |= {name: _part(kind, document[name]) for name, kind in PARTS.items()}
    read |= {name: _table(document[name], columns) for name, columns in TABLES.items()}
    read |= {name: tuple(document[name]) for name in ("caveats", "left_out")}
    return Plan(**read)


def _known(value: Any) -> Any:
    """Plain data with null for what is not a number."""
    if isinstance(value, Mapping):
        return {str(key): _known(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_known(entry) for entry in value]
    if isinstance(value, np.generic):
        return _known(value.item())
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _part(kind: Any, entries: Mapping[str, Any]) -> Any:
    return kind(**{name: _number(value) if value is None else value for name, value in entries.items()})


def _table(rows: list[Mapping[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(columns), dtype=object)
    kinds: dict[str, Any] = dict.fromkeys(columns, np.float64)
    kinds |= dict.fromkeys(COUNTS, np.int64) | dict.fromkeys(FLAGS, np.bool_) | dict.fromkeys(TEXTS, object)
    return table.astype({name: kinds[name] for name in columns})
