"""Roles: whole groups, the right number, and nothing but ids, groups and the seed decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import MethodOptionError, ResponseDataError, TooFewModelsError
from anchoreval.groups import model_groups
from anchoreval.protocol.roles import assign_roles, calibrates_across
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def test_a_share_of_single_models_is_met_exactly(synthetic: Simulator) -> None:
    counts = assign_roles(synthetic(100, 30), 0.3).value_counts()
    assert counts.to_dict() == {"select": 70, "calibrate": 30}


@pytest.mark.parametrize("seed", range(8))
def test_groups_stay_together_and_the_share_is_near(synthetic: Simulator, seed: int) -> None:
    made = synthetic(90, 30, variants=4)
    roles = assign_roles(made, 0.3, seed=seed)
    assert roles.groupby(model_groups(made)).nunique().max() == 1
    assert abs((roles == "calibrate").sum() - 27) <= 4


@pytest.mark.parametrize(("models", "share", "expected"), [(60, 0.3, 19), (60, 0.05, 19), (59, 0.1, 6), (200, 0.3, 60)])
def test_nineteen_groups_are_kept_where_there_are_sixty(
    synthetic: Simulator, models: int, share: float, expected: int
) -> None:
    assert (assign_roles(synthetic(models, 30), share) == "calibrate").sum() == expected


def test_nineteen_groups_of_variants(synthetic: Simulator) -> None:
    made = synthetic(180, 30, variants=3)
    roles = assign_roles(made, 0.1)
    assert model_groups(made)[roles == "calibrate"].nunique() == 19


def test_seed_decides_and_order_does_not(synthetic: Simulator) -> None:
    made = synthetic(80, 30, variants=2)
    turned = made.subset(models=made.models.index[np.random.default_rng(0).permutation(80)])
    pd.testing.assert_series_equal(assign_roles(turned, seed=3)[made.models.index], assign_roles(made, seed=3))
    assert not assign_roles(made, seed=3).equals(assign_roles(made, seed=4))


def test_zero_sets_none_aside(synthetic: Simulator) -> None:
    assert (assign_roles(synthetic(10, 30), 0) == "select").all()


@pytest.mark.parametrize(("models", "calibrate"), [(2, 0), (3, 1), (4, 1), (6, 2)])
def test_few_models_leave_two_to_select(synthetic: Simulator, models: int, calibrate: int) -> None:
    roles = assign_roles(synthetic(models, 30))
    assert (roles == "calibrate").sum() == calibrate
    assert (roles == "select").sum() >= 2


def test_one_huge_group_is_not_set_aside(synthetic: Simulator) -> None:
    made = synthetic(20, 30)
    models = made.models.assign(base_model=["big"] * 15 + [f"small{n}" for n in range(5)])
    made = ResponseMatrix.from_arrays(made.scores, models=models)
    for seed in range(10):
        roles = assign_roles(made, 0.3, seed=seed)
        assert set(roles.iloc[:15]) == {"select"}
        assert (roles == "calibrate").sum() == 5


def test_one_group_alone_cannot_be_divided(synthetic: Simulator) -> None:
    made = synthetic(6, 30, variants=6)
    assert (assign_roles(made) == "select").all()


def test_models_without_a_full_score_have_no_role(synthetic: Simulator) -> None:
    made = synthetic(30, 100)
    scores = made.scores.copy()
    scores[4, :10] = np.nan
    made = ResponseMatrix.from_arrays(scores, models=made.models)
    roles = assign_roles(made)
    assert roles.index[roles == "none"].tolist() == ["model004"]
    assert (assign_roles(made, missing="allow") != "none").all()


def test_named_models_bring_their_groups(synthetic: Simulator) -> None:
    made = synthetic(12, 30, variants=3)
    roles = assign_roles(made, ["model004", "model000"])
    assert roles.index[roles == "calibrate"].tolist() == [f"model00{n}" for n in range(6)]
    assert assign_roles(made, "model004").equals(assign_roles(made, ["model003"]))


@pytest.mark.parametrize(
    ("calibration", "error", "message"),
    [
        (1.0, MethodOptionError, "calibration = 1.0"),
        (-0.1, MethodOptionError, "calibration = -0.1"),
        (True, MethodOptionError, "calibration = True"),
        (float("nan"), MethodOptionError, "calibration = nan"),
        (["nobody"], ResponseDataError, "no calibration model 'nobody'"),
        (["model000", "model003", "model006"], TooFewModelsError, "0 of 9 models"),
    ],
)
def test_what_cannot_be_is_refused(
    synthetic: Simulator, calibration: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        assign_roles(synthetic(9, 30, variants=3), calibration)


def test_refusals_name_what_is_wrong(synthetic: Simulator) -> None:
    with pytest.raises(TooFewModelsError, match="1 of 1 models"):
        assign_roles(synthetic(1, 30))
    with pytest.raises(MethodOptionError, match="missing = 'maybe'"):
        assign_roles(synthetic(5, 30), missing="maybe")
    scores = synthetic(5, 40).scores.copy()
    scores[0, :20] = np.nan
    with pytest.raises(ResponseDataError, match="'m0' has no full score"):
        assign_roles(ResponseMatrix.from_arrays(scores), ["m0"])


@pytest.mark.parametrize(("models", "variants", "calibrate"), [(59, 1, 0), (60, 1, 19), (100, 1, 30), (118, 2, 0)])
def test_auto_sets_aside_where_there_are_sixty_groups(
    synthetic: Simulator, models: int, variants: int, calibrate: int
) -> None:
    made = synthetic(models, 30, variants=variants)
    roles = assign_roles(made, "auto")
    assert (roles == "calibrate").sum() == calibrate
    assert calibrates_across(made, "auto") == (calibrate == 0)
    if calibrate:
        assert roles.equals(assign_roles(made, 0.3))


def test_cross_sets_none_aside_and_says_so(synthetic: Simulator) -> None:
    made = synthetic(100, 30)
    assert (assign_roles(made, "cross") == "select").all()
    assert calibrates_across(made, "cross")
    for other in (0.3, 0, ["model001"], "model001"):
        assert not calibrates_across(made, other)


def test_auto_counts_models_with_a_full_score_alone(synthetic: Simulator) -> None:
    made = synthetic(64, 100)
    scores = made.scores.copy()
    scores[:5, :10] = np.nan
    made = ResponseMatrix.from_arrays(scores, models=made.models)
    assert calibrates_across(made, "auto")
    assert not calibrates_across(made, "auto", missing="allow")
