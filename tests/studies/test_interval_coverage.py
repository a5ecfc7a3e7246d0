"""Coverage of intervals: shares and widths add up, and the standard error counts a model once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anchoreval.studies.interval_coverage import coverage_table, report


def rows(copies: int) -> pd.DataFrame:
    """50 models, 40 of them covered, each seen `copies` times."""
    one = pd.DataFrame({"model": [f"m{n}" for n in range(50)], "inside": np.arange(50) < 40, "width": 6.0})
    facts = {"benchmark": "arc", "kind": "iid", "method": "optimal", "attainable": 0.97}
    halves = [one.assign(level=level, repeat=n, **facts) for level in (0.9, 0.95) for n in range(copies)]
    return pd.concat(halves, ignore_index=True)


def test_a_model_seen_often_counts_once_in_the_standard_error() -> None:
    once, often = coverage_table(rows(1)), coverage_table(rows(20))
    assert once["coverage"].to_numpy() == pytest.approx(80.0)
    assert often["error"].to_numpy() == pytest.approx(once["error"].to_numpy())
    assert once["error"].iloc[0] == pytest.approx(100 * np.sqrt(0.8 * 0.2 / 50), rel=0.1)


def test_the_page_has_a_row_a_method() -> None:
    text = report(rows(2))
    assert "| arc | optimal | 80.0 (" in text
    assert "97.0" in text
