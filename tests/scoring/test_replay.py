"""Replaying recorded answers."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import AnchorSetError, ResponseDataError, TooFewModelsError
from anchoreval.responses import ResponseMatrix
from anchoreval.scoring.replay import replay

Synthetic = Callable[..., ResponseMatrix]
ITEMS = ["item0007", "item0002", "item0030"]


def test_targets_hold_the_anchors_and_their_answers(synthetic: Synthetic) -> None:
    matrix = synthetic(12, 40, options=4, n_subjects=2)
    targets = replay(matrix, ITEMS, ["model003", "model001"])
    assert list(targets.models.index) == ["model003", "model001"]
    assert list(targets.items.index) == ITEMS
    np.testing.assert_array_equal(targets.scores, matrix.scores[np.ix_([3, 1], [7, 2, 30])])
    np.testing.assert_array_equal(targets.probabilities, matrix.probabilities[[3, 1]][:, [7, 2, 30]])  # type: ignore[index]
    np.testing.assert_allclose(targets.shares["score"], 1 / 40)


def test_a_target_does_not_know_its_full_score(synthetic: Synthetic) -> None:
    matrix = synthetic(12, 40, n_subjects=2)
    known = matrix.part(matrix.items.index)
    assert "full_score/subject0" in known.models
    for source in (matrix, known):
        targets = replay(source, ITEMS)
        assert not [column for column in targets.models if str(column).startswith("full_score")]
        assert targets.totals().isna().all(axis=None)
        assert "family" in targets.models


def test_what_a_model_did_not_answer_stays_open(synthetic: Synthetic) -> None:
    matrix = synthetic(30, 40, missing=0.3)
    targets = replay(matrix, ITEMS)
    holes = np.isnan(matrix.scores[:, [7, 2, 30]])
    assert holes.any()
    np.testing.assert_array_equal(np.isnan(targets.scores), holes)


def test_what_the_benchmark_does_not_have_is_named(synthetic: Synthetic) -> None:
    matrix = synthetic(5, 40)
    with pytest.raises(ResponseDataError, match="benchmark simulated has no model 'gpt'"):
        replay(matrix, ITEMS, ["model001", "gpt"])
    with pytest.raises(ResponseDataError, match="benchmark simulated has no item 'nothing'"):
        replay(matrix, ["nothing"])


class AnchorSetDouble(SimpleNamespace):
    def check_benchmark(self, matrix: ResponseMatrix) -> None:
        if matrix.name != self.benchmark:
            raise AnchorSetError("anchor set of another benchmark")


def test_models_with_a_role_are_no_targets_unless_named(synthetic: Synthetic) -> None:
    matrix = synthetic(5, 40)
    roles = pd.Series({"model000": "select", "model002": "calibrate", "elsewhere": "select"})
    anchors = AnchorSetDouble(items=pd.Index(ITEMS), roles=roles, benchmark="simulated")
    assert list(replay(matrix, anchors).models.index) == ["model001", "model003", "model004"]
    assert list(replay(matrix, anchors, ["model002"]).models.index) == ["model002"]
    with pytest.raises(TooFewModelsError, match="every model of benchmark simulated has a role"):
        replay(matrix.subset(models=["model000", "model002"]), anchors)
    anchors.roles = None
    assert replay(matrix, anchors).n_models == 5
    anchors.benchmark = "other"
    with pytest.raises(AnchorSetError, match="another benchmark"):
        replay(matrix, anchors)


def test_a_changed_document_is_an_error(synthetic: Synthetic) -> None:
    plain = synthetic(3, 40)
    items = plain.items.assign(doc_hash=[f"hash{n}" for n in range(40)])
    matrix = ResponseMatrix.from_arrays(plain.scores, items=items, name="simulated")
    table = items.loc[ITEMS]
    assert replay(matrix, table).n_items == 3
    with pytest.raises(
        AnchorSetError, match="item 'item0002': benchmark simulated has doc_hash hash2, the anchors other"
    ):
        replay(matrix, table.assign(doc_hash=["hash7", "other", np.nan]))
