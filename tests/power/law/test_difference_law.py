from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import ResponseDataError, TooFewModelsError
from anchoreval.power.law.difference_law import DifferenceLaw

from ..simulated import residuals


def test_the_slope_is_that_of_a_least_squares_line_over_all_pairs() -> None:
    table = residuals(np.random.default_rng(0), 40)
    first, second = np.triu_indices(40, 1)
    truth, estimate = table["truth"].to_numpy(), table["estimate"].to_numpy()
    gap, shown = truth[first] - truth[second], estimate[first] - estimate[second]
    assert DifferenceLaw.learn(table).slope == pytest.approx(gap @ shown / (gap @ gap))


def test_the_slope_and_its_standard_error_are_right_on_average() -> None:
    rng = np.random.default_rng(1)
    laws = [DifferenceLaw.learn(residuals(rng, 40)) for _ in range(150)]
    slopes = np.array([law.slope for law in laws])
    assert slopes.mean() == pytest.approx(0.7, abs=3 * slopes.std() / np.sqrt(len(slopes)))
    claimed = np.mean([law.slope_error for law in laws])
    assert claimed == pytest.approx(slopes.std(), rel=0.2)


def test_the_spread_is_that_of_the_difference_of_two_errors() -> None:
    law = DifferenceLaw.learn(residuals(np.random.default_rng(2), 400))
    for gap in (0.0, 0.1, 0.3):
        assert law.spread(gap).deviation == pytest.approx(0.03 * np.sqrt(2), rel=0.1)


def test_the_spread_follows_the_level() -> None:
    law = DifferenceLaw.learn(residuals(np.random.default_rng(3), 500, by_level=1.5))
    low, high = (law.spread(0.0, level).deviation for level in (0.35, 0.8))
    assert low == pytest.approx(0.03 * np.sqrt(2) * (1 - 1.5 * 0.15), rel=0.2)
    assert high == pytest.approx(0.03 * np.sqrt(2) * (1 + 1.5 * 0.3), rel=0.2)


def test_kin_whose_errors_go_together_differ_less() -> None:
    law = DifferenceLaw.learn(residuals(np.random.default_rng(4), 300, families=15, shared=0.75))
    assert law.has_kin()
    strangers, kin = (law.spread(0.0, kin=one).deviation for one in (False, True))
    assert kin == pytest.approx(0.03 * np.sqrt(2 * 0.25), rel=0.25)
    assert strangers == pytest.approx(0.03 * np.sqrt(2), rel=0.25)


def test_without_kin_the_answer_for_kin_is_that_for_all() -> None:
    law = DifferenceLaw.learn(residuals(np.random.default_rng(5), 30))
    assert not law.has_kin()
    assert law.spread(0.0, kin=True) == law.spread(0.0)


def test_degrees_of_freedom_are_those_of_a_variance_of_so_many_models() -> None:
    rng = np.random.default_rng(6)
    found = [DifferenceLaw.learn(residuals(rng, 60)).spread(0.0) for _ in range(100)]
    variances = np.array([one.deviation**2 for one in found])
    realised = 2 * variances.mean() ** 2 / variances.var()
    assert np.median([one.freedom for one in found]) == pytest.approx(realised, rel=0.4)


def test_copies_of_a_model_count_once_and_order_changes_nothing() -> None:
    table = residuals(np.random.default_rng(7), 30)
    copies = table.iloc[[3] * 5].set_axis([f"copy{n}" for n in range(5)])
    law, more = (
        DifferenceLaw.learn(table),
        DifferenceLaw.learn(pd.concat([table, copies]).sample(frac=1.0, random_state=0)),
    )
    assert more.slope == pytest.approx(law.slope)
    assert more.spread(0.05, 0.5).deviation == pytest.approx(law.spread(0.05, 0.5).deviation, rel=1e-9)
    assert more.largest_gap == pytest.approx(law.largest_gap)


def test_a_perfect_reconstruction_has_no_spread() -> None:
    table = residuals(np.random.default_rng(8), 20, slope=1.0, deviation=0.0)
    law = DifferenceLaw.learn(table)
    assert law.slope == pytest.approx(1.0)
    assert law.spread(0.0).deviation == pytest.approx(0.0, abs=1e-12)


def test_the_level_of_an_estimate_is_the_regression_of_truth() -> None:
    table = residuals(np.random.default_rng(9), 100)
    slope, intercept = np.polyfit(table["estimate"], table["truth"], 1)
    assert DifferenceLaw.learn(table).level_of([0.5, 0.7]) == pytest.approx(intercept + slope * np.array([0.5, 0.7]))


def test_many_models_are_thinned_evenly() -> None:
    table = residuals(np.random.default_rng(10), 900)
    law = DifferenceLaw.learn(table)
    assert len(law.truth) == 600
    assert law.truth.mean() == pytest.approx(table["truth"].mean(), abs=0.002)


@pytest.mark.parametrize("models", [1, 2, 4])
def test_too_few_models_are_refused(models: int) -> None:
    with pytest.raises(TooFewModelsError, match=f"{models} groups of calibration models; 5 are needed"):
        DifferenceLaw.learn(residuals(np.random.default_rng(0), models))


def test_equal_truths_and_broken_tables_are_refused() -> None:
    table = residuals(np.random.default_rng(0), 10)
    with pytest.raises(TooFewModelsError, match="same true score"):
        DifferenceLaw.learn(table.assign(truth=0.5))
    with pytest.raises(ResponseDataError, match="no column 'group'"):
        DifferenceLaw.learn(table.drop(columns="group"))
    with pytest.raises(ResponseDataError, match="is not a number"):
        DifferenceLaw.learn(table.assign(estimate=np.nan))
