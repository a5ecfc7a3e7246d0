"""k-medoids against all subsets, against all single exchanges, and on clusters that are known."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchoreval.numerics import item_similarity, medoids
from anchoreval.numerics.facility_location import lazy_greedy
from anchoreval.numerics.item_similarity import ItemSimilarity, whole_weights
from anchoreval.numerics.medoids import k_medoids


def draw(models: int, items: int, seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    scores = rng.random((models, 3)) @ rng.dirichlet(np.ones(3) / 3, size=items).T + 0.05 * rng.random((models, items))
    scores[:, items // 2] = scores[:, 0]
    return scores / scores.max(), rng.integers(1, 5, size=items) / 7


def value(similarity: ItemSimilarity, weights: Any, chosen: Any) -> float:
    """By the definition, in float64 where sums on the grid are exact."""
    whole = whole_weights(weights)
    return float(similarity.block(slice(None))[:, list(chosen)].max(axis=1).astype(np.float64) @ whole / whole.sum())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 9), st.integers(1, 20), st.sampled_from([1, 4, 64]))
def test_no_single_exchange_improves_and_none_was_for_the_worse(seed: int, k: int, models: int, block: int) -> None:
    scores, weights = draw(models, 14, seed)
    similarity = ItemSimilarity(scores)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(medoids, "CANDIDATES", block)
        found = k_medoids(similarity, weights, k)
    chosen = set(found.items.tolist())
    assert len(chosen) == k
    assert found.value == pytest.approx(value(similarity, weights, chosen), abs=1e-15)
    assert found.built == pytest.approx(
        value(similarity, weights, lazy_greedy(similarity, weights, k).items), abs=1e-15
    )
    assert found.value > found.built if found.swaps else found.value == found.built
    for out in chosen:
        for new in set(range(14)) - chosen:
            assert value(similarity, weights, chosen - {out} | {new}) <= found.value


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_it_comes_close_to_the_best_of_all_subsets(k: int) -> None:
    short, built_short = [], []
    for seed in range(12):
        scores, weights = draw(10, 12, seed)
        similarity = ItemSimilarity(scores)
        best = max(value(similarity, weights, subset) for subset in combinations(range(12), k))
        found = k_medoids(similarity, weights, k)
        assert found.value <= best + 1e-15
        short.append((best - found.value) / (1 - best))
        built_short.append((best - found.built) / (1 - best))
    # shares of the best distance; a set that no single exchange improves need not be the best, but most often it is
    assert np.mean(np.array(short) < 1e-12) >= 0.75
    assert np.mean(short) <= np.mean(built_short)


def test_exchange_gains_are_differences_of_the_value() -> None:
    scores, weights = draw(15, 30, seed=3)
    similarity = ItemSimilarity(scores)
    chosen = np.array([2, 9, 17, 25])
    whole = whole_weights(weights)
    search = medoids._Search(similarity, whole, chosen)
    for item in (0, 15, 9, 28):  # exchanges made one after the other, so that the upkeep is tested too
        gains = search._swap_gains(similarity.block(slice(None)))
        now = search.medoids.tolist()
        for place in range(4):
            for new in range(30):
                changed = [*now[:place], new, *now[place + 1 :]]
                difference = value(similarity, weights, changed) - value(similarity, weights, now)
                assert gains[new, place] / whole.sum() == pytest.approx(difference, abs=1e-12)
        if item not in now:
            search._swap(item % 4, item)


def test_known_clusters_are_found() -> None:
    rng = np.random.default_rng(4)
    factors = rng.normal(size=(200, 6))
    loadings = np.repeat(np.eye(6), [30, 5, 20, 10, 25, 8], axis=0)
    scores = factors @ loadings.T + 0.3 * rng.normal(size=(200, 98))
    scores = (scores - scores.min()) / np.ptp(scores)
    cluster = np.repeat(np.arange(6), [30, 5, 20, 10, 25, 8])
    found = k_medoids(ItemSimilarity(scores), np.ones(98), 6)
    assert sorted(cluster[found.items]) == list(range(6))


def test_swaps_are_made_where_the_build_is_poor() -> None:
    """On the line 0, 1, 2, 5, 8, 9, 10 the best single item is 5, of little weight, and the best pair is 1 and 9."""
    places = np.array([0.0, 1, 2, 5, 8, 9, 10]) / 10
    similarity, weights = ItemSimilarity(places[None, :], "euclidean"), np.array([2.0, 2, 2, 1, 2, 2, 2])
    assert k_medoids(similarity, weights, 1).items.tolist() == [3]
    found = k_medoids(similarity, weights, 2)
    assert found.items.tolist() == [1, 5]
    assert found.swaps > 0
    assert found.value > found.built


def test_rows_computed_when_asked_for_give_the_same_medoids(monkeypatch: pytest.MonkeyPatch) -> None:
    scores, weights = draw(20, 150, seed=7)
    kept = k_medoids(ItemSimilarity(scores), weights, 12)
    monkeypatch.setattr(item_similarity, "STORED", 0)
    monkeypatch.setattr(item_similarity, "CELLS", 7 * 150)
    computed = k_medoids(ItemSimilarity(scores), weights, 12)
    np.testing.assert_array_equal(computed.items, kept.items)
    assert (computed.value, computed.swaps) == (kept.value, kept.swaps)


def test_all_items_are_their_own_medoids() -> None:
    scores, weights = draw(20, 30, seed=1)
    found = k_medoids(ItemSimilarity(scores), weights, 30)
    assert found.items.tolist() == list(range(30))
    assert (found.value, found.swaps) == (1.0, 0)
