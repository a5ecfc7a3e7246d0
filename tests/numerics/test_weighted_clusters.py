"""Weighted k-means and one anchor a cluster: cases worked out by hand, and the definition of the centroids."""

from __future__ import annotations

import numpy as np

from anchoreval.numerics.weighted_clusters import cluster_centres, nearest_unique, representatives, with_extras


def test_clusters_choose_in_turn() -> None:
    distance = np.array([[1.0, 0.5, 9.0], [2.0, 3.0, 1.0], [2.0, 4.0, 0.5], [9.0, 9.0, 9.0]])
    assert nearest_unique(distance, np.array([0, 1, 2]))[0].tolist() == [0, 1, 2]  # item 0 is nearest to both 0 and 1
    assert nearest_unique(distance, np.array([1, 0, 2]))[0].tolist() == [1, 0, 2]  # 0 goes without; lower of a tie
    assert [nearest_unique(distance, np.array(turns))[1] for turns in ((0, 1, 2), (1, 2, 0))] == [1, 1]


def test_what_is_left_of_k_goes_where_most_weight_an_anchor_is() -> None:
    cluster = np.array([0, 0, 0, 0, 1, 1, 1, 2])
    mass = np.array([0.6, 0.3, 0.1])
    anchors = np.array([1, 4, 7])
    for k, items, weights in (
        (3, [1, 4, 7], [0.6, 0.3, 0.1]),
        (4, [0, 1, 4, 7], [0.3, 0.3, 0.3, 0.1]),
        (5, [0, 1, 2, 4, 7], [0.2, 0.2, 0.2, 0.3, 0.1]),  # 0.3 an anchor in both: the lower cluster
        (6, [0, 1, 2, 4, 5, 7], [0.2, 0.2, 0.2, 0.15, 0.15, 0.1]),
        (8, list(range(8)), [0.15] * 4 + [0.1] * 3 + [0.1]),
    ):
        found, weighed = with_extras(anchors, cluster, mass, k)
        assert found.tolist() == items
        np.testing.assert_allclose(weighed, weights)


def test_centres_are_the_weighted_means_of_their_points() -> None:
    rng = np.random.default_rng(2)
    points, weights = rng.normal(size=(80, 2)), rng.random(80)
    centres, inertia = cluster_centres(points, weights, 6, restarts=5, iterations=300, seed=0)
    distance = ((points[:, None] - centres) ** 2).sum(axis=2)
    nearest = distance.argmin(axis=1)
    for number, centre in enumerate(centres):
        own = nearest == number
        np.testing.assert_allclose(np.average(points[own], axis=0, weights=weights[own]), centre, atol=1e-6)
    assert np.isclose(inertia, weights @ distance.min(axis=1))
    found = representatives(points, weights, centres, 6)
    np.testing.assert_allclose(found.weights[np.argsort(nearest[found.items])], np.bincount(nearest, weights))


def test_fewer_different_points_than_clusters_are_all_centres() -> None:
    points = np.repeat(np.arange(3.0), 4)[:, None]
    centres, inertia = cluster_centres(points, np.ones(12), 5, restarts=1, iterations=10, seed=0)
    assert centres.ravel().tolist() == [0.0, 1.0, 2.0]
    assert inertia == 0.0
    assert len(representatives(points, np.ones(12), centres, 5).items) == 5
