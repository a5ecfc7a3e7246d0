"""Greedy design for several sums against dense inverses and brute force over all candidates."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from anchoreval.numerics.item_covariance import ItemCovariance, ItemMoments
from anchoreval.numerics.optimal_design import greedy_design
from anchoreval.numerics.several_sums import SeveralSums, greedy_design_of_sums

Array = NDArray[np.float64]


def problem(models: int, items: int, seed: int, noise: float = 0.1) -> tuple[ItemCovariance, Array]:
    """Correlated binary scores, some of them constant, and three sums of unequal weights, two of which overlap."""
    rng = np.random.default_rng(seed)
    scores = (rng.normal(size=(models, 1)) + rng.normal(size=(models, items)) > rng.normal(size=items)).astype(float)
    scores[:, -2:] = [0.0, 1.0]
    sums = rng.random((3, items))
    sums[0, : items // 2] = 0.0
    sums[1, items // 2 :] = 0.0
    return ItemMoments.of(scores).shrunk(0.3, noise), sums / sums.sum(axis=1, keepdims=True)


def closed_form(covariance: ItemCovariance, sums: Array, chosen: list[int]) -> Array:
    """(sums,) variance of each given the answers to the chosen items: var - c' S^-1 c."""
    matrix = covariance.factors.T @ covariance.factors + np.diag(covariance.own)
    across = matrix[chosen] @ sums.T
    explained = np.einsum("ks,ks->s", across, np.linalg.solve(matrix[np.ix_(chosen, chosen)], across))
    return np.asarray(np.einsum("si,ij,sj->s", sums, matrix, sums) - explained)


@pytest.mark.parametrize(("models", "items"), [(6, 25), (40, 25), (2, 10), (1, 10)])
@pytest.mark.parametrize("noise", [0.001, 0.1, 2.0])
def test_variances_after_each_addition_are_the_closed_form(models: int, items: int, noise: float) -> None:
    covariance, sums = problem(models, items, seed=models, noise=noise)
    order = greedy_design_of_sums(covariance, sums, items).items
    assert sorted(order) == list(range(items))
    known = SeveralSums.prior(covariance, sums)
    before = known.variance
    for n, item in enumerate(order, start=1):
        known = known.given(int(item))
        expected = closed_form(covariance, sums, order[:n].tolist())
        np.testing.assert_allclose(known.variances, expected, rtol=1e-7, atol=1e-9 * before)


@pytest.mark.parametrize("seed", range(5))
def test_each_choice_takes_most_off_the_summed_variance(seed: int) -> None:
    covariance, sums = problem(8, 20, seed)
    chosen: list[int] = []
    design = greedy_design_of_sums(covariance, sums, 12, candidates=17)
    for n, item in enumerate(design.items.tolist()):
        left = [other for other in range(17) if other not in chosen]
        value = {other: closed_form(covariance, sums, [*chosen, other]).sum() for other in left}
        assert value[item] == pytest.approx(min(value.values()), rel=1e-7)
        chosen.append(item)
        assert design.variances[n + 1] == pytest.approx(value[item], rel=1e-7)


def test_one_sum_is_the_design_for_one_sum() -> None:
    covariance, sums = problem(9, 30, seed=3)
    both, one = (
        greedy_design_of_sums(covariance, sums[:1], 15, swaps=2),
        greedy_design(covariance, sums[0], 15, swaps=2),
    )
    assert both.items.tolist() == one.items.tolist()
    np.testing.assert_allclose(both.variances, one.variances, rtol=1e-9)


def test_taking_an_answer_back_undoes_it() -> None:
    covariance, sums = problem(8, 20, seed=2)
    straight = SeveralSums.prior(covariance, sums).given(4).given(9)
    detour = SeveralSums.prior(covariance, sums).given(4).given(17).given(9).without(17)
    np.testing.assert_allclose(detour.reductions(), straight.reductions(), rtol=1e-7)
    np.testing.assert_allclose(detour.variances, straight.variances, rtol=1e-7)


def test_errors_that_cancel_in_the_mean_still_count() -> None:
    """Two sums that move against each other: their mean is known at once, each of them is not."""
    covariance = ItemCovariance(np.array([[1.0, -1.0, 0.0]]), np.array([0.01, 0.01, 0.2]))
    sums = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]])
    assert greedy_design(covariance, sums.mean(axis=0), 1).items.tolist() == [2]
    assert greedy_design_of_sums(covariance, sums, 1).items.tolist() == [0]
