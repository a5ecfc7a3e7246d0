from __future__ import annotations

import pandas as pd
import pytest

from anchoreval.studies.against_random import against_random


def table(**errors: list[float]) -> pd.DataFrame:
    """A comparison of selectors with the given errors by repeat, all with one estimator and k = 20."""
    rows = [
        {"benchmark": "b", "selector": name, "estimator": "e", "k": 20, "repeat": repeat, "status": "ok", "mae": error}
        for name, values in errors.items()
        for repeat, error in enumerate(values)
    ]
    return pd.DataFrame(rows).assign(n_target=25, n_source=75)


def test_ratio_and_resolution_of_a_clear_difference() -> None:
    found = against_random(table(random=[4.0, 4.1, 3.9], better=[2.0, 2.05, 1.95], worse=[8.0, 8.2, 7.8]), ["e"], [20])
    found = found.set_index("selector")
    assert found.loc["better", "ratio"] == pytest.approx(0.5)
    assert (found.loc["better", "better"], found.loc["better", "worse"]) == (1, 0)
    assert found.loc["worse", "ratio"] == pytest.approx(2.0)
    assert (found.loc["worse", "better"], found.loc["worse", "worse"]) == (0, 1)


def test_one_split_resolves_nothing_and_what_does_not_apply_has_no_row() -> None:
    lone = against_random(table(random=[4.0], other=[1.0]), ["e"], [20])
    assert lone["better"].tolist() == [0]
    refused = table(random=[4.0, 4.0], other=[1.0, 1.0])
    refused.loc[refused["selector"] == "other", "status"] = "not applicable"
    assert against_random(refused, ["e"], [20]).empty


def test_the_better_reading_counts_on_both_sides() -> None:
    plain = table(random=[4.0, 4.2], other=[2.0, 2.1])
    second = table(random=[2.0, 2.1], other=[5.0, 5.0]).assign(estimator="f")
    found = against_random(pd.concat([plain, second]), ["e", "f"], [20])
    assert found["ratio"].tolist() == pytest.approx([1.0])
