"""Tests of all pairs against SciPy and statsmodels, one pair at a time; speed."""

from __future__ import annotations

import time
from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.inference.pair_tests import PairTests, all_pair_tests


def answers(rng: np.random.Generator, models: int, items: int) -> np.ndarray:
    easiness, ability = rng.normal(size=items), rng.normal(0.5, 0.7, size=models)
    return (rng.normal(size=(models, items)) < ability[:, None] + easiness).astype(float)


def with_gaps(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.where(rng.random(scores.shape) < 0.15, np.nan, scores)


@pytest.mark.parametrize("gaps", [False, True])
def test_right_and_wrong_answers_go_through_mcnemars_mid_p_test(gaps: bool) -> None:
    rng = np.random.default_rng(0)
    scores = answers(rng, 8, 60)
    scores = with_gaps(scores, rng) if gaps else scores
    found = all_pair_tests(scores)
    for j, k in combinations(range(8), 2):
        both = ~np.isnan(scores[j] + scores[k])
        x, y = scores[j, both], scores[k, both]
        b, c = int(np.sum((x == 1) & (y == 0))), int(np.sum((x == 0) & (y == 1)))
        exact = mcnemar([[0, b], [c, 0]], exact=True).pvalue
        expected = exact - stats.binom.pmf(b, b + c, 0.5) if b != c else 1.0
        assert found.p_values[j, k] == pytest.approx(expected, abs=1e-10)
        assert found.difference[j, k] == pytest.approx((x - y).mean())
        assert found.difference[k, j] == -found.difference[j, k]
    np.testing.assert_array_equal(found.p_values, found.p_values.T)
    assert np.isnan(np.diag(found.p_values)).all()


@pytest.mark.parametrize("gaps", [False, True])
def test_other_scores_go_through_the_paired_t_test(gaps: bool) -> None:
    rng = np.random.default_rng(1)
    scores = rng.random((6, 40)) * np.linspace(0.5, 1.0, 6)[:, None]
    scores = with_gaps(scores, rng) if gaps else scores
    found = all_pair_tests(scores)
    for j, k in combinations(range(6), 2):
        both = ~np.isnan(scores[j] + scores[k])
        assert found.p_values[j, k] == pytest.approx(stats.ttest_rel(scores[j, both], scores[k, both]).pvalue, rel=1e-9)
        assert found.difference[j, k] == pytest.approx((scores[j] - scores[k])[both].mean())


@pytest.mark.parametrize("gaps", [False, True])
def test_items_of_unequal_weight(gaps: bool) -> None:
    rng = np.random.default_rng(2)
    scores, weights = answers(rng, 5, 50), rng.random(50)
    weights[:3] = 0.0
    scores = with_gaps(scores, rng) if gaps else scores
    found = all_pair_tests(scores, weights)
    for j, k in combinations(range(5), 2):
        used = ~np.isnan(scores[j] + scores[k]) & (weights > 0)
        share, d = weights[used] / weights[used].sum(), (scores[j] - scores[k])[used]
        mean, count = share @ d, used.sum()
        error = np.sqrt(share**2 @ (d - mean) ** 2 * count / (count - 1))
        assert found.difference[j, k] == pytest.approx(mean)
        assert found.p_values[j, k] == pytest.approx(2 * stats.t.sf(abs(mean) / error, count - 1), rel=1e-9)


def test_nothing_is_known_from_nothing() -> None:
    scores = np.array(
        [[0.5, 0.6, 0.7, np.nan], [0.4, 0.5, 0.6, np.nan], [0.5, 0.6, 0.7, 0.1], [np.nan, np.nan, np.nan, 0.3]]
    )
    found = all_pair_tests(scores)
    assert found.p_values[0, 1] == pytest.approx(2 * 0.5**3)  # three equal differences: three coin tosses
    assert found.p_values[0, 2] == 1.0
    assert found.p_values[2, 3] == 1.0  # one item
    assert np.isnan(found.p_values[0, 3])
    assert np.isnan(found.difference[0, 3])
    alike = all_pair_tests(np.array([[1.0, 0.0], [1.0, 0.0], [np.nan, np.nan]]))
    assert alike.p_values[0, 1] == 1.0
    assert np.isnan(alike.p_values[0, 2])
    assert not alike.decide().significant.any()


@pytest.mark.parametrize(
    ("adjustment", "name"), [("holm", "holm"), ("benjamini_hochberg", "fdr_bh"), ("benjamini_yekutieli", "fdr_by")]
)
def test_decisions_are_those_of_statsmodels(adjustment: str, name: str) -> None:
    found = all_pair_tests(answers(np.random.default_rng(3), 12, 80))
    pairs = np.triu_indices(12, 1)
    expected = multipletests(found.p_values[pairs], 0.05, name)[0]
    decided = found.decide(0.05, adjustment)
    np.testing.assert_array_equal(decided.significant[pairs], expected)
    np.testing.assert_array_equal(decided.significant, decided.significant.T)
    assert 0 < expected.sum() < len(expected)


def test_without_adjustment_each_pair_stands_for_itself() -> None:
    tests = PairTests(np.array([[0.0, 0.1], [-0.1, 0.0]]), np.array([[np.nan, 0.05], [0.05, np.nan]]))
    assert tests.decide(0.05, "none").significant.tolist() == [[False, True], [True, False]]
    assert not tests.decide(0.04, "none").significant.any()


def test_what_is_refused() -> None:
    with pytest.raises(ResponseDataError, match="expected"):
        all_pair_tests(np.ones(3))
    with pytest.raises(ResponseDataError, match=r"score 1.5 is outside"):
        all_pair_tests(np.array([[1.5, 0.0]]))
    with pytest.raises(ResponseDataError, match="weights"):
        all_pair_tests(np.ones((2, 2)), [1.0])
    tests = all_pair_tests(np.ones((2, 2)))
    with pytest.raises(MethodOptionError, match="adjustment = 'bonferroni' is none of holm"):
        tests.decide(adjustment="bonferroni")
    with pytest.raises(MethodOptionError, match="alpha"):
        tests.decide(0.0)


@pytest.mark.perf
def test_four_hundred_models_on_fourteen_thousand_items_take_seconds() -> None:
    rng = np.random.default_rng(4)
    scores = (rng.random((400, 14_000), dtype=np.float32) < rng.uniform(0.3, 0.9, (400, 1))).astype(np.float32)
    began = time.process_time()
    all_pair_tests(scores).decide()
    all_pair_tests(scores, rng.random(14_000)).decide(0.05, "benjamini_hochberg")
    assert time.process_time() - began < 20
