"""Correctness clusters: known clusters, inertia by the definition, items named twice, equal items, weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from anchor_selectors.correctness_clusters import CorrectnessClusters
from anchoreval.contract import choose
from anchoreval.errors import MethodOptionError
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def test_known_clusters_get_an_anchor_each_at_their_centre() -> None:
    rng = np.random.default_rng(0)
    sizes = [20, 7, 13, 5]
    cluster = np.repeat(np.arange(4), sizes)
    centres = rng.random((4, 30))
    scores = np.clip(centres[cluster] + 0.05 * rng.normal(size=(45, 30)), 0, 1).T
    weights = rng.random(45) + 0.1
    matrix = ResponseMatrix.from_arrays(scores, items=[f"i{n:02d}" for n in range(45)], weights=weights)
    chosen = choose(CorrectnessClusters(), matrix, 4)
    anchors = matrix.items.index.get_indexer(chosen.items)
    assert cluster[anchors].tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(chosen.weights, np.bincount(cluster, weights=matrix.weights))
    columns, inertia = matrix.scores.T.astype(np.float64), 0.0
    for number, anchor in enumerate(anchors):
        own = np.flatnonzero(cluster == number)
        centre = np.average(columns[own], axis=0, weights=matrix.weights[own])
        distance = ((columns - centre) ** 2).sum(axis=1)
        assert anchor == np.argmin(distance)
        inertia += matrix.weights[own] @ distance[own]
    expected = {"clusters": 4, "inertia": pytest.approx(inertia), "displaced": 0}
    assert chosen.details == {**expected, "reconstruction": {"name": "gpirt"}}


def test_weights_move_the_centroid() -> None:
    scores = np.array([[0.0, 0.1, 0.2, 0.3, 0.4]])
    items = list("abcde")
    for weights, nearest in (([1, 1, 1, 1, 1], "c"), ([1, 1, 1, 1, 20], "e"), ([20, 1, 1, 1, 1], "a")):
        matrix = ResponseMatrix.from_arrays(scores, items=items, weights=weights)
        assert choose(CorrectnessClusters(), matrix, 1).items.tolist() == [nearest]


def test_items_without_weight_pull_nothing() -> None:
    scores = np.array([[0.0, 0.01, 0.5, 0.51, 1.0, 0.99]])
    matrix = ResponseMatrix.from_arrays(scores, items=list("abcdef"), weights=[1, 1, 0, 0, 1, 1])
    chosen = choose(CorrectnessClusters(), matrix, 2)
    assert set(chosen.items) <= set("abef")
    np.testing.assert_allclose(chosen.weights, 0.5)
    assert len(choose(CorrectnessClusters(), matrix, 5).items) == 5


@pytest.mark.parametrize("k", [1, 3, 4, 5, 9, 39, 40])
def test_equal_items_share_a_cluster(k: int) -> None:
    """Four kinds of items; a weighted mean is exact as soon as each kind has an anchor."""
    rng = np.random.default_rng(1)
    kinds = np.array([[0, 0, 1, 1], [0, 1, 0, 1]], dtype=float)
    scores = kinds[:, np.r_[:4, rng.integers(4, size=36)]]
    matrix = ResponseMatrix.from_arrays(scores, items=[f"i{n:02d}" for n in range(40)], weights=1 + np.arange(40) % 3)
    chosen = choose(CorrectnessClusters(), matrix, k)
    assert len(chosen.items) == k
    if k >= 4:
        anchors = matrix.items.index.get_indexer(chosen.items)
        np.testing.assert_allclose(matrix.scores[:, anchors] @ chosen.weights, matrix.full_scores)


def test_an_item_nearest_to_two_centroids_goes_to_the_heavier_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Item c is nearest to both centroids; a, b and c are in the first cluster, d and e in the second."""
    centres = np.array([[0.45], [0.6]])
    monkeypatch.setattr(CorrectnessClusters, "_centres", lambda *_: (centres, 0.0))
    scores = [[0.0, 0.2, 0.5, 0.8, 1.0]]
    for weights, items, masses in (
        ([1, 1, 1, 1, 1], ["c", "d"], [0.6, 0.4]),
        ([1, 1, 1, 4, 3], ["b", "c"], [0.3, 0.7]),
    ):
        matrix = ResponseMatrix.from_arrays(scores, items=list("abcde"), weights=weights)
        chosen = choose(CorrectnessClusters(), matrix, 2)
        assert chosen.items.tolist() == items
        np.testing.assert_allclose(chosen.weights, masses)
        assert chosen.details["displaced"] == 1


@pytest.mark.real_data
def test_real_anchors_are_unique(real: Callable[[str], ResponseMatrix]) -> None:
    """As many as clusters, whatever items the rule names twice."""
    matrix = real("arc")
    chosen = choose(CorrectnessClusters(restarts=1), matrix, 100)
    assert chosen.items.is_unique
    assert len(chosen.items) == 100
    assert chosen.details["clusters"] == 100


def test_more_restarts_are_no_worse_on_the_whole(synthetic: Simulator) -> None:
    matrix = synthetic(30, 120, seed=5)
    inertia = {
        count: np.mean(
            [choose(CorrectnessClusters(restarts=count), matrix, 10, seed=s).details["inertia"] for s in range(5)]
        )
        for count in (1, 10)
    }
    assert inertia[10] < inertia[1]


@pytest.mark.parametrize("option", ["restarts", "iterations"])
def test_impossible_options_are_refused(option: str) -> None:
    with pytest.raises(MethodOptionError, match=f"{option} = 0 is less than 1"):
        CorrectnessClusters(**{option: 0})
