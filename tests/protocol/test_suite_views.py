"""The stacked matrix as each benchmark sees it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from anchoreval.contract import fit
from anchoreval.errors import ResponseDataError, TooFewModelsError
from anchoreval.estimators.signature import Signature
from anchoreval.methods import Selection
from anchoreval.protocol.suite_views import GRAND_MEAN, seen_by, selection_for, shared_matrix
from anchoreval.responses import ResponseMatrix
from anchoreval.suite import Suite

Suites = Callable[..., Suite]


def test_models_without_a_full_score_everywhere_are_left_out_and_counted(two_benchmarks: Suites) -> None:
    suite = two_benchmarks(20)
    scores = suite["y"].scores.copy()
    scores[3, :5] = np.nan  # a sixth is missing: no full score, though it would have one over the whole suite
    fewer = ResponseMatrix.from_arrays(scores, models=suite["y"].models, items=suite["y"].items)
    fewer = fewer.subset(models=fewer.models.index[:15])
    stacked, left_out = shared_matrix(Suite({"x": suite["x"], "y": fewer}))
    assert stacked.n_models == 14
    assert "m003" not in stacked.models.index
    assert left_out == {"x": 6, "y": 1}


def test_full_scores_are_those_of_the_benchmarks_and_their_mean(two_benchmarks: Suites) -> None:
    suite = two_benchmarks(20, missing=0.02)
    stacked, _ = shared_matrix(suite)
    totals = stacked.totals()
    for name, matrix in suite.items():
        np.testing.assert_allclose(totals[name], matrix.full_scores[totals.index], atol=1e-12)
        np.testing.assert_allclose(seen_by(stacked, name).full_scores, totals[name], atol=1e-12)
    np.testing.assert_allclose(totals["score"], totals[["x", "y"]].mean(axis=1), atol=1e-12)


def test_a_view_carries_its_own_items_and_knows_what_lies_outside(two_benchmarks: Suites) -> None:
    stacked, _ = shared_matrix(two_benchmarks(20, outside=0.05))
    for name, covered in (("x", 1.0), ("y", 0.0)):
        view = seen_by(stacked, name)
        own = stacked.items["subject"] == name
        np.testing.assert_allclose(view.weights, own / own.sum())
        np.testing.assert_allclose(view.shares["score"], covered * own / own.sum())
        assert not view.subjects


def test_own_anchors_through_a_view_give_what_the_benchmark_itself_gives(two_benchmarks: Suites) -> None:
    suite = two_benchmarks(60)
    stacked, _ = shared_matrix(suite)
    anchors = suite["y"].items.index[::3]
    alone = fit(Signature(), suite["y"], Selection(anchors)).predict(suite["y"])["score"]
    viewed = fit(Signature(), seen_by(stacked, "y"), Selection("y/" + anchors)).predict(stacked)["score"]
    np.testing.assert_allclose(viewed, alone, atol=1e-6)


def test_a_selection_is_read_with_or_without_the_others() -> None:
    given = Selection(pd.Index(["x/a", "y/b", "y/c"]), np.array([0.5, 0.1, 0.4]), np.array([0.2, 0.3, 0.4]))
    own = np.array([False, True, True])
    alone, together = selection_for(given, own, others=False), selection_for(given, own, others=True)
    assert (alone.items.tolist(), together.items.tolist()) == (["y/b", "y/c"], ["x/a", "y/b", "y/c"])
    for found, weights, inclusion in ((alone, [0.2, 0.8], [0.3, 0.4]), (together, [0, 0.2, 0.8], [0.2, 0.3, 0.4])):
        assert found.weights is not None
        np.testing.assert_allclose(found.weights, weights)
        np.testing.assert_array_equal(found.inclusion, inclusion)
    assert selection_for(given, np.zeros(3, dtype=bool), others=True).weights is None


def test_suites_without_shared_models_or_with_a_reserved_name_are_refused(two_benchmarks: Suites) -> None:
    suite = two_benchmarks(20)
    with pytest.raises(ResponseDataError, match=GRAND_MEAN):
        shared_matrix(Suite({GRAND_MEAN: suite["x"]}))
    silent = ResponseMatrix.from_arrays(np.full((20, 30), np.nan), models=suite["y"].models, items=suite["y"].items)
    with pytest.raises(TooFewModelsError, match="full score on all of x, y"):
        shared_matrix(Suite({"x": suite["x"], "y": silent}))
