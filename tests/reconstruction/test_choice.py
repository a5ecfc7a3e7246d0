"""Rules by name: what `auto` takes, what each needs, that they can be kept, and what slopes and drift say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.contract import choose
from anchoreval.errors import MethodOptionError
from anchoreval.methods import Selection
from anchoreval.reconstruction import INTERVALS, IntervalWarning, Reconstruction, reconstruct_from
from anchoreval.reconstruction.rules import Mondrian, Normalised
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix

from ..conftest import simulate

Simulator = Callable[..., ResponseMatrix]


def setting(synthetic: Simulator, calibrate: int = 60, **options: Any) -> tuple[ResponseMatrix, Selection, pd.Series]:
    matrix = synthetic(calibrate + 70, 100, seed=1, **options)
    roles = np.full(matrix.n_models, "none", dtype=object)
    roles[:calibrate], roles[calibrate : calibrate + 60] = "calibrate", "select"
    return matrix, choose(make_selector("random"), matrix, 20), pd.Series(roles, index=matrix.models.index)


@pytest.mark.parametrize(
    ("calibrate", "estimator", "rule"),
    [(49, "signature", "split"), (50, "signature", "normalised"), (60, "auto", "normalised"), (60, "pirt", "split")],
)
def test_auto_normalises_with_fifty_groups(synthetic: Simulator, calibrate: int, estimator: str, rule: str) -> None:
    matrix, selection, roles = setting(synthetic, calibrate)
    made = reconstruct_from(matrix, selection, roles, estimator)
    assert made.rule.name == rule
    assert made.intervals == "auto"


def test_auto_counts_groups_and_not_models(synthetic: Simulator) -> None:
    matrix, selection, roles = setting(synthetic, variants=2)
    assert reconstruct_from(matrix, selection, roles, "signature").rule.name == "split"


def test_what_calibration_models_got_wrong_moves_no_scale(synthetic: Simulator) -> None:
    """The scale is learnt on selecting models alone: that is what keeps the guarantee exact."""
    matrix, selection, roles = setting(synthetic)
    scores = np.array(matrix.scores)
    scores[roles == "calibrate"] = 1.0 - scores[roles == "calibrate"]
    other = ResponseMatrix.from_arrays(scores, models=matrix.models, items=matrix.items, name=matrix.name)
    one, two = (reconstruct_from(m, selection, roles, "signature", intervals="normalised") for m in (matrix, other))
    assert isinstance(one.rule, Normalised)
    assert isinstance(two.rule, Normalised)
    np.testing.assert_array_equal(one.rule.scale.slopes, two.rule.scale.slopes)
    assert one.rule.scale.slopes.any()


def test_bins_are_set_by_selecting_models(synthetic: Simulator) -> None:
    matrix, selection, roles = setting(synthetic, calibrate=85)
    made = reconstruct_from(matrix, selection, roles, "signature", intervals="mondrian")
    assert isinstance(made.rule, Mondrian)
    np.testing.assert_allclose(made.rule.edges, [np.median(matrix.full_scores[roles == "select"])])
    by_family = reconstruct_from(matrix, selection, roles, "signature", intervals="mondrian_family")
    assert by_family.residuals["family"].tolist() == matrix.models["family"][roles == "calibrate"].tolist()
    widths = by_family.predict(matrix, 0.8)
    assert (widths["upper"] - widths["lower"]).nunique() > 1


@pytest.mark.parametrize("intervals", INTERVALS)
def test_every_rule_is_ordered_and_the_same_again_for_models_in_any_order(intervals: str) -> None:
    matrix, selection, roles = setting(simulate, missing=0.01)
    table = reconstruct_from(matrix, selection, roles, "signature", intervals=intervals).predict(matrix, 0.9)
    assert (table["lower"] <= table["score"]).all()
    assert (table["score"] <= table["upper"]).all()
    assert (table["standard_error"] > 0).all()
    turned = matrix.subset(models=matrix.models.index[np.random.default_rng(0).permutation(matrix.n_models)])
    again = reconstruct_from(turned, selection, roles, "signature", intervals=intervals).predict(turned, 0.9)
    pd.testing.assert_frame_equal(again.loc[table.index], table, rtol=1e-6, atol=1e-9)


def test_every_item_an_anchor_leaves_no_interval_under_any_rule(synthetic: Simulator) -> None:
    matrix = synthetic(130, 40, seed=2)
    selection = choose(make_selector("random"), matrix, 40)
    roles = pd.Series(["calibrate"] * 60 + ["select"] * 70, matrix.models.index)
    for intervals in INTERVALS:
        table = reconstruct_from(matrix, selection, roles, "signature", intervals=intervals).predict(matrix, 0.9)
        np.testing.assert_allclose(table["upper"] - table["lower"], 0.0, atol=1e-6)


def test_a_rule_that_is_none_is_refused(synthetic: Simulator) -> None:
    matrix, selection, roles = setting(synthetic)
    with pytest.raises(MethodOptionError, match="intervals = 'bayes' is not one of auto, split, normalised"):
        reconstruct_from(matrix, selection, roles, "signature", intervals="bayes")


def test_targets_that_drift_away_are_told_of(synthetic: Simulator) -> None:
    matrix, selection, roles = setting(synthetic)
    made = reconstruct_from(matrix, selection, roles, "signature", intervals="weighted")
    calibration = matrix.subset(models=roles.index[roles == "calibrate"])
    assert made.effective_groups(calibration) > 55
    best = ResponseMatrix.from_arrays(np.ones((20, 100)), items=matrix.items)
    assert made.effective_groups(best) < 25
    with pytest.warns(IntervalWarning, match="60 groups of calibration models count as .* intervals of 20 of 20"):
        table = made.predict(best, level=0.99)
    assert (table["upper"] - table["lower"] == 1.0).all()


def test_slopes_are_those_of_weighted_least_squares(synthetic: Simulator) -> None:
    from scipy import stats

    matrix, selection, roles = setting(synthetic)
    made = reconstruct_from(matrix, selection, roles, "signature")
    table = made.residuals
    assert made.slope == pytest.approx(stats.linregress(table["estimate"], table["truth"]).slope)
    assert made.shrinkage_slope == pytest.approx(stats.linregress(table["truth"], table["estimate"]).slope)
    labels = pd.Series([f"g{min(n, 30)}" for n in range(matrix.n_models)], index=matrix.models.index)
    grouped = reconstruct_from(matrix, selection, roles, "signature", groups=labels)
    sizes = grouped.residuals.groupby("group")["group"].transform("size")
    fit = np.polyfit(grouped.residuals["estimate"], grouped.residuals["truth"], 1, w=1 / np.sqrt(sizes))
    assert grouped.slope == pytest.approx(fit[0])


def test_without_calibration_models_slopes_are_unknown(synthetic: Simulator) -> None:
    matrix, selection, _ = setting(synthetic)
    made: Reconstruction = reconstruct_from(matrix, selection, None, "signature")
    assert np.isnan(made.slope)
    assert np.isnan(made.shrinkage_slope)
    assert made.effective_groups(matrix) == 0.0
