"""Adaptive tests from learning to sitting: intervals that hold, early stops, few models, and what is said of them."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from anchoreval.adaptive import AdaptiveTest, estimates_of, fixed_form, questions_of, recorded
from anchoreval.adaptive.course import NARROW, SPENT
from anchoreval.errors import BudgetError, ConfigurationError, MethodOptionError, TooFewModelsError
from anchoreval.policies.fisher import Fisher
from anchoreval.policies.optimal import Optimal
from anchoreval.reconstruction import IntervalWarning
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]
POLICY = Optimal(dimensions=2, batch=5)


def divided(matrix: ResponseMatrix, targets: int) -> tuple[ResponseMatrix, ResponseMatrix]:
    names = matrix.models.index
    return matrix.subset(models=names[targets:]), matrix.subset(models=names[:targets])


@pytest.fixture(scope="module")
def sides(synthetic: Simulator) -> tuple[ResponseMatrix, ResponseMatrix]:
    return divided(synthetic(190, 100, seed=1), 80)


@pytest.fixture(scope="module")
def learnt(sides: tuple[ResponseMatrix, ResponseMatrix]) -> AdaptiveTest:
    return AdaptiveTest.learn(sides[0], POLICY, budget=50, half_width=0.09, level=0.9)


@pytest.fixture(scope="module")
def found(learnt: AdaptiveTest, sides: tuple[ResponseMatrix, ResponseMatrix]) -> pd.DataFrame:
    return estimates_of(learnt.sit_recorded(sides[1])).assign(truth=sides[1].full_scores)


def test_intervals_of_new_models_hold_and_are_as_narrow_as_wanted(found: pd.DataFrame) -> None:
    inside = (found["lower"] <= found["truth"]) & (found["truth"] <= found["upper"])
    assert inside.mean() >= 0.9 - 3 * np.sqrt(0.9 * 0.1 / len(found))
    narrow = found["ended"] == NARROW
    assert narrow.mean() > 0.9
    assert found.loc[narrow, "half_width"].to_numpy() == pytest.approx(0.09)
    assert (found.loc[~narrow, "half_width"] >= 0.09).all()
    assert (found.loc[~narrow, "asked"] == 50).all()
    assert found["asked"].nunique() > 2, "some are asked more than others"
    assert ((found["lower"] >= 0) & (found["upper"] <= 1)).all()


def test_a_rehearsal_cut_short_is_the_test_that_stops_by_itself(
    learnt: AdaptiveTest, sides: tuple[ResponseMatrix, ResponseMatrix]
) -> None:
    rehearsed = learnt.rehearsed()
    assert learnt.expected_error == pytest.approx((rehearsed["score"] - rehearsed["truth"]).abs().mean())
    for model in rehearsed.index[:8]:
        again = learnt.sit(recorded(sides[0], model), model)
        row = rehearsed.loc[model]
        assert (len(again.items), again.estimate, again.lower, again.ended) == (
            row["asked"], row["score"], row["lower"], row["ended"],
        )  # fmt: skip


def test_calibration_models_have_no_part_in_the_policy(
    learnt: AdaptiveTest, sides: tuple[ResponseMatrix, ResponseMatrix]
) -> None:
    """Other answers of theirs change the factor, but neither what is asked nor how it is read."""
    scores = sides[0].scores.copy()
    calibrating = (learnt.roles == "calibrate").to_numpy()
    assert calibrating.sum() >= 19
    scores[calibrating] = 1 - scores[calibrating]
    one, other = (
        AdaptiveTest.learn(dataclasses.replace(sides[0], scores=answers), POLICY, budget=15)
        for answers in (sides[0].scores, scores)
    )
    target = sides[1].models.index[0]
    asked, again = (test.examiner.course(recorded(sides[1], target), target) for test in (one, other))
    assert asked.items.tolist() == again.items.tolist()
    np.testing.assert_array_equal(asked.estimate, again.estimate)
    assert one.factor != other.factor


def test_permuting_models_changes_nothing(learnt: AdaptiveTest, sides: tuple[ResponseMatrix, ResponseMatrix]) -> None:
    mixed = sides[0].subset(models=np.random.default_rng(0).permutation(sides[0].models.index))
    again = AdaptiveTest.learn(mixed, POLICY, budget=50, half_width=0.09, level=0.9)
    assert again.factor == learnt.factor


def test_a_narrower_interval_takes_more_items(
    found: pd.DataFrame, sides: tuple[ResponseMatrix, ResponseMatrix]
) -> None:
    narrower = AdaptiveTest.learn(sides[0], POLICY, budget=50, half_width=0.07, level=0.9)
    some = sides[1].subset(models=sides[1].models.index[:30])
    assert estimates_of(narrower.sit_recorded(some))["asked"].mean() > found["asked"].iloc[:30].mean() + 3


def test_without_a_wanted_width_all_are_asked_to_the_budget(sides: tuple[ResponseMatrix, ResponseMatrix]) -> None:
    test = AdaptiveTest.learn(sides[0], POLICY, budget=20)
    found = estimates_of(test.sit_recorded(sides[1].subset(models=sides[1].models.index[:10])))
    assert (found["asked"] == 20).all()
    assert (found["ended"] == SPENT).all()
    assert found["half_width"].to_numpy() == pytest.approx(test.factor * found["belief"].to_numpy())


def test_a_width_out_of_reach_is_said_and_intervals_are_honest(sides: tuple[ResponseMatrix, ResponseMatrix]) -> None:
    with pytest.warns(IntervalWarning, match=r"as narrow as 0\.50 points .* about \d+\.\d\d are attainable"):
        test = AdaptiveTest.learn(sides[0], POLICY, budget=20, half_width=0.005)
    open_ended = AdaptiveTest.learn(sides[0], POLICY, budget=20)
    assert test.factor == pytest.approx(open_ended.factor), "all run into the budget: its own factor"
    assert test.rehearsals.narrowest(0.95) == pytest.approx(open_ended.rehearsed()["half_width"].median())


def test_all_items_give_the_full_score(synthetic: Simulator) -> None:
    sources, targets = divided(synthetic(90, 30, seed=2), 5)
    found = estimates_of(AdaptiveTest.learn(sources, POLICY, budget=30).sit_recorded(targets))
    assert found["score"].to_numpy() == pytest.approx(targets.full_scores.to_numpy(), abs=1e-6)


def test_few_models_are_tested_across_folds(synthetic: Simulator) -> None:
    sources, targets = divided(synthetic(130, 60, variants=2, seed=3), 20)
    test = AdaptiveTest.learn(sources, POLICY, budget=20, level=0.9)
    assert test.crossed, "55 groups are too few to set any aside"
    assert len(test.rehearsals.courses) == sources.n_models
    assert len(np.unique(test.rehearsals.groups)) == 55
    found = estimates_of(test.sit_recorded(targets)).assign(truth=targets.full_scores)
    inside = (found["lower"] <= found["truth"]) & (found["truth"] <= found["upper"])
    assert inside.mean() >= 0.7


def test_without_models_to_size_errors_there_are_no_intervals(synthetic: Simulator) -> None:
    sources, targets = divided(synthetic(40, 40, seed=4), 3)
    with pytest.warns(IntervalWarning, match="no calibration models"):
        none = AdaptiveTest.learn(sources, POLICY, budget=10, half_width=0.1, calibration=0.0)
    found = estimates_of(none.sit_recorded(targets))
    assert found[["lower", "upper", "half_width"]].isna().all(axis=None)
    assert found["score"].notna().all()
    with pytest.warns(IntervalWarning, match=r"11 groups .* at most 91\.7%, not 95\.0%"):
        few = AdaptiveTest.learn(sources, POLICY, budget=10, half_width=0.1, calibration=0.3)
    found = estimates_of(few.sit_recorded(targets))
    assert (found["lower"] == 0).all()
    assert (found["upper"] == 1).all()
    assert (found["asked"] == 10).all()


def test_silent_targets_and_gaps(synthetic: Simulator, learnt: AdaptiveTest) -> None:
    holes = synthetic(190, 100, missing=0.3, seed=1).subset(models=["model000"])
    silent = dataclasses.replace(holes, scores=np.full_like(holes.scores, np.nan))
    sitting = learnt.sit(recorded(silent, "model000"), "model000")
    assert np.isnan([sitting.estimate, sitting.lower, sitting.upper]).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gaps = learnt.sit(recorded(holes, "model000"), "model000")
    assert gaps.answered < len(gaps.items)
    assert gaps.lower < gaps.estimate < gaps.upper


def test_who_was_asked_what(learnt: AdaptiveTest, sides: tuple[ResponseMatrix, ResponseMatrix]) -> None:
    sittings = learnt.sit_recorded(sides[1].subset(models=sides[1].models.index[:3]))
    table = questions_of(sittings)
    for model, rows in table.groupby("model"):
        assert rows["item"].tolist() == sittings[str(model)].items.tolist()
        assert rows["order"].tolist() == list(range(1, len(rows) + 1))
        assert rows["batch"].tolist() == [(n + 4) // 5 for n in rows["order"]]
        expected = sides[1].subset(models=[model], items=rows["item"]).scores[0]
        np.testing.assert_array_equal(rows["answer"], expected)
    assert questions_of({}).empty


def test_other_policies_are_read_too(sides: tuple[ResponseMatrix, ResponseMatrix]) -> None:
    test = AdaptiveTest.learn(sides[0], Fisher(batch=10), budget=30, level=0.9)
    found = estimates_of(test.sit_recorded(sides[1])).assign(truth=sides[1].full_scores)
    inside = (found["lower"] <= found["truth"]) & (found["truth"] <= found["upper"])
    assert inside.mean() >= 0.9 - 3 * np.sqrt(0.9 * 0.1 / len(found))


def test_wrong_requests_are_refused(synthetic: Simulator) -> None:
    matrix = synthetic(30, 20)
    with pytest.raises(ConfigurationError, match="level 1"):
        AdaptiveTest.learn(matrix, level=1.0)
    with pytest.raises(MethodOptionError, match="half_width = 3"):
        AdaptiveTest.learn(matrix, half_width=3)
    with pytest.raises(BudgetError, match="k = 21"):
        AdaptiveTest.learn(matrix, POLICY, budget=21)


def test_the_fixed_form_has_the_width_of_its_split_conformal_intervals(synthetic: Simulator) -> None:
    matrix = synthetic(90, 60, seed=5)
    form = fixed_form(matrix, 15, calibration=0.3)
    sizes = np.sort(form.reconstruction.residuals["residual"].abs())
    assert form.half_width == sizes[int(np.ceil(0.95 * (len(sizes) + 1))) - 1]
    assert len(form.anchors.items) == 15
    with pytest.raises(TooFewModelsError, match="12 groups"):
        fixed_form(matrix.subset(models=matrix.models.index[:40]), 5, calibration=0.3)
