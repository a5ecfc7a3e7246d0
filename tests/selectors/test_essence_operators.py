"""Operators on generations of subsets: exactly k different items, each as likely as it should be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from anchor_selectors.essence.operators import absent, crossover, flip, random_subsets, repair, swap, tournament


def assert_subsets(subsets: Any, count: int, n_items: int, k: int) -> None:
    assert subsets.shape == (count, k)
    assert (np.diff(subsets, axis=1) > 0).all()  # ascending without repetition
    assert subsets.min() >= 0
    assert subsets.max() < n_items


def shares(subsets: Any, n_items: int) -> Any:
    return np.bincount(subsets.ravel(), minlength=n_items) / len(subsets)


def assert_share(observed: Any, expected: Any, count: int) -> None:
    expected = np.broadcast_to(expected, np.shape(observed))
    assert (np.abs(observed - expected) <= 4.5 * np.sqrt(expected * (1 - expected) / count) + 1e-12).all()


@pytest.mark.parametrize(("n_items", "k"), [(1, 1), (9, 1), (9, 4), (9, 8), (9, 9)])
def test_every_operator_keeps_exactly_k_different_items(n_items: int, k: int) -> None:
    rng = np.random.default_rng(0)
    subsets = random_subsets(300, n_items, k, rng)
    assert_subsets(subsets, 300, n_items, k)
    assert_subsets(crossover(subsets[:150], subsets[150:], rng), 150, n_items, k)
    assert_subsets(flip(subsets, n_items, rng), 300, n_items, k)
    for swaps in (1, 2, 20):
        assert_subsets(swap(subsets, n_items, swaps, rng), 300, n_items, k)


def test_first_subsets_are_simple_random_ones() -> None:
    subsets = random_subsets(8000, 12, 5, np.random.default_rng(1))
    assert_share(shares(subsets, 12), 5 / 12, 8000)
    pairs = np.mean([(subsets == a).any(axis=1) & (subsets == b).any(axis=1) for a, b in [(0, 1), (3, 11)]], axis=1)
    assert_share(pairs, 5 / 12 * 4 / 11, 8000)


@pytest.mark.parametrize("size", [0, 2, 5, 6, 12])
def test_repair_clears_surplus_or_sets_missing_items_and_no_others(size: int) -> None:
    rng = np.random.default_rng(size)
    mask = np.zeros((6000, 12), dtype=bool)
    mask[:, :size] = True
    mended = repair(mask, 5, rng)
    assert_subsets(mended, 6000, 12, 5)
    inside = np.arange(12) < size
    assert_share(shares(mended, 12)[inside], min(1.0, 5 / max(size, 1)), 6000)
    assert_share(shares(mended, 12)[~inside], max(0.0, (5 - size) / max(12 - size, 1)), 6000)


def test_children_hold_what_both_parents_have_and_half_of_the_rest() -> None:
    first, second = np.tile([0, 1, 2, 3, 4], (6000, 1)), np.tile([3, 4, 5, 6, 9], (6000, 1))
    children = crossover(first, second, np.random.default_rng(2))
    expected = np.array([0.5, 0.5, 0.5, 1.0, 1.0, 0.5, 0.5, 0.0, 0.0, 0.5])
    assert_share(shares(children, 10), expected, 6000)


@pytest.mark.parametrize("swaps", [1, 2, 4])
def test_a_swap_exchanges_exactly_that_many_items_evenly(swaps: int) -> None:
    subsets = np.tile([1, 4, 5, 8, 9], (8000, 1))
    changed = swap(subsets, 12, swaps, np.random.default_rng(3))
    assert (np.isin(changed, subsets[0]).sum(axis=1) == 5 - swaps).all()
    inside = np.isin(np.arange(12), subsets[0])
    assert_share(shares(changed, 12), np.where(inside, 1 - swaps / 5, swaps / 7), 8000)


def test_the_published_mutation_flips_bits_before_it_mends() -> None:
    subsets = np.tile(np.arange(4), (20_000, 1))
    changed = flip(subsets, 12, np.random.default_rng(4))
    rng = np.random.default_rng(5)
    kept = []
    for _ in range(20_000):  # the same by hand: flips, then clearing or setting one item at a time
        items = set(range(4)) ^ set(np.flatnonzero(rng.random(12) < 0.25).tolist())
        while len(items) > 4:
            items.remove(rng.choice(sorted(items)))
        while len(items) < 4:
            items.add(rng.choice(sorted(set(range(12)) - items)))
        kept.append(len(items & {0, 1, 2, 3}))
    difference = np.mean((changed < 4).sum(axis=1)) - np.mean(kept)
    assert abs(difference) < 4.5 * np.std(kept) * np.sqrt(2 / 20_000)


def test_absent_counts_the_items_outside_a_subset() -> None:
    members = np.array([[0, 1, 2], [2, 5, 7], [5, 6, 7]])
    for row in members:
        outside = np.setdiff1d(np.arange(8), row)
        found = absent(np.tile(row, (5, 1)), np.arange(5))
        np.testing.assert_array_equal(found, outside)


def test_a_tournament_prefers_the_best_as_its_size_says() -> None:
    winners = tournament(40_000, 6, 3, np.random.default_rng(6))
    expected = [((6 - n) / 6) ** 3 - ((5 - n) / 6) ** 3 for n in range(6)]
    assert_share(np.bincount(winners, minlength=6) / 40_000, np.array(expected), 40_000)
