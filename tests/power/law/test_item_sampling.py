from __future__ import annotations

import numpy as np
import pytest

from anchoreval.errors import TooFewModelsError
from anchoreval.power.analysis.accuracy_power import paired_power
from anchoreval.power.law.item_sampling import ItemSampling, _pair_variances
from anchoreval.responses import ResponseMatrix

from ...conftest import simulate


def test_pair_variances_are_those_of_weighted_differences() -> None:
    rng = np.random.default_rng(0)
    scores, weights = rng.random((4, 30)), rng.dirichlet(np.ones(30))
    gaps, variances = _pair_variances(scores, weights)
    for (first, second), gap, variance in zip(
        [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)], gaps, variances, strict=True
    ):
        difference = scores[first] - scores[second]
        mean = weights @ difference
        assert gap == pytest.approx(abs(mean))
        assert variance == pytest.approx(weights**2 @ (difference - mean) ** 2)


def test_the_variance_is_that_over_draws_of_items() -> None:
    rng = np.random.default_rng(1)
    chance = rng.random((2, 5000))
    answers = (rng.random(chance.shape) < chance).astype(np.float64)
    differences = []
    for _ in range(4000):
        drawn = answers[:, rng.integers(5000, size=200)]
        differences.append(drawn[0].mean() - drawn[1].mean())
    _, variances = _pair_variances(answers[:, :200], np.full(200, 1 / 200))
    assert variances[0] == pytest.approx(np.var(differences), rel=0.15)


def test_its_power_is_the_closed_form_of_mcnemar() -> None:
    matrix = simulate(80, 500)
    sampling = ItemSampling.learn(matrix)
    gap = 0.05
    discordance = sampling.variance(0.0) * 500
    same = paired_power(500, discordance, gap)
    assert sampling.power(gap) == pytest.approx(float(same), abs=0.02)
    assert sampling.power(sampling.smallest(0.05, 0.8)) == pytest.approx(0.8, abs=1e-6)


def test_a_part_of_a_benchmark_stands_for_the_whole() -> None:
    matrix = simulate(50, 400)
    part = matrix.part(matrix.items.index[:100])
    whole, seen = ItemSampling.learn(matrix), ItemSampling.learn(part)
    assert seen.variance(0.0) == pytest.approx(whole.variance(0.0), rel=0.15)


def test_one_model_says_nothing() -> None:
    matrix = simulate(5, 30)
    with pytest.raises(TooFewModelsError, match="two models"):
        ItemSampling.learn(matrix.subset(models=matrix.models.index[:1]))


def test_equal_models_have_no_variance() -> None:
    matrix = ResponseMatrix.from_arrays(np.tile([1.0, 0.0, 1.0], (4, 1)))
    sampling = ItemSampling.learn(matrix)
    assert sampling.variance(0.0) == 0.0
    assert sampling.power(0.1) == 1.0
