"""The posterior mean against ridge regression, dense Gaussian conditioning and a plain repetition of the folds."""

from __future__ import annotations

import numpy as np
import pytest

from anchoreval.numerics.design_tuning import Setting
from anchoreval.numerics.folds import group_folds
from anchoreval.numerics.joint_moments import JointMoments, left_out_errors


def answers_and_rests(models: int = 30, k: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(models)
    ability = rng.normal(size=(models, 1))
    answers = ability + rng.normal(size=(models, k))
    return answers, ability * [1.0, 0.5] + 0.3 * rng.normal(size=(models, 2))


def test_without_pooling_it_is_a_ridge_regression() -> None:
    """A ridge with a penalty an answer, solved by least squares on the answers with penalty rows below them."""
    answers, rests = answers_and_rests()
    s, v = 0.3, 0.2
    centred, aims = answers - answers.mean(axis=0), rests - rests.mean(axis=0)
    variance = answers.var(axis=0)
    penalty = len(answers) * (s * variance + v * variance.mean()) / (1 - s)
    stacked = np.vstack([centred, np.diag(np.sqrt(penalty))])
    expected = np.linalg.lstsq(stacked, np.vstack([aims, np.zeros((6, 2))]), rcond=None)[0]
    np.testing.assert_allclose(JointMoments.of(answers, rests).slopes(Setting(s, v)), expected, atol=1e-10)


def test_wholly_pooled_only_the_mean_of_the_answers_counts() -> None:
    answers, rests = answers_and_rests()
    moments = JointMoments.of(answers, rests)
    slopes = moments.slopes(Setting(0.3, 0.03, 1.0))
    np.testing.assert_allclose(slopes, np.broadcast_to(slopes[:1], slopes.shape), atol=1e-12)
    covariance = np.cov(answers.T, bias=True)
    unit, together = np.diag(covariance).mean(), covariance[~np.eye(6, dtype=bool)].mean()
    aims = rests - rests.mean(axis=0)
    u = (answers - answers.mean(axis=0)).mean(axis=1) @ aims / len(answers)
    np.testing.assert_allclose(slopes[0], u / (unit * 1.03 + 5 * together))


@pytest.mark.parametrize("setting", [Setting(0.2, 0.1), Setting(0.2, 0.1, 0.5)])
def test_mean_and_variance_are_those_of_the_conditioned_gaussian(setting: Setting) -> None:
    answers, rests = answers_and_rests()
    moments = JointMoments.of(answers, rests)
    among, across = moments.shrunk(setting)
    precision = np.linalg.inv(np.block([[among, across[:, :1]], [across[:, :1].T, moments.rest_variance[:1, None]]]))
    assert moments.open_variance(setting)[0] == pytest.approx(1 / precision[-1, -1])
    np.testing.assert_allclose(moments.slopes(setting)[:, 0], -precision[-1, :-1] / precision[-1, -1])
    assert (
        moments.predicted(answers[:3] * 0 + answers.mean(axis=0), moments.slopes(setting))[0] == rests.mean(0)
    ).all()


def test_the_variance_is_right_where_the_gaussian_holds() -> None:
    answers, rests = answers_and_rests(20_000)
    setting = Setting(0.0, 1e-6)
    moments = JointMoments.of(answers[:10_000], rests[:10_000])
    errors = moments.predicted(answers[10_000:], moments.slopes(setting)) - rests[10_000:]
    np.testing.assert_allclose(errors.var(axis=0), moments.open_variance(setting), rtol=0.05)


def test_models_that_do_not_differ_predict_their_mean() -> None:
    moments = JointMoments.of(np.ones((4, 3)), np.full((4, 1), 0.3))
    assert (moments.slopes(Setting(0.5, 0.03, 0.5)) == 0).all()
    assert moments.open_variance(Setting(0.5, 0.03, 0.5)) == 0


def test_left_out_errors_by_hand() -> None:
    answers, rests = answers_and_rests(12)
    groups = np.array([0, 0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 7])
    settings = [Setting(0.1, 0.03, 0.0), Setting(0.6, 0.03, 0.8)]
    errors = left_out_errors(answers, rests, groups, settings, 4, np.random.default_rng(3))
    squares = np.zeros((2, 12, 2))
    for held_out in group_folds(groups, 4, np.random.default_rng(3)):
        moments = JointMoments.of(answers[~held_out], rests[~held_out])
        for row, setting in enumerate(settings):
            fitted = moments.rest_mean + (answers[held_out] - moments.answer_mean) @ moments.slopes(setting)
            squares[row, held_out] = (fitted - rests[held_out]) ** 2
    by_group = np.stack([squares[:, groups == label].mean(axis=1) for label in range(8)])
    np.testing.assert_allclose(errors, by_group.mean(axis=0))
