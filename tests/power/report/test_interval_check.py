from __future__ import annotations

import numpy as np
import pytest

from anchoreval.numerics.conformal import conformal_quantile
from anchoreval.power.report.interval_check import EVERY, interval_check
from anchoreval.protocol.anchoring import reconstruct, select

from ...conftest import simulate


def test_every_group_is_judged_by_the_others() -> None:
    matrix = simulate(150, 200)
    made = reconstruct(matrix, select(matrix, "random", k=40), "signature", intervals="split")
    table = interval_check(made)
    sizes = made.residuals["residual"].abs().to_numpy()
    inside = [size <= conformal_quantile(np.delete(sizes, n), 0.9) for n, size in enumerate(sizes)]
    row = table[(table["what"] == EVERY) & (table["level"] == 0.9)].iloc[0]
    assert row["coverage"] == pytest.approx(np.mean(inside))
    assert row["low"] < row["coverage"] < row["high"]
    assert set(table["what"]) >= {EVERY, "low estimates", "middle estimates", "high estimates"}
    assert (table[table["what"].str.startswith("family")]["models"] >= 5).all()


def test_levels_out_of_reach_are_left_out() -> None:
    matrix = simulate(50, 80)
    made = reconstruct(matrix, select(matrix, "random", k=20, calibration=0.3), "signature", intervals="split")
    assert made.residuals["group"].nunique() == 15
    assert set(interval_check(made)["level"]) == {0.9}
    fewer = reconstruct(matrix, select(matrix, "random", k=20, calibration=list(matrix.models.index[:4])), "signature")
    assert interval_check(fewer).empty


@pytest.mark.parametrize("rule", ["split", "normalised", "mondrian", "mondrian_family", "weighted"])
@pytest.mark.parametrize("models", [50, 150])
def test_every_rule_can_be_judged(rule: str, models: int) -> None:
    matrix = simulate(models, 80)
    made = reconstruct(matrix, select(matrix, "random", k=20), "signature", intervals=rule)
    assert interval_check(made)["coverage"].between(0.5, 1.0).all()
