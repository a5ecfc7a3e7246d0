"""Disagreement scores against loops in plain Python, known values, and the bounds of DISCO's Proposition 2."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from anchoreval.arrays import Probabilities
from anchoreval.numerics import disagreement
from anchoreval.numerics.disagreement import jensen_shannon, predictive_diversity
from anchoreval.responses import ResponseMatrix


def draw(models: int, items: int, options: int, seed: int = 0, dtype: npt.DTypeLike = np.float32) -> Probabilities:
    """Sharp and flat predictions, some of them exactly 0 or 1."""
    rng = np.random.default_rng(seed)
    sharpness = rng.choice([0.02, 0.3, 1.0, 20.0], size=(models, items, 1))
    drawn = rng.gamma(np.broadcast_to(sharpness, (models, items, options))) + 1e-300
    return np.asarray(drawn / drawn.sum(axis=2, keepdims=True), dtype=dtype)


def with_holes(probabilities: Probabilities, seed: int = 1) -> Probabilities:
    """Items of fewer options, cells nobody answered, an item with no answers and one with a single answer."""
    rng = np.random.default_rng(seed)
    holed = probabilities.copy()
    models, items, options = holed.shape
    for item, count in enumerate(rng.integers(2, options + 1, size=items)):
        holed[:, item, 0] += holed[:, item, count:].sum(axis=1)
        holed[:, item, count:] = np.nan
    holed[rng.random((models, items)) < 0.2] = np.nan
    holed[:, 0], holed[1:, 1] = np.nan, np.nan
    return holed


def rows_of(probabilities: Probabilities, item: int) -> list[list[float]]:
    rows = [[float(p) for p in row if not math.isnan(p)] for row in probabilities[:, item]]
    return [row for row in rows if row]


def diversity_by_loop(probabilities: Probabilities, item: int) -> float:
    rows = rows_of(probabilities, item)
    return sum(max(row[c] for row in rows) for c in range(len(rows[0]))) if rows else math.nan


def entropy(row: list[float]) -> float:
    return -sum(p * math.log(p) for p in row if p > 0)


def divergence_by_loop(probabilities: Probabilities, item: int) -> float:
    rows = rows_of(probabilities, item)
    if not rows:
        return math.nan
    mean = [sum(row[c] for row in rows) / len(rows) for c in range(len(rows[0]))]
    return entropy(mean) - sum(entropy(row) for row in rows) / len(rows)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("holes", [False, True])
def test_both_scores_equal_a_loop(dtype: npt.DTypeLike, holes: bool) -> None:
    dense = draw(70, 40, 5, dtype=dtype)
    probabilities = with_holes(dense) if holes else dense
    for score, by_loop in ((predictive_diversity, diversity_by_loop), (jensen_shannon, divergence_by_loop)):
        expected = [by_loop(probabilities, item) for item in range(40)]
        np.testing.assert_allclose(score(probabilities), expected, atol=1e-6, rtol=0)
        assert score(probabilities).dtype == np.float64


def test_blocks_and_memory_order_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    dense = draw(50, 300, 4)
    holed = dense.copy()
    holed[3, 250:] = np.nan  # only the last blocks have holes
    whole = [jensen_shannon(dense), jensen_shannon(holed)]
    items_first = np.ascontiguousarray(dense.transpose(1, 0, 2)).transpose(1, 0, 2)
    np.testing.assert_allclose(jensen_shannon(items_first), whole[0], atol=1e-7)
    np.testing.assert_array_equal(predictive_diversity(items_first), predictive_diversity(dense))
    for columns, rows, threads in ((8, 7, 1), (64, 50, 3), (1, 1, 1)):
        monkeypatch.setattr(disagreement, "COLUMNS", columns)
        monkeypatch.setattr(disagreement, "ROWS", rows)
        monkeypatch.setattr(disagreement, "THREADS", threads)
        np.testing.assert_allclose(jensen_shannon(dense), whole[0], atol=1e-6)
        np.testing.assert_allclose(jensen_shannon(holed), whole[1], atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(2, 6), st.integers(0, 10**6))
def test_scores_stay_in_their_ranges(models: int, options: int, seed: int) -> None:
    probabilities = draw(models, 20, options, seed)
    most = min(models, options)
    diversity, divergence = predictive_diversity(probabilities), jensen_shannon(probabilities)
    assert ((diversity >= 1 - 1e-6) & (diversity <= most + 1e-6)).all()
    assert ((divergence >= 0) & (divergence <= math.log(most) + 1e-6)).all()
    np.testing.assert_allclose(predictive_diversity(probabilities, normalise=True), diversity / options)


def test_normalising_divides_by_the_items_own_options() -> None:
    holed = with_holes(draw(30, 25, 5))
    options = (~np.isnan(holed)).any(axis=0).sum(axis=1)[1:]
    ratio = predictive_diversity(holed)[1:] / predictive_diversity(holed, normalise=True)[1:]
    np.testing.assert_allclose(ratio, options)
    assert len(set(options)) > 1


def test_agreement_and_certain_models_have_known_scores() -> None:
    same = np.repeat(draw(1, 30, 4), 12, axis=0)
    np.testing.assert_allclose(predictive_diversity(same), 1.0, atol=1e-6)
    np.testing.assert_allclose(jensen_shannon(same), 0.0, atol=1e-6)
    for models, options in ((2, 5), (5, 5), (9, 4)):
        certain = np.eye(options, dtype=np.float32)[np.arange(models) % options][:, None, :]
        assert predictive_diversity(certain) == pytest.approx(min(models, options))
    two = np.eye(2, dtype=np.float32)[:, None, :]
    assert jensen_shannon(two)[0] == pytest.approx(math.log(2), abs=1e-7)


def test_two_models_equal_the_squared_distance_of_scipy() -> None:
    pair = draw(2, 200, 4, seed=5)
    expected = jensenshannon(pair[0].astype(float), pair[1].astype(float), axis=1) ** 2
    np.testing.assert_allclose(jensen_shannon(pair), expected, atol=1e-6)


def test_accuracy_holds_for_thousands_of_models() -> None:
    many = draw(6000, 12, 4, seed=9)
    exact = many.astype(np.float64)
    mean = exact.mean(axis=0)
    logs = np.log(np.where(exact > 0, exact, 1.0))
    expected = (exact * logs).sum(axis=2).mean(axis=0) - (mean * np.log(mean)).sum(axis=1)
    np.testing.assert_allclose(jensen_shannon(many), expected, atol=1e-6)


@pytest.mark.parametrize(("models", "options"), [(2, 2), (2, 5), (3, 3), (4, 2), (7, 5)])
def test_proposition_2_holds_with_the_lower_bound_in_bits(models: int, options: int) -> None:
    rng = np.random.default_rng(models * 10 + options)
    probabilities = rng.dirichlet(np.ones(options), size=(models, 4000))
    excess, nats = predictive_diversity(probabilities) - 1, jensen_shannon(probabilities)
    lower = 2 / (models**2 * math.log(2)) * excess**2
    assert (lower <= nats / math.log(2) + 1e-6).all()
    assert (nats / math.log(2) <= models / (models - 1) * math.log2(models) * excess + 1e-6).all()
    assert (nats <= models / (models - 1) * math.log(models) * excess + 1e-6).all()


def test_the_lower_bound_of_proposition_2_fails_in_nats() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(2), size=(2, 4000))
    excess, nats = predictive_diversity(probabilities) - 1, jensen_shannon(probabilities)
    violated = 2 / (4 * math.log(2)) * excess**2 > nats + 1e-6
    assert 0 < violated.mean() < 1


@pytest.mark.real_data
def test_real_predictions_obey_the_bounds(real: Callable[[str], ResponseMatrix]) -> None:
    probabilities = real("cosmosqa_options").probabilities
    assert probabilities is not None
    models = len(probabilities)
    excess, nats = predictive_diversity(probabilities) - 1, jensen_shannon(probabilities)
    assert (2 / (models**2 * math.log(2)) * excess**2 <= nats / math.log(2) + 1e-6).all()
    assert (nats <= models / (models - 1) * math.log(models) * excess + 1e-6).all()
    assert np.corrcoef(excess, nats)[0, 1] > 0.5
