"""Several benchmarks side by side."""

from __future__ import annotations

import numpy as np
import pytest

from anchoreval.errors import ResponseDataError, TooFewModelsError
from anchoreval.responses import ResponseMatrix
from anchoreval.suite import Suite


def benchmark(models: list[str], seed: int) -> ResponseMatrix:
    """A small benchmark with given models."""
    return ResponseMatrix.from_arrays(np.random.default_rng(seed).random((len(models), 6)), models=models)


def test_models_are_those_of_all_in_the_first_ones_order() -> None:
    suite = Suite({"x": benchmark(["c", "a", "b"], 0), "y": benchmark(["b", "d", "c"], 1)})
    assert suite.models.tolist() == ["c", "b"]
    aligned = suite.aligned()
    assert [m.models.index.tolist() for m in aligned.values()] == [["c", "b"], ["c", "b"]]
    assert aligned["y"].full_scores["c"] == suite["y"].full_scores["c"]


def test_full_scores_are_a_table_of_models_by_benchmarks() -> None:
    suite = Suite({"x": benchmark(["a", "b"], 0), "y": benchmark(["b", "c"], 1)})
    table = suite.full_scores
    assert (list(table.columns), sorted(table.index)) == (["x", "y"], ["a", "b", "c"])
    assert np.isnan(table.loc["a", "y"])
    assert table.loc["b", "y"] == pytest.approx(float(suite["y"].scores[0].mean()))


def test_what_is_no_suite_is_refused() -> None:
    with pytest.raises(ResponseDataError, match="at least one benchmark"):
        Suite({})
    with pytest.raises(ResponseDataError, match="'x' is a list"):
        Suite({"x": [1]})  # type: ignore[dict-item]
    with pytest.raises(TooFewModelsError, match="on all of x, y"):
        Suite({"x": benchmark(["a"], 0), "y": benchmark(["b"], 1)}).aligned()
