"""A power report as a JSON document (`schemas/power.json`): plain data, so that others can read it without our code.

Scores, gaps and spreads are in [0, 1]; figures named `*_points` in percentage points. What is not known is null.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from anchoreval.power.report.power_report import PowerReport
from anchoreval.power.report.target_models import TargetModels
from anchoreval.schema import plain

ESTIMAND = {
    "T1": "the score on all items of this benchmark, had the model been evaluated in full: compression alone errs",
    "T2": "the score on the population that the items come from: the full benchmark errs as well",
}


def power_record(report: PowerReport) -> dict[str, Any]:
    """The document."""
    document = {
        "schema": 1,
        "estimand": ESTIMAND,
        "design": dict(report.design),
        "alpha": report.alpha,
        "power": report.power,
        "slope": report.slope,
        "slope_error": report.slope_error,
        "smallest_gap": report.smallest,
        "accuracy_points": _rows(report.accuracy.reset_index()),
        "random_error_points": report.random_error,
        "resolution": _rows(report.resolution),
        "power_curve": _rows(report.curve),
        "order_probability": _reliability(report),
        "intervals": {
            "attainable": dict(report.attainable),
            "difference_half_width": report.difference_half_width,
            "coverage": _rows(report.intervals),
        },
        "preserved_significance": dict(report.preserved),
        "budgets": _rows(report.budgets),
        "needed_budgets": _rows(report.needed),
        "targets": None if report.targets is None else _targets(report.targets),
        "caveats": list(report.caveats),
    }
    found: dict[str, Any] = plain(_known(document), "power report")
    return found


def _reliability(report: PowerReport) -> dict[str, Any] | None:
    found = report.reliability
    if found is None:
        return None
    return {
        "calibration_error": found.error,
        "brier": found.brier,
        "pairs": found.pairs,
        "bins": _rows(found.table),
    }


def _targets(targets: TargetModels) -> dict[str, Any]:
    return {
        "level": targets.ranks.level,
        "ranks": _rows(targets.places.rename_axis("model").reset_index()),
        "may_be_best": [str(name) for name in targets.ranks.best()],
        "pairs": _rows(targets.pairs),
    }


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict(orient="records")]


def _known(value: Any) -> Any:
    """The same with None for infinity, which JSON does not know."""
    if isinstance(value, dict):
        return {name: _known(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_known(entry) for entry in value]
    if isinstance(value, float | np.floating) and not np.isfinite(value):
        return None
    return value
