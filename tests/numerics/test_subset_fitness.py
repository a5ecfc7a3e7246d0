"""SubsetSums and SubsetFitness: sums by loops, curves by the model itself, exactness, and order of items."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from anchoreval.numerics.gam import fit_gam
from anchoreval.numerics.subset_fitness import SubsetFitness
from anchoreval.numerics.subset_sums import SubsetSums


def drawn(rng: np.random.Generator, count: int, n_items: int, k: int) -> Any:
    return np.stack([np.sort(rng.permutation(n_items)[:k]) for _ in range(count)])


def scores_of(rng: np.random.Generator, models: int, items: int, kind: str) -> Any:
    chance = rng.random(items)
    values = rng.random((models, items))
    return (values < chance).astype(np.float32) if kind == "binary" else values.astype(np.float32)


@pytest.mark.parametrize("models", [1, 7, 8, 9, 50])
@pytest.mark.parametrize(("k", "bits"), [(1, 8), (40, 8), (255, 8), (256, 16), (400, 16)])
def test_sums_of_right_answers_are_counted_in_the_smallest_numbers_that_hold_them(
    models: int, k: int, bits: int
) -> None:
    rng = np.random.default_rng(k)
    scores = scores_of(rng, models, 400, "binary")
    scores[:, :300] = 1.0  # sums as great as they can be
    subsets = np.concatenate([np.arange(k)[None], drawn(rng, 5, 400, k)])
    sums = SubsetSums.of(scores, k)
    assert sums.lane.itemsize * 8 == bits
    expected = np.stack([scores[:, subset].sum(axis=1, dtype=np.float64) for subset in subsets])
    np.testing.assert_array_equal(sums.sums(subsets), expected)
    np.testing.assert_allclose(sums.means(subsets), expected / k, rtol=1e-15)


@pytest.mark.parametrize("k", [1, 3, 60])
def test_means_of_other_scores_are_good_to_nine_digits(k: int) -> None:
    rng = np.random.default_rng(1)
    scores = scores_of(rng, 11, 60, "continuous")
    scores[:, :3] = 1.0
    subsets = drawn(rng, 6, 60, k)
    expected = np.stack([scores[:, subset].mean(axis=1, dtype=np.float64) for subset in subsets])
    np.testing.assert_allclose(SubsetSums.of(scores, k).means(subsets), expected, atol=k * 2.0**-32)


@pytest.mark.parametrize("kind", ["binary", "continuous"])
def test_errors_are_those_of_the_curve_at_each_mean(kind: str) -> None:
    rng = np.random.default_rng(2)
    scores = scores_of(rng, 40, 90, kind)
    truth = 0.8 * scores.mean(axis=1, dtype=np.float64) ** 2 + 0.05 * rng.random(40)
    gam = fit_gam(scores.mean(axis=1, dtype=np.float64)[:, None], truth, splines=25, penalty=5.0)
    subsets = drawn(rng, 30, 90, 12)
    means = [scores[:, subset].mean(axis=1, dtype=np.float64) for subset in subsets]
    expected = [100 * np.sqrt(np.mean((gam.predict(mean[:, None]) - truth) ** 2)) for mean in means]
    fitness = SubsetFitness.of(scores, truth, [lambda m: gam.predict(m[:, None])], 12)
    np.testing.assert_allclose(fitness.errors(subsets), expected, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.5])
def test_the_ends_of_the_curve_are_read_exactly(value: float) -> None:
    scores = np.full((5, 20), value, dtype=np.float32)
    fitness = SubsetFitness.of(scores, np.full(5, 0.25), [lambda mean: 0.25 + 0.5 * mean], 7)
    np.testing.assert_allclose(fitness.errors(np.arange(7)[None]), [50 * value], atol=1e-6)


@pytest.mark.parametrize("kind", ["binary", "continuous"])
def test_the_order_of_items_and_the_company_of_other_subsets_change_nothing(kind: str) -> None:
    rng = np.random.default_rng(3)
    scores = scores_of(rng, 33, 50, kind)
    truth = scores.mean(axis=1, dtype=np.float64)
    fitness = SubsetFitness.of(scores, truth, [np.sqrt], 9)
    subsets = drawn(rng, 8, 50, 9)
    together = fitness.errors(subsets)
    np.testing.assert_array_equal(fitness.errors(np.flip(subsets, axis=1)), together)
    np.testing.assert_array_equal(np.concatenate([fitness.errors(row[None]) for row in subsets]), together)


@pytest.mark.parametrize("kind", ["binary", "continuous"])
def test_each_model_is_judged_by_its_own_curve(kind: str) -> None:
    rng = np.random.default_rng(4)
    scores = scores_of(rng, 20, 30, kind)
    truth, curve_of, subsets = rng.random(20), rng.integers(3, size=20), drawn(rng, 10, 30, 5)
    curves = [np.sqrt, np.square, lambda mean: 0.3 + 0.1 * mean]
    means = np.stack([scores[:, subset].mean(axis=1, dtype=np.float64) for subset in subsets])
    read = np.stack([curves[number](column) for number, column in zip(curve_of, means.T, strict=True)], axis=1)
    expected = 100 * np.sqrt(np.mean((read - truth) ** 2, axis=1))
    fitness = SubsetFitness.of(scores, truth, curves, 5, curve_of)
    np.testing.assert_allclose(fitness.errors(subsets), expected, atol=1e-6)
