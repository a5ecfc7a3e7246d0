"""Batched spline fits against SciPy's B-splines, one subset and fold at a time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import BSpline

from anchoreval.numerics.subset_regression import cubic_basis, fold_errors


def scipy_basis(values: np.ndarray, splines: int) -> np.ndarray:
    knots = np.arange(-3, splines + 1) / (splines - 3)
    return BSpline.design_matrix(np.clip(values, 0, 1 - 1e-12), knots, 3).toarray()


@pytest.mark.parametrize("splines", [4, 5, 9])
def test_the_basis_is_scipys(splines: int) -> None:
    values = np.append(np.random.default_rng(0).random(30), [0.0, 1.0])
    np.testing.assert_allclose(cubic_basis(values, splines), scipy_basis(values, splines), atol=1e-9)


@pytest.mark.parametrize("penalty", [0.01, 3.0])
def test_errors_are_those_of_stacked_least_squares(penalty: float) -> None:
    rng = np.random.default_rng(3)
    truth, splines = rng.random(40), 7
    means = np.clip(truth[:, None] ** 2 + 0.1 * rng.normal(size=(40, 6)), 0, 1)
    fold = rng.permutation(40) % 3
    rough = np.sqrt(penalty) * np.diff(np.eye(splines), n=2, axis=0)
    expected = np.zeros((6, 3))
    for subset, x in enumerate(means.T):
        basis = scipy_basis((x - x.min()) / np.ptp(x), splines)
        for number in range(3):
            inside = fold == number
            design = np.vstack([basis[~inside], rough])
            fitted = np.linalg.lstsq(design, np.append(truth[~inside], np.zeros(splines - 2)), rcond=None)[0]
            expected[subset, number] = np.sqrt(np.mean((truth[inside] - basis[inside] @ fitted) ** 2))
    np.testing.assert_allclose(fold_errors(means, truth, fold, splines, penalty), expected, atol=1e-6)


def test_a_curve_is_followed_and_a_constant_predicts_the_level() -> None:
    rng = np.random.default_rng(5)
    x = rng.random(300)
    truth = np.sin(3 * x) / 2
    errors = fold_errors(np.column_stack([x, np.full(300, 0.3)]), truth, np.arange(300) % 5, penalty=1e-3)
    assert errors[0].max() < 0.01
    np.testing.assert_allclose(errors[1], truth.std(), rtol=0.2)
