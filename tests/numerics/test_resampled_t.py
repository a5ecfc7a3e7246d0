from __future__ import annotations

import numpy as np
from scipy import stats

from anchoreval.numerics.resampled_t import resolved_sign


def test_the_test_is_the_corrected_resampled_t() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        differences = rng.normal(0.5, 1.0, size=5)
        t = differences.mean() / (differences.std(ddof=1) * np.sqrt(1 / 5 + 1 / 3))
        expected = np.sign(t) if 2 * stats.t.sf(abs(t), 4) < 0.05 else 0
        assert resolved_sign(differences, 1 / 3) == expected


def test_one_split_resolves_nothing() -> None:
    assert resolved_sign(np.array([5.0]), 1 / 3) == 0
    assert resolved_sign(np.zeros(5), 1 / 3) == 0
    assert resolved_sign(np.ones(5), 1 / 3) == 1
