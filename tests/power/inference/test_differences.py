"""Differences of two models against SciPy and statsmodels, their identities, and honest ends where nothing varies."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from anchoreval.errors import ResponseDataError
from anchoreval.power.inference.binomial_intervals import clopper_pearson_interval
from anchoreval.power.inference.differences import paired_difference, unpaired_difference
from anchoreval.power.inference.mcnemar import mcnemar_p_values

RNG = np.random.default_rng(0)
FIRST = (RNG.random(80) < 0.7).astype(float)
SECOND = np.where(RNG.random(80) < 0.6, FIRST, RNG.random(80))
WEIGHTS = RNG.random(80)
CLUSTERS = np.arange(80) // 7


def test_paired_difference_equals_scipy() -> None:
    found = paired_difference(FIRST, SECOND, level=0.9)
    expected = stats.ttest_rel(FIRST, SECOND)
    interval = expected.confidence_interval(0.9)
    assert (found.lower, found.upper) == pytest.approx((interval.low, interval.high), abs=1e-10)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-10)
    assert found.correlation == pytest.approx(np.corrcoef(FIRST, SECOND)[0, 1], abs=1e-10)
    assert found.first.n_items == 80


def test_clustered_weighted_difference_equals_statsmodels() -> None:
    found = paired_difference(FIRST, SECOND, WEIGHTS, CLUSTERS)
    model = sm.WLS(FIRST - SECOND, np.ones(80), weights=WEIGHTS)
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": CLUSTERS}, use_t=True)
    assert found.standard_error == pytest.approx(fit.bse[0], abs=1e-10)
    assert found.p_value == pytest.approx(fit.pvalues[0], abs=1e-10)
    assert (found.lower, found.upper) == pytest.approx(tuple(fit.conf_int()[0]), abs=1e-10)


@pytest.mark.parametrize("clusters", [None, CLUSTERS])
def test_the_ratio_of_variances_says_what_pairing_is_worth(clusters: np.ndarray | None) -> None:
    found = paired_difference(FIRST, SECOND, WEIGHTS, clusters)
    a, b = found.first.standard_error, found.second.standard_error
    assert found.variance_ratio == pytest.approx(1 - 2 * found.correlation * a * b / (a**2 + b**2))
    assert found.standard_error**2 == pytest.approx(a**2 + b**2 - 2 * found.correlation * a * b)


def test_exchanging_the_models_changes_the_sign() -> None:
    one, other = paired_difference(FIRST, SECOND, WEIGHTS), paired_difference(SECOND, FIRST, WEIGHTS)
    assert (one.lower, one.upper) == pytest.approx((-other.upper, -other.lower))
    assert one.p_value == pytest.approx(other.p_value)


def test_only_items_that_both_answered_count() -> None:
    first, second = FIRST.copy(), SECOND.copy()
    first[:5], second[3:9] = np.nan, np.nan
    found, expected = paired_difference(first, second, WEIGHTS), paired_difference(FIRST[9:], SECOND[9:], WEIGHTS[9:])
    assert (found.lower, found.upper) == pytest.approx((expected.lower, expected.upper))
    assert found.first.n_items == found.second.n_items == 71


def test_identical_models_are_not_certainly_equal() -> None:
    found = paired_difference(FIRST, FIRST)
    bound = float(clopper_pearson_interval(0, 80).upper)
    assert (found.lower, found.upper) == pytest.approx((-bound, bound), abs=1e-12)
    assert (found.p_value, found.method) == (1.0, "equal differences")
    assert found.standard_error > 0.0
    assert np.isnan(found.correlation)


def test_one_model_right_where_the_other_is_wrong_is_the_exact_mcnemar_test() -> None:
    for n in (1, 5, 6, 40):
        found = paired_difference(np.ones(n), np.zeros(n))
        agreement = float(clopper_pearson_interval(n, n).lower)
        assert (found.lower, found.upper) == pytest.approx((2 * agreement - 1, 1.0), abs=1e-12)
        assert found.p_value == pytest.approx(float(mcnemar_p_values(n, 0, "exact")), abs=1e-12)
        assert (found.lower > 0) == (found.p_value < 0.05)


@pytest.mark.parametrize("shift", [0.0, 0.1, -0.3])
def test_equal_differences_of_graded_scores_keep_an_open_end(shift: float) -> None:
    """At least a share .025^(1 / n) of items differs by the shift; the rest may differ by up to one, either way."""
    first = np.linspace(0.3, 0.7, 20)
    found = paired_difference(first, first - shift)
    share = 0.025 ** (1 / 20)
    assert (found.lower, found.upper) == pytest.approx((share * shift - (1 - share), share * shift + 1 - share))
    assert (found.lower > 0 or found.upper < 0) == (found.p_value < 0.05)


def test_rare_discordance_is_covered() -> None:
    """2 % discordant, 40 items: none in 45 % of the samples, where an error of 0 would miss the truth."""
    rng = np.random.default_rng(2)
    first = (rng.random((300, 40)) < 0.02).astype(float)
    found = [paired_difference(row, np.zeros(40)) for row in first]
    fallbacks = [each for each in found if each.method == "equal differences"]
    assert 90 < len(fallbacks) < 180
    assert all(each.lower <= 0.02 <= each.upper for each in fallbacks)


def test_unpaired_difference_is_welchs() -> None:
    other = SECOND[:33]
    found = unpaired_difference(FIRST, other)
    expected = stats.ttest_ind(FIRST, other, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert (found.lower, found.upper) == pytest.approx((interval.low, interval.high), abs=1e-10)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-10)
    assert found.degrees_of_freedom == pytest.approx(expected.df, abs=1e-8)


def test_unpaired_clusters_add_their_variances() -> None:
    found = unpaired_difference(FIRST, SECOND, (WEIGHTS, None), (CLUSTERS, CLUSTERS))
    parts = found.first.standard_error**2 + found.second.standard_error**2
    assert found.standard_error**2 == pytest.approx(parts)
    assert found.first.degrees_of_freedom == 11
    assert found.standard_error > paired_difference(FIRST, SECOND).standard_error


def test_square_and_add_covers_an_all_right_side() -> None:
    found = unpaired_difference(np.ones(20), FIRST)
    assert found.method == "square-and-add"
    assert found.lower < found.difference < found.upper
    assert found.upper == pytest.approx(found.difference + found.second.mean - found.second.lower)
    both = unpaired_difference(np.ones(20), np.zeros(20))
    assert (both.upper, both.difference) == (1.0, 1.0)
    assert both.lower == pytest.approx(1 - np.sqrt(2) * float(clopper_pearson_interval(0, 20).upper))


def test_bad_input_is_refused() -> None:
    with pytest.raises(ResponseDataError, match="80 and 79 scores"):
        paired_difference(FIRST, SECOND[1:])
    with pytest.raises(ResponseDataError, match="no item"):
        paired_difference([np.nan, 1.0], [1.0, np.nan])
    with pytest.raises(ResponseDataError, match="first: score 3"):
        paired_difference([3.0, 1.0], [1.0, 1.0])
