"""Regret of `auto`: the best single combination is picked on one half of the repeats and measured on the other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anchoreval.protocol.comparison import COLUMNS, Comparison
from anchoreval.protocol.records import TrialRecord, packed
from anchoreval.studies.no_regret import cells, is_resolved, report

MODELS = tuple(f"m{n}" for n in range(40))
LEVELS = {
    ("auto", "auto"): (2.0, 2.0),
    ("random", "fusion"): (2.5, 2.5),
    ("optimal", "signature"): (1.0, 1.6),
    ("essence", "signature"): (4.0, 1.2),
}


def made(models: tuple[str, ...] = MODELS) -> Comparison:
    """Mean absolute errors on even and odd repeats as in `LEVELS`."""
    rng, rows, errors = np.random.default_rng(0), [], []
    for (selector, estimator), by_half in LEVELS.items():
        for repeat in range(8):
            values = by_half[repeat % 2] * (1 + 0.1 * rng.normal(size=len(models))) / 100
            facts = {"benchmark": "arc", "split": "iid", "repeat": repeat, "k": 20, "status": "ok", "reason": ""}
            methods = {"selector": selector, "estimator": estimator, "n_source": 90, "n_target": len(models)}
            rows.append({**facts, **methods, "mae": float(np.abs(values).mean() * 100)})
            errors.append(packed(values))
    targets = {("arc", "iid", n): TrialRecord(f"t{n}", models, models) for n in range(8)}
    return Comparison(pd.DataFrame(rows, columns=list(COLUMNS)), tuple(errors), targets)


def test_the_halves_swap() -> None:
    """Odd repeats name essence (4.0 on the even ones), even ones name optimal (1.6 on the odd ones)."""
    (cell,) = cells(made())
    assert cell.best == ("essence + signature", "optimal + signature")
    assert cell.errors == pytest.approx((2.0, (4.0 + 1.6) / 2), rel=0.05)
    assert cell.regret == pytest.approx(2.0 / 2.8, rel=0.05)
    assert not is_resolved(cell)
    assert cell.against_random.ratio == pytest.approx(0.8, rel=0.05)
    assert cell.counted


def test_few_targets_do_not_count() -> None:
    (cell,) = cells(made(MODELS[:20]))
    assert not cell.counted
    assert "(arc)" in report(made(MODELS[:20]))
