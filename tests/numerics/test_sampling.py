"""Random designs: allocation by its optimality conditions, rounding and inclusion by 20,000 draws."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.numerics.sampling import allocate, hajek_weights, round_at_random, stratified_sample

DRAWS = 20_000


def worst_z(mean: Float64Array, expected: Float64Array) -> float:
    """Largest deviation of observed frequencies from probabilities, in standard errors."""
    spread = np.sqrt(np.maximum(expected * (1 - expected), 1e-12) / DRAWS)
    return float(np.max(np.abs(mean - expected) / np.maximum(spread, 1e-9)))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.floats(0, 1)), min_size=1, max_size=12), st.data())
def test_allocation_is_proportional_between_its_limits(strata: list[tuple[int, float]], data: st.DataObject) -> None:
    sizes = np.array([size for size, _ in strata])
    shares = np.array([share if share > 1e-3 else 0.0 for _, share in strata])
    k = data.draw(st.integers(1, int(sizes.sum())))
    expected = allocate(k, shares, sizes)
    lowest = 1.0 if k >= len(sizes) else 0.0
    assert expected.sum() == pytest.approx(k, abs=1e-9)
    assert (expected >= lowest - 1e-9).all()
    assert (expected <= sizes + 1e-9).all()
    carry = (shares > 0) & (sizes > lowest)
    few, full = carry & (expected <= lowest + 1e-9), carry & (expected >= sizes - 1e-9)
    free = carry & ~few & ~full
    if free.any():  # one rate for all that are between the limits; the rest would go beyond theirs at that rate
        rate = float((expected[free] / shares[free]).mean())
        np.testing.assert_allclose(expected[free], rate * shares[free], rtol=1e-6)
        assert (rate * shares[few] <= lowest + 1e-6).all()
        assert (rate * shares[full] >= sizes[full] - 1e-6).all()


def test_strata_without_weight_hold_what_the_others_cannot() -> None:
    assert allocate(5, np.array([1.0, 0.0]), np.array([4, 6])).tolist() == pytest.approx([4.0, 1.0])
    assert allocate(8, np.array([1.0, 0.0]), np.array([4, 6])).tolist() == pytest.approx([4.0, 4.0])
    assert allocate(1, np.array([1.0, 0.0]), np.array([4, 6])).tolist() == pytest.approx([1.0, 0.0], abs=1e-6)
    assert allocate(2, np.zeros(2), np.array([3, 3])).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "expected",
    [[0.3, 0.5, 0.2], [1.5, 0.25, 0.25, 2.0], [0.1] * 10, [2.0, 3.0], [1 / 3] * 3, [0.7, 1.7, 0.6, 0.0]],
)
def test_rounding_keeps_the_sum_and_every_expectation(expected: list[float]) -> None:
    numbers, rng = np.array(expected), np.random.default_rng(0)
    rounded = np.array([round_at_random(numbers, rng) for _ in range(DRAWS)])
    assert (rounded.sum(axis=1) == round(sum(expected))).all()
    assert (np.abs(rounded - numbers) < 1).all()
    assert worst_z(rounded.mean(axis=0) - np.floor(numbers), numbers % 1) < 4.5


def test_rounding_lets_any_two_parts_go_up_together() -> None:
    rng = np.random.default_rng(0)
    seen = {tuple(np.flatnonzero(round_at_random(np.full(4, 0.5), rng)).tolist()) for _ in range(500)}
    assert seen == set(combinations(range(4), 2))


@pytest.mark.parametrize("k", [2, 5, 11, 24])
def test_units_are_drawn_with_the_probability_of_the_design(k: int) -> None:
    stratum: IntArray = np.repeat(np.arange(5), [1, 2, 4, 7, 11])
    rng = np.random.default_rng(k)
    rng.shuffle(stratum)
    sizes = np.bincount(stratum)
    expected = allocate(k, np.array([0.4, 0.1, 0.2, 0.2, 0.1]), sizes)
    times = np.zeros(len(stratum))
    for _ in range(DRAWS):
        drawn = stratified_sample(stratum, expected, rng)
        assert len(set(drawn)) == k
        times[drawn] += 1
    assert worst_z(times / DRAWS, (expected / sizes)[stratum]) < 4.5


def test_hajek_weights_estimate_a_total_without_bias() -> None:
    values, weights = np.array([3.0, 1.0, 4.0, 1.0]), np.array([0.1, 0.2, 0.3, 0.4])
    inclusion = np.array([0.5, 0.25, 1.0, 0.75])
    rng = np.random.default_rng(0)
    numerator, denominator = 0.0, 0.0
    for _ in range(DRAWS):
        drawn = rng.random(4) < inclusion
        scale = (weights[drawn] / inclusion[drawn]).sum()
        given = hajek_weights(weights[drawn], inclusion[drawn])
        assert given is not None
        assert given.sum() == pytest.approx(1)
        numerator, denominator = numerator + scale * (given @ values[drawn]), denominator + scale
    assert numerator / DRAWS == pytest.approx(weights @ values, rel=0.02)
    assert denominator / DRAWS == pytest.approx(1, rel=0.02)


def test_a_sample_without_weight_has_no_weights() -> None:
    assert hajek_weights(np.zeros(3), np.full(3, 0.5)) is None
