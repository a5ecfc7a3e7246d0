from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from anchoreval.numerics.irt import map_abilities
from anchoreval.responses import ResponseMatrix
from anchoreval.staleness.pattern import LEAST_VARIANCE, Pattern


@pytest.mark.parametrize("continuous", [False, True])
def test_misfit_of_new_models_is_about_one(synthetic: Callable[..., ResponseMatrix], continuous: bool) -> None:
    scores = synthetic(240, 40, continuous=continuous).scores
    pattern = Pattern.learn(scores[:120])
    assert pattern.misfit(scores[120:]).mean() == pytest.approx(1.0, abs=0.2)


def test_misfit_is_the_mahalanobis_length(synthetic: Callable[..., ResponseMatrix]) -> None:
    scores = synthetic(80, 25, missing=0.1).scores
    pattern = Pattern.learn(scores[:60])
    ability = map_abilities(scores[60:], pattern.curves).ability
    chance = 1.0 / (1.0 + np.exp(-(ability[:, None] * pattern.curves.discrimination + pattern.curves.intercept)))
    left = (scores[60:] - chance) / np.sqrt(np.maximum(chance * (1.0 - chance), LEAST_VARIANCE))
    for row, found in zip(left, pattern.misfit(scores[60:]), strict=True):
        there = np.flatnonzero(~np.isnan(row))
        precision = np.linalg.inv(pattern.covariance[np.ix_(there, there)])
        assert found == pytest.approx(row[there] @ precision @ row[there] / len(there))


def test_a_model_that_fails_the_easy_and_gets_the_hard_is_odd(synthetic: Callable[..., ResponseMatrix]) -> None:
    scores = synthetic(200, 40).scores
    pattern = Pattern.learn(scores[:150])
    usual = pattern.misfit(scores[150:])
    easy = np.argsort(-scores[:150].mean(axis=0))
    odd = np.zeros((1, 40), dtype=np.float32)
    odd[0, easy[20:]] = 1.0
    assert pattern.misfit(odd)[0] > usual.max()


def test_constant_anchors_and_silent_models_do_no_harm() -> None:
    rng = np.random.default_rng(0)
    scores = (rng.random((30, 10)) < 0.5).astype(np.float32)
    scores[:, 0], scores[:, 1], scores[3] = 1.0, 0.0, np.nan
    pattern = Pattern.learn(scores)
    found = pattern.misfit(scores)
    assert np.isnan(found[3])
    assert np.isfinite(np.delete(found, 3)).all()
    assert np.linalg.eigvalsh(pattern.covariance).min() > 0
