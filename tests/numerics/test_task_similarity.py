from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from anchoreval.errors import MethodOptionError
from anchoreval.numerics.facility_location import lazy_greedy
from anchoreval.numerics.task_similarity import (
    TaskSimilarity,
    default_eigenvectors,
    distances,
    eigenmap_kernel,
    normalised,
    normalised_laplacian,
    similarity_of,
    task_kernel,
)


def signatures(n_tasks: int = 14, columns: int = 9, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_tasks, 2)) @ rng.normal(size=(2, columns)) + 0.3 * rng.normal(size=(n_tasks, columns))


def plain_greedy(kernel: np.ndarray, k: int) -> list[int]:
    """The definition: try every task at every step; ties to the lowest."""
    chosen: list[int] = []
    for _ in range(k):
        values = {t: kernel[:, [*chosen, t]].max(axis=1).sum() for t in range(len(kernel)) if t not in chosen}
        chosen.append(max(values, key=lambda task: (round(values[task], 9), -task)))
    return chosen


def chosen_by(kernel: np.ndarray, k: int) -> list[int]:
    return lazy_greedy(TaskSimilarity.of_kernel(kernel), np.ones(len(kernel)), k).items.tolist()


def value(kernel: np.ndarray, tasks: tuple[int, ...] | list[int]) -> float:
    return float(kernel[:, list(tasks)].max(axis=1).sum())


@pytest.mark.parametrize("metric", ["euclidean", "chebyshev", "cosine"])
def test_distances_are_scipys(metric: str) -> None:
    rows = signatures()
    np.testing.assert_allclose(distances(rows, metric), cdist(rows, rows, metric), atol=1e-12)


def test_a_zero_row_is_at_cosine_distance_one_from_others() -> None:
    rows = np.vstack([np.zeros(4), np.eye(4)])
    between = distances(rows, "cosine")
    np.testing.assert_array_equal(between[0, 1:], 1.0)
    assert between[0, 0] == 0


def test_columns_are_normalised_and_flat_ones_are_zero() -> None:
    rows = np.column_stack([signatures(), np.full(14, 0.1)])
    np.testing.assert_allclose(normalised(rows, "mean").mean(axis=0), 0.0, atol=1e-12)
    standard = normalised(rows, "standard")
    np.testing.assert_allclose(standard[:, :-1].std(axis=0), 1.0)
    np.testing.assert_array_equal(standard[:, -1], 0.0)


@pytest.mark.parametrize("seed", range(8))
def test_c_changes_no_choice_in_form_sim(seed: int) -> None:
    between = distances(signatures(seed=seed))
    lists = [chosen_by(similarity_of(between, c), 14) for c in (1.0, 1.5, 2.0, 10.0)]
    assert all(found == lists[0] for found in lists)
    assert lists[0] == plain_greedy(similarity_of(between, 1.5), 14)


def test_c_does_change_form_le() -> None:
    rows = signatures(30)
    kernels = [task_kernel(rows, form="le", c=c) for c in (1.0, 10.0)]
    assert np.abs(kernels[0] - kernels[1]).max() > 0.01


@pytest.mark.parametrize("metric", ["euclidean", "chebyshev"])
def test_column_means_change_no_distance_but_to_the_cosine(metric: str) -> None:
    rows = signatures()
    shifted = rows + np.arange(9)
    np.testing.assert_allclose(distances(normalised(shifted), metric), distances(shifted, metric), atol=1e-12)
    assert np.abs(distances(normalised(shifted), "cosine") - distances(shifted, "cosine")).max() > 0.1


def test_similarities_are_not_negative() -> None:
    between = distances(signatures())
    assert similarity_of(between, 1.0).min() >= 0
    assert similarity_of(between, 1.5).min() == pytest.approx(0.5 * between.max())


def test_the_eigenmap_kernel_is_cut_and_not_the_identity() -> None:
    similarity = similarity_of(distances(signatures(20)))
    kernel = eigenmap_kernel(similarity)
    off_diagonal = kernel[~np.eye(20, dtype=bool)]
    assert off_diagonal.max() > 0.5
    assert np.ptp(off_diagonal) > 1e-6
    np.testing.assert_allclose(np.diag(kernel), 1.0)
    assert off_diagonal.min() >= 0


def test_with_all_eigenvectors_it_would_be_the_identity() -> None:
    similarity = similarity_of(distances(signatures(20)))
    _, vectors = np.linalg.eigh(normalised_laplacian(similarity))
    lengths = np.linalg.norm(vectors, axis=1)
    cosines = vectors @ vectors.T / np.outer(lengths, lengths)
    np.testing.assert_allclose(cosines, np.eye(20), atol=1e-12)
    for count in (20, 25):
        with pytest.raises(MethodOptionError, match=f"eigenvectors = {count} is not between 1 and 19"):
            eigenmap_kernel(similarity, count)


def test_the_laplacian_is_that_of_the_definition() -> None:
    similarity = similarity_of(distances(signatures(6)))
    joined = similarity.copy()
    np.fill_diagonal(joined, 0.0)
    degree = np.diag(joined.sum(axis=1) ** -0.5)
    laplacian = normalised_laplacian(similarity)
    np.testing.assert_allclose(laplacian, np.eye(6) - degree @ joined @ degree, atol=1e-12)
    values, vectors = np.linalg.eigh(laplacian)
    assert values[0] == pytest.approx(0, abs=1e-12)  # the eigenvector that is left out tells degrees alone
    np.testing.assert_allclose(np.abs(vectors[:, 0]), np.sqrt(joined.sum(axis=1) / joined.sum()), atol=1e-9)


def test_eigenmaps_find_planted_clusters() -> None:
    rng = np.random.default_rng(1)
    cluster = np.repeat(np.arange(4), 6)
    rows = 5 * np.eye(4)[cluster] @ rng.normal(size=(4, 8)) + 0.1 * rng.normal(size=(24, 8))
    for form in ("sim", "le"):
        chosen = chosen_by(task_kernel(rows, form=form, eigenvectors=4), 4)
        assert sorted(cluster[chosen]) == [0, 1, 2, 3], form


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("form", ["sim", "le"])
def test_greedy_is_plain_greedy_nested_and_near_the_best(form: str, seed: int) -> None:
    kernel = task_kernel(signatures(9, seed=seed), form=form, eigenvectors=3)
    kernel = (kernel - kernel.min()) / np.ptp(kernel)  # the strictest shift that the bound holds for
    whole = chosen_by(kernel, 9)
    assert sorted(whole) == list(range(9))
    for k in range(1, 6):
        assert chosen_by(kernel, k) == whole[:k] == plain_greedy(kernel, k)
        best = max(value(kernel, tasks) for tasks in combinations(range(9), k))
        assert value(kernel, whole[:k]) >= (1 - 1 / np.e) * best


def test_equal_tasks_one_task_and_two_are_no_trouble() -> None:
    for form in ("sim", "le"):
        assert chosen_by(task_kernel(np.ones((5, 3)), form=form), 3) == [0, 1, 2]
        assert chosen_by(task_kernel(np.ones((1, 3)), form=form), 1) == [0]
        assert sorted(chosen_by(task_kernel(np.eye(2), form=form, c=1.0), 2)) == [0, 1]


def test_the_default_is_a_quarter_and_always_fewer_than_tasks() -> None:
    assert [default_eigenvectors(n) for n in (2, 7, 12, 57, 130)] == [1, 1, 3, 10, 10]
    assert all(default_eigenvectors(n) < n for n in range(2, 200))


@pytest.mark.parametrize("option", ["form", "metric", "normalise"])
def test_unknown_choices_are_refused(option: str) -> None:
    with pytest.raises(MethodOptionError, match=f"{option} 'other' is not one of "):
        task_kernel(signatures(), **{option: "other"})
