"""Comparisons: who sees what, which rows there are, and that a row depends on nothing but itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import BudgetError, ConfigurationError, MethodOptionError, UnknownMethodError
from anchoreval.groups import model_groups
from anchoreval.methods import Selection
from anchoreval.protocol.compare import compare
from anchoreval.protocol.comparison import COLUMNS, KEYS, SECONDS
from anchoreval.protocol.metrics import METRICS
from anchoreval.protocol.roles import assign_roles
from anchoreval.protocol.summary import summary
from anchoreval.responses import ResponseMatrix
from anchoreval.suite import Suite

Simulator = Callable[..., ResponseMatrix]
FIGURES = [c for c in COLUMNS if c not in SECONDS]


@dataclass
class Spy:
    """A random selector that notes what it was shown."""

    seen: list[ResponseMatrix] = field(default_factory=list)
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset()

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        self.seen.append(sources)
        return Selection(items=sources.items.index[rng.choice(sources.n_items, k, replace=False)])


SHOWN: list[ResponseMatrix] = []


@dataclass
class Watcher:
    """An estimator that gives everybody the sources' mean and notes whom it was asked about."""

    needs: ClassVar[frozenset[str]] = frozenset()
    whole_matrix: ClassVar[bool] = False

    def fit(self, sources: ResponseMatrix, selection: Selection, rng: np.random.Generator) -> Watcher:
        self.mean_, self.count_ = float(sources.full_scores.mean()), len(selection.items)
        return self

    def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
        assert targets.n_items == self.count_
        SHOWN.append(targets)
        answered = ~np.isnan(targets.scores).all(axis=1)
        return pd.DataFrame({"score": np.where(answered, self.mean_, np.nan)}, index=targets.models.index)

    def state(self) -> dict[str, Any]:
        return {"mean": np.array(self.mean_)}

    def from_state(self, state: Any) -> Watcher:
        self.mean_ = float(state["mean"])
        return self


@dataclass
class Broken:
    """A plug-in that raises."""

    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset()

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        raise ZeroDivisionError("two\nlines")


def test_rows_and_columns(synthetic: Simulator) -> None:
    made = synthetic(60, 80, n_subjects=4)
    table = compare(made, ["random", "stratified"], ["mean", "signature"], k=[10, 20], splits=["iid", "gap"], repeats=2)
    assert tuple(table.columns) == COLUMNS
    assert len(table) == 2 * 2 * 2 * 2 * 2
    assert not table.duplicated(list(KEYS)).any()
    assert (table["status"] == "ok").all()
    assert (table["n_source"] + table["n_target"] == 60).all()
    assert table[list(METRICS)].drop(columns="mdad").notna().all(axis=None)
    assert table.groupby(["split", "repeat", "selector", "k"])["select_seconds"].nunique().max() == 1


def test_a_selector_runs_once_for_all_estimators_and_sees_selecting_models_alone(synthetic: Simulator) -> None:
    made, spy = synthetic(60, 80, variants=2), Spy()
    compare(made, spy, ["signature", Watcher(), {"name": "signature", "regressor": "knn"}], k=[10, 20], repeats=3)
    assert len(spy.seen) == 3 * 2
    groups = model_groups(made)
    for shown in spy.seen:
        assert shown.n_models < 0.75 * 0.75 * 60, "neither targets nor calibration models"
        assert (groups[shown.models.index].value_counts() == 2).all(), "whole groups"


def test_estimators_never_see_a_targets_full_score(synthetic: Simulator) -> None:
    made = synthetic(40, 80)
    given = ResponseMatrix.from_arrays(made.scores, models=made.models.assign(full_score=made.full_scores))
    for matrix in (made, given):
        SHOWN.clear()
        table = compare(matrix, "random", Watcher(), k=10, repeats=2)
        assert (table["status"] == "ok").all(), table["reason"].tolist()
        known = [bool(shown.full_scores.notna().any()) for shown in SHOWN]
        assert known == [True, False] * 2, "calibration models' truth is known, targets' is not"


def test_a_row_depends_on_nothing_but_itself(synthetic: Simulator) -> None:
    made = synthetic(50, 60, n_subjects=3)
    small = compare(made, "stratified", "signature", k=12, repeats=2, seed=5)
    large = compare(
        made, ["random", "stratified"], ["mean", "signature"], k=[6, 12], splits=["gap", "iid"], repeats=3, seed=5
    )
    chosen = large.merge(small[list(KEYS)], on=list(KEYS))
    pd.testing.assert_frame_equal(chosen[FIGURES], small[FIGURES])
    other = compare(made, "stratified", "signature", k=12, repeats=2, seed=6)
    assert not np.array_equal(other["mae"], small["mae"])


def test_order_of_models_and_items_changes_nothing(synthetic: Simulator) -> None:
    made = synthetic(40, 60)
    rng = np.random.default_rng(0)
    turned = made.subset(models=made.models.index[rng.permutation(40)], items=made.items.index[rng.permutation(60)])
    one, other = (compare(matrix, "random", "signature", k=10, repeats=2) for matrix in (made, turned))
    pd.testing.assert_frame_equal(one[FIGURES], other[FIGURES], rtol=1e-6)


def test_all_items_leave_no_error(synthetic: Simulator) -> None:
    table = compare(synthetic(40, 30), "random", ["mean", "signature"], k=30, repeats=1)
    assert table["max_error"].max() < 1e-4
    assert (table["coverage"] == 1).all()
    assert table["kendall"].min() == pytest.approx(1)


def test_the_figures_are_those_of_the_models_held_out(synthetic: Simulator) -> None:
    """The constant estimator's errors follow from who was selecting and who was asked about."""
    made, spy = synthetic(40, 60), Spy()
    SHOWN.clear()
    row = compare(made, spy, Watcher(), k=5, repeats=1, level=0.8).iloc[0]
    calibration, targets = (made.full_scores[shown.models.index].to_numpy() for shown in SHOWN)
    error = made.full_scores[spy.seen[0].models.index].mean() - targets
    assert (len(calibration), len(targets), spy.seen[0].n_models) == (9, 10, 21)
    assert row["bias"] == pytest.approx(100 * error.mean(), abs=1e-4)
    assert row["rmse"] == pytest.approx(100 * np.sqrt(np.mean(error**2)), abs=1e-4)
    reach = np.sort(np.abs(calibration - (error[0] + targets[0])))[7]  # the ceil(0.8 * 10)-th smallest
    assert row["coverage"] == pytest.approx(np.mean(np.abs(error) <= reach))
    assert row["interval_width"] == pytest.approx(200 * reach, abs=1e-3)


def test_what_does_not_apply_or_breaks_leaves_the_others_alone(synthetic: Simulator) -> None:
    made = synthetic(40, 30)
    table = compare(
        made, ["random", "disco", "stratified", Broken()], ["mean", "signature"], k=[10, 31], repeats=1, level=0.8
    )
    status = table.set_index(["selector", "estimator", "k"])[["status", "reason"]]
    assert status.loc[("random", "mean", 10)].tolist() == ["ok", ""]
    assert status.loc[("random", "mean", 31), "status"] == "not applicable"
    assert "k = 31 is not between 1 and the 30 items" in status.loc[("random", "mean", 31), "reason"]
    assert "disco needs option probabilities" in status.loc[("disco", "mean", 10), "reason"]
    assert "stratified needs subjects" in status.loc[("stratified", "signature", 10), "reason"]
    assert status.loc[("broken", "mean", 10)].tolist() == ["failed", "ZeroDivisionError: two lines"]
    assert table.loc[table["status"] != "ok", list(METRICS)].isna().all(axis=None)


def test_an_estimators_unmet_need_is_a_row_of_its_own(synthetic: Simulator) -> None:
    table = compare(synthetic(40, 30), Spy(), ["mean", "signature"], k=10, repeats=1).set_index("estimator")
    assert table["status"].to_dict() == {"mean": "not applicable", "signature": "ok"}
    assert "known inclusion probabilities" in table.loc["mean", "reason"]
    assert table.loc["mean", "select_seconds"] > 0


def test_a_split_that_cannot_be_made_is_named_in_its_rows(synthetic: Simulator) -> None:
    made = synthetic(40, 30)
    bare = ResponseMatrix.from_arrays(made.scores, models=made.models[["base_model"]])
    table = compare(bare, "random", "mean", k=10, splits=["iid", "chronological"], repeats=1).set_index("split")
    assert table["status"].to_dict() == {"iid": "ok", "chronological": "not applicable"}
    assert "release dates" in table.loc["chronological", "reason"]


def test_without_calibration_models_there_are_no_intervals(synthetic: Simulator) -> None:
    table = compare(synthetic(40, 30), "random", "mean", k=10, repeats=1, calibration=0)
    assert table["coverage"].isna().all()
    assert table["interval_width"].isna().all()
    assert table["mae"].notna().all()


def test_too_few_calibration_models_for_the_level_are_told(synthetic: Simulator) -> None:
    table = compare(synthetic(40, 30), "random", "signature", k=10, repeats=2)
    assert set(table["reason"]) == {"intervals are 0 to 1: 9 groups of calibration models allow 90.0% at most"}
    assert (table["interval_width"] == 100).all()
    assert summary(table)["reason"].iloc[0].startswith("2 of 2 repeats with a remark: intervals are 0 to 1")
    attained = compare(synthetic(40, 30), "random", "signature", k=10, repeats=2, level=0.9)
    assert set(attained["reason"]) == {""}


def test_targets_without_answers_are_counted(synthetic: Simulator) -> None:
    made = synthetic(40, 400)
    scores = made.scores.copy()
    scores[:20, :5] = np.nan
    made = ResponseMatrix.from_arrays(scores, models=made.models, items=made.items)

    @dataclass
    class First(Spy):
        """Takes the items that half of the models did not answer."""

        def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
            return Selection(items=sources.items.index[:k])

    row = compare(made, {"first": First()}, Watcher(), k=5, repeats=1, level=0.7).iloc[0]
    silent = 10 - row["n_target"]
    assert 0 < silent < 10
    assert (row["status"], row["reason"]) == ("ok", f"{silent} of 10 targets answered no anchor")
    assert row["mae"] > 0


def test_an_estimator_that_gives_no_score_has_failed(synthetic: Simulator) -> None:
    @dataclass
    class Mute(Watcher):
        """Gives nobody a score."""

        def predict(self, targets: ResponseMatrix) -> pd.DataFrame:
            return super().predict(targets) * np.nan

    row = compare(synthetic(40, 30), "random", Mute(), k=5, repeats=1).iloc[0]
    assert row["status"] == "failed"
    assert row["reason"].startswith("MethodError: estimator mute gives no score for 10 of 10 targets")


def test_missing_answers_are_refused_or_allowed(synthetic: Simulator) -> None:
    made = synthetic(40, 100, missing=0.2)
    refused = compare(made, "random", "mean", k=20, repeats=1).iloc[0]
    assert refused["status"] == "not applicable"
    allowed = compare(made, "random", "mean", k=20, repeats=1, missing="allow").iloc[0]
    assert (allowed["status"], allowed["n_source"] + allowed["n_target"]) == ("ok", 40)


def test_several_benchmarks(synthetic: Simulator) -> None:
    suite = Suite({"one": synthetic(40, 30, seed=1), "two": synthetic(40, 30, seed=2)})
    table = compare(suite, "random", "mean", k=10, repeats=2)
    assert table["benchmark"].tolist() == ["one", "one", "two", "two"]
    alone = compare(suite["two"], "random", "mean", k=10, repeats=2)
    assert alone["mae"].tolist() == table["mae"].tolist()[2:]


def test_wrong_requests_are_refused_before_any_work(synthetic: Simulator) -> None:
    made, spy = synthetic(40, 30), Spy()
    wrong: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"estimators": "nosuch"}, UnknownMethodError, "nosuch"),
        ({"splits": "sometimes"}, MethodOptionError, "sometimes"),
        ({"k": [10, 0]}, BudgetError, "k = 0"),
        ({"k": 2.5}, BudgetError, "k = 2.5"),
        ({"k": True}, BudgetError, "k = True"),
        ({"level": 95}, ConfigurationError, "level 95"),
        ({"repeats": 0}, ConfigurationError, "0 repeats"),
        ({"splits": []}, ConfigurationError, "nothing to compare"),
        ({"calibration": 1.5}, MethodOptionError, "calibration = 1.5"),
        ({"missing": "perhaps"}, MethodOptionError, "missing = 'perhaps'"),
        ({"test_share": 1.0}, MethodOptionError, "test_share = 1.0"),
    ]
    for options, error, message in wrong:
        with pytest.raises(error, match=message):
            compare(made, spy, **{"estimators": "mean", "k": 10, **options})
    assert not spy.seen


def test_summary_is_mean_and_standard_error_over_repeats(synthetic: Simulator) -> None:
    made = synthetic(40, 30)
    table = compare(made, ["random", "disco"], "mean", k=[5, 10], repeats=4)
    short = summary(table).set_index(["selector", "k"])
    assert len(short) == 4
    values = table[(table["selector"] == "random") & (table["k"] == 5)]["mae"]
    row = short.loc[("random", 5)]
    assert (row["repeats"], row["status"]) == (4, "ok")
    assert row["mae"] == pytest.approx(values.mean())
    assert row["mae_se"] == pytest.approx(values.std(ddof=1) / 2)
    assert short.loc[("disco", 5), "status"] == "not applicable"
    assert np.isnan(short.loc[("disco", 5), "mae"])


def test_summary_says_how_many_repeats_are_without_figures(synthetic: Simulator) -> None:
    table = compare(synthetic(40, 30), "random", "mean", k=5, repeats=3, level=0.8)
    table.loc[1, ["status", "reason"]] = ["failed", "MethodError: broke"]
    row = summary(table).iloc[0]
    assert (row["repeats"], row["reason"]) == (2, "1 of 3 repeats without figures: MethodError: broke")
    assert row["mae"] == pytest.approx(table.loc[[0, 2], "mae"].mean())


@pytest.mark.real_data
def test_compare_on_musr(real: Callable[[str], ResponseMatrix]) -> None:
    table = compare(real("musr"), ["random", "stratified"], ["mean", "signature"], k=[20, 50], repeats=3)
    assert (table["status"] == "ok").all()
    short = summary(table).set_index(["selector", "estimator", "k"])
    for selector in ("random", "stratified"):
        for k in (20, 50):
            mean, signature = short.loc[(selector, "mean", k)], short.loc[(selector, "signature", k)]
            assert signature["mae"] < mean["mae"], "a regression on signatures beats the mean of a few items"
            assert signature["coverage"] > 0.85
    assert assign_roles(real("musr")).value_counts()["calibrate"] == round(0.3 * 429)
