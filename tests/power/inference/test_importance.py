"""Weighted draws against draws that are repeated instead, and the effective number where it is known."""

from __future__ import annotations

import numpy as np
import pytest

from anchoreval.power.inference.importance import WeightedDraws, effective_draws, normalised


def test_weights_are_repetitions() -> None:
    rng = np.random.default_rng(0)
    values, times = rng.normal(size=500), rng.integers(0, 5, size=500)
    drawn = WeightedDraws(values, times / times.sum())
    repeated = np.repeat(values, times)
    assert drawn.mean == pytest.approx(repeated.mean())
    assert drawn.above(0.3) == pytest.approx(np.mean(repeated > 0.3))
    assert drawn.interval(0.9) == tuple(np.quantile(repeated, [0.05, 0.95], method="inverted_cdf"))


def test_ties_count_one_half() -> None:
    assert WeightedDraws(np.zeros(4), np.full(4, 0.25)).above(0.0) == 0.5


def test_weights_survive_any_scale() -> None:
    for shift in (-1e5, 0.0, 1e5):
        assert normalised(np.log([1.0, 3.0]) + shift) == pytest.approx([0.25, 0.75])


def test_effective_draws_run_from_one_to_all() -> None:
    assert effective_draws(np.full(50, 0.02)) == pytest.approx(50)
    assert effective_draws(np.array([1.0, 0.0, 0.0])) == 1.0


def test_effective_draws_of_a_normal_for_a_narrower_one() -> None:
    """Weights p / q of N(0, 1) drawn from N(0, 2): the share is sqrt(2 * 3 / 2) / 2 = .866."""
    x = np.random.default_rng(1).normal(scale=np.sqrt(2), size=200_000)
    assert effective_draws(normalised(-(x**2) / 4)) / 200_000 == pytest.approx(np.sqrt(3) / 2, abs=0.003)
