from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.law.order_probability import OrderProbability
from anchoreval.power.report.pair_rule import PairRule
from anchoreval.power.report.pair_table import pair_table

from ..simulated import residuals


@pytest.fixture(scope="module")
def law() -> DifferenceLaw:
    return DifferenceLaw.learn(residuals(np.random.default_rng(0), 150, families=10, shared=0.6, by_level=1.0))


@pytest.mark.parametrize(("models", "spread"), [(2, 0.3), (12, 0.2), (60, 0.1), (60, 0.001), (150, 0.2)])
def test_the_rule_decides_every_pair_as_the_table_does(law: DifferenceLaw, models: int, spread: float) -> None:
    rng = np.random.default_rng(models)
    names = [f"m{n}" for n in range(models)]
    estimates = pd.Series(rng.normal(0.55, spread, models).clip(0, 1), index=names)
    families = pd.Series(rng.choice(["x", "y", "z"], models), index=names)
    table = pair_table(law, OrderProbability.learn(law), estimates, families, 0.04)
    rule = PairRule.learn(law, estimates, families, 0.04)
    kin = families.loc[table["first"]].to_numpy() == families.loc[table["second"]].to_numpy()
    found = rule.resolved(table["first"], table["second"], table["difference"], kin)
    assert (found == table["resolved"].to_numpy()).mean() > 0.999
    order = OrderProbability(rule.precision, rule.kin_precision)
    np.testing.assert_allclose(order(table["difference"], kin), table["p_first_better"])


def test_nothing_is_resolved_among_equal_estimates_and_one_model_has_no_pairs(law: DifferenceLaw) -> None:
    same = pd.Series(0.5, index=["a", "b", "c"])
    rule = PairRule.learn(law, same)
    assert np.isinf(rule.critical).all()
    assert not rule.resolved(["a"], ["b"], [0.0]).any()
    assert np.isinf(PairRule.learn(law, same.head(1)).critical).all()
