"""One battery for every registered estimator: a new method that passes it is in.

A method appears here by being registered. `OPTIONS` makes a slow one quick; `VARIANTS` adds option settings to try.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.anchors import AnchorSet, load_anchors
from anchoreval.contract import choose, fit, unmet_need
from anchoreval.errors import AnchorEvalError, AnchorSetError, NotApplicableError
from anchoreval.methods import NEEDS, Estimator, Selection
from anchoreval.reconstruction import reconstruct_from
from anchoreval.registry import estimators, make_estimator, make_selector
from anchoreval.responses import ResponseMatrix

OPTIONS: dict[str, dict[str, Any]] = {"auto": {"folds": 2}, "gpirt": {"folds": 2}}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("signature", {"regressor": "kernel_ridge"}),
    ("signature", {"regressor": "knn"}),
    ("signature", {"regressor": "forest", "trees": 10}),
    ("signature", {"regressor": "boosting", "rounds": 10}),
    ("signature", {"regressor": "average", "trees": 10}),
    ("signature", {"features": "both", "components": 5}),
    ("signature", {"features": "scores", "line": False, "alpha": 3.0}),
    ("auto", {"candidates": ["knn", "ridge"], "folds": 3}),
    ("subject_ridge", {"line": False, "alpha": 3.0}),
    ("bayes_linear", {"shrinkage": 0.3, "pooling": 0.2}),
    ("bayes_linear", {"pooling": 1.0, "folds": 2}),
    ("pirt", {"dimensions": 2}),
    ("pirt", {"model": "3pl"}),
    ("gpirt", {"rule": "published", "folds": 2}),
    ("gpirt", {"dimensions": 2, "folds": 2}),
    ("gam", {"joint": True}),
    ("gam", {"linear": True}),
    ("gam", {"linear": "in_sample", "theta": "eap"}),
    ("gam", {"features": "ability"}),
    ("gam", {"features": "mean", "splines": 5}),
    ("gam", {"model": "3pl"}),
    ("gam", {"joint": True, "features": "ability", "linear": False}),
    ("fusion", {"sample": "mean"}),
]
CASES = [(name, OPTIONS.get(name, {})) for name in estimators()] + VARIANTS
OWN = {"reconstruction": {"name": "weighted"}}
"""Details of anchors whose selector has a reconstruction of its own."""
KINDS = ("binary", "continuous", "missing", "options", "macro", "part", "external")

Simulator = Callable[..., ResponseMatrix]
pytestmark = pytest.mark.parametrize(
    ("name", "options"), CASES, ids=["-".join([name, *map(str, options.values())]) for name, options in CASES]
)


@pytest.fixture
def matrices(synthetic: Simulator) -> dict[str, ResponseMatrix]:
    """A benchmark of every kind that an estimator may meet."""
    whole = synthetic(40, 90, n_subjects=3, seed=5)
    return {
        "binary": synthetic(40, 60, variants=2, seed=1),
        "continuous": synthetic(40, 60, n_subjects=3, continuous=True, seed=2),
        "missing": synthetic(40, 60, n_subjects=3, options=4, missing=0.03, seed=3),
        "options": fewer_options(synthetic(40, 60, n_subjects=4, options=5, seed=4)),
        "macro": synthetic(40, 61, n_subjects=4, aggregation="macro", seed=5),
        "part": whole.part(whole.items.index[:60]),
        "external": ResponseMatrix.from_arrays(
            whole.scores[:, :60], models=whole.models.assign(full_score=whole.full_scores), items=whole.items.index[:60]
        ),
    }


def fewer_options(matrix: ResponseMatrix) -> ResponseMatrix:
    """Every third item with three options only."""
    assert matrix.probabilities is not None
    probabilities = matrix.probabilities.copy()
    probabilities[:, ::3, 3:] = np.nan
    probabilities[:, ::3] /= np.nansum(probabilities[:, ::3], axis=2, keepdims=True)
    return ResponseMatrix.from_arrays(
        matrix.scores, models=matrix.models, items=matrix.items, probabilities=probabilities, name="options"
    )


def anchors_of(matrix: ResponseMatrix, k: int, seed: int = 0) -> Selection:
    """A random design, which gives weights and inclusion probabilities."""
    return choose(make_selector("random"), matrix, k, seed)


def fitted(name: str, options: dict[str, Any], sources: ResponseMatrix, selection: Selection) -> Estimator | None:
    """The fitted estimator, or None where it does not apply, which must then be refused by name."""
    estimator = make_estimator(name, **options)
    refused = unmet_need(estimator.needs, sources, selection) is not None
    if options.get("features") in ("probabilities", "both") and sources.probabilities is None:
        refused = True  # a need that an option adds
    if not refused:
        return fit(estimator, sources, selection, 0)
    with pytest.raises(NotApplicableError, match=f"estimator {name} needs "):
        fit(estimator, sources, selection, 0)
    return None


def split(matrix: ResponseMatrix, n_targets: int = 10) -> tuple[ResponseMatrix, ResponseMatrix]:
    models = matrix.models.index
    return matrix.subset(models=models[n_targets:]), matrix.subset(models=models[:n_targets])


@pytest.mark.parametrize("kind", KINDS)
def test_every_item_an_anchor_gives_the_full_score(
    name: str, options: dict[str, Any], kind: str, matrices: dict[str, ResponseMatrix]
) -> None:
    matrix = matrices[kind]
    sources, targets = split(matrix)
    estimator = fitted(name, options, sources, anchors_of(sources, sources.n_items))
    if estimator is None or kind in ("part", "external", "missing"):  # the whole is not known from these items
        return
    estimate = estimator.predict(targets)
    pd.testing.assert_frame_equal(estimate, targets.totals(), atol=1e-6, rtol=0, check_names=False)


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_are_a_row_a_target_and_within_bounds(
    name: str, options: dict[str, Any], kind: str, matrices: dict[str, ResponseMatrix]
) -> None:
    sources, targets = split(matrices[kind])
    selection = anchors_of(sources, 12)
    if (estimator := fitted(name, options, sources, selection)) is None:
        return
    estimate = estimator.predict(targets)
    assert list(estimate.columns) == ["score", *sources.subjects]
    assert estimate.index.equals(targets.models.index)
    assert np.isfinite(estimate["score"]).all()
    assert estimate.min(axis=None) >= 0.0
    assert estimate.max(axis=None) <= 1.0
    alone = estimator.predict(targets.subset(models=targets.models.index[3:4]))
    np.testing.assert_allclose(alone, estimate.iloc[3:4], atol=1e-9)
    wider = estimator.predict(targets.part(selection.items[::-1]))
    np.testing.assert_allclose(wider, estimate, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_the_state_restores_the_same_predictions(
    name: str, options: dict[str, Any], kind: str, matrices: dict[str, ResponseMatrix]
) -> None:
    sources, targets = split(matrices[kind])
    if (estimator := fitted(name, options, sources, anchors_of(sources, 12))) is None:
        return
    state = estimator.state()
    assert all(array.dtype.kind in "biufU" for array in state.values()), "numbers and strings only"
    copied = {key: array.copy() for key, array in state.items()}
    restored = make_estimator(name, **options).from_state(copied)
    pd.testing.assert_frame_equal(restored.predict(targets), estimator.predict(targets), check_exact=True)
    again = restored.state()
    assert set(again) == set(state)
    for key, array in state.items():
        np.testing.assert_array_equal(again[key], array)


@pytest.mark.parametrize("kind", KINDS)
def test_the_part_on_the_anchors_gives_the_same_estimator(
    name: str, options: dict[str, Any], kind: str, matrices: dict[str, ResponseMatrix]
) -> None:
    sources, targets = split(matrices[kind])
    selection = anchors_of(sources, 12)
    if (estimator := fitted(name, options, sources, selection)) is None or estimator.whole_matrix:
        return
    from_part = fit(make_estimator(name, **options), sources.part(selection.items), selection, 0)
    for key, array in estimator.state().items():
        np.testing.assert_array_equal(from_part.state()[key], array, err_msg=key)
    pd.testing.assert_frame_equal(from_part.predict(targets), estimator.predict(targets), check_exact=True)


@pytest.mark.parametrize("kind", ["macro", "missing", "options"])
def test_permuting_models_and_items_changes_nothing(
    name: str, options: dict[str, Any], kind: str, matrices: dict[str, ResponseMatrix]
) -> None:
    sources, targets = split(matrices[kind])
    selection = anchors_of(sources, 12)
    if (estimator := fitted(name, options, sources, selection)) is None:
        return
    rng = np.random.default_rng(9)
    rows, columns = rng.permutation(sources.models.index), rng.permutation(sources.items.index)
    shuffled = sources.subset(models=rows, items=columns)
    order = rng.permutation(len(selection.items))
    assert selection.weights is not None
    assert selection.inclusion is not None
    anchors = dataclasses.replace(
        selection,
        items=selection.items[order],
        weights=selection.weights[order],
        inclusion=selection.inclusion[order],
    )
    other = fitted(name, options, shuffled, anchors)
    assert other is not None
    mixed = other.predict(targets.subset(models=targets.models.index[::-1], items=columns)).loc[targets.models.index]
    expected = estimator.predict(targets)
    np.testing.assert_allclose(mixed[expected.columns], expected, atol=1e-9)


def test_all_right_and_all_wrong_are_finite_and_in_order(
    name: str, options: dict[str, Any], matrices: dict[str, ResponseMatrix]
) -> None:
    for kind in ("binary", "options"):
        sources = matrices[kind]
        extremes = np.repeat([[0.0], [1.0]], sources.n_items, axis=1)
        probabilities = None if sources.probabilities is None else sources.probabilities[:2]
        targets = ResponseMatrix.from_arrays(extremes, items=sources.items, probabilities=probabilities)
        if (estimator := fitted(name, options, sources, anchors_of(sources, 12))) is not None:
            wrong, right = estimator.predict(targets)["score"]
            assert 0.0 <= wrong < right <= 1.0


def test_duplicates_and_constant_columns_survive(name: str, options: dict[str, Any], synthetic: Simulator) -> None:
    base = synthetic(24, 40, n_subjects=2, options=3, seed=8)
    scores = np.array(base.scores)
    scores[:, :10], scores[:, 10:15] = 1.0, 0.0
    scores[12:] = scores[:12]
    assert base.probabilities is not None
    probabilities = np.array(base.probabilities)
    probabilities[12:] = probabilities[:12]
    matrix = ResponseMatrix.from_arrays(scores, items=base.items, probabilities=probabilities)
    for items in (base.items.index[:20], base.items.index[:10]):  # partly constant, wholly constant
        shares = np.full(len(items), len(items) / 40)
        selection = Selection(items, np.full(len(items), 1 / len(items)), shares, details=OWN)
        if (estimator := fitted(name, options, matrix, selection)) is not None:
            assert np.isfinite(estimator.predict(matrix)["score"]).all()


@pytest.mark.parametrize("n_models", [1, 2, 3, 5, 9])
def test_few_sources_work_or_are_refused(
    name: str, options: dict[str, Any], n_models: int, matrices: dict[str, ResponseMatrix]
) -> None:
    sources, targets = split(matrices["missing"])
    complete = sources.models.index[sources.full_scores.notna()][:n_models]
    sources = sources.subset(models=complete)
    refusal = ""
    try:
        estimate = fit(make_estimator(name, **options), sources, anchors_of(sources, 12), 0).predict(targets)
    except AnchorEvalError as error:
        refusal = str(error)
    if n_models >= 5 or not refusal:  # five sources must do
        assert not refusal
        assert estimate["score"].between(0.0, 1.0).all()
    assert "\n" not in refusal


def test_unanswered_anchors_are_filled_in_and_no_answer_is_nan(
    name: str, options: dict[str, Any], matrices: dict[str, ResponseMatrix]
) -> None:
    sources, targets = split(matrices["options"])
    selection = anchors_of(sources, 12)
    assert targets.probabilities is not None
    scores, probabilities = np.array(targets.scores), np.array(targets.probabilities)
    asked = targets.items.index.get_indexer(selection.items)
    for row, unanswered in ((0, asked), (1, asked[:3])):
        scores[row, unanswered] = probabilities[row, unanswered] = np.nan
    holes = ResponseMatrix.from_arrays(scores, models=targets.models, items=targets.items, probabilities=probabilities)
    if (estimator := fitted(name, options, sources, selection)) is None:
        return
    estimate = estimator.predict(holes)
    assert estimate.iloc[0].isna().all()
    assert 0.0 <= estimate["score"].iloc[1] <= 1.0
    np.testing.assert_allclose(estimate.iloc[2:], estimator.predict(targets).iloc[2:], atol=1e-9)


def test_a_target_that_lacks_an_anchor_is_refused(
    name: str, options: dict[str, Any], matrices: dict[str, ResponseMatrix]
) -> None:
    sources, targets = split(matrices["binary"])
    selection = anchors_of(sources, 12)
    if (estimator := fitted(name, options, sources, selection)) is None:
        return
    lacking = targets.subset(items=targets.items.index.drop(selection.items[4]))
    with pytest.raises(AnchorSetError, match=f"lack anchor '{selection.items[4]}'"):
        estimator.predict(lacking)


def test_an_unmet_need_is_refused_by_name(name: str, options: dict[str, Any], synthetic: Simulator) -> None:
    bare = synthetic(12, 30, continuous=True, seed=2)
    estimator = fitted(name, options, bare, Selection(bare.items.index[:10]))
    needs = make_estimator(name, **options).needs - {"complete"}
    if estimator is not None:
        assert not needs
        assert estimator.predict(bare)["score"].notna().all()
    assert needs <= set(NEEDS)


@pytest.mark.parametrize("kind", KINDS)
def test_intervals_hold_the_estimate_and_stay_within_bounds(
    name: str, options: dict[str, Any], kind: str, matrices: dict[str, ResponseMatrix]
) -> None:
    sources, targets = split(matrices[kind])
    selection = anchors_of(sources, 12)
    if fitted(name, options, sources, selection) is None:
        return
    third = np.arange(sources.n_models) // 2 % 3 == 0  # pairs, which may be variants of one model
    roles = pd.Series(np.where(third, "calibrate", "select"), index=sources.models.index)
    made = reconstruct_from(sources, selection, roles, make_estimator(name, **options), groups=None)
    estimate = made.predict(targets, level=0.7)
    assert list(estimate.columns[:5]) == ["score", "lower", "upper", "standard_error", "extrapolating"]
    assert (estimate["lower"] <= estimate["score"]).all()
    assert (estimate["score"] <= estimate["upper"]).all()
    assert estimate["lower"].min() >= 0.0
    assert estimate["upper"].max() <= 1.0
    restored = reconstruct_from(
        sources.part(selection.items),
        selection,
        roles,
        make_estimator(name, **options),
        attached_state=made.estimator.state(),
        items_digest=made.items_digest,
    )
    pd.testing.assert_frame_equal(restored.predict(targets, level=0.7), estimate, check_exact=True)


@pytest.mark.parametrize("kind", ["options", "macro", "missing"])
def test_a_saved_folder_reconstructs_to_the_last_digit(
    name: str, options: dict[str, Any], kind: str, matrices: dict[str, ResponseMatrix], tmp_path: Path
) -> None:
    sources, targets = split(matrices[kind])
    selection = anchors_of(sources, 12)
    if fitted(name, options, sources, selection) is None:
        return
    roles = pd.Series(np.where(np.arange(30) < 12, "calibrate", "select"), index=sources.models.index)
    anchors = AnchorSet.make(sources, selection, roles=roles, selector=make_selector("random"), k=12, seed=0)
    made = reconstruct_from(sources, selection, roles, make_estimator(name, **options), groups=anchors.groups)
    expected = made.predict(targets, level=0.6)
    anchors.with_reconstruction(made).save(tmp_path / "anchors")
    loaded = load_anchors(tmp_path / "anchors")
    pd.testing.assert_frame_equal(loaded.reconstruction().predict(targets, level=0.6), expected, check_exact=True)
    if not made.estimator.whole_matrix:  # fitted again from the sources in the folder
        assert loaded.sources is not None
        again = reconstruct_from(
            loaded.sources,
            loaded.selection,
            loaded.roles,
            make_estimator(name, **options),
            groups=loaded.groups,
            items_digest=loaded.items_digest,
        )
        pd.testing.assert_frame_equal(again.predict(targets, level=0.6), expected, check_exact=True)


def test_a_source_that_answered_no_anchor_does_no_harm(
    name: str, options: dict[str, Any], synthetic: Simulator
) -> None:
    whole = synthetic(40, 400, n_subjects=2, options=3)
    scores, probabilities = whole.scores.copy(), np.array(whole.probabilities)
    scores[:3, :5], probabilities[:3, :5] = np.nan, np.nan
    holed = dataclasses.replace(whole, scores=scores, probabilities=probabilities)
    anchors = Selection(whole.items.index[:5], weights=np.full(5, 0.2), inclusion=np.full(5, 5 / 400), details=OWN)
    targets = whole.subset(models=whole.models.index[20:])
    estimates = fit(make_estimator(name, **options), holed, anchors).predict(targets)
    assert estimates["score"].notna().all()
