"""IRT clusters: items of one curve go together, distances are mean squared logits, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from anchor_selectors.irt_clusters import IrtClusters
from anchoreval.contract import choose
from anchoreval.errors import MethodOptionError
from anchoreval.numerics.irt import fit_irt
from anchoreval.numerics.response_curves import ResponseCurves
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def kinds_of_items(seed: int) -> tuple[ResponseMatrix, np.ndarray[Any, Any]]:
    """Four curves, far apart, with 30, 10, 20 and 40 items each."""
    rng = np.random.default_rng(seed)
    kind = rng.permutation(np.repeat(np.arange(4), [30, 10, 20, 40]))
    slope, difficulty = np.array([0.5, 2.5, 1.5, 1.0]), np.array([0.0, 0.3, -1.8, 1.8])
    ability = rng.normal(size=(600, 1))
    chance = 1 / (1 + np.exp(-slope[kind] * (ability - difficulty[kind])))
    scores = (rng.random(chance.shape) < chance).astype(float)
    return ResponseMatrix.from_arrays(scores, items=[f"i{n:03d}" for n in range(100)]), kind


def points_of(selector: IrtClusters, matrix: ResponseMatrix) -> np.ndarray[Any, Any]:
    curves = ResponseCurves.fit(matrix.scores, selector.model, selector.dimensions)
    return selector._points(curves, np.random.default_rng(0))


def test_every_curve_gets_an_anchor_that_weighs_as_its_items_do() -> None:
    matrix, kind = kinds_of_items(1)
    chosen = choose(IrtClusters(), matrix, 4)
    position = matrix.items.index.get_indexer(chosen.items)
    assert sorted(kind[position]) == [0, 1, 2, 3]
    assert chosen.weights is not None
    np.testing.assert_allclose(chosen.weights[np.argsort(kind[position])], [0.3, 0.1, 0.2, 0.4])


def test_distance_is_the_mean_squared_difference_of_logits(synthetic: Simulator) -> None:
    """Over abilities that are N(0, 1), by quadrature."""
    matrix = synthetic(80, 30, seed=2)
    points = points_of(IrtClusters(), matrix)
    curves = fit_irt(matrix.scores).parameters
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    logits = curves.discrimination[:, None] * nodes + curves.intercept[:, None]
    squares = ((logits[:, None] - logits) ** 2) @ (weights / weights.sum())
    np.testing.assert_allclose(((points[:, None] - points) ** 2).sum(axis=2), squares, atol=1e-4)


def test_distance_between_curves_is_the_mean_squared_difference_of_expected_scores(synthetic: Simulator) -> None:
    """Over many abilities drawn at random."""
    matrix = synthetic(80, 30, seed=2)
    ability = np.random.default_rng(1).normal(size=(200_000, 2))
    for dimensions, tolerance in ((1, 1e-3), (2, 3e-2)):
        expected = ResponseCurves.fit(matrix.scores, dimensions=dimensions).expected(ability[:, :dimensions])
        points = points_of(IrtClusters(coordinates="curves", dimensions=dimensions), matrix)
        for one, other in ((0, 1), (3, 20), (7, 29)):
            squares = ((expected[:, one] - expected[:, other]) ** 2).mean()
            assert ((points[one] - points[other]) ** 2).sum() == pytest.approx(squares, abs=tolerance)


def test_equal_items_share_their_coordinates_to_the_last_bit(synthetic: Simulator) -> None:
    base = synthetic(40, 20, seed=3)
    doubled = ResponseMatrix.from_arrays(np.hstack([base.scores, base.scores]))
    for options in ({}, {"model": "3pl"}, {"dimensions": 2}, {"coordinates": "curves"}):
        points = points_of(IrtClusters(**options), doubled)  # type: ignore[arg-type]
        np.testing.assert_array_equal(points[:20], points[20:])
    assert choose(IrtClusters(), doubled, 25).details["clusters"] == 20


@pytest.mark.parametrize(
    ("options", "columns"), [({}, 2), ({"model": "3pl"}, 4), ({"dimensions": 3}, 4), ({"coordinates": "curves"}, 15)]
)
def test_coordinates_are_those_that_the_model_frees(
    options: dict[str, Any], columns: int, synthetic: Simulator
) -> None:
    assert points_of(IrtClusters(**options), synthetic(40, 20, seed=4)).shape == (20, columns)


@pytest.mark.real_data
def test_clusters_stand_for_the_benchmark_better_than_random_anchors(real: Callable[[str], ResponseMatrix]) -> None:
    """The weighted mean on models not seen, against simple random anchors' mean, on arc."""
    matrix = real("arc")
    models = matrix.models.index[np.random.default_rng(0).permutation(matrix.n_models)]
    sources, targets = matrix.subset(models=models[:140]), matrix.subset(models=models[140:])
    chosen = choose(IrtClusters(restarts=1), sources, 60)
    assert chosen.weights is not None
    truth = targets.full_scores.to_numpy()
    error = np.abs(targets.part(chosen.items).scores @ chosen.weights - truth).mean()
    rng = np.random.default_rng(1)
    random = [
        np.abs(targets.scores[:, rng.choice(matrix.n_items, 60, replace=False)].mean(axis=1) - truth).mean()
        for _ in range(50)
    ]
    assert error < np.mean(random)


def test_unknown_coordinates_are_refused() -> None:
    with pytest.raises(MethodOptionError, match="coordinates 'x' is not one of parameters, curves"):
        IrtClusters(coordinates="x")


@pytest.mark.parametrize("option", ["restarts", "iterations"])
def test_impossible_numbers_are_refused(option: str) -> None:
    with pytest.raises(MethodOptionError, match=f"{option} = 0 is less than 1"):
        IrtClusters(**{option: 0})
