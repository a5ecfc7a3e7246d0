"""Choosing from a part: rows for every part, the whole's error the same as without parts, and resolved marks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anchoreval.studies import thinning
from anchoreval.studies.thinning import ALL, one_draw, report

from ..conftest import simulate


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "BUDGET", 8)
    monkeypatch.setattr(thinning, "SIZES", (20, 40, 5000))


@pytest.mark.parametrize(("thin", "parts"), [("models", {"20", "40", ALL}), ("items", {"1/8", "1/4", "1/2", ALL})])
def test_a_row_for_every_selector_and_part(thin: str, parts: set[str]) -> None:
    rows = pd.DataFrame(one_draw(simulate(100, 120, seed=4), 0, thin))
    assert set(rows["part"]) == parts
    assert set(rows["selector"]) == {"random", "optimal", "mrmr"}
    assert rows["mae"].between(0.1, 15.0).all()


def test_all_of_it_is_the_same_whatever_is_thinned() -> None:
    matrix = simulate(100, 120, seed=4)
    models, items = (pd.DataFrame(one_draw(matrix, 1, thin)) for thin in ("models", "items"))
    assert models.loc[models["part"] == ALL, "mae"].tolist() == items.loc[items["part"] == ALL, "mae"].tolist()


def test_a_difference_is_marked_where_it_is_resolved() -> None:
    rng, rows = np.random.default_rng(0), []
    for repeat in range(10):
        for part, error in (("1/8", 2.0), ("1/4", 1.5), ("1/2", 1.5), (ALL, 1.5)):
            mae = error + 0.01 * rng.normal()
            rows.append(
                {"benchmark": "b", "thin": "items", "repeat": repeat, "selector": "optimal", "part": part, "mae": mae}
            )
    text = report(pd.DataFrame(rows))
    assert "| b | optimal | 2.00* | 1.50 | 1.50 | 1.50 |" in text
