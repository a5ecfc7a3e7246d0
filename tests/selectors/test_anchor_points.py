"""Anchor Points: which features it reads, distances by the definition, and gaps in answers, keys and probabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from anchor_selectors.anchor_points import AnchorPoints, correct_confidences
from anchoreval.contract import choose
from anchoreval.errors import MethodOptionError
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def keyed(matrix: ResponseMatrix, answers: Any, probabilities: Any = None) -> ResponseMatrix:
    """With an answer key; the simulation's correct option is the first."""
    return ResponseMatrix.from_arrays(
        matrix.scores,
        models=matrix.models,
        items=matrix.items.assign(answer=answers),
        probabilities=matrix.probabilities if probabilities is None else probabilities,
        weights=matrix.weights,
    )


def probabilities_of(matrix: ResponseMatrix) -> Any:
    assert matrix.probabilities is not None
    return matrix.probabilities.copy()


def mean_distance(columns: Any, anchors: Any, weights: Any) -> float:
    distance = 1 - np.corrcoef(columns.astype(np.float64))[:, anchors]
    return float(weights @ distance.min(axis=1))


@pytest.mark.parametrize("features", ["auto", "scores"])
def test_it_minimises_the_distance_between_what_it_reads(features: str, synthetic: Simulator) -> None:
    matrix = keyed(synthetic(60, 40, options=4, seed=1), "A")
    chosen = choose(AnchorPoints(features=features), matrix, 6)
    columns = (probabilities_of(matrix)[:, :, 0] if features == "auto" else matrix.scores).T
    anchors = matrix.items.index.get_indexer(chosen.items)
    reached = mean_distance(columns, anchors, matrix.weights)
    assert chosen.details["features"] == {"auto": "confidences", "scores": "scores"}[features]
    assert chosen.details["distance"] == pytest.approx(reached, abs=1e-5)
    assert chosen.details["distance"] <= chosen.details["distance_built"]
    for place in range(6):
        for new in set(range(40)) - set(anchors):
            changed = [*np.delete(anchors, place), new]
            assert mean_distance(columns, changed, matrix.weights) > reached - 1e-5
    nearest = np.argmax(np.corrcoef(columns.astype(np.float64))[:, anchors], axis=1)
    np.testing.assert_allclose(chosen.weights, np.bincount(nearest, weights=matrix.weights))


@pytest.mark.parametrize("key", ["A", "a ", 0, 0.0, "0"])
def test_keys_are_letters_or_positions(key: Any, synthetic: Simulator) -> None:
    matrix = keyed(synthetic(20, 15, options=3), key)
    np.testing.assert_allclose(correct_confidences(matrix), probabilities_of(matrix)[:, :, 0])


def test_keys_differ_between_items(synthetic: Simulator) -> None:
    whole = synthetic(20, 30, options=3)
    turn = np.random.default_rng(0).integers(3, size=30)
    turned = np.stack([np.roll(probabilities_of(whole)[:, item], turn[item], axis=1) for item in range(30)], axis=1)
    for answers in (turn, [f"{'ABC'[position]}" for position in turn]):
        found = correct_confidences(keyed(whole, answers, turned))
        np.testing.assert_allclose(found, probabilities_of(whole)[:, :, 0])


@pytest.mark.parametrize(
    "answers", ["D", 3, -1, 0.5, "yes", None, ["A"] * 14 + [None], 1], ids=["letter", "high", *"-hwnmo"]
)
def test_a_key_that_cannot_be_is_not_used(answers: Any, synthetic: Simulator) -> None:
    """The last one is possible, and contradicts the scores: counted from 1."""
    matrix = keyed(synthetic(40, 15, options=3), answers)
    assert correct_confidences(matrix) is None
    assert choose(AnchorPoints(), matrix, 3).details["features"] == "scores"
    plain = choose(AnchorPoints(features="scores"), matrix, 3)
    assert choose(AnchorPoints(), matrix, 3).items.equals(plain.items)


def test_models_without_probabilities_are_left_out_unless_they_are_most(synthetic: Simulator) -> None:
    whole = synthetic(20, 15, options=3)
    for count, features, models in ((8, "confidences", 12), (12, "scores", 20)):
        probabilities = probabilities_of(whole)
        probabilities[:count] = np.nan
        details = choose(AnchorPoints(), keyed(whole, "A", probabilities), 3).details
        assert (details["features"], details["models"]) == (features, models)


def test_missing_probabilities_are_filled_in(synthetic: Simulator) -> None:
    whole = synthetic(20, 15, options=3, missing=0.1, seed=2)
    probabilities = probabilities_of(whole)
    probabilities[:, 4] = np.nan  # an item without any
    found = correct_confidences(keyed(whole, "A", probabilities))
    assert found is not None
    there = ~np.isnan(probabilities[:, :, 0])
    np.testing.assert_allclose(found[there], probabilities[:, :, 0][there])
    assert ((found >= 0) & (found <= 1)).all()
    assert len(choose(AnchorPoints(), keyed(whole, "A", probabilities), 5).items) == 5


def test_unknown_features_are_refused() -> None:
    with pytest.raises(MethodOptionError, match="features 'text' is not one of auto, scores"):
        AnchorPoints(features="text")


@pytest.mark.real_data
def test_real_keys_are_read(real: Callable[[str], ResponseMatrix]) -> None:
    matrix = real("mmlu_options")
    assert choose(AnchorPoints(), matrix, 5).details["features"] == "confidences"
