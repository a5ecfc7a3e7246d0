"""Selecting and reconstructing: roles are respected, options reach the method, mistakes are named in one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from anchoreval.anchors import load_anchors
from anchoreval.errors import (
    AnchorEvalError,
    AnchorSetError,
    BudgetError,
    MethodOptionError,
    NotApplicableError,
    TooFewModelsError,
    UnknownMethodError,
)
from anchoreval.groups import model_groups
from anchoreval.methods import Selection
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.protocol.roles import assign_roles
from anchoreval.protocol.trial import answers_only
from anchoreval.reconstruction import IntervalWarning, cross_residuals
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


@dataclass
class Extremes:
    """Takes the items with the highest mean score, and notes who it was shown."""

    seen: list[Any] = field(default_factory=list)
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset()

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        self.seen.append(list(sources.models.index))
        return Selection(items=sources.items.index[np.argsort(-np.nanmean(sources.scores, axis=0), kind="stable")[:k]])


def test_the_selector_sees_the_selecting_models_alone(synthetic: Simulator) -> None:
    made, spy = synthetic(60, 40, variants=2), Extremes()
    anchors = select(made, spy, k=7, seed=3, calibration=0.3)
    roles = assign_roles(made, seed=3)
    assert spy.seen == [sorted(roles.index[roles == "select"])]
    assert anchors.roles is not None
    pd.testing.assert_series_equal(
        anchors.roles[anchors.roles != "none"].sort_index(), roles.sort_index(), check_names=False
    )
    assert (anchors.k, anchors.seed, len(anchors.items)) == (7, 3, 7)


def test_what_calibration_models_answer_changes_no_anchor(synthetic: Simulator) -> None:
    made = synthetic(60, 40)
    roles = assign_roles(made)
    scores = np.where((roles == "calibrate").to_numpy()[:, None], 1 - made.scores, made.scores)
    turned = ResponseMatrix.from_arrays(scores, models=made.models, items=made.items)
    assert select(turned, Extremes(), k=10).items.equals(select(made, Extremes(), k=10).items)


def test_the_estimator_is_fitted_without_calibration_models(synthetic: Simulator) -> None:
    made = synthetic(60, 40)
    anchors = select(made, "random", k=10)
    targets = answers_only(synthetic(5, 40, seed=9), anchors.items)
    scores = np.where((anchors.roles == "calibrate").to_numpy()[:, None], 1 - made.scores, made.scores)
    turned = ResponseMatrix.from_arrays(scores, models=made.models, items=made.items)
    one, other = (reconstruct(matrix, anchors, "signature").predict(targets) for matrix in (made, turned))
    pd.testing.assert_series_equal(one["score"], other["score"])
    assert not np.allclose(one["standard_error"], other["standard_error"])


def test_residuals_are_those_of_the_calibration_models(synthetic: Simulator) -> None:
    made = synthetic(80, 60, variants=2)
    anchors = select(made, "random", k=15, calibration=0.3)
    residuals = reconstruct(made, anchors, "signature").residuals
    assert anchors.roles is not None
    calibration = anchors.roles.index[anchors.roles == "calibrate"]
    assert sorted(residuals.index) == sorted(calibration)
    assert np.allclose(residuals["truth"], made.full_scores[residuals.index])
    expected = model_groups(made)[residuals.index]
    assert residuals.groupby(expected)["group"].nunique().max() == 1
    assert residuals["group"].nunique() == expected.nunique()


def test_copies_count_once_among_calibration_models(synthetic: Simulator) -> None:
    made = synthetic(40, 60)
    scores = made.scores.copy()
    scores[20:] = scores[:20]
    made = ResponseMatrix.from_arrays(scores, models=[f"m{n}" for n in range(40)])
    anchors = select(made, "random", k=15, calibration=0.3)
    residuals = reconstruct(made, anchors, "signature").residuals
    assert residuals["group"].nunique() == len(residuals) / 2


def test_same_seed_same_anchors_and_order_changes_nothing(synthetic: Simulator) -> None:
    made = synthetic(50, 40)
    rng = np.random.default_rng(1)
    turned = made.subset(models=made.models.index[rng.permutation(50)], items=made.items.index[rng.permutation(40)])
    one = select(made, "random", k=9, seed=4)
    assert set(select(turned, "random", k=9, seed=4).items) == set(one.items)
    assert set(select(made, "random", k=9, seed=5).items) != set(one.items)
    rec, other = reconstruct(made, one), reconstruct(turned, one)
    targets = answers_only(synthetic(4, 40, seed=2), one.items)
    pd.testing.assert_frame_equal(rec.predict(targets, 0.8), other.predict(targets, 0.8), rtol=1e-5)


def test_options_reach_selector_and_estimator(synthetic: Simulator) -> None:
    made = synthetic(50, 40, n_subjects=4)
    anchors = select(made, "stratified", k=8, by="subject", allocation="equal")
    assert dict(anchors.selector_options) == {"by": "subject", "allocation": "equal"}
    assert made.items.loc[anchors.items, "subject"].value_counts().tolist() == [2] * 4
    assert reconstruct(made, anchors, "signature", regressor="knn").estimator.regressor == "knn"


def test_models_with_many_gaps_take_part_only_where_allowed(synthetic: Simulator) -> None:
    made = synthetic(50, 100, missing=0.2)
    with pytest.raises(TooFewModelsError, match="0 of 0 models"):
        select(made, "random", k=20)
    anchors = select(made, "random", k=20, missing="allow", calibration=0.3)
    assert anchors.details["missing"] == "allow"
    assert anchors.roles is not None
    assert (anchors.roles != "none").all()
    rec = reconstruct(made, anchors, "signature")
    assert len(rec.residuals) == (anchors.roles == "calibrate").sum()
    assert rec.residuals["truth"].notna().all()


def test_no_calibration_models_give_no_intervals_and_a_warning(synthetic: Simulator) -> None:
    made = synthetic(30, 40)
    anchors = select(made, "random", k=10, calibration=0)
    rec = reconstruct(made, anchors, "signature")
    with pytest.warns(IntervalWarning):
        table = rec.predict(answers_only(synthetic(3, 40, seed=5), anchors.items))
    assert table[["lower", "upper"]].isna().all(axis=None)
    assert table["score"].between(0, 1).all()


def test_mistakes_are_named_in_one_line(synthetic: Simulator) -> None:
    made = synthetic(30, 40)
    anchors = select(made, "random", k=10)
    wrong: list[tuple[Callable[[], object], type[AnchorEvalError], str]] = [
        (lambda: select(made, "random", k=41), BudgetError, "k = 41 is not between 1 and the 40 items"),
        (lambda: select(made, "random", k=0), BudgetError, "k = 0"),
        (lambda: select(made, "randm", k=5), UnknownMethodError, "did you mean 'random'"),
        (lambda: select(made, "random", k=5, speed=2), MethodOptionError, "random has no option 'speed'"),
        (lambda: select(made, Extremes(), k=5, speed=2), MethodOptionError, "takes no more options"),
        (lambda: select(made, "disco", k=5), NotApplicableError, "disco needs option probabilities"),
        (lambda: reconstruct(made, anchors, "nosuch"), UnknownMethodError, "no estimator is called 'nosuch'"),
        (lambda: reconstruct(made, anchors, "mean", speed=2), MethodOptionError, "mean has no option 'speed'"),
        (lambda: reconstruct(synthetic(30, 50), anchors), AnchorSetError, "another benchmark"),
        (lambda: reconstruct(made.subset(models=made.models.index[:9]), anchors), AnchorSetError, "model0"),
    ]
    for attempt, error, message in wrong:
        with pytest.raises(error, match=message) as caught:
            attempt()
        assert "\n" not in str(caught.value)


def test_the_folder_alone_reconstructs_the_same(synthetic: Simulator, tmp_path: Any) -> None:
    made = synthetic(60, 80, variants=2)
    scores = made.scores.copy()
    scores[50] = scores[3]  # a copy: its base model's group and another one are one
    made = ResponseMatrix.from_arrays(scores, models=made.models, items=made.items, name=made.name)
    anchors = select(made, "random", k=20)
    rec = reconstruct(made, anchors, "signature")
    anchors.with_reconstruction(rec).save(tmp_path / "anchors")
    again = load_anchors(tmp_path / "anchors").reconstruction()
    targets = answers_only(synthetic(5, 80, seed=7), anchors.items)
    pd.testing.assert_frame_equal(again.predict(targets, 0.8), rec.predict(targets, 0.8))


def test_few_models_all_select_and_errors_come_from_folds(synthetic: Simulator) -> None:
    made = synthetic(40, 60, variants=2)
    anchors = select(made, "random", k=15, seed=2)
    assert anchors.crossed
    assert anchors.details["calibration"] == "cross"
    assert anchors.roles is not None
    assert (anchors.roles == "select").all()
    rec = reconstruct(made, anchors, "signature", seed=5)
    expected = cross_residuals(made, "random", 15, "signature", 2, model_groups(made), estimator_seed=5)
    pd.testing.assert_frame_equal(rec.residuals, expected)
    assert rec.attainable_level == pytest.approx(20 / 21)
    table = rec.predict(answers_only(synthetic(3, 60, seed=5), anchors.items), level=0.9)
    assert (table["upper"] - table["lower"]).between(0, 1, inclusive="neither").all()
    assert not select(made, "random", k=15, seed=2, calibration=0.3).crossed
    assert not select(synthetic(70, 60), "random", k=15).crossed


def test_crossed_anchors_reconstruct_from_their_folder(synthetic: Simulator, tmp_path: Any) -> None:
    made = synthetic(40, 60, n_subjects=3)
    anchors = select(made, "stratified", k=12, seed=3)
    rec = reconstruct(made, anchors, "signature", intervals="normalised")
    attached = anchors.with_reconstruction(rec)
    attached.save(tmp_path / "anchors")
    stored = pd.read_parquet(tmp_path / "anchors" / "residuals.parquet").set_index("model")
    np.testing.assert_array_equal(stored["residual"], rec.residuals["residual"])
    loaded = load_anchors(tmp_path / "anchors")
    targets = answers_only(synthetic(5, 60, n_subjects=3, seed=7), anchors.items)
    for back in (loaded.reconstruction(), attached.reconstruction()):
        pd.testing.assert_frame_equal(back.predict(targets, 0.8), rec.predict(targets, 0.8), check_exact=True)
        pd.testing.assert_frame_equal(back.residuals, rec.residuals, check_exact=True)
        assert back.intervals == "normalised"
    split = loaded.reconstruction(intervals="split").predict(targets, 0.8)
    assert (split["upper"] - split["lower"]).round(9).nunique() == 1
    # another estimator's errors were never measured, and only the whole benchmark can tell them
    with pytest.warns(IntervalWarning, match="intervals are unavailable"):
        assert loaded.reconstruction("weighted").predict(targets)["lower"].isna().all()


def test_rules_for_intervals_are_kept_with_the_anchors(synthetic: Simulator, tmp_path: Any) -> None:
    made = synthetic(100, 60)
    anchors = select(made, "random", k=15)
    rec = reconstruct(made, anchors, "signature", intervals="mondrian_family")
    anchors.with_reconstruction(rec).save(tmp_path / "anchors")
    assert not (tmp_path / "anchors" / "residuals.parquet").exists()
    back = load_anchors(tmp_path / "anchors").reconstruction()
    assert back.rule.name == "mondrian_family"
    targets = answers_only(synthetic(5, 60, seed=7), anchors.items)
    pd.testing.assert_frame_equal(back.predict(targets, 0.8), rec.predict(targets, 0.8), check_exact=True)


def test_a_selector_that_is_not_installed_must_be_handed_over(synthetic: Simulator) -> None:
    made = synthetic(40, 60)
    anchors = select(made, Extremes(), k=15)
    with pytest.warns(IntervalWarning, match="cannot be repeated in folds: no selector is called 'extremes'"):
        rec = reconstruct(made, anchors, "signature")
    assert rec.residuals.empty
    assert len(reconstruct(made, anchors, "signature", selector=Extremes()).residuals) == 40
    with pytest.raises(AnchorSetError, match="were selected by extremes, not by random"):
        reconstruct(made, anchors, "signature", selector=make_selector("random"))


def test_too_few_models_to_repeat_anything_give_no_intervals(synthetic: Simulator) -> None:
    kin = synthetic(4, 60, variants=4)
    anchors = select(kin, "random", k=15)
    with pytest.warns(IntervalWarning, match="cannot be repeated in folds: .* 1 groups of models"):
        rec = reconstruct(kin, anchors, "signature")
    assert rec.residuals.empty
