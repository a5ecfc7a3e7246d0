"""Spectral ridge: the fits of scikit-learn, and left-out errors equal to refitting without the group."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge

from anchoreval.arrays import Float64Array
from anchoreval.numerics.ridge import Spectrum, choose_penalty, left_out_errors, orthonormal, rows_by_group_size


def table(rows: int, features: int, outputs: int = 2, seed: int = 0) -> tuple[Float64Array, Float64Array]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, features))
    return x, x[:, :3] @ rng.normal(size=(3, outputs)) + 0.5 * rng.normal(size=(rows, outputs))


def fitted(
    spectrum: Spectrum, kernel: Float64Array, fixed: Float64Array, y: Float64Array, alpha: float
) -> Float64Array:
    """In-sample fit out of the dual coefficients, the unpenalised columns by least squares."""
    penalised = kernel @ spectrum.dual(y, np.full(y.shape[1], alpha))
    return np.asarray(penalised + fixed @ np.linalg.lstsq(fixed, y - penalised, rcond=None)[0])


@pytest.mark.parametrize(("rows", "features"), [(40, 6), (12, 30)])
def test_with_an_intercept_it_is_scikit_learns_ridge(rows: int, features: int) -> None:
    x, y = table(rows, features)
    one = np.ones((rows, 1))
    mine = fitted(Spectrum.of_features(x, one), x @ x.T, one, y, 2.5)
    np.testing.assert_allclose(mine, Ridge(alpha=2.5).fit(x, y).predict(x), atol=1e-8)


def test_unpenalised_columns_are_the_limit_of_a_vanishing_penalty() -> None:
    x, y = table(40, 6)
    lead = np.random.default_rng(3).normal(size=40)
    fixed = np.column_stack([np.ones(40), lead])
    mine = fitted(Spectrum.of_features(x, fixed), x @ x.T, fixed, y, 2.5)
    wide = np.column_stack([x, 1e4 * lead])  # a large scale makes the penalty on its coefficient vanish
    np.testing.assert_allclose(mine, Ridge(alpha=2.5).fit(wide, y).predict(wide), atol=1e-5)


def test_a_centred_kernel_without_intercept_is_scikit_learns_kernel_ridge() -> None:
    x, y = table(30, 4)
    kernel = (x @ x.T / 4 + 1) ** 2
    centring = np.eye(30) - 1 / 30
    centred = centring @ kernel @ centring
    expected = KernelRidge(alpha=0.7, kernel="precomputed").fit(centred, y - y.mean(axis=0)).predict(centred)
    one = np.ones((30, 1))
    dual = Spectrum.of_kernel(kernel, one).dual(y, np.full(2, 0.7))
    np.testing.assert_allclose(centred @ dual, expected, atol=1e-8)


def test_features_and_their_kernel_have_one_spectrum() -> None:
    x, _ = table(40, 6)
    fixed = np.column_stack([np.ones(40), np.arange(40.0)])
    left, right = Spectrum.of_features(x, fixed), Spectrum.of_kernel(x @ x.T, fixed)
    np.testing.assert_allclose(left.values, right.values, rtol=1e-8)
    np.testing.assert_allclose(left.vectors @ left.vectors.T, right.vectors @ right.vectors.T, atol=1e-8)


@pytest.mark.parametrize(
    "groups", [np.arange(24), np.arange(24) // 3, np.array([0] * 5 + [1] * 3 + list(range(2, 18)))]
)
def test_left_out_errors_are_those_of_refitting(groups: np.ndarray) -> None:
    x, y = table(24, 7)
    fixed = np.column_stack([np.ones(24), np.random.default_rng(5).normal(size=24)])
    alphas = np.array([0.03, 1.0, 40.0])
    errors = left_out_errors(Spectrum.of_features(x, fixed), y, alphas, groups)
    for row, alpha in enumerate(alphas):
        total = np.zeros(2)
        for group in np.unique(groups):
            out, kept = groups == group, groups != group
            design = np.hstack([x, fixed])
            penalty = np.diag([alpha] * 7 + [0.0, 0.0])  # plain normal equations, nothing spectral
            beta = np.linalg.solve(design[kept].T @ design[kept] + penalty, design[kept].T @ y[kept])
            total += ((y[out] - design[out] @ beta) ** 2).sum(axis=0)
        np.testing.assert_allclose(errors[row], total / 24, rtol=1e-5)


def test_twins_mislead_unless_they_leave_together() -> None:
    """Every row stands twice and the response is noise: a twin left behind explains it, so hardly any penalty wins."""
    rng = np.random.default_rng(0)
    x, y = np.repeat(rng.normal(size=(30, 60)), 2, axis=0), np.repeat(rng.normal(size=(30, 1)), 2, axis=0)
    spectrum = Spectrum.of_features(x, np.ones((60, 1)))
    apart, together = choose_penalty(spectrum, y, np.arange(60)), choose_penalty(spectrum, y, np.arange(60) // 2)
    assert together[0] > 1000 * apart[0]


def test_degenerate_inputs_survive() -> None:
    constant = Spectrum.of_features(np.ones((6, 3)), np.ones((6, 1)))
    assert constant.values.size == 0
    y = np.arange(6.0)[:, None]
    assert not constant.dual(y, choose_penalty(constant, y, np.arange(6))).any()
    x, _ = table(6, 3)
    same = choose_penalty(Spectrum.of_features(x, np.ones((6, 1))), np.zeros((6, 1)), np.zeros(6, dtype=int))
    assert np.isfinite(same).all()
    assert orthonormal(np.column_stack([np.ones(4), 2 * np.ones(4)])).shape == (4, 1)


def test_rows_by_group_size_holds_every_row_once() -> None:
    groups = np.array([3, 1, 3, 2, 9, 9, 9])
    found = rows_by_group_size(groups)
    assert [rows.shape for rows in found] == [(2, 1), (1, 2), (1, 3)]
    assert sorted(int(row) for rows in found for row in rows.ravel()) == list(range(7))
    assert all(len(set(groups[row])) == 1 for rows in found for row in rows)
