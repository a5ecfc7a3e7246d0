"""ResponseMatrix: validation names the fault, views keep what they promise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchoreval.errors import ResponseDataError
from anchoreval.responses import ResponseMatrix

from .conftest import simulate


def test_full_score_is_the_weighted_mean() -> None:
    matrix = simulate(8, 30, n_subjects=3, aggregation="macro")
    by_hand = pd.DataFrame(matrix.scores, columns=matrix.items["subject"]).T.groupby(level=0).mean().mean()
    np.testing.assert_allclose(matrix.full_scores, by_hand, atol=1e-7)


def test_micro_and_macro_differ_when_subjects_differ_in_size() -> None:
    scores = np.array([[1.0, 1.0, 1.0, 0.0]])
    items = pd.DataFrame({"subject": ["a", "a", "a", "b"]}, index=list("wxyz"))
    micro = ResponseMatrix.from_arrays(scores, items=items)
    macro = ResponseMatrix.from_arrays(scores, items=items, aggregation="macro")
    assert micro.full_scores.iloc[0] == pytest.approx(0.75)
    assert macro.full_scores.iloc[0] == pytest.approx(0.5)
    assert macro.totals()[["a", "b"]].to_numpy().tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scores": [[0.5, 1.5]]}, "model 'm0', item 'i1': score 1.5 is outside"),
        ({"scores": [[0.5, -0.1]]}, "item 'i1': score -0.1 is outside"),
        ({"scores": [[0.5, np.inf]]}, "item 'i1': score inf is outside"),
        ({"models": ["a", "b"]}, "2 models are named, the scores have 1"),
        ({"items": ["x", "x"]}, "item 'x' stands twice"),
        ({"weights": [1.0]}, "weights must be 2 non-negative numbers"),
        ({"weights": [-1.0, 2.0]}, "weights must be 2 non-negative numbers"),
        ({"aggregation": "mean"}, "aggregation 'mean' is not one of micro, macro"),
        ({"aggregation": "macro"}, "needs the items' subjects"),
        ({"probabilities": [[[0.5, 0.4], [0.5, 0.5]]]}, "item 'i0': option probabilities sum to 0.9000, not 1"),
        ({"probabilities": [[[1.5, -0.5], [0.5, 0.5]]]}, "item 'i0': has an option probability outside"),
        ({"probabilities": [[[0.5, np.nan, 0.5], [0.3, 0.3, 0.4]]]}, "item 'i0': has a gap"),
        ({"probabilities": [[[0.5, 0.5]]]}, "probabilities have shape"),
    ],
)
def test_bad_input_is_refused_with_its_place(changes: dict[str, object], message: str) -> None:
    arguments = {"scores": [[0.0, 1.0]], **changes}
    with pytest.raises(ResponseDataError, match=message.replace("(", r"\(")) as caught:
        ResponseMatrix.from_arrays(**arguments)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("released", "soon", "model 'm1': released 'soon' is not a date"),
        ("full_score", 1.2, "model 'm1': full_score 1.2 is outside"),
    ],
)
def test_bad_model_columns(column: str, value: object, message: str) -> None:
    models = pd.DataFrame({column: [None, value]}, index=["m0", "m1"])
    with pytest.raises(ResponseDataError, match=message):
        ResponseMatrix.from_arrays(np.zeros((2, 3)), models=models)


def test_a_subject_cannot_take_the_name_of_a_result_column() -> None:
    items = pd.DataFrame({"subject": ["lower", "b"]}, index=["x", "y"])
    with pytest.raises(ResponseDataError, match="cannot be called 'lower'"):
        ResponseMatrix.from_arrays(np.zeros((1, 2)), items=items)


def test_a_model_that_misses_more_than_five_percent_has_no_full_score() -> None:
    scores = np.ones((3, 100))
    scores[1, :5] = np.nan
    scores[2, :6] = np.nan
    matrix = ResponseMatrix.from_arrays(scores)
    assert matrix.full_scores.notna().tolist() == [True, True, False]
    assert matrix.totals(missing="allow")["score"].notna().all()


def test_a_known_full_score_counts_as_given_and_leaves_the_items_no_share() -> None:
    models = pd.DataFrame({"full_score": [0.3, np.nan]}, index=["a", "b"])
    matrix = ResponseMatrix.from_arrays([[1.0, 0.0], [1.0, 1.0]], models=models)
    assert matrix.full_scores.iloc[0] == pytest.approx(0.3)
    assert np.isnan(matrix.full_scores.iloc[1])
    assert matrix.shares["score"].sum() == 0.0


def test_a_full_score_that_is_the_mean_over_the_items_is_not_measured_elsewhere() -> None:
    models = pd.DataFrame({"full_score": [0.5, 1.0]}, index=["a", "b"])
    matrix = ResponseMatrix.from_arrays([[1.0, 0.0], [1.0, 1.0]], models=models)
    assert matrix.shares["score"].sum() == pytest.approx(1.0)


def test_part_keeps_totals_and_shares_of_the_whole() -> None:
    matrix = simulate(12, 40, n_subjects=4, aggregation="macro", missing=0.01)
    anchors = list(matrix.items.index[5:15])
    part = matrix.part(anchors)
    pd.testing.assert_frame_equal(part.totals(), matrix.totals())
    pd.testing.assert_frame_equal(part.shares, matrix.shares.loc[anchors])
    pd.testing.assert_frame_equal(part.part(anchors[:3]).totals(), matrix.totals())


def test_part_of_a_model_without_full_score_has_none() -> None:
    scores = np.ones((2, 40))
    scores[1, 20:] = np.nan
    part = ResponseMatrix.from_arrays(scores).part(["i0", "i1"])
    assert part.full_scores.notna().tolist() == [True, False]


def test_completed_recovers_an_additive_table_exactly() -> None:
    rng = np.random.default_rng(3)
    truth = 0.5 + rng.uniform(-0.2, 0.2, (20, 1)) + rng.uniform(-0.2, 0.2, (1, 50))
    holes = truth.copy()
    holes[rng.random(truth.shape) < 0.2] = np.nan
    np.testing.assert_allclose(ResponseMatrix.from_arrays(holes).completed().scores, truth, atol=1e-4)


def test_completed_with_given_effects_uses_them() -> None:
    target = ResponseMatrix.from_arrays([[1.0, np.nan]], items=["x", "y"])
    filled = target.completed(pd.Series({"x": 0.8, "y": 0.5}))
    assert filled.scores[0, 1] == pytest.approx(0.7)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_sorting_and_permuting_agree(seed: int) -> None:
    matrix = simulate(7, 11, options=4, missing=0.1, seed=1)
    rng = np.random.default_rng(seed)
    models, items = rng.permutation(matrix.models.index), rng.permutation(matrix.items.index)
    shuffled = matrix.subset(models=models, items=items)
    assert shuffled.items_digest == matrix.items_digest
    left, right = shuffled.sorted_by_id(), matrix.sorted_by_id()
    np.testing.assert_array_equal(left.scores, right.scores)
    np.testing.assert_array_equal(left.probabilities, right.probabilities)
    np.testing.assert_allclose(left.weights, right.weights)


def test_subset_names_what_is_not_there() -> None:
    matrix = simulate(3, 4)
    with pytest.raises(ResponseDataError, match="has no item 'nothing'"):
        matrix.subset(items=["nothing"])
    with pytest.raises(ResponseDataError, match="model 'model001' is named twice"):
        matrix.subset(models=["model001", "model001"])


def test_the_arrays_are_frozen() -> None:
    matrix = simulate(3, 4)
    with pytest.raises(ValueError, match="read-only"):
        matrix.scores[0, 0] = 1.0


def test_one_model_is_a_valid_matrix() -> None:
    assert ResponseMatrix.from_arrays([[0.0, 1.0]]).n_models == 1


def test_option_counts_vary_by_item() -> None:
    probabilities = [[[0.5, 0.5, np.nan], [0.2, 0.3, 0.5]]]
    matrix = ResponseMatrix.from_arrays([[1.0, 0.0]], probabilities=probabilities)
    assert matrix.option_counts.tolist() == [2, 3]


@pytest.mark.real_data
def test_real_matrices_are_accepted(real) -> None:  # type: ignore[no-untyped-def]
    livebench = real("livebench")
    assert livebench.subjects
    assert livebench.missing_share.max() > 0.05
    assert real("openllm_large_truthfulqa").shares["score"].sum() == 0.0
    assert real("mmlu_options").option_counts.tolist() == [6] * 1999


def test_reordered_probabilities_keep_models_first_in_memory() -> None:
    matrix = simulate(5, 10, options=3)
    turned = matrix.subset(items=matrix.items.index[::-1])
    assert turned.probabilities is not None
    assert matrix.probabilities is not None
    assert turned.probabilities.flags.c_contiguous
    assert np.array_equal(turned.probabilities, matrix.probabilities[:, ::-1])


def test_probabilities_of_no_options_are_refused() -> None:
    with pytest.raises(ResponseDataError, match=r"probabilities have shape \(2, 3, 0\)"):
        ResponseMatrix.from_arrays(np.ones((2, 3)), probabilities=np.ones((2, 3, 0)))
