"""Choosing inside the sources: the rule by hand, whole groups in folds, and no look at anything else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchoreval.contract import choose, fit
from anchoreval.errors import MethodOptionError, TooFewModelsError
from anchoreval.estimators.answered import scored
from anchoreval.estimators.auto import READING, Auto, score_only, simplest_within_one_error
from anchoreval.estimators.candidates import CANDIDATES, LABELS
from anchoreval.methods import Selection
from anchoreval.numerics.folds import group_folds
from anchoreval.registry import make_estimator, make_selector
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def chosen_by(auto: Auto, sources: ResponseMatrix, selection: Selection) -> Auto:
    made = fit(auto, sources, selection)
    assert isinstance(made, Auto)
    return made


def test_the_simplest_within_one_standard_error_by_hand() -> None:
    best = np.array([1.0, 1.0, 1.0, 1.0])
    excess = np.array([0.3, -0.1, 0.3, -0.1])  # mean 0.1, standard error 0.231 / 2 = 0.1155
    groups = np.arange(4)
    assert simplest_within_one_error(np.stack([best + excess, best]), groups) == 0
    assert simplest_within_one_error(np.stack([best + excess + 0.02, best]), groups) == 1
    assert simplest_within_one_error(np.stack([best + 1.0, best, best]), groups) == 1


def test_a_group_counts_once() -> None:
    """Ten copies of the one model on which the simple candidate is better do not decide."""
    simple = np.array([*[0.6] * 10, 1.5, 1.6, 1.4, 1.5, 1.6])
    elaborate = np.ones(15)
    copies = np.array([0] * 10 + [1, 2, 3, 4, 5])
    assert simplest_within_one_error(np.stack([simple, elaborate]), np.arange(15)) == 0
    assert simplest_within_one_error(np.stack([simple, elaborate]), copies) == 1


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(1, 5), min_size=2, max_size=20), folds=st.integers(2, 6), seed=st.integers(0, 99))
def test_folds_part_the_models_and_keep_groups_whole(sizes: list[int], folds: int, seed: int) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    masks = group_folds(groups, folds, np.random.default_rng(seed))
    assert (np.sum(masks, axis=0) == 1).all()
    assert len(masks) == min(folds, len(sizes))
    for mask in masks:
        assert not np.intersect1d(groups[mask], groups[~mask]).size
        assert mask.any()


def test_tried_is_the_cross_validated_error(synthetic: Simulator) -> None:
    """The figure of one candidate, computed again by hand over the same folds."""
    matrix = synthetic(40, 80, variants=2, n_subjects=3, seed=2)
    selection = choose(make_selector("random"), matrix, 20)
    made = chosen_by(Auto(candidates=["mean", "ridge"], folds=4), matrix, selection)
    mean = fit(make_estimator("mean"), matrix, selection).predict(matrix)["score"]
    expected = (mean - matrix.full_scores).abs().groupby(matrix.models["base_model"]).mean().mean()
    assert made.tried["mean"] == pytest.approx(expected, abs=1e-6)  # the mean learns nothing: folds do not matter
    assert list(made.tried) == ["mean", "ridge"]


def test_structure_is_used_and_its_absence_noticed(synthetic: Simulator) -> None:
    matrix = synthetic(150, 200, seed=3)
    selection = choose(make_selector("random"), matrix, 30)
    assert chosen_by(Auto(candidates=["mean", "ridge"]), matrix, selection).chosen == "ridge"
    # every model answers every item right with its own probability: no anchor tells more than another
    rng = np.random.default_rng(0)
    ability = np.clip(rng.uniform(-0.2, 1.2, size=(150, 1)), 0.02, 0.98)
    flat = ResponseMatrix.from_arrays(rng.random((150, 400)) < ability)
    selection = choose(make_selector("random"), flat, 100)
    assert chosen_by(Auto(candidates=["mean", "ridge"]), flat, selection).chosen == "mean"


def test_only_applicable_candidates_are_tried(synthetic: Simulator) -> None:
    matrix = synthetic(60, 80, seed=2)
    bare = chosen_by(Auto(), matrix, Selection(matrix.items.index[::8]))
    assert list(bare.tried) == ["ridge", "kernel_ridge"]
    weights = chosen_by(Auto(folds=2), matrix, Selection(matrix.items.index[:10], weights=np.full(10, 0.1)))
    assert "weighted" in weights.tried
    assert "mean" not in weights.tried


def test_candidates_are_ordered_registered_methods_that_need_only_the_anchors() -> None:
    assert LABELS == ("mean", "fusion", "weighted", "ridge", "kernel_ridge", "knn", "forest", "average")
    assert not any(candidate.make().whole_matrix for candidate in CANDIDATES)


def test_few_sources_take_the_simplest_unseen(synthetic: Simulator) -> None:
    matrix = synthetic(5, 60)
    random = choose(make_selector("random"), matrix, 10)
    made = chosen_by(Auto(), matrix, random)
    assert (made.chosen, made.tried) == ("fusion", {})
    assert chosen_by(Auto(), matrix, Selection(random.items, weights=random.weights)).chosen == "weighted"
    assert chosen_by(Auto(), matrix, Selection(random.items)).chosen == "ridge"
    single = matrix.subset(models=matrix.models.index[:1])
    with pytest.raises(TooFewModelsError, match="none of its candidates applies to the 1 source models"):
        fit(Auto(), single, Selection(random.items))


def test_variants_of_few_base_models_are_few_sources(synthetic: Simulator) -> None:
    matrix = synthetic(60, 60, variants=12, seed=1)
    assert chosen_by(Auto(), matrix, choose(make_selector("random"), matrix, 10)).tried == {}


def test_the_record_survives_the_state(synthetic: Simulator) -> None:
    matrix = synthetic(40, 60, seed=4)
    made = chosen_by(Auto(candidates=["ridge", "knn"]), matrix, Selection(matrix.items.index[::6]))
    restored = Auto(candidates=["ridge", "knn"]).from_state(made.state())
    assert (restored.chosen, restored.tried) == (made.chosen, made.tried)


def test_subjects_take_no_part_in_the_choice(synthetic: Simulator) -> None:
    part = scored(synthetic(12, 40, n_subjects=3).part([f"item{n:04d}" for n in range(10)]))
    bare = score_only(part)
    assert bare.subjects == ()
    np.testing.assert_array_equal(bare.full_scores, part.full_scores)
    np.testing.assert_allclose(bare.shares["score"], part.shares["score"])


def test_bad_options_are_named() -> None:
    with pytest.raises(MethodOptionError, match="'lasso' is no candidate"):
        make_estimator("auto", candidates=["lasso"])
    with pytest.raises(MethodOptionError, match="option folds must be at least 2, not 1"):
        make_estimator("auto", folds=1)


def test_what_the_selector_found_is_followed(synthetic: Simulator) -> None:
    matrix = synthetic(40, 60, seed=4)
    found = Selection(matrix.items.index[::6], details={READING: "kernel_ridge"})
    assert (chosen_by(Auto(), matrix, found).chosen, chosen_by(Auto(), matrix, found).tried) == ("kernel_ridge", {})
    assert chosen_by(Auto(candidates=["ridge"]), matrix, found).chosen == "ridge"
    unknown = Selection(matrix.items.index[::6], details={READING: "crystal ball"})
    assert set(chosen_by(Auto(), matrix, unknown).tried) == {"ridge", "kernel_ridge"}
