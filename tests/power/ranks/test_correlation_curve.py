"""Correlation curves: a bin worked out by hand, votes of models, and what few models are worth."""

from __future__ import annotations

import numpy as np
import pytest

from anchoreval.power.ranks.correlation_curve import PRIOR_PAIRS, UNCORRELATED, CorrelationCurve, fit_curve


def apart(count: int) -> np.ndarray:
    return ~np.eye(count, dtype=bool)


def test_one_bin_is_the_mean_over_models_drawn_towards_the_belief() -> None:
    rng = np.random.default_rng(0)
    half = rng.random((20, 20))
    half = (half + half.T) / 2
    curve = fit_curve(half, np.full((20, 20), 0.7), apart(20), np.ones(20), UNCORRELATED)
    found = 1 - half[apart(20)].mean()
    assert curve is not None
    np.testing.assert_allclose(curve.similarity, [0.7])
    np.testing.assert_allclose(curve.correlation, [found * 10 / (10 + PRIOR_PAIRS)])


def test_what_lies_below_the_belief_is_taken_as_found() -> None:
    belief = CorrelationCurve(np.array([0.7]), np.array([0.4]))
    for half, expected in ((0.8, 0.2), (1.5, -0.5), (0.2, 0.4 + 0.4 * 10 / (10 + PRIOR_PAIRS))):
        curve = fit_curve(np.full((20, 20), half), np.full((20, 20), 0.7), apart(20), np.ones(20), belief)
        assert curve is not None
        np.testing.assert_allclose(curve.correlation, [expected])


def test_a_model_with_many_partners_has_one_vote() -> None:
    """A star: one model is far from 19 others, which are paired among themselves without a difference."""
    half, pairs = np.zeros((20, 20)), np.zeros((20, 20), dtype=bool)
    half[0, 1:] = half[1:, 0] = 2.0
    pairs[0, 1:] = pairs[1:, 0] = True
    for model in range(1, 19, 2):
        pairs[model, model + 1] = pairs[model + 1, model] = True
    curve = fit_curve(half, np.full((20, 20), 0.5), pairs, np.ones(20), UNCORRELATED)
    assert curve is not None
    # 18 models have a partner at 0 and one at 2, the last one and the hub know only the 2 between them
    np.testing.assert_allclose(curve.correlation, [1 - (18 * 1.0 + 2 * 2.0) / 20])


def test_copies_of_a_model_share_its_vote() -> None:
    rng = np.random.default_rng(1)
    z, similarity = rng.normal(size=30), np.round(rng.random((30, 30)), 1)
    similarity = np.maximum(similarity, similarity.T)
    half = (z[:, None] - z) ** 2 / 2
    alone = fit_curve(half, similarity, apart(30), np.ones(30), UNCORRELATED)
    twice = np.tile(np.arange(30), 2)
    square = np.ix_(twice, twice)
    pairs = twice[:, None] != twice
    both = fit_curve(half[square], similarity[square], pairs, np.full(60, 0.5), UNCORRELATED)
    assert alone is not None
    assert both is not None
    np.testing.assert_allclose(both.similarity, alone.similarity)
    np.testing.assert_allclose(both.correlation, alone.correlation)


def test_curves_rise_and_their_bins_show_enough_models() -> None:
    rng = np.random.default_rng(2)
    for count in (10, 25, 60):
        z, similarity = rng.normal(size=count), rng.random((count, count))
        similarity = (similarity + similarity.T) / 2
        curve = fit_curve((z[:, None] - z) ** 2 / 2, similarity, apart(count), np.ones(count), UNCORRELATED)
        assert curve is not None
        assert (np.diff(curve.similarity) > 0).all()
        assert (np.diff(curve.correlation) >= 0).all()
        assert (curve.correlation <= 1).all()


def test_too_few_models_give_no_curve() -> None:
    assert fit_curve(np.ones((9, 9)), np.ones((9, 9)), apart(9), np.ones(9), UNCORRELATED) is None
    assert fit_curve(np.ones((30, 30)), np.ones((30, 30)), apart(30), np.full(30, 0.3), UNCORRELATED) is None
    assert (
        fit_curve(np.ones((30, 30)), np.ones((30, 30)), np.zeros((30, 30), dtype=bool), np.ones(30), UNCORRELATED)
        is None
    )


def test_a_curve_is_straight_between_knots_and_level_beyond() -> None:
    curve = CorrelationCurve(np.array([0.2, 0.6]), np.array([-0.1, 0.3]))
    np.testing.assert_allclose(curve([0.0, 0.2, 0.4, 0.6, 1.0]), [-0.1, -0.1, 0.1, 0.3, 0.3])
    assert curve([[np.nan]]).tolist() == [[-0.1]]
    assert CorrelationCurve(np.array([0.2]), np.array([0.3]))(np.nan) == pytest.approx(0.0)
