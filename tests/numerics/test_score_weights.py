"""Weights of items in a score measured elsewhere: a sum that is known is found, noise shrinks, gaps are left out."""

from __future__ import annotations

import numpy as np
import pytest

from anchoreval.numerics.score_weights import score_weights


def test_a_weighted_sum_is_found() -> None:
    rng = np.random.default_rng(0)
    scores = (rng.random((300, 12)) < rng.random((300, 1))).astype(np.float64)
    share = rng.normal(size=12)
    truth = 0.3 + scores @ share
    truth[:5] = np.nan
    weights, level = score_weights(scores, truth, np.arange(300))
    assert weights == pytest.approx(share, abs=0.01)
    assert level == pytest.approx(0.3, abs=0.05)


def test_noise_shrinks_the_weights() -> None:
    rng = np.random.default_rng(1)
    scores = (rng.random((40, 30)) < 0.5).astype(np.float64)
    weights, level = score_weights(scores, rng.random(40), np.arange(40))
    free = np.linalg.lstsq(np.column_stack([np.ones(40), scores]), rng.random(40), rcond=None)[0][1:]
    assert np.abs(weights).max() < 0.3 * np.abs(free).max()
    assert np.isfinite(level)
