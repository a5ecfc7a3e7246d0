"""Several benchmarks side by side."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
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


def test_stacking_puts_benchmarks_side_by_side_and_counts_each_the_same() -> None:
    first, second = benchmark(["c", "a", "b"], 0), benchmark(["b", "d", "c"], 1)
    second = second.subset(items=second.items.index[:2])
    stacked = Suite({"x": first, "y": second}).stacked("both")
    assert (stacked.name, stacked.subjects, stacked.models.index.tolist()) == ("both", ("x", "y"), ["c", "b"])
    assert stacked.items.index.tolist() == [f"x/i{n}" for n in range(6)] + ["y/i0", "y/i1"]
    assert stacked.items["position"].tolist() == list(range(8))
    totals = stacked.totals()
    for name, part in (("x", first), ("y", second)):
        np.testing.assert_allclose(totals[name], part.full_scores[["c", "b"]], atol=1e-7)
    np.testing.assert_allclose(totals["score"], totals[["x", "y"]].mean(axis=1), atol=1e-7)
    micro = Suite({"x": first, "y": second}).stacked(aggregation="micro")
    np.testing.assert_allclose(micro.full_scores, micro.scores.mean(axis=1), atol=1e-7)
    with pytest.raises(ResponseDataError, match="aggregation 'odd'"):
        Suite({"x": first}).stacked(aggregation="odd")


def test_stacking_keeps_weights_probabilities_and_what_is_known_of_models(
    synthetic: Callable[..., ResponseMatrix],
) -> None:
    macro = synthetic(12, 31, n_subjects=3, options=3, aggregation="macro", seed=1)
    wide = synthetic(12, 20, options=5, seed=2)
    bare = ResponseMatrix.from_arrays(
        wide.scores, models=wide.models.index, items=wide.items, probabilities=wide.probabilities
    )
    stacked = Suite({"bare": bare, "macro": macro}).stacked()
    assert stacked.items["benchmark_subject"].iloc[20:].tolist() == macro.items["subject"].tolist()
    np.testing.assert_allclose(stacked.totals()["macro"], macro.full_scores, atol=1e-7)
    assert stacked.models["base_model"].equals(macro.models["base_model"])
    assert stacked.probabilities is not None
    np.testing.assert_array_equal(stacked.probabilities[:, 20:, :3], macro.probabilities)
    assert np.isnan(stacked.probabilities[:, 20:, 3:]).all()
    assert Suite({"x": macro, "y": benchmark(list(macro.models.index), 0)}).stacked().probabilities is None


def test_a_stack_of_parts_carries_what_its_items_carry(synthetic: Callable[..., ResponseMatrix]) -> None:
    whole, other = synthetic(12, 40, seed=3), synthetic(12, 30, seed=4)
    part = whole.part(whole.items.index[:10])
    stacked = Suite({"part": part, "other": other}).stacked()
    assert stacked.coverage == pytest.approx({"score": 0.625, "part": 0.25, "other": 1.0})
    shares = stacked.shares
    assert shares.sum().to_dict() == pytest.approx({"score": 0.625, "part": 0.25, "other": 1.0})
    assert shares["score"].iloc[:10].sum() == pytest.approx(0.125)  # a quarter of one of two benchmarks
    np.testing.assert_allclose(stacked.totals()["part"], whole.full_scores, atol=1e-7)
    np.testing.assert_allclose(stacked.full_scores, (whole.full_scores + other.full_scores) / 2, atol=1e-7)


def test_a_score_measured_elsewhere_makes_the_stack_measured_elsewhere() -> None:
    models = pd.DataFrame({"full_score": [0.1, 0.9, 0.4]}, index=["a", "b", "c"])
    external = ResponseMatrix.from_arrays(np.random.default_rng(0).random((3, 5)), models=models)
    inner = benchmark(["a", "b", "c"], 1)
    stacked = Suite({"external": external, "inner": inner}).stacked()
    assert stacked.coverage == {"score": 0.0, "external": 0.0, "inner": 1.0}
    assert (stacked.shares["score"] == 0).all()
    np.testing.assert_allclose(stacked.weights, [0.1] * 5 + [1 / 12] * 6)
    np.testing.assert_allclose(stacked.totals()["external"], models["full_score"])
    np.testing.assert_allclose(stacked.full_scores, (models["full_score"] + inner.full_scores) / 2)


@pytest.mark.real_data
def test_the_open_llm_parts_stack(real: Callable[[str], ResponseMatrix]) -> None:
    names = ("openllm_large_truthfulqa", "openllm_large_winogrande")
    stacked = Suite({name: real(name) for name in names}).stacked()
    assert stacked.n_items == sum(real(name).n_items for name in names)
    assert 2000 < stacked.n_models < 3000
    for name in names:
        np.testing.assert_allclose(stacked.totals()[name], real(name).full_scores[stacked.models.index])
