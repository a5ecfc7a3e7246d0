"""Anchors for several benchmarks under one budget and one assignment of roles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from anchoreval.contract import choose
from anchoreval.errors import BudgetError, MethodOptionError, NotApplicableError
from anchoreval.protocol.roles import assign_roles
from anchoreval.protocol.suite_anchoring import select_suite
from anchoreval.protocol.suite_design import SubjectDesign
from anchoreval.protocol.suite_views import shared_matrix
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix
from anchoreval.suite import Suite

Suites = Callable[..., Suite]


def test_a_model_has_one_role_and_only_selecting_models_are_looked_at(two_benchmarks: Suites) -> None:
    suite = two_benchmarks(80)
    anchors = select_suite(suite, k=14, seed=5)
    stacked, _ = shared_matrix(suite)
    roles = assign_roles(stacked, 0.3, 5)
    assert anchors.roles.equals(roles)
    learners = stacked.subset(models=roles.index[roles == "select"])
    assert anchors.items.tolist() == choose(SubjectDesign(), learners, 14, 5).items.tolist()
    assert sum(anchors.budgets.values()) == 14
    for name in suite:
        assert len(anchors.of(name)) == anchors.budgets[name]
        assert anchors.of(name).isin(suite[name].items.index).all()
    rng = np.random.default_rng(0)
    calibrating = roles.index[roles == "calibrate"]
    noise = {
        name: ResponseMatrix.from_arrays(
            np.where(matrix.models.index.isin(calibrating)[:, None], rng.random(matrix.scores.shape), matrix.scores),
            models=matrix.models.index,
            items=matrix.items,
        )
        for name, matrix in suite.items()
    }
    assert select_suite(Suite(noise), k=14, seed=5).items.tolist() == anchors.items.tolist()


def test_with_the_grand_mean_as_aim_it_is_optimal_on_the_stacked_matrix(two_benchmarks: Suites) -> None:
    suite = two_benchmarks(70)
    stacked, _ = shared_matrix(suite)
    anchors = select_suite(suite, "optimal", k=10, aim="mean", shrinkage=0.2)
    learners = stacked.subset(models=anchors.roles.index[anchors.roles == "select"])
    assert anchors.items.tolist() == choose(make_selector("optimal", shrinkage=0.2), learners, 10).items.tolist()


def test_aims_are_those_of_the_design(two_benchmarks: Suites) -> None:
    suite = two_benchmarks(70)
    anchors = select_suite(suite, k=10, aim="relative", shrinkage=0.2)
    learners = shared_matrix(suite)[0].subset(models=anchors.roles.index[anchors.roles == "select"])
    expected = choose(SubjectDesign(shrinkage=0.2, relative=True), learners, 10)
    assert anchors.items.tolist() == expected.items.tolist()
    assert anchors.items.tolist() != select_suite(suite, k=10, shrinkage=0.2).items.tolist()


@pytest.mark.parametrize("split", ["joint", "equal", "proportional", {"x": 3, "y": 7}, {"y": 10}])
@pytest.mark.parametrize("selector", ["random", "optimal"])
def test_permuting_models_items_and_benchmarks_changes_nothing(
    two_benchmarks: Suites, selector: str, split: str | dict[str, int]
) -> None:
    suite = two_benchmarks(40)
    anchors = select_suite(suite, selector, k=10, split=split, seed=1)
    rng = np.random.default_rng(0)
    mixed = Suite(
        {
            name: suite[name].subset(
                models=rng.permutation(suite[name].models.index), items=rng.permutation(suite[name].items.index)
            )
            for name in ("y", "x")
        }
    )
    again = select_suite(mixed, selector, k=10, split=split, seed=1)
    assert sorted(again.items) == sorted(anchors.items)
    assert again.budgets == anchors.budgets
    assert again.items_digest == anchors.items_digest
    assert again.roles[anchors.roles.index].equals(anchors.roles)


def test_separate_selections_keep_their_design(two_benchmarks: Suites) -> None:
    suite = two_benchmarks(40, (40, 20))
    anchors = select_suite(suite, "random", k=12, split={"x": 8, "y": 4}).selection
    assert anchors.inclusion is not None
    np.testing.assert_allclose(anchors.inclusion, [0.2] * 12)
    assert anchors.weights is not None
    np.testing.assert_allclose(anchors.weights, [1 / 16] * 8 + [1 / 8] * 4, rtol=1e-6)
    assert anchors.details["reconstruction"] == {"name": "mean"}
    twins = Suite({"x": suite["x"], "y": suite["x"]})
    both = select_suite(twins, "random", k=20, split="equal")
    assert both.of("x").tolist() != both.of("y").tolist(), "each benchmark draws for itself"


def test_a_stratified_selector_divides_the_budget_itself(two_benchmarks: Suites) -> None:
    anchors = select_suite(two_benchmarks(40), "stratified", k=20, allocation="equal")
    assert anchors.budgets == {"x": 10, "y": 10}
    assert repr(anchors) == "SuiteAnchors(10 of x, 10 of y; 40 models)"


def test_what_cannot_be_is_refused(two_benchmarks: Suites) -> None:
    suite = two_benchmarks(30)
    with pytest.raises(MethodOptionError, match="aim = 'best'"):
        select_suite(suite, k=4, aim="best")
    with pytest.raises(MethodOptionError, match="split = 'halves'"):
        select_suite(suite, k=4, split="halves")
    for calibration in ("auto", "cross"):
        with pytest.raises(MethodOptionError, match="calibration"):
            select_suite(suite, k=4, calibration=calibration)
    with pytest.raises(NotApplicableError, match="whole subjects"):
        select_suite(suite, "bento", k=1)
    for split in ("joint", "equal"):
        with pytest.raises(BudgetError, match="not between 1 and the 70 items"):
            select_suite(suite, k=71, split=split)
