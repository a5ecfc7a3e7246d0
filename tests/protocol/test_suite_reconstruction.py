"""Joint estimates of a suite and their intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import AnchorSetError, MethodOptionError
from anchoreval.methods import Selection
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.protocol.suite_anchoring import select_suite
from anchoreval.protocol.suite_reconstruction import reconstruct_suite
from anchoreval.protocol.suite_views import GRAND_MEAN
from anchoreval.reconstruction import IntervalWarning
from anchoreval.responses import ResponseMatrix
from anchoreval.suite import Suite

Suites = Callable[..., Suite]


@dataclass
class Fixed:
    """A selector that picks what it was told to."""

    chosen: list[str] = field(default_factory=list)
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset()

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """Those items."""
        return Selection(pd.Index(self.chosen, dtype=object))


def of_models(suite: Suite, models: pd.Index) -> Suite:
    return Suite({name: matrix.subset(models=models) for name, matrix in suite.items()})


def test_what_is_predicted(two_benchmarks: Suites) -> None:
    suite = two_benchmarks(120, missing=0.01)
    models = suite.models
    old, new = of_models(suite, models[:90]), of_models(suite, models[90:])
    found = reconstruct_suite(old, select_suite(old, k=12))
    table = found.predict(new, level=0.8)
    assert table.columns.get_level_values(0).unique().tolist() == ["x", "y", GRAND_MEAN]
    assert table.index.equals(models[90:])
    np.testing.assert_allclose(table[GRAND_MEAN]["score"], (table["x"]["score"] + table["y"]["score"]) / 2)
    for name in ("x", "y", GRAND_MEAN):
        part = table[name]
        assert (part["lower"] <= part["score"]).all()
        assert (part["score"] <= part["upper"]).all()
        assert part.to_numpy().min() >= 0
        assert part.to_numpy().max() <= 1
    errors = found.expected_errors
    assert errors.index.tolist() == ["x", "y", GRAND_MEAN]
    assert errors[GRAND_MEAN] < errors[["x", "y"]].mean()
    assert set(found.readings.values()) <= {"own", "joint"}
    truth = new.full_scores
    assert (table["x"]["score"] - truth["x"]).abs().mean() < 0.6 * (truth["x"] - truth["x"].mean()).abs().mean()
    np.testing.assert_array_equal(found.predict(new.stacked(), level=0.8), table)


def test_items_that_are_no_anchors_and_permutations_change_nothing(two_benchmarks: Suites) -> None:
    suite = two_benchmarks(60)
    anchors = select_suite(suite, "random", k=16, split="equal")
    table = reconstruct_suite(suite, anchors).predict(suite, 0.5)
    only = Suite({name: suite[name].subset(items=anchors.of(name)[::-1]) for name in ("y", "x")})
    pd.testing.assert_frame_equal(reconstruct_suite(suite, anchors).predict(only, 0.5).loc[table.index], table)
    rng = np.random.default_rng(0)
    mixed = Suite(
        {
            name: suite[name].subset(
                models=rng.permutation(suite[name].models.index), items=rng.permutation(suite[name].items.index)
            )
            for name in ("y", "x")
        }
    )
    again = reconstruct_suite(mixed, select_suite(mixed, "random", k=16, split="equal")).predict(suite, 0.5)
    pd.testing.assert_frame_equal(again[table.columns].loc[table.index], table)


def test_its_own_anchors_give_what_a_separate_reconstruction_gives(two_benchmarks: Suites) -> None:
    suite = two_benchmarks(90, (120, 100))  # no copies in one that are none in both
    anchors = select_suite(suite, "random", k=20, split="equal", seed=4)
    both = reconstruct_suite(suite, anchors, reading="own").predict(suite)
    named = anchors.roles.index[anchors.roles == "calibrate"]
    for name, matrix in suite.items():
        drawn = select(matrix, Fixed(anchors.of(name).tolist()), k=10, calibration=named)
        alone = reconstruct(matrix, drawn, "signature", intervals="split").predict(matrix)
        np.testing.assert_allclose(both[name]["score"], alone["score"], atol=1e-6)
        np.testing.assert_allclose(both[name]["upper"], alone["upper"], atol=1e-6)


def test_all_items_give_the_scores_exactly(two_benchmarks: Suites) -> None:
    suite = two_benchmarks(70)
    for split in ("joint", "proportional"):
        found = reconstruct_suite(suite, select_suite(suite, "random", k=70, split=split)).predict(suite)
        np.testing.assert_allclose(found["x"]["score"], suite["x"].full_scores, atol=1e-6)
        np.testing.assert_allclose(found[GRAND_MEAN]["upper"], suite.full_scores.mean(axis=1), atol=1e-6)


@pytest.mark.parametrize("split", ["joint", "equal"])
def test_full_scores_outside_of_the_matrix_are_predicted(two_benchmarks: Suites, split: str) -> None:
    suite = two_benchmarks(200, outside=0.02, seed=5)
    old, new = of_models(suite, suite.models[:150]), of_models(suite, suite.models[150:])
    errors = {}
    for k in (20, 70):
        anchors = select_suite(old, k=k, split="proportional" if k == 70 else split, shrinkage=0.3)
        found = reconstruct_suite(old, anchors).predict(new)
        errors[k] = [(found[name]["score"] - new[name].full_scores).abs().mean() for name in suite]
    spread = (new.full_scores - new.full_scores.mean()).abs().mean()
    assert (np.array(errors[20]) < 0.5 * spread).all()
    assert errors[70][0] < 1e-6
    assert 0.01 < errors[70][1] < 0.03, "what lies outside differs from the mean of all answers by 0.016 on average"


def test_intervals_hold_as_often_as_they_say(two_benchmarks: Suites) -> None:
    held = []
    for seed in range(25):
        suite = two_benchmarks(160, (25, 25), seed=seed)
        old, new = of_models(suite, suite.models[:100]), of_models(suite, suite.models[100:])
        found = reconstruct_suite(old, select_suite(old, k=8, seed=seed, shrinkage=0.3), reading="joint")
        table, truth = (
            found.predict(new, level=0.9),
            new.full_scores.assign(**{GRAND_MEAN: new.full_scores.mean(axis=1)}),
        )
        held.append([table[n]["score"].between(*wide(table[n], truth[n])).mean() for n in truth])
    # about 30 calibration models each: coverage of one draw is beta with mean 28/31 and sd 0.05
    np.testing.assert_allclose(np.mean(held, axis=0), 0.9, atol=0.04)


def wide(part: Any, truth: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Bounds on the estimate between which the truth is in its interval."""
    return truth - (part["upper"] - part["score"]), truth + (part["score"] - part["lower"])


def test_a_target_that_answered_nothing_is_unknown_and_gaps_are_filled_in(two_benchmarks: Suites) -> None:
    suite = two_benchmarks(60)
    found = reconstruct_suite(suite, select_suite(suite, "random", k=20, split="equal"))
    scores = {name: matrix.scores[:3].copy() for name, matrix in suite.items()}
    for name in scores:
        scores[name][0] = np.nan
    scores["y"][1, ::2] = np.nan
    targets = Suite({n: ResponseMatrix.from_arrays(scores[n], items=suite[n].items) for n in suite})
    table = found.predict(targets, 0.5)
    assert table.iloc[0].isna().all()
    assert table.iloc[1:].notna().all(axis=None)


def test_without_calibration_models_there_are_no_intervals(two_benchmarks: Suites) -> None:
    suite = two_benchmarks(30)
    found = reconstruct_suite(suite, select_suite(suite, "random", k=10, calibration=0))
    assert found.expected_errors.isna().all()
    with pytest.warns(IntervalWarning, match="unavailable"):
        table = found.predict(suite)
    assert np.isnan(table[GRAND_MEAN][["lower", "upper", "standard_error"]].to_numpy()).all()
    few = reconstruct_suite(suite, select_suite(suite, "random", k=10, calibration=0.2))
    with pytest.warns(IntervalWarning, match="allow intervals of at most"):
        table = few.predict(suite, 0.99)
    assert (table[GRAND_MEAN][["lower", "upper"]].to_numpy() == [0.0, 1.0]).all()


def test_what_does_not_belong_together_is_refused(two_benchmarks: Suites) -> None:
    suite = two_benchmarks(40)
    anchors = select_suite(suite, "random", k=10, split="equal")
    with pytest.raises(AnchorSetError, match="another suite"):
        reconstruct_suite(two_benchmarks(40, (40, 31)), anchors)
    with pytest.raises(AnchorSetError, match="'m039' has a role"):
        reconstruct_suite(of_models(suite, suite.models[:39]), anchors)
    with pytest.raises(MethodOptionError, match="reading = 'both'"):
        reconstruct_suite(suite, anchors, reading="both")
    found = reconstruct_suite(suite, anchors)
    with pytest.raises(AnchorSetError, match="lack anchor"):
        found.predict(Suite({"x": suite["x"]}), 0.5)
