from __future__ import annotations

import numpy as np

from anchoreval.numerics.crossed_bootstrap import crossed_sums, multiplicities


def test_sums_over_a_draw_equal_brute_force() -> None:
    rng = np.random.default_rng(1)
    values = rng.random((7, 4))
    rows, columns = multiplicities(7, 30, rng), multiplicities(4, 30, rng)
    assert (rows.sum(axis=1) == 7).all()
    expected = [sum(values[r, c] * rows[d, r] * columns[d, c] for r in range(7) for c in range(4)) for d in range(30)]
    np.testing.assert_allclose(crossed_sums(values, rows, columns), expected)


def test_multiplicities_have_the_moments_of_the_multinomial() -> None:
    counts = multiplicities(20, 20_000, np.random.default_rng(0))
    np.testing.assert_allclose(counts.mean(axis=0), 1.0, atol=0.04)
    np.testing.assert_allclose(np.cov(counts.T), np.eye(20) - 1 / 20, atol=0.05)
