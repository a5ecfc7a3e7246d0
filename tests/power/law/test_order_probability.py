from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from anchoreval.power.law.checks import halves, judged_pairs, reliability
from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.law.order_probability import OrderProbability

from ..simulated import residuals


def test_probabilities_are_those_of_a_normal_posterior() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(0.5, 0.06, 500)
    table = residuals(rng, 500).assign(truth=truth, estimate=0.6 * truth + rng.normal(0.0, 0.02, 500))
    order = OrderProbability.learn(DifferenceLaw.learn(table))
    prior, noise = 2 * 0.06**2, 2 * 0.02**2
    shown = 0.6**2 * prior + noise
    slope, left = 0.6 * prior / shown, prior - (0.6 * prior) ** 2 / shown
    for difference in (0.01, 0.03, 0.06):
        expected = stats.norm.cdf(slope * difference / np.sqrt(left))
        assert order(difference) == pytest.approx(expected, abs=0.02)


def test_probabilities_are_calibrated_on_other_models() -> None:
    rng = np.random.default_rng(1)
    import pandas as pd

    judged = pd.concat(
        [judged_pairs(residuals(rng, 50, by_level=1.0), residuals(rng, 60, by_level=1.0)) for _ in range(25)]
    )
    assert reliability(judged).error < 0.03


def test_ties_count_half_and_the_other_order_is_the_complement() -> None:
    order = OrderProbability.learn(DifferenceLaw.learn(residuals(np.random.default_rng(2), 40)))
    assert order(0.0) == 0.5
    assert order([0.02, -0.02]).sum() == pytest.approx(1.0)


def test_pairs_that_never_disagree_prove_no_certainty() -> None:
    table = residuals(np.random.default_rng(3), 8, deviation=0.002)
    table["estimate"] = np.sort(table["estimate"].to_numpy())[np.argsort(np.argsort(table["truth"].to_numpy()))]
    order = OrderProbability.learn(DifferenceLaw.learn(table))
    assert 0.5 < order(0.001) < 0.99


def test_exact_estimates_leave_no_doubt() -> None:
    order = OrderProbability.learn(DifferenceLaw.learn(residuals(np.random.default_rng(4), 20, 1.0, 0.0)))
    assert order(0.001) > 0.999


def test_estimates_that_say_nothing_are_worth_a_coin() -> None:
    rng = np.random.default_rng(5)
    table = residuals(rng, 200).assign(estimate=rng.normal(0.5, 0.05, 200))
    assert abs(float(OrderProbability.learn(DifferenceLaw.learn(table))(0.05)) - 0.5) < 0.1


def test_kin_have_a_precision_of_their_own() -> None:
    rng = np.random.default_rng(6)
    order = OrderProbability.learn(DifferenceLaw.learn(residuals(rng, 300, families=10, shared=0.9)))
    assert order.kin_precision > 1.3 * order.precision
    assert order(0.02, True) > order(0.02, False)


def test_halves_judge_each_other_and_too_few_models_judge_nothing() -> None:
    table = residuals(np.random.default_rng(7), 40)
    pairs = halves(table)
    assert len(pairs) == 5 * 2 * (20 * 19 // 2)
    assert pairs["stated"].dropna().between(0, 1).all()
    assert halves(table.iloc[:8]).empty
    assert np.isnan(reliability(halves(table.iloc[:8])).error)
