"""Split conformal quantiles: the textbook rank, a brute-force mass for groups, and coverage by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchoreval.numerics.conformal import (
    attainable_level,
    conformal_quantile,
    group_weights,
    groups_needed,
    weighted_quantiles,
)

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("count", [1, 2, 9, 10, 19, 20, 39, 99, 100, 250])
def test_without_groups_it_is_the_textbook_rank(count: int, level: float) -> None:
    scores = np.random.default_rng(count).exponential(size=count)
    rank = math.ceil(round((count + 1) * level, 9))
    expected = np.sort(scores)[rank - 1] if rank <= count else math.inf
    assert conformal_quantile(scores, level) == expected


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=30),
    level=st.floats(0.05, 0.99),
    seed=st.integers(0, 999),
)
def test_with_groups_it_is_the_least_value_that_holds_the_mass(sizes: list[int], level: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    scores = rng.integers(0, 10, size=len(groups)).astype(float)  # with ties

    def mass_up_to(value: float) -> float:
        return sum(1.0 / sizes[g] for g, s in zip(groups, scores, strict=True) if s <= value) / (len(sizes) + 1)

    enough = [value for value in sorted(set(scores)) if mass_up_to(value) >= level - 1e-9]
    assert conformal_quantile(scores, level, groups) == (enough[0] if enough else math.inf)


def test_groups_of_one_are_no_groups() -> None:
    scores = np.random.default_rng(1).random(37)
    for level in LEVELS:
        assert conformal_quantile(scores, level, np.arange(37)) == conformal_quantile(scores, level)


def test_copies_within_a_group_change_nothing() -> None:
    scores, groups = np.random.default_rng(2).random(30), np.arange(30)
    copied = conformal_quantile(np.repeat(scores, 4), 0.9, np.repeat(groups, 4))
    assert copied == conformal_quantile(scores, 0.9, groups)


def test_too_few_groups_give_infinity() -> None:
    assert conformal_quantile(np.ones(18), 0.95) == math.inf
    assert conformal_quantile(np.ones(19), 0.95) == 1.0
    assert conformal_quantile(np.ones(100), 0.95, np.arange(100) % 5) == math.inf
    assert conformal_quantile([], 0.5) == math.inf
    assert attainable_level(["a", "a", "b"]) == pytest.approx(2 / 3)
    assert attainable_level([]) == 0.0


def test_group_weights_by_hand() -> None:
    np.testing.assert_allclose(group_weights(["a", "b", "a", "c"]), [1 / 6, 1 / 3, 1 / 6, 1 / 3])


def grouped_draw(rng: np.random.Generator, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Absolute residuals whose scale belongs to the group, larger in larger groups, and the groups' labels."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    scale = np.exp(0.8 * rng.normal(size=len(sizes))) * (1.0 + sizes)
    return np.abs(scale[groups] * (1.0 + 0.2 * rng.normal(size=len(groups)))), groups


def test_coverage_of_new_groups_by_simulation() -> None:
    """Groups differ in size and the large ones in error: pooling all scores covers too little or too much."""
    rng, level, repeats = np.random.default_rng(7), 0.9, 4000
    covered, pooled = np.zeros(repeats), np.zeros(repeats)
    for n in range(repeats):
        sizes = rng.choice([1, 1, 1, 1, 12], size=31)
        scores, groups = grouped_draw(rng, sizes)
        old, new = scores[groups < 30], rng.choice(scores[groups == 30])
        covered[n] = new <= conformal_quantile(old, level, groups[groups < 30])
        pooled[n] = new <= conformal_quantile(old, level)
    error = math.sqrt(level * (1 - level) / repeats)
    assert level - 4 * error <= covered.mean() <= level + 1 / 31 + 4 * error, covered.mean()
    assert abs(pooled.mean() - level) > 8 * error, f"pooled {pooled.mean():.3f} is no counter-example"


@pytest.mark.parametrize("level", LEVELS)
def test_equal_weights_give_the_grouped_quantile(level: float) -> None:
    rng = np.random.default_rng(9)
    groups = rng.integers(0, 40, size=90)
    scores = rng.random(90)
    count = len(np.unique(groups))
    weighted = weighted_quantiles(scores, level, group_weights(groups) * count, np.ones(3))
    assert weighted.tolist() == [conformal_quantile(scores, level, groups)] * 3


def test_weights_by_hand() -> None:
    scores, weights = [3.0, 1.0, 2.0], np.array([1.0, 2.0, 5.0])  # mass 2 up to 1, 7 up to 2, 8 up to 3
    assert weighted_quantiles(scores, 0.7, weights, np.array([0.0, 2.0, 3.0, 4.0])).tolist() == [
        2.0,
        2.0,
        3.0,
        math.inf,
    ]


def test_weights_restore_coverage_under_a_known_shift() -> None:
    """Errors grow with x, targets have larger x: the known density ratio 2x restores what equal weights lose."""
    rng, level, repeats = np.random.default_rng(10), 0.8, 3000
    plain, weighted = np.zeros(repeats), np.zeros(repeats)
    for n in range(repeats):
        x, new = rng.random(60), math.sqrt(rng.random())
        scores, error = x * np.abs(rng.normal(size=60)), new * abs(rng.normal())
        plain[n] = error <= conformal_quantile(scores, level)
        weighted[n] = error <= weighted_quantiles(scores, level, 2 * x, np.array([2 * new]))[0]
    noise = math.sqrt(level * (1 - level) / repeats)
    assert plain.mean() < level - 4 * noise
    assert level - 4 * noise <= weighted.mean() <= level + 1 / 31 + 4 * noise


def test_groups_needed_by_hand() -> None:
    assert [groups_needed(level) for level in (0.5, 0.8, 0.9, 0.95, 0.99)] == [1, 4, 9, 19, 99]
