"""Similarities against NumPy's correlation and SciPy's distances; the grid; blocks against the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from anchoreval.errors import MethodOptionError
from anchoreval.numerics import item_similarity
from anchoreval.numerics.item_similarity import SIMILARITIES, ItemSimilarity, whole_weights

STEP = 2.0**-20


def scores(models: int = 30, items: int = 40, seed: int = 0) -> Any:
    return np.random.default_rng(seed).random((models, items))


@pytest.mark.parametrize("kind", SIMILARITIES)
def test_similarities_are_those_of_the_definition(kind: str) -> None:
    values = scores()
    expected = {
        "correlation": (1 + np.corrcoef(values.T)) / 2,
        "cosine": 1 - cdist(values.T, values.T, "cosine"),
        "euclidean": 1 - cdist(values.T, values.T) / np.sqrt(len(values)),
    }[kind]
    found = ItemSimilarity(values, kind).block(slice(None))
    np.testing.assert_allclose(found, expected, atol=STEP)
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_array_equal(np.diag(found), 1.0)


@pytest.mark.parametrize("kind", SIMILARITIES)
def test_they_lie_on_the_grid_in_the_unit_interval(kind: str) -> None:
    found = ItemSimilarity((scores() > 0.5).astype(np.float32), kind).block(slice(None)).astype(np.float64)
    np.testing.assert_array_equal(found / STEP, np.rint(found / STEP))
    assert found.min() >= 0
    assert found.max() <= 1


@pytest.mark.parametrize("kind", SIMILARITIES)
def test_blocks_are_pieces_of_the_whole_also_where_it_is_not_kept(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = scores()
    values[:, 3:6], values[:, 6] = 1.0, 0.0
    whole = ItemSimilarity(values, kind).block(slice(None))
    monkeypatch.setattr(item_similarity, "CELLS", 300)  # blocks of 7 rows
    rows, columns = np.array([4, 1, 30, 6]), np.array([5, 0, 6])
    np.testing.assert_array_equal(ItemSimilarity(values, kind).block(slice(None)), whole)
    for limit in (1 << 30, 0):
        monkeypatch.setattr(item_similarity, "STORED", limit)
        made = ItemSimilarity(values, kind)
        assert len(made.row_blocks()) == 6
        np.testing.assert_array_equal(np.concatenate([made.block(rows) for rows in made.row_blocks()]), whole)
        np.testing.assert_array_equal(made.block(rows, columns), whole[np.ix_(rows, columns)])


def test_constant_items_are_alike_where_equal_and_uncorrelated_else() -> None:
    values = scores(items=6)
    values[:, 1] = values[:, 2] = 1.0
    values[:, 4] = 0.0
    found = ItemSimilarity(values, "correlation").block(slice(None))
    assert found[1, 2] == 1
    assert (found[[1, 1, 1, 4, 4], [0, 3, 4, 0, 2]] == 0.5).all()
    cosine = ItemSimilarity(values, "cosine").block(slice(None))
    assert cosine[4, 4] == 1
    assert not np.delete(cosine[4], 4).any()


def test_equal_items_are_equally_similar_to_all_others() -> None:
    values = (scores(models=101, items=60) > 0.3).astype(np.float32)
    doubled = np.concatenate([values, values[:, ::-1]], axis=1)
    for kind in SIMILARITIES:
        found = ItemSimilarity(doubled, kind).block(slice(None))
        np.testing.assert_array_equal(found[:60], found[60:][::-1])
        assert (np.diag(found[:60, 60:][:, ::-1]) == 1).all()


def test_weights_become_whole_numbers_whose_sums_are_exact() -> None:
    weights = np.random.default_rng(0).random(1000)
    whole = whole_weights(weights)
    np.testing.assert_array_equal(whole, np.rint(whole))
    np.testing.assert_allclose(whole / whole.max(), weights / weights.max(), atol=2.0**-22)
    grid = np.rint(np.random.default_rng(1).random(1000) / STEP) * STEP
    exact = sum(int(w) * int(s / STEP) for w, s in zip(whole, grid, strict=True))
    assert int((grid @ whole) / STEP) == exact == int((grid[::-1] @ whole[::-1]) / STEP)
    assert sum(int(w) << 20 for w in whole_weights(np.ones(1000))) < 2**53


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(MethodOptionError, match="similarity 'rank' is not one of correlation, euclidean, cosine"):
        ItemSimilarity(scores(), "rank")
