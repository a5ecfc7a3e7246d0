from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest

from anchoreval.numerics.task_subsets import DRAWS, against_random, nrmse, random_subsets, subset_estimates


def simulated(n_tasks: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores = np.clip(rng.random((30, 1)) + 0.2 * rng.normal(size=(30, n_tasks)), 0, 1)
    sizes = rng.integers(1, 9, n_tasks) / 10
    return scores, sizes, scores @ sizes / sizes.sum()


def test_estimates_and_nrmse_are_those_of_the_formulae() -> None:
    scores, sizes, truth = simulated(8)
    subset = np.array([1, 4, 6])
    expected = np.average(scores[:, subset], axis=1, weights=sizes[subset])
    estimates = subset_estimates(scores, sizes, subset[None])
    np.testing.assert_allclose(estimates[:, 0], expected)
    error = np.sqrt(np.mean((expected - truth) ** 2)) / np.sqrt(np.mean(truth**2))
    assert nrmse(estimates, truth)[0] == pytest.approx(error, abs=1e-8)
    assert np.isnan(nrmse(estimates, np.zeros(30))).all()


def test_tasks_without_size_count_the_same() -> None:
    scores, _, _ = simulated(4)
    estimates = subset_estimates(scores, np.array([0.0, 0.0, 1.0, 1.0]), np.array([[0, 1], [1, 2]]))
    np.testing.assert_allclose(estimates, np.column_stack([scores[:, :2].mean(axis=1), scores[:, 2]]))


def test_few_subsets_are_all_judged() -> None:
    scores, sizes, truth = simulated(9)
    chosen = np.array([2, 5, 7])
    judged = against_random(scores, sizes, truth, chosen, np.random.default_rng(0))
    every = [nrmse(subset_estimates(scores, sizes, np.array([s])), truth)[0] for s in combinations(range(9), 3)]
    own = nrmse(subset_estimates(scores, sizes, chosen[None]), truth)[0]
    assert judged.exact
    assert judged.subsets == comb(9, 3)
    assert judged.nrmse == own
    assert judged.share == np.mean(np.array(every) <= own)


def test_many_subsets_are_drawn_without_repeated_tasks() -> None:
    subsets, exact = random_subsets(30, 6, np.random.default_rng(0))
    assert not exact
    assert subsets.shape == (DRAWS, 6)
    assert all(len(set(row)) == 6 for row in subsets.tolist())
    counts = np.bincount(subsets.ravel(), minlength=30)
    assert np.abs(counts - DRAWS / 5).max() < 5 * np.sqrt(DRAWS * 0.2 * 0.8)


def test_the_share_of_a_random_choice_is_uniform() -> None:
    scores, sizes, truth = simulated(25, seed=3)
    rng = np.random.default_rng(1)
    shares = [against_random(scores, sizes, truth, rng.choice(25, 5, replace=False), rng).share for _ in range(300)]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.07)
    assert np.mean(np.array(shares) < 0.1) == pytest.approx(0.1, abs=0.06)
