"""Metrics against SciPy, scikit-learn, brute force and cases whose answer is plain."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from sklearn.isotonic import IsotonicRegression

from anchoreval.errors import ResponseDataError
from anchoreval.protocol.metrics import METRICS, error_metrics, mdad


def test_errors_are_in_percentage_points() -> None:
    figures = error_metrics([0.5, 0.62, 0.7], [0.5, 0.6, 0.74], [0.4, 0.61, 0.6], [0.6, 0.63, 0.8])
    assert tuple(figures) == METRICS
    assert figures["mae"] == pytest.approx(2.0)
    assert figures["rmse"] == pytest.approx(np.sqrt((4 + 16) / 3))
    assert figures["bias"] == pytest.approx(-2 / 3)
    assert figures["max_error"] == pytest.approx(4.0)
    assert figures["coverage"] == pytest.approx(2 / 3)
    assert figures["interval_width"] == pytest.approx((20 + 2 + 20) / 3)


def test_order_figures_equal_scipy_and_brute_force() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(20, 60, size=70) / 80
    estimate = np.round(truth + 0.05 * rng.normal(size=70), 2)
    figures = error_metrics(estimate, truth)
    assert figures["spearman"] == pytest.approx(stats.spearmanr(estimate, truth).statistic)
    assert figures["kendall"] == pytest.approx(stats.kendalltau(estimate, truth).statistic)
    shift = abs(stats.rankdata(estimate) - stats.rankdata(truth))
    assert figures["within_5pct"] == pytest.approx(np.mean(shift <= 3.5))
    assert figures["within_10pct"] == pytest.approx(np.mean(shift <= 7.0))
    assert np.isnan(figures["coverage"])
    assert np.isnan(figures["interval_width"])


def brute_force_mdad(estimate: np.ndarray, truth: np.ndarray) -> float:
    """The definition spelt out pair by pair, with scikit-learn's isotonic regression."""
    cells: dict[int, list[float]] = {}
    for a, b in combinations(range(len(truth)), 2):
        gap = abs(truth[a] - truth[b]) * 100
        if gap > 1e-9:
            product = (estimate[a] - estimate[b]) * (truth[a] - truth[b])
            cells.setdefault(int((gap + 0.25 + 1e-9) // 0.5), []).append(0.5 + 0.5 * float(np.sign(product)))
    buckets = sorted(cells)
    shares, sizes = [np.mean(cells[b]) for b in buckets], [len(cells[b]) for b in buckets]
    rising = IsotonicRegression().fit_transform(buckets, shares, sample_weight=sizes)
    reached = [0.5 * b for b, share in zip(buckets, rising, strict=True) if share >= 0.8 - 1e-9]
    return reached[0] if reached else np.nan


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.03, 0.1, 1.0])
def test_mdad_equals_brute_force(noise: float) -> None:
    rng = np.random.default_rng(1)
    truth = rng.beta(4, 3, size=60)
    estimate = truth + noise * rng.normal(size=60)
    assert mdad(estimate, truth) == pytest.approx(brute_force_mdad(estimate, truth), nan_ok=True)


def test_mdad_is_what_normal_errors_make_it() -> None:
    """With errors of sd s the difference has sd s sqrt(2), and 80 % of pairs are right at 0.8416 of that."""
    rng = np.random.default_rng(2)
    truth = rng.uniform(0.3, 0.7, size=3000)
    assert mdad(truth + 0.04 * rng.normal(size=3000), truth) == pytest.approx(0.8416 * 4 * np.sqrt(2), abs=0.5)


def test_mdad_is_not_fooled_by_one_lucky_pair() -> None:
    truth = np.array([0.500, 0.503, 0.6, 0.612, 0.700, 0.713])  # gaps of .3, 1.2 and 1.3 points, and large ones
    estimate = np.array([0.500, 0.503, 0.612, 0.6, 0.713, 0.700])  # only the smallest gap is ordered right
    assert mdad(estimate, truth) > 1.5  # 100 % at .5, 0 % at 1 and 1.5: the first bucket was luck
    assert mdad(truth, truth) == 0.5  # no pair is closer than .25 points
    assert np.isnan(mdad(-truth, truth))


def test_slope_is_that_of_the_line_through_estimates_and_one_without_shrinkage() -> None:
    rng = np.random.default_rng(3)
    truth = rng.random(50)
    estimate = 0.1 + 0.7 * truth + 0.05 * rng.normal(size=50)
    assert error_metrics(estimate, truth)["slope"] == pytest.approx(stats.linregress(truth, estimate).slope)
    assert error_metrics(0.7 * truth + 0.1, truth)["slope"] == pytest.approx(0.7)
    assert error_metrics(truth, truth)["slope"] == pytest.approx(1.0)
    assert np.isnan(error_metrics(estimate, np.full(50, 0.1 + 0.2))["slope"])


def test_degenerate_targets_give_nan_not_zero() -> None:
    one = error_metrics([0.5], [0.6])
    assert one["mae"] == pytest.approx(10)
    assert all(np.isnan(one[name]) for name in METRICS[4:])
    none = error_metrics([np.nan], [0.6])
    assert all(np.isnan(value) for value in none.values())
    same = error_metrics([0.4, 0.5], [0.5, 0.5])
    assert all(np.isnan(same[name]) for name in ("spearman", "kendall", "pairwise_agreement", "mdad"))


def test_models_without_an_estimate_are_left_out() -> None:
    figures = error_metrics([0.5, np.nan, 0.7], [0.4, 0.6, 0.8], [0.3, np.nan, 0.6], [0.6, np.nan, 0.7])
    assert figures["mae"] == pytest.approx(10)
    assert figures["coverage"] == pytest.approx(0.5)


def test_an_end_that_equals_the_truth_covers_it() -> None:
    truth = np.full(3, 0.1 + 0.2)
    assert error_metrics(truth, truth, [0.3, 0.3, 0.3], [0.3, 0.3, 0.3])["coverage"] == 1.0


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ResponseDataError, match="one length"):
        error_metrics([0.5, 0.6], [0.5])
    with pytest.raises(ResponseDataError, match="number 1 is not known"):
        error_metrics([0.5, 0.6], [0.5, np.nan])
