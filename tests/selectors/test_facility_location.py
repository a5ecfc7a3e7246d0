"""The facility-location selector against its definition in plain loops, on poor data, and against random anchors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from anchor_selectors.facility_location import FacilityLocation
from anchor_selectors.simple_random import Random
from anchoreval.contract import choose
from anchoreval.errors import MethodOptionError
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]
KINDS = ("correlation", "euclidean", "cosine")


def similarity(kind: str, a: Any, b: Any) -> float:
    """Of two items, from the definition; none of them constant or zero."""
    if kind == "correlation":
        return (1 + float(np.corrcoef(a, b)[0, 1])) / 2
    if kind == "cosine":
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    return 1 - float(np.linalg.norm(a - b)) / len(a) ** 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_greedy_choice_and_weighs_by_what_anchors_stand_for(kind: str, synthetic: Simulator) -> None:
    whole = synthetic(25, 30, continuous=True, seed=2)  # continuous: no ties
    matrix = ResponseMatrix.from_arrays(whole.scores, items=whole.items, weights=1 + np.arange(30) % 4)
    columns = matrix.scores.T.astype(np.float64)
    alike = np.array([[similarity(kind, a, b) for b in columns] for a in columns])
    order: list[int] = []
    for _ in range(6):
        values = [matrix.weights @ alike[:, [*order, j]].max(axis=1) for j in range(30)]
        order.append(int(np.argmax(values)))
    chosen = choose(FacilityLocation(similarity=kind), matrix, 6)
    assert chosen.details["order"] == [f"item{j:04d}" for j in order]
    assert chosen.details["value"] == pytest.approx(max(values), abs=1e-5)
    nearest = np.argmax(alike[:, sorted(order)], axis=1)
    np.testing.assert_allclose(chosen.weights, np.bincount(nearest, weights=matrix.weights))


def test_choices_are_nested_and_ignore_the_seed(synthetic: Simulator) -> None:
    matrix = synthetic(30, 80)
    longest = choose(FacilityLocation(), matrix, 40)
    for k in (1, 8, 39):
        shorter = choose(FacilityLocation(), matrix, k, seed=k)
        assert shorter.details["order"] == longest.details["order"][:k]


def test_ties_go_to_the_lower_id() -> None:
    row = np.array([[1, 1, 0, 0, 1, 0], [0, 0, 1, 1, 0, 1], [1, 1, 1, 1, 1, 1]], dtype=float)
    matrix = ResponseMatrix.from_arrays(row, items=["f", "e", "d", "c", "b", "a"])
    chosen = choose(FacilityLocation(), matrix, 3)
    assert chosen.details["order"] == ["a", "b", "c"]  # one of each kind, then nothing is gained any more
    assert chosen.details["value"] == 1
    assert dict(zip(chosen.items, np.round(chosen.weights * 6), strict=True)) == {"a": 2, "b": 3, "c": 1}


@pytest.mark.parametrize("kind", KINDS)
def test_all_items_weigh_as_in_the_benchmark(kind: str, synthetic: Simulator) -> None:
    whole = synthetic(4, 50, seed=1)  # few models, many equal items
    matrix = ResponseMatrix.from_arrays(whole.scores, items=whole.items, weights=1 + np.arange(50) % 4)
    np.testing.assert_allclose(choose(FacilityLocation(similarity=kind), matrix, 50).weights, matrix.weights)


def test_an_unknown_similarity_is_refused() -> None:
    with pytest.raises(MethodOptionError, match="similarity 'rank' is not one of correlation, euclidean, cosine"):
        FacilityLocation(similarity="rank")


@pytest.mark.real_data
def test_its_anchors_are_more_like_the_items_than_random_ones(real: Callable[[str], ResponseMatrix]) -> None:
    """On other models than those it saw: it finds structure and not noise."""
    matrix = real("arc")
    sources, others = (matrix.subset(models=matrix.models.index[start::2]) for start in (0, 1))

    def representation(chosen: Any) -> float:
        columns = others.scores.T.astype(np.float64)
        squares = (columns**2).sum(axis=1)
        anchors = others.items.index.get_indexer(chosen.items)
        distances = squares[:, None] + squares[anchors] - 2 * columns @ columns[anchors].T
        return float(distances.min(axis=1).mean())

    found = representation(choose(FacilityLocation(similarity="euclidean"), sources, 50))
    assert found < min(representation(choose(Random(), sources, 50, seed=seed)) for seed in range(20))
