"""Permutation tests against brute force, SciPy, the exact McNemar test, and their own size."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.inference import permutation
from anchoreval.power.inference.mcnemar import mcnemar_p_values
from anchoreval.power.inference.permutation import label_permutation_test, sign_flip_test


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_binary_scores_give_the_exact_mcnemar_test() -> None:
    for wins, losses in [(0, 0), (1, 0), (6, 0), (7, 2), (9, 9), (14, 5)]:
        first = np.concatenate([np.ones(wins), np.zeros(losses), np.ones(30)])
        second = np.concatenate([np.zeros(wins), np.ones(losses), np.ones(30)])
        found = sign_flip_test(first, second, rng())
        assert found.exact
        assert found.p_value == pytest.approx(float(mcnemar_p_values(wins, losses, "exact")), abs=1e-12)


@pytest.mark.parametrize("clusters", [None, np.array([0, 0, 1, 2, 2, 2, 3, 4, 5, 5])])
def test_weighted_clusters_equal_brute_force(clusters: np.ndarray | None) -> None:
    generator = np.random.default_rng(1)
    first, second, weights = generator.random((3, 10))
    labels = np.arange(10) if clusters is None else clusters
    w = weights / weights.sum()
    observed = abs(w @ (first - second))
    patterns = np.array(list(product([-1, 1], repeat=labels.max() + 1)))[:, labels]
    expected = np.mean(np.abs(patterns @ (w * (first - second))) >= observed - 1e-12)
    found = sign_flip_test(first, second, rng(), weights, clusters)
    assert found.p_value == pytest.approx(expected, abs=1e-12)
    assert found.difference == pytest.approx(w @ (first - second))


def test_random_signs_agree_with_all_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(2)
    first, second = generator.random((2, 18))
    exact = sign_flip_test(first, second, rng()).p_value
    monkeypatch.setattr(permutation, "FEW_SIGNS", 5)
    monkeypatch.setattr(permutation, "CELLS", 1000)
    found = sign_flip_test(first, second, rng(), draws=20_000)
    assert not found.exact
    assert found.p_value == pytest.approx(exact, abs=3 * np.sqrt(exact * (1 - exact) / 20_000) + 1e-4)
    assert found == sign_flip_test(first, second, rng(), draws=20_000)


def test_labels_equal_scipy_where_all_divisions_are_enumerated() -> None:
    generator = np.random.default_rng(3)
    first, second = generator.random(6), np.append(generator.random(3), np.nan)

    def size(a: np.ndarray, b: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.abs(a.mean(axis=axis) - b.mean(axis=axis))

    found = label_permutation_test(first, second, rng())
    expected = stats.permutation_test((first, second[:3]), size, alternative="greater", vectorized=True)
    assert (found.exact, found.permutations) == (True, 84)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-12)


def test_random_labels_of_binary_scores_agree_with_the_hypergeometric() -> None:
    first, second = np.repeat([1.0, 0.0], [30, 10]), np.repeat([1.0, 0.0], [25, 25])
    found = label_permutation_test(first, second, rng(), draws=20_000)
    right = np.arange(41)
    gaps = np.abs(right / 40 - (55 - right) / 50)
    expected = stats.hypergeom.pmf(right, 90, 55, 40)[gaps >= 0.25 - 1e-12].sum()
    assert not found.exact
    assert found.p_value == pytest.approx(expected, abs=3 * np.sqrt(expected / 20_000))


def test_the_size_is_at_most_alpha() -> None:
    generator = np.random.default_rng(4)
    p = []
    for _ in range(400):
        first, second = generator.random((2, 40)) ** 2
        p.append(sign_flip_test(first, second, generator, draws=199).p_value)
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 400))


def test_equal_scores_tell_nothing() -> None:
    assert sign_flip_test([0.5, 1.0], [0.5, 1.0], rng()).p_value == 1.0
    assert label_permutation_test(np.ones(50), np.ones(60), rng(), draws=99).p_value == 1.0


def test_bad_input_is_refused() -> None:
    with pytest.raises(ResponseDataError, match="2 and 1 scores"):
        sign_flip_test([0.5, 1.0], [0.5], rng())
    with pytest.raises(ResponseDataError, match="at least one"):
        label_permutation_test([np.nan], [0.5], rng())
    with pytest.raises(MethodOptionError, match="draws"):
        sign_flip_test([0.5], [0.5], rng(), draws=0)
