from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import BSpline

from anchoreval.errors import MethodOptionError
from anchoreval.numerics.gam import Gam, fit_gam


def wavy(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two features, the sum of a sine of the first and a line of the second, and the same with noise."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (n, 2))
    truth = np.sin(3 * x[:, 0]) + 0.5 * x[:, 1]
    return x, truth, truth + 0.2 * rng.normal(size=n)


def test_it_finds_curve_and_line() -> None:
    x, truth, y = wavy(400)
    model = fit_gam(x, y)
    assert np.sqrt(np.mean((model.predict(x) - truth) ** 2)) < 0.06
    assert model.penalties[1] > model.penalties[0]  # the line is left stiff, the sine is not
    assert 5 < model.freedom < 15


def test_it_solves_the_penalised_least_squares_problem() -> None:
    """Against the same problem written with SciPy's B-splines and solved as stacked least squares."""
    x, _, y = wavy(80)
    x = x[:, :1]
    splines, penalty = 8, 0.7
    model = fit_gam(x, y, splines=splines, penalty=penalty)
    low, high = x.min(), x.max()
    step = (high - low) / (splines - 3)
    knots = low + step * np.arange(-3, splines + 1)
    basis = BSpline.design_matrix(np.clip(x[:, 0], low, high - 1e-12), knots, 3).toarray()
    rough = np.sqrt(penalty) * np.diff(np.eye(splines), n=2, axis=0)
    solution = np.linalg.lstsq(np.vstack([basis, rough]), np.append(y, np.zeros(splines - 2)), rcond=None)[0]
    np.testing.assert_allclose(model.predict(x), basis @ solution, atol=1e-5)


def test_a_heavy_penalty_gives_the_straight_line_also_beyond_the_data() -> None:
    x, _, y = wavy(60)
    line = np.polynomial.Polynomial.fit(x[:, 0], y, 1)
    model = fit_gam(x[:, :1], y, penalty=1e9)
    points = np.array([-3.0, -1.0, 0.2, 2.5])
    np.testing.assert_allclose(model.predict(points[:, None]), line(points), atol=1e-4)


def test_beyond_the_data_a_curve_is_a_straight_line() -> None:
    x, _, y = wavy(100)
    model = fit_gam(x[:, :1], y, penalty=0.1)
    values = model.predict(np.array([[2.0], [3.0], [4.0]]))
    assert values[2] - values[1] == pytest.approx(values[1] - values[0], rel=1e-9)


def test_weights_count_as_repetitions() -> None:
    x, _, y = wavy(30)
    times = 1 + np.arange(30) % 3
    weighted = fit_gam(x, y, penalty=1.0, weights=times.astype(float))
    # the penalty stands against the sum of squares, and weights have a mean of 1
    repeated = fit_gam(np.repeat(x, times, axis=0), np.repeat(y, times), penalty=times.mean())
    np.testing.assert_allclose(weighted.predict(x), repeated.predict(x), atol=1e-6)


def test_noise_alone_is_left_flat() -> None:
    rng = np.random.default_rng(1)
    freedoms = [fit_gam(rng.normal(size=(50, 1)), rng.normal(size=50)).freedom for _ in range(40)]
    assert np.median(freedoms) < 2.5  # a mean and a line are 2


def test_a_feature_that_does_not_vary_adds_nothing() -> None:
    x, _, y = wavy(40)
    alone = fit_gam(x[:, :1], y)
    beside = fit_gam(np.column_stack([x[:, 0], np.full(40, 0.3)]), y)
    np.testing.assert_allclose(beside.predict(np.column_stack([x[:, 0], x[:, 1]])), alone.predict(x[:, :1]))
    nothing = fit_gam(np.zeros((5, 2)), np.arange(5.0))
    np.testing.assert_allclose(nothing.predict(np.ones((3, 2))), 2.0)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_a_handful_of_models_gives_finite_predictions(n: int) -> None:
    x, _, y = wavy(n)
    assert np.isfinite(fit_gam(x, y).predict(np.array([[0.0, 0.0], [9.0, -9.0]]))).all()


def test_unknown_features_give_unknown_predictions() -> None:
    x, _, y = wavy(40)
    predicted = fit_gam(x, y).predict(np.array([[0.1, np.nan], [0.1, 0.2]]))
    assert np.isnan(predicted[0])
    assert np.isfinite(predicted[1])


def test_the_state_restores_the_model() -> None:
    x, _, y = wavy(40)
    model = fit_gam(x, y)
    again = Gam.from_state(model.state())
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert again.freedom == model.freedom


def test_options_that_make_no_sense_are_refused() -> None:
    x, _, y = wavy(10)
    with pytest.raises(MethodOptionError, match="splines = 3"):
        fit_gam(x, y, splines=3)
    with pytest.raises(MethodOptionError, match="negative"):
        fit_gam(x, y, penalty=-1.0)


def test_features_that_are_lines_of_each_other_share_one_curve() -> None:
    x, _, y = wavy(60)
    alone = fit_gam(x[:, :1], y, penalty=1.0).predict(x[:, :1])
    twice = np.column_stack([x[:, 0], 3.0 - 2.0 * x[:, 0]])
    np.testing.assert_allclose(fit_gam(twice, y, penalty=2.0).predict(twice), alone, atol=1e-4)
    assert np.isfinite(fit_gam(twice, y).predict(twice)).all()
