"""Replaying recorded answers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from anchoreval.errors import AnchorSetError, ResponseDataError, TooFewModelsError
from anchoreval.protocol.anchoring import reconstruct, select
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


def test_models_with_a_part_in_the_anchors_are_no_targets_unless_named(synthetic: Synthetic) -> None:
    matrix = synthetic(30, 40, variants=2)
    sources = matrix.models.index[:21]  # model020 is a source, its variant model021 is not
    anchors = select(matrix.subset(models=sources), "random", k=10, seed=1)
    targets = replay(matrix, anchors)
    assert list(targets.models.index) == list(matrix.models.index[22:])
    assert list(targets.items.index) == list(anchors.items)
    np.testing.assert_array_equal(targets.scores, matrix.subset(targets.models.index, anchors.items).scores)
    assert list(replay(matrix, anchors, ["model021", "model002"]).models.index) == ["model021", "model002"]
    with pytest.raises(TooFewModelsError, match="every model of benchmark simulated had a part in the anchor set"):
        replay(matrix.subset(models=sources), anchors)


def test_anchors_of_another_benchmark_are_refused(synthetic: Synthetic) -> None:
    anchors = select(synthetic(30, 40), "random", k=10)
    with pytest.raises(AnchorSetError, match="anchor set of another benchmark"):
        replay(synthetic(30, 41), anchors)


def test_replayed_answers_give_estimates(synthetic: Synthetic) -> None:
    matrix = synthetic(80, 60)
    anchors = select(matrix.subset(models=matrix.models.index[:70]), "random", k=40)
    estimates = reconstruct(matrix, anchors, "mean").predict(replay(matrix, anchors))
    np.testing.assert_allclose(estimates["score"], matrix.full_scores[70:], atol=0.15)


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
