"""Shares of two estimates: the least-squares mixture, and what a further error does to it."""

from __future__ import annotations

import numpy as np

from anchoreval.numerics.error_shares import ErrorMoments


def estimates(n: int = 400) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    truth, common = rng.random((n, 2)), rng.normal(size=(n, 1))
    sample = truth + 0.05 * (common + rng.normal(size=(n, 2)))
    model = truth + np.array([0.03, 0.08]) * (common + rng.normal(size=(n, 2))) + 0.02
    weights = rng.random(n)
    return truth, sample, model, weights / weights.sum()


def test_the_share_is_that_of_least_squares() -> None:
    truth, sample, model, weights = estimates()
    share = ErrorMoments.of(truth, sample, model, weights).sample_share(np.ones(1), np.zeros(1))[0]
    grid = np.linspace(0, 1, 2001)[:, None, None]
    errors = np.einsum("m,gmo->go", weights, (grid * sample + (1 - grid) * model - truth) ** 2)
    np.testing.assert_allclose(share, grid[errors.argmin(axis=0), 0, 0], atol=5.1e-4)
    assert 0 < share[0] < share[1] < 1


def test_a_further_error_of_the_metamodel_is_that_of_noise_added_to_it() -> None:
    truth, sample, model, weights = estimates(200_000)
    noisy = model + 0.1 * np.random.default_rng(1).normal(size=model.shape)
    expected = ErrorMoments.of(truth, sample, noisy, weights).sample_share(np.ones(1), np.zeros(1))
    share = ErrorMoments.of(truth, sample, model, weights).sample_share(np.ones(1), np.full(1, 0.01))
    np.testing.assert_allclose(share, expected, atol=0.01)


def test_scaling_both_errors_changes_nothing_unless_there_is_a_further_one() -> None:
    moments = ErrorMoments.of(*estimates())
    scales = np.array([0.1, 1.0, 10.0])
    np.testing.assert_allclose(np.ptp(moments.sample_share(scales, np.zeros(3)), axis=0), 0.0, atol=1e-12)
    assert (np.diff(moments.sample_share(scales, np.full(3, 0.01)), axis=0) < 0).all()


def test_what_is_not_known_goes_to_the_sample() -> None:
    truth, sample, model, weights = estimates()
    model[:, 1] = np.nan
    truth[3, 0] = np.nan
    moments = ErrorMoments.of(truth, sample, model, weights)
    without = ErrorMoments.of(*(np.delete(values, 3, axis=0) for values in (truth, sample, model, weights)))
    share = moments.sample_share(np.ones(1), np.zeros(1))[0]
    assert share[1] == 1.0
    np.testing.assert_allclose(share[0], without.sample_share(np.ones(1), np.zeros(1))[0, 0], atol=1e-12)


def test_estimates_that_agree_can_be_mixed_in_any_share() -> None:
    truth, sample, _, weights = estimates()
    assert (ErrorMoments.of(truth, sample, sample, weights).sample_share(np.ones(2), np.zeros(2)) == 1.0).all()


def test_the_state_restores_them() -> None:
    moments = ErrorMoments.of(*estimates())
    for name, array in ErrorMoments.from_state(moments.state()).state().items():
        np.testing.assert_array_equal(array, moments.state()[name])
