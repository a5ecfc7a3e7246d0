"""Lazy greedy against plain greedy in exact integers, and against the best of all subsets."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchoreval.numerics import facility_location, item_similarity
from anchoreval.numerics.facility_location import cluster_weights, lazy_greedy, nearest_chosen
from anchoreval.numerics.item_similarity import SIMILARITIES, ItemSimilarity, whole_weights

UNIT = 2**20


def draw(models: int, items: int, seed: int) -> tuple[Any, Any]:
    """Binary scores with some equal items, and uneven weights."""
    rng = np.random.default_rng(seed)
    scores = (rng.random((models, items)) < rng.random(items)).astype(np.float32)
    scores[:, items // 2] = scores[:, 0]
    return scores, rng.integers(1, 5, size=items) / 7


def integers(similarity: ItemSimilarity, weights: Any) -> tuple[list[list[int]], list[int]]:
    grid = similarity.block(slice(None)).astype(np.float64) * UNIT
    return [[int(s) for s in row] for row in grid], [int(w) for w in whole_weights(weights)]


def value(chosen: tuple[int, ...], grid: list[list[int]], weights: list[int]) -> int:
    return sum(w * max(grid[i][j] for j in chosen) for i, w in enumerate(weights)) if chosen else 0


def plain_greedy(grid: list[list[int]], weights: list[int], k: int) -> tuple[list[int], list[int]]:
    chosen: tuple[int, ...] = ()
    gains = []
    for _ in range(k):
        before = value(chosen, grid, weights)
        left = [j for j in range(len(weights)) if j not in chosen]
        best = max(left, key=lambda j: (value((*chosen, j), grid, weights), -j))
        chosen = (*chosen, best)
        gains.append(value(chosen, grid, weights) - before)
    return list(chosen), gains


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(SIMILARITIES), st.integers(1, 30), st.sampled_from([1, 3, 32]))
def test_lazy_greedy_is_greedy(seed: int, kind: str, models: int, batch: int) -> None:
    scores, weights = draw(models, 15, seed)
    similarity = ItemSimilarity(scores, kind)
    grid, whole = integers(similarity, weights)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(facility_location, "BATCH", batch)
        found = lazy_greedy(similarity, weights, 15)
    chosen, gains = plain_greedy(grid, whole, 15)
    assert found.items.tolist() == chosen  # ties included
    assert [round(g * sum(whole) * UNIT) for g in found.gains] == gains  # to the last unit


@pytest.mark.parametrize("kind", SIMILARITIES)
@pytest.mark.parametrize("k", [1, 2, 4, 7])
def test_the_value_is_within_the_bound_of_the_best_of_all_subsets(kind: str, k: int) -> None:
    for seed in range(3):
        scores, weights = draw(12, 15, seed)
        similarity = ItemSimilarity(scores, kind)
        grid, whole = integers(similarity, weights)
        best = max(value(subset, grid, whole) for subset in combinations(range(15), k))
        reached = value(tuple(lazy_greedy(similarity, weights, k).items), grid, whole)
        assert (1 - 1 / np.e) * best <= reached <= best
        if k == 1:
            assert reached == best


def test_gains_fall_and_choices_are_nested() -> None:
    scores, weights = draw(40, 300, seed=5)
    similarity = ItemSimilarity(scores)
    longest = lazy_greedy(similarity, weights, 60)
    assert (np.diff(longest.gains) <= 0).all()
    for k in (1, 7, 59):
        np.testing.assert_array_equal(lazy_greedy(similarity, weights, k).items, longest.items[:k])


def test_few_gains_are_computed_again() -> None:
    scores, weights = draw(40, 2000, seed=6)
    found = lazy_greedy(ItemSimilarity(scores), weights, 50)
    assert found.evaluations < 0.5 * 50 * 2000


def test_rows_computed_when_asked_for_give_the_same_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    scores, weights = draw(20, 200, seed=7)
    kept = lazy_greedy(ItemSimilarity(scores), weights, 30)
    monkeypatch.setattr(item_similarity, "STORED", 0)
    monkeypatch.setattr(item_similarity, "CELLS", 7 * 200)
    computed = lazy_greedy(ItemSimilarity(scores), weights, 30)
    np.testing.assert_array_equal(computed.items, kept.items)
    np.testing.assert_array_equal(computed.gains, kept.gains)


def test_items_stand_with_the_most_similar_chosen_one() -> None:
    scores, weights = draw(25, 40, seed=8)
    similarity = ItemSimilarity(scores)
    grid, _ = integers(similarity, weights)
    chosen = np.array([0, 5, 20, 33])  # 0 and 20 are equal: each stands for itself, others go to the earlier one
    expected = [max(range(4), key=lambda place: (grid[i][chosen[place]], -place)) for i in range(40)]
    expected[20] = 2
    assert nearest_chosen(similarity, chosen).tolist() == expected
    sums = [sum(w for w, place in zip(weights, expected, strict=True) if place == at) for at in range(4)]
    np.testing.assert_allclose(cluster_weights(similarity, chosen, weights), sums)
    everything = np.arange(40)
    np.testing.assert_array_equal(cluster_weights(similarity, everything, weights), weights)
