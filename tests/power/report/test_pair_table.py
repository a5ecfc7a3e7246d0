from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.law.order_probability import OrderProbability
from anchoreval.power.report.pair_table import kinship, law_tests, pair_table

from ..simulated import residuals


@pytest.fixture(scope="module")
def law() -> DifferenceLaw:
    return DifferenceLaw.learn(residuals(np.random.default_rng(0), 150, families=10, shared=0.6))


def test_a_pair_is_tested_at_its_level_and_kinship(law: DifferenceLaw) -> None:
    estimates = pd.Series({"a": 0.62, "b": 0.55, "c": 0.5})
    families = pd.Series({"a": "x", "b": "x", "c": None})
    table = pair_table(law, OrderProbability.learn(law), estimates, families).set_index(["first", "second"])
    for pair, kin in ((("a", "b"), True), (("a", "c"), False), (("b", "c"), False)):
        level = float(law.level_of(estimates[list(pair)].to_numpy()).mean())
        spread = law.spread(0.0, level, kin)
        expected = 2 * stats.t(spread.freedom).sf((estimates[pair[0]] - estimates[pair[1]]) / spread.deviation)
        assert table.loc[pair, "p_value"] == pytest.approx(expected, rel=0.3)  # spreads are interpolated between levels
    adjusted = multipletests(table["p_value"], method="holm")[1]
    np.testing.assert_allclose(table["p_adjusted"], adjusted)
    assert (table["resolved"] == (adjusted <= 0.05)).all()


def test_the_better_estimate_comes_first_and_order_changes_nothing(law: DifferenceLaw) -> None:
    rng = np.random.default_rng(1)
    estimates = pd.Series(rng.uniform(0.3, 0.7, 9), index=[f"m{n}" for n in range(9)])
    order = OrderProbability.learn(law)
    table = pair_table(law, order, estimates, half_width=0.04)
    assert (table["difference"] >= 0).all()
    assert (table["p_first_better"] >= 0.5).all()
    np.testing.assert_allclose(table["upper"] - table["lower"], 0.08)
    pd.testing.assert_frame_equal(
        pair_table(law, order, estimates.sample(frac=1.0, random_state=0), half_width=0.04), table
    )


def test_models_without_an_estimate_are_left_out(law: DifferenceLaw) -> None:
    estimates = pd.Series({"a": 0.5, "b": np.nan, "c": 0.4})
    assert len(pair_table(law, OrderProbability.learn(law), estimates)) == 1


def test_no_family_makes_no_kin() -> None:
    models = pd.Index(["a", "b", "c"])
    assert not kinship(None, models).any()
    kin = kinship(pd.Series({"a": "x", "b": "x"}), models)
    assert kin[0, 1]
    assert not kin[2].any()


def test_tests_are_of_their_size(law: DifferenceLaw) -> None:
    rng = np.random.default_rng(2)
    found = []
    for _ in range(40):
        taught = DifferenceLaw.learn(residuals(rng, 80))
        estimates = 0.2 + 0.7 * 0.55 + 0.03 * rng.normal(size=40)
        p_values = law_tests(taught, estimates, np.zeros((40, 40), dtype=bool)).p_values
        found.append(np.nanmean(p_values <= 0.05))
    assert np.mean(found) <= 0.05 + 3 * np.std(found) / np.sqrt(len(found))
    assert np.mean(found) > 0.03
