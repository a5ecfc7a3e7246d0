"""The search against scikit-learn's Gaussian process and against random search."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from anchoreval.numerics import bayesian_search
from anchoreval.numerics.bayesian_search import minimise, posterior


def test_the_posterior_is_scikit_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bayesian_search, "LENGTHS", (0.4,))
    monkeypatch.setattr(bayesian_search, "NOISES", (0.01,))
    rng = np.random.default_rng(0)
    seen, points = rng.random((12, 3)), rng.random((30, 3))
    values = np.sin(5 * seen[:, 0]) + seen[:, 1]
    standard = (values - values.mean()) / values.std()
    peer = GaussianProcessRegressor(RBF(0.4), alpha=0.01, optimizer=None).fit(seen, standard)
    mean, deviation = peer.predict(points, return_std=True)
    for got, expected in zip(posterior(seen, values, points), (mean, deviation), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-6)


def bowl(points: np.ndarray, centre: np.ndarray) -> np.ndarray:
    return ((points - centre) ** 2).sum(axis=1)


def test_it_finds_more_than_as_many_random_tries() -> None:
    ours, chance = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        points = rng.random((600, 2))
        values = bowl(points, rng.random(2)) + 0.01 * rng.normal(size=600)
        trials = minimise(lambda n, values=values: float(values[n]), points, start=6, steps=14, rng=rng)
        ours.append((values < values[trials.best]).sum())
        chance.append((values < rng.permutation(values)[:20].min()).sum())
    assert np.median(ours) <= 5
    assert np.median(ours) < np.median(chance) / 2


def test_nothing_is_tried_twice_and_the_end_of_the_list_is_the_end() -> None:
    points = np.linspace(0, 1, 9)[:, None]
    trials = minimise(lambda n: (n - 4.0) ** 2, points, start=3, steps=40, rng=np.random.default_rng(1))
    assert sorted(trials.settings.tolist()) == list(range(9))
    assert trials.best == 4


def test_equal_values_do_no_harm() -> None:
    trials = minimise(lambda n: 1.0, np.linspace(0, 1, 30)[:, None], start=4, steps=6, rng=np.random.default_rng(2))
    assert len(set(trials.settings.tolist())) == 10
    assert trials.best == trials.settings[0]
