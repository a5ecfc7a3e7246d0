"""Hajek's variance: exact for simple random sampling, 0 without chance, unknown for a single item."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from anchoreval.numerics.design_variance import hajek_variance


def test_it_is_unbiased_for_simple_random_sampling() -> None:
    """Over all samples of 3 of 7 items, its mean is the variance of the sample mean."""
    values, k = np.random.default_rng(0).random(7), 3
    samples = [list(chosen) for chosen in combinations(range(7), k)]
    means = np.array([values[chosen].mean() for chosen in samples])
    ones, inclusion = np.ones(k), np.full(k, k / 7)
    estimates = [hajek_variance(values[None, chosen], ones, inclusion)[0] for chosen in samples]
    assert np.mean(estimates) == pytest.approx(means.var(), rel=1e-9)


def test_certain_items_add_nothing() -> None:
    assert hajek_variance(np.array([[0.0, 1.0, 0.5]]), np.ones(3), np.ones(3)) == pytest.approx(0.0)


def test_a_single_item_says_nothing() -> None:
    assert np.isnan(hajek_variance(np.array([[1.0]]), np.ones(1), np.array([0.5]))).all()
