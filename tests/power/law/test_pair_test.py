from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from anchoreval.errors import MethodOptionError
from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.law.pair_test import PairTest

from ..simulated import residuals


@pytest.fixture(scope="module")
def law() -> DifferenceLaw:
    return DifferenceLaw.learn(residuals(np.random.default_rng(0), 200))


def test_the_critical_value_is_a_quantile_of_students_t(law: DifferenceLaw) -> None:
    null = law.spread(0.0)
    assert PairTest(law, 0.1).critical == pytest.approx(stats.t(null.freedom).ppf(0.95) * null.deviation)
    assert PairTest(law).p_value(PairTest(law).critical) == pytest.approx(0.05)


def test_errors_at_a_gap_agree_with_numerical_integration(law: DifferenceLaw) -> None:
    test, gap = PairTest(law), 0.07
    shown = stats.norm(law.slope * gap, law.spread(gap).deviation)
    limit = test.critical
    found, wrong = shown.sf(limit), shown.cdf(-limit)
    size = sum(integrate.quad(lambda x: abs(x) * shown.pdf(x), *ends)[0] for ends in ((limit, 1), (-1, -limit)))
    at = test.at(gap)
    assert at.power == pytest.approx(found)
    assert at.type_s == pytest.approx(wrong / (found + wrong))
    assert at.type_m == pytest.approx(size / (found + wrong) / gap, rel=1e-6)


def test_the_smallest_gap_solves_its_equation(law: DifferenceLaw) -> None:
    test = PairTest(law)
    gap = test.smallest(0.8)
    assert test.at(gap).power == pytest.approx(0.8, abs=1e-4)
    right = test.critical + stats.norm.ppf(0.8) * law.spread(gap).deviation
    assert gap == pytest.approx(right / law.slope, rel=1e-4)


def test_stated_power_and_size_are_what_happens() -> None:
    rng = np.random.default_rng(1)
    size, power = [], []
    for _ in range(60):
        test = PairTest(DifferenceLaw.learn(residuals(rng, 40)))
        limit, gap = test.critical, test.smallest(0.8)
        error = 0.03 * (rng.normal(size=500) - rng.normal(size=500))
        size.append(np.mean(np.abs(error) > limit))
        power.append(np.mean(0.7 * gap + error > limit))
    assert np.mean(size) <= 0.05 + 3 * np.std(size) / np.sqrt(60)
    assert np.mean(power) == pytest.approx(0.8, abs=0.03)


def test_the_textbook_figure_promises_too_much_where_estimates_shrink() -> None:
    rng = np.random.default_rng(2)
    table = residuals(rng, 300, slope=0.5)
    error = table["residual"].to_numpy()
    textbook = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * np.sqrt(2) * error.std()
    law = DifferenceLaw.learn(table)
    drawn = 0.03 * (rng.normal(size=4000) - rng.normal(size=4000))
    naive = np.mean(0.5 * textbook + drawn > stats.norm.ppf(0.975) * np.sqrt(2) * error.std())
    gap = PairTest(law).smallest(0.8)
    assert naive < 0.6
    assert np.mean(0.5 * gap + drawn > PairTest(law).critical) == pytest.approx(0.8, abs=0.05)


def test_the_items_own_error_widens_the_gap(law: DifferenceLaw) -> None:
    fixed, drawn = PairTest(law), PairTest(law, item_variance=0.02**2)
    assert drawn.spread(0.0).deviation == pytest.approx(np.hypot(fixed.spread(0.0).deviation, law.slope * 0.02))
    assert drawn.smallest() > fixed.smallest()


def test_gaps_beyond_those_seen_are_not_answered() -> None:
    table = residuals(np.random.default_rng(3), 50, deviation=0.3)
    assert np.isnan(PairTest(DifferenceLaw.learn(table)).smallest(0.99))


def test_exact_estimates_find_any_gap() -> None:
    law = DifferenceLaw.learn(residuals(np.random.default_rng(4), 20, slope=1.0, deviation=0.0))
    test = PairTest(law)
    assert test.smallest() < 1e-3
    assert test.at(0.1).power == 1.0
    assert (test.p_value(0.0), test.p_value(1e-3)) == (1.0, pytest.approx(0.0, abs=1e-6))


@pytest.mark.parametrize("wrong", [{"alpha": 0.0}, {"alpha": 1.0}, {"item_variance": -1.0}])
def test_impossible_options_are_refused(law: DifferenceLaw, wrong: dict[str, float]) -> None:
    with pytest.raises(MethodOptionError):
        PairTest(law, **wrong)
    with pytest.raises(MethodOptionError):
        PairTest(law).smallest(1.0)
    with pytest.raises(MethodOptionError):
        PairTest(law).at(0.0)
