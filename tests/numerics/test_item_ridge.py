"""Ridge with items as rows: every leave-one-out figure against a fit by hand without that anchor."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from anchoreval.numerics.item_ridge import ItemRidge


def problem(anchors: int = 12, features: int = 5, targets: int = 3, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(anchors, features))
    answers = rows @ rng.normal(size=(features, targets)) + rng.normal(size=(anchors, targets))
    weights = rng.random(anchors) + 0.1
    return rows, rng.normal(size=(2, features)), weights / weights.sum(), answers


def by_hand(rows: np.ndarray, open_rows: np.ndarray, weights: np.ndarray, answers: np.ndarray, alpha: float) -> tuple:
    """Predicted deviations from the anchors' mean, and mean contrasts, with one scikit-learn fit an anchor."""
    centre, k = weights @ rows, len(rows)
    predicted, contrasts, errors = np.zeros(k), np.zeros(len(open_rows)), np.zeros(k)
    for n in range(k):
        others = np.arange(k) != n
        fit = Ridge(alpha=alpha).fit(rows[others], answers[others], sample_weight=k * weights[others])
        predicted[n] = (rows[n] - centre) @ fit.coef_
        contrasts += weights[n] * ((open_rows - centre) @ fit.coef_)
        errors[n] = answers[n] - fit.predict(rows[n : n + 1])[0]
    return predicted, contrasts, float(weights @ errors**2)


@pytest.mark.parametrize(("anchors", "features"), [(12, 5), (8, 20)])
def test_leave_one_out_figures_are_those_of_as_many_fits(anchors: int, features: int) -> None:
    rows, open_rows, weights, answers = problem(anchors, features)
    ridge = ItemRidge.of(rows, open_rows, weights)
    grid = ridge._grid()
    left_out = ridge.left_out(answers)
    for n, answer in enumerate(answers.T):
        tried = [by_hand(rows, open_rows, weights, answer, min(alpha, 1e12)) for alpha in grid]
        predicted, contrasts, _ = tried[int(np.argmin([error for _, _, error in tried]))]
        np.testing.assert_allclose(left_out.predicted[:, n], predicted, rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(left_out.contrasts[:, n], contrasts, rtol=1e-3, atol=1e-6)


def test_targets_do_not_touch_each_other() -> None:
    rows, open_rows, weights, answers = problem(targets=40)
    ridge = ItemRidge.of(rows, open_rows, weights)
    together = ridge.left_out(answers)
    for n in range(40):
        np.testing.assert_allclose(ridge.left_out(answers[:, [n]]).predicted[:, 0], together.predicted[:, n], atol=1e-9)


def test_an_answer_that_features_do_not_explain_is_left_alone() -> None:
    rows, open_rows, weights, _ = problem(60, 5)
    constant = ItemRidge.of(rows, open_rows, weights).left_out(np.full((60, 2), 0.3))
    assert np.abs(constant.predicted).max() == 0.0
    assert np.abs(constant.contrasts).max() == 0.0


def test_sources_that_all_answer_alike_explain_nothing() -> None:
    answers = problem()[3]
    ridge = ItemRidge.of(np.full((12, 4), 0.5), np.full((1, 4), 0.5), np.full(12, 1 / 12))
    left_out = ridge.left_out(answers)
    assert ridge.coordinates.shape == (12, 0)
    assert not left_out.predicted.any()
    assert not left_out.contrasts.any()


def test_an_anchor_of_no_weight_takes_no_part_and_is_predicted() -> None:
    rows, open_rows, weights, answers = problem()
    weights = np.append(0.0, weights[1:] / weights[1:].sum())
    changed = answers.copy()
    changed[0] += 100.0
    first, second = (ItemRidge.of(rows, open_rows, weights).left_out(values) for values in (answers, changed))
    np.testing.assert_allclose(first.predicted, second.predicted, atol=1e-9)
    assert first.predicted[0].any()


def test_the_state_restores_it() -> None:
    rows, open_rows, weights, answers = problem()
    made = ItemRidge.of(rows, open_rows, weights)
    restored = ItemRidge.from_state(made.state())
    np.testing.assert_array_equal(made.left_out(answers).predicted, restored.left_out(answers).predicted)
