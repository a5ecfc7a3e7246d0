"""Disagreement scores cost a few passes over the probabilities, and no second copy of them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from anchoreval.arrays import Float32Array
from anchoreval.numerics.disagreement import jensen_shannon, predictive_diversity

from .rounds import seconds_by_round

pytestmark = pytest.mark.perf
MODELS, ITEMS, OPTIONS = 400, 14_000, 4
ROUNDS = 15
ATTEMPTS = 6
"""Measurements, of which one must do: another process may hold the second core for a while, our code cannot."""


@pytest.fixture(scope="module")
def probabilities() -> Float32Array:
    """As many as DISCO's MMLU study: 400 models, 14,000 items, 4 options."""
    drawn = np.random.default_rng(0).exponential(size=(MODELS, ITEMS, OPTIONS))
    return np.asarray(drawn / drawn.sum(axis=2, keepdims=True), dtype=np.float32)


def median_seconds(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median over rounds that call everything in turn, so that a busy moment hits all alike."""
    return {name: float(np.median(values)) for name, values in seconds_by_round(calls, ROUNDS).items()}


def measured_ratios(probabilities: Float32Array) -> dict[str, float]:
    """Median times of both scores as multiples of the sum's."""
    seconds = median_seconds(
        {
            "sum": probabilities.sum,
            "pds": lambda: predictive_diversity(probabilities),
            "jsd": lambda: jensen_shannon(probabilities),
        }
    )
    return {name: value / seconds["sum"] for name, value in seconds.items()}


def test_scores_take_a_few_times_as_long_as_the_sum(probabilities: Float32Array) -> None:
    for _ in range(ATTEMPTS):
        ratios = measured_ratios(probabilities)
        print(f"\ntimes the sum: pds {ratios['pds']:.2f}, jsd {ratios['jsd']:.2f}")  # noqa: T201
        if ratios["pds"] <= 3 and ratios["jsd"] <= 8:
            return
    pytest.fail(f"in none of {ATTEMPTS} measurements within 3 (pds) and 8 (jsd) times the sum; the last: {ratios}")


@pytest.mark.parametrize("score", [predictive_diversity, jensen_shannon])
@pytest.mark.parametrize("holes", [False, True])
def test_temporary_arrays_are_smaller_than_the_input(
    probabilities: Float32Array, score: Callable[[Float32Array], object], holes: bool
) -> None:
    measured = probabilities
    if holes:
        measured = probabilities.copy()
        measured[np.random.default_rng(1).random((MODELS, ITEMS)) < 0.05] = np.nan
    tracemalloc.start()
    try:
        score(measured)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.25 * measured.nbytes
