"""Greedy design against dense inverses and brute force over all candidates."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from anchoreval.numerics.item_covariance import ItemCovariance, ItemMoments
from anchoreval.numerics.optimal_design import Posterior, greedy_design

Array = NDArray[np.float64]


def problem(models: int, items: int, seed: int, noise: float = 0.1) -> tuple[ItemCovariance, Array]:
    """Correlated binary scores, some of them constant, and unequal weights."""
    rng = np.random.default_rng(seed)
    scores = (rng.normal(size=(models, 1)) + rng.normal(size=(models, items)) > rng.normal(size=items)).astype(float)
    scores[:, -2:] = [0.0, 1.0]
    weights = rng.random(items)
    return ItemMoments.of(scores).shrunk(0.3, noise), weights / weights.sum()


def dense(covariance: ItemCovariance) -> Array:
    return np.asarray(covariance.factors.T @ covariance.factors + np.diag(covariance.own))


def closed_form(matrix: Array, weights: Array, chosen: list[int]) -> float:
    """Variance of the weighted sum given the answers to the chosen items: var - c' S^-1 c."""
    with_sum = (matrix @ weights)[chosen]
    explained = with_sum @ np.linalg.inv(matrix[np.ix_(chosen, chosen)]) @ with_sum
    return float(weights @ matrix @ weights - explained)


@pytest.mark.parametrize(("models", "items"), [(6, 25), (40, 25), (2, 10), (1, 10)])
@pytest.mark.parametrize("noise", [0.001, 0.1, 2.0])
def test_variance_after_each_addition_is_the_closed_form(models: int, items: int, noise: float) -> None:
    covariance, weights = problem(models, items, seed=models, noise=noise)
    matrix = dense(covariance)
    design = greedy_design(covariance, weights, items)
    assert sorted(design.items) == list(range(items))
    expected = [closed_form(matrix, weights, design.items[:n].tolist()) for n in range(items + 1)]
    np.testing.assert_allclose(design.variances, expected, rtol=1e-7, atol=1e-10 * expected[0])
    assert design.variances[-1] == pytest.approx(0, abs=1e-10 * expected[0])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("priced", [False, True])
def test_each_greedy_choice_is_the_best_of_all_candidates(seed: int, priced: bool) -> None:
    covariance, weights = problem(8, 20, seed)
    matrix = dense(covariance)
    costs = np.random.default_rng(seed).uniform(0.2, 3.0, size=20) if priced else np.ones(20)
    design = greedy_design(covariance, weights, 12, costs=costs if priced else None)
    chosen: list[int] = []
    for item in design.items.tolist():
        before = closed_form(matrix, weights, chosen)
        left = [other for other in range(20) if other not in chosen]
        value = {other: (before - closed_form(matrix, weights, [*chosen, other])) / costs[other] for other in left}
        assert value[item] == pytest.approx(max(value.values()), rel=1e-7)
        chosen.append(item)


def test_the_reductions_are_those_of_every_candidate() -> None:
    covariance, weights = problem(8, 20, seed=7)
    matrix = dense(covariance)
    posterior = Posterior.prior(covariance, weights).given(3).given(11).given(5)
    before = closed_form(matrix, weights, [3, 11, 5])
    expected = [-np.inf if j in (3, 11, 5) else before - closed_form(matrix, weights, [3, 11, 5, j]) for j in range(20)]
    np.testing.assert_allclose(posterior.reductions(), expected, rtol=1e-7)


def test_taking_an_answer_back_undoes_it() -> None:
    covariance, weights = problem(8, 20, seed=2)
    straight = Posterior.prior(covariance, weights).given(4).given(9)
    detour = Posterior.prior(covariance, weights).given(4).given(17).given(9).without(17)
    np.testing.assert_allclose(detour.reductions(), straight.reductions(), rtol=1e-7)
    assert detour.variance == pytest.approx(straight.variance)


@pytest.mark.parametrize("seed", range(8))
def test_swaps_end_where_no_single_exchange_helps(seed: int) -> None:
    covariance, weights = problem(8, 14, seed)
    matrix = dense(covariance)
    greedy, refined = greedy_design(covariance, weights, 4), greedy_design(covariance, weights, 4, swaps=50)
    chosen = refined.items.tolist()
    reached = closed_form(matrix, weights, chosen)
    assert len(set(chosen)) == 4
    assert refined.refined == pytest.approx(reached, rel=1e-8)
    assert reached <= greedy.refined * (1 + 1e-9)
    assert (refined.swapped == 0) == (chosen == greedy.items.tolist())
    for place in range(4):
        rest = chosen[:place] + chosen[place + 1 :]
        exchanges = [closed_form(matrix, weights, [*rest, j]) for j in range(14) if j not in rest]
        assert reached <= min(exchanges) * (1 + 1e-8)


def test_some_greedy_choice_is_not_the_best_set_and_swaps_find_a_better_one() -> None:
    found = 0
    for seed in range(30):
        covariance, weights = problem(8, 12, seed)
        matrix = dense(covariance)
        greedy, refined = greedy_design(covariance, weights, 3), greedy_design(covariance, weights, 3, swaps=50)
        best = min(closed_form(matrix, weights, list(some)) for some in combinations(range(12), 3))
        assert best <= refined.refined * (1 + 1e-8)
        found += refined.swapped > 0
        assert (refined.refined < greedy.refined) == (refined.swapped > 0)
    assert found > 0


def test_only_candidates_are_taken() -> None:
    covariance, weights = problem(8, 20, seed=1)
    free = greedy_design(covariance, weights, 5).items
    assert free.max() >= 5
    assert sorted(greedy_design(covariance, weights, 5, candidates=5, swaps=3).items) == [0, 1, 2, 3, 4]


def test_a_repeated_item_is_worth_less_than_the_next_best() -> None:
    rng = np.random.default_rng(0)
    ability, other = rng.normal(size=(2, 300))
    scores = np.column_stack([ability, ability, 0.8 * other] + [ability + other + rng.normal(size=300)] * 1)
    covariance = ItemMoments.of(scores).shrunk(0.0, 1e-3)
    taken = greedy_design(covariance, np.array([0.3, 0.3, 0.3, 0.1]), 2).items.tolist()
    assert set(taken) != {0, 1}
