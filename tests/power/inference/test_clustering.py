"""Clustered errors of a weighted mean against statsmodels and brute force, and coverage where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.inference.binomial_intervals import clopper_pearson_interval
from anchoreval.power.inference.clustering import mean_interval

RNG = np.random.default_rng(0)
SCORES = RNG.random(60)
WEIGHTS = RNG.random(60)
CLUSTERS = RNG.choice(["law", "art", "war", "sea", "sky"], size=60)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("small_sample", [True, False])
def test_clustered_errors_equal_statsmodels(weights: np.ndarray | None, small_sample: bool) -> None:
    found = mean_interval(SCORES, weights, CLUSTERS, small_sample=small_sample)
    groups = {"groups": np.unique(CLUSTERS, return_inverse=True)[1], "use_correction": small_sample}
    model = sm.WLS(SCORES, np.ones(60), weights=1.0 if weights is None else weights)
    fit = model.fit(cov_type="cluster", cov_kwds=groups)
    assert found.mean == pytest.approx(fit.params[0], abs=1e-10)
    assert found.standard_error == pytest.approx(fit.bse[0], abs=1e-10)
    half = stats.t.ppf(0.975, 4) * fit.bse[0]
    assert (found.lower, found.upper) == pytest.approx((fit.params[0] - half, fit.params[0] + half), abs=1e-10)
    assert (found.degrees_of_freedom, found.n_items, found.n_clusters) == (4, 60, 5)


def test_without_clusters_it_is_the_textbook_error() -> None:
    found = mean_interval(SCORES)
    expected = stats.ttest_1samp(SCORES, 0.5).confidence_interval(0.95)
    assert (found.lower, found.upper) == pytest.approx(tuple(expected), abs=1e-10)
    assert found.standard_error == pytest.approx(stats.sem(SCORES), abs=1e-12)
    assert found.effective_items == pytest.approx(60)


def test_weighted_errors_follow_their_formula() -> None:
    w = WEIGHTS / WEIGHTS.sum()
    deviation = SCORES - w @ SCORES
    found = mean_interval(SCORES, WEIGHTS)
    assert found.standard_error**2 == pytest.approx(sum(w**2 * deviation**2) * 60 / 59, abs=1e-14)
    assert found.effective_items == pytest.approx(1 / sum(w**2))
    assert mean_interval(SCORES, 7 * WEIGHTS).standard_error == pytest.approx(found.standard_error)


def test_the_clustered_variance_is_the_plain_one_and_the_cross_terms() -> None:
    """arXiv 2411.00640, equation 4, without either small-sample factor."""
    deviation = SCORES - SCORES.mean()
    same = (CLUSTERS[:, None] == CLUSTERS) & ~np.eye(60, dtype=bool)
    plain = mean_interval(SCORES, small_sample=False).standard_error ** 2
    cross = float(deviation @ same @ deviation) / 60**2
    found = mean_interval(SCORES, clusters=CLUSTERS, small_sample=False)
    assert found.standard_error**2 == pytest.approx(plain + cross, abs=1e-14)


def test_missing_answers_leave_item_weight_and_cluster_out() -> None:
    holes = np.where(CLUSTERS == "sea", np.nan, SCORES)
    there = CLUSTERS != "sea"
    assert mean_interval(holes, WEIGHTS, CLUSTERS) == mean_interval(SCORES[there], WEIGHTS[there], CLUSTERS[there])


@pytest.mark.parametrize("score", [0.0, 1.0])
@pytest.mark.parametrize("n", [1, 5, 60])
def test_equal_answers_have_clopper_and_pearsons_interval(score: float, n: int) -> None:
    found = mean_interval(np.full(n, score))
    expected = clopper_pearson_interval(int(score * n), n)
    assert (found.lower, found.upper) == pytest.approx((float(expected.lower), float(expected.upper)), abs=1e-12)
    assert found.standard_error > 0.0
    assert found.method == "equal scores"


def test_clusters_with_equal_means_are_not_certain_either() -> None:
    found = mean_interval([0.0, 1.0, 1.0, 0.0, 0.0, 1.0], clusters=[1, 1, 2, 2, 3, 3])
    share = 0.025 ** (1 / 3)
    assert (found.lower, found.upper) == pytest.approx((share / 2, share / 2 + 1 - share))
    single = mean_interval([0.0, 1.0, 1.0], clusters=["a", "a", "a"])
    assert single.n_clusters == 1
    assert single.upper - single.lower == pytest.approx(0.975)


def test_intervals_cover_clustered_truth() -> None:
    """Beta-binomial passages of two to eight items: 95 % within three Monte-Carlo errors and 1.5 points."""
    rng = np.random.default_rng(1)
    clusters = np.repeat(np.arange(40), np.tile([2, 4, 6, 8], 10))
    covered = {"clustered": 0, "naive": 0}
    for _ in range(600):
        rates = rng.beta(1.2, 0.8, size=40)
        answers = (rng.random(clusters.size) < rates[clusters]).astype(float)
        for name, labels in (("clustered", clusters), ("naive", None)):
            found = mean_interval(answers, clusters=labels)
            covered[name] += found.lower <= 0.6 <= found.upper
    assert covered["clustered"] / 600 == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 600) + 0.015)
    assert covered["naive"] / 600 < 0.85


def test_bad_input_is_refused() -> None:
    with pytest.raises(ResponseDataError, match="no item"):
        mean_interval([np.nan, np.nan])
    with pytest.raises(ResponseDataError, match="scores in"):
        mean_interval([0.5, 1.5])
    with pytest.raises(ResponseDataError, match="weights"):
        mean_interval([0.5, 1.0], [1.0, -1.0])
    with pytest.raises(ResponseDataError, match="weights"):
        mean_interval([0.5, np.nan], [0.0, 1.0])
    with pytest.raises(ResponseDataError, match="item number 1 has no cluster"):
        mean_interval([0.5, 1.0], clusters=np.array(["a", None], dtype=object))
    with pytest.raises(ResponseDataError, match="clusters have shape"):
        mean_interval([0.5, 1.0], clusters=["a"])
    with pytest.raises(MethodOptionError, match="level"):
        mean_interval([0.5, 1.0], level=1.0)
