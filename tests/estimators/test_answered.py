"""The design that all estimators share: answers enter as they are, the rest is what is left of the total."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchoreval.errors import AnchorSetError
from anchoreval.estimators.answered import Answered, anchor_positions, scored
from anchoreval.methods import Selection
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def design(matrix: ResponseMatrix, items: pd.Index, **options: np.ndarray) -> tuple[Answered, ResponseMatrix]:
    part = matrix.part(items)
    return Answered.learn(part, Selection(items, **options)), part


def test_the_rest_is_the_mean_over_the_unanswered_items(synthetic: Simulator) -> None:
    matrix = synthetic(15, 40, n_subjects=3, aggregation="macro", seed=1)
    answered, part = design(matrix, matrix.items.index[7:20])
    rest = matrix.subset(items=matrix.items.index.delete(slice(7, 20)))
    expected = pd.DataFrame(rest.scores, columns=rest.items["subject"], dtype=np.float64)
    rests = answered.rests(part)
    weighted = rest.scores.astype(np.float64) @ rest.weights
    np.testing.assert_allclose(rests[:, 0], weighted, atol=1e-6)
    for column, subject in enumerate(matrix.subjects, start=1):
        np.testing.assert_allclose(rests[:, column], expected[subject].mean(axis=1), atol=1e-6)
    true_totals = answered.totals(answered.signatures(part), rests, part.models.index)
    np.testing.assert_allclose(true_totals, matrix.totals(), atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(k=st.integers(1, 40), seed=st.integers(0, 99))
def test_shares_of_a_macro_benchmark(k: int, seed: int) -> None:
    """Column sums are what the anchors carry; relative weights sum to one or to nothing."""
    rng = np.random.default_rng(seed)
    items = pd.DataFrame({"subject": rng.choice(["a", "b", "c", "d"], size=40)}, index=[f"i{n}" for n in range(40)])
    matrix = ResponseMatrix.from_arrays(rng.random((3, 40)), items=items, aggregation="macro")
    chosen = matrix.items.index[np.sort(rng.choice(40, size=k, replace=False))]
    answered, _ = design(matrix, chosen)
    assert answered.outputs == ("score", *matrix.subjects)
    np.testing.assert_allclose(answered.shares.sum(axis=0), matrix.shares.loc[chosen].sum(), atol=1e-6)
    present = np.isin(matrix.subjects, items.loc[chosen, "subject"])
    np.testing.assert_allclose(answered.relative.sum(axis=0), [1.0, *present], atol=1e-9)
    assert (answered.rest_share >= 0).all()
    assert answered.lead.sum() == pytest.approx(1.0)


def test_full_scores_measured_elsewhere_leave_everything_to_the_rest(synthetic: Simulator) -> None:
    whole = synthetic(10, 30, seed=3)
    models = whole.models.assign(full_score=np.linspace(0.1, 0.9, 10))
    outside = ResponseMatrix.from_arrays(whole.scores, models=models, items=whole.items.index)
    answered, part = design(outside, outside.items.index[:8])
    assert answered.rest_share.tolist() == [1.0]
    np.testing.assert_allclose(answered.rests(part)[:, 0], models["full_score"], atol=1e-6)
    np.testing.assert_allclose(answered.relative[:, 0], 1 / 8)


def test_the_lead_is_the_best_single_number(synthetic: Simulator) -> None:
    matrix = synthetic(5, 10, seed=4)
    items, inclusion = matrix.items.index[:3], np.array([0.2, 0.4, 0.4])
    assert design(matrix, items)[0].lead.tolist() == pytest.approx([1 / 3] * 3)
    assert design(matrix, items, inclusion=inclusion)[0].lead.tolist() == pytest.approx([0.5, 0.25, 0.25])
    weights = np.array([0.7, 0.2, 0.1])
    assert design(matrix, items, inclusion=inclusion, weights=weights)[0].lead.tolist() == pytest.approx(
        [0.7, 0.2, 0.1]
    )


def test_anchors_without_weight_count_the_same(synthetic: Simulator) -> None:
    base = synthetic(5, 10, seed=4)
    weightless = ResponseMatrix.from_arrays(base.scores, weights=[0.0] * 3 + [1.0] * 7)
    answered, part = design(weightless, weightless.items.index[:3])
    np.testing.assert_allclose(answered.lead, 1 / 3)
    assert answered.rest_share.tolist() == [1.0]
    np.testing.assert_array_equal(answered.signatures(part), base.scores[:, :3])


def test_gaps_are_item_effect_plus_model_effect() -> None:
    sources = ResponseMatrix.from_arrays([[1.0, 0.6, 0.2, 0.0], [1.0, 0.4, 0.0, 0.5]])
    answered, _ = design(sources, sources.items.index[:3])
    np.testing.assert_allclose(answered.effects, [1.0, 0.5, 0.1], atol=1e-6)
    targets = ResponseMatrix.from_arrays([[0.8, np.nan, 0.1, 0.3], [np.nan, np.nan, np.nan, 1.0]])
    signatures = answered.signatures(targets)
    np.testing.assert_allclose(signatures[0], [0.8, 0.4, 0.1], atol=1e-6)  # the model is 0.1 below on what it answered
    assert np.isnan(signatures[1]).all(), "answers on other items count for nothing"


def test_a_subject_unknown_for_some_sources_is_filled_in_additively() -> None:
    models = pd.DataFrame({"full_score": [0.5, 0.6, 0.7], "full_score/a": [0.4, 0.5, np.nan]}, index=["x", "y", "z"])
    models["full_score/b"] = np.nan
    items = pd.DataFrame({"subject": ["a", "b"]}, index=["p", "q"])
    outside = ResponseMatrix(
        scores=np.zeros((3, 2), dtype=np.float32),
        models=models,
        items=items,
        weights=np.array([0.5, 0.5]),
        coverage={"score": 0.0, "a": 0.0, "b": 0.0},
    )
    answered, part = design(outside, items.index[:1])
    rests = answered.rests(part)
    np.testing.assert_allclose(rests[:, 1], [0.4, 0.5, 0.6], atol=1e-6)
    assert np.isnan(rests[:, 2]).all(), "known for no model"


def test_models_without_a_full_score_are_no_lesson() -> None:
    scores = np.ones((3, 40))
    scores[1, :10] = np.nan
    assert scored(ResponseMatrix.from_arrays(scores)).models.index.tolist() == ["m0", "m2"]


def test_a_missing_anchor_is_named(synthetic: Simulator) -> None:
    matrix = synthetic(4, 10)
    with pytest.raises(AnchorSetError, match=r"lack anchor 'elsewhere' \(2 of 3 anchors are missing\)"):
        anchor_positions(pd.Index(["item0001", "elsewhere", "nowhere"]), matrix)
