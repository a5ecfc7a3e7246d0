"""Significance preservation: counts by loops, scikit-learn's figures, and the interval's coverage."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, matthews_corrcoef, precision_score, recall_score

from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.inference.pair_tests import PairDecisions, all_pair_tests
from anchoreval.power.ranks.significance import SignificancePreservation, significance_preservation


def rule(strength: np.ndarray, threshold: float) -> PairDecisions:
    """Decide by whether strengths are further apart than a threshold."""
    difference = strength[:, None] - strength
    return PairDecisions(difference, np.abs(difference) > threshold)


def random_rules(seed: int, models: int, error: float = 0.5) -> tuple[PairDecisions, PairDecisions]:
    """Two rules that see the same strengths with an error."""
    rng = np.random.default_rng(seed)
    strength = rng.normal(size=models)
    return rule(strength, 0.6), rule(strength + error * rng.normal(size=models), 1.0)


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_a_loop(seed: int) -> None:
    full, compressed = random_rules(seed, 25)
    expected = dict.fromkeys(("aa", "ad", "ma", "md", "pa", "pd", "missed", "extra"), 0.0)
    for pair in combinations(range(25), 2):
        first, second = full.significant[pair], compressed.significant[pair]
        kind = "a" if first and second else "p" if not first and not second else "m"
        expected[kind + ("a" if full.difference[pair] * compressed.difference[pair] > 0 else "d")] += 1
        expected["missed"] += first and not second
        expected["extra"] += second and not first
    found = significance_preservation(full, compressed)
    assert {name: getattr(found, name) for name in expected} == expected
    assert found.missed + found.extra == found.ma + found.md
    assert found.recall == expected["aa"] / (expected["aa"] + expected["ad"] + expected["missed"])


def test_figures_are_scikit_learns_where_no_direction_is_wrong() -> None:
    full, compressed = random_rules(5, 30, error=0.2)
    found = significance_preservation(full, compressed)
    assert found.ad == 0
    pairs = np.triu_indices(30, 1)
    truth, said = full.significant[pairs], compressed.significant[pairs]
    assert found.recall == pytest.approx(recall_score(truth, said))
    assert found.precision == pytest.approx(precision_score(truth, said))
    assert found.balanced_accuracy == pytest.approx(balanced_accuracy_score(truth, said))
    assert found.mcc == pytest.approx(matthews_corrcoef(truth, said))


def test_the_wrong_direction_counts_against_recall_and_precision() -> None:
    strength = np.array([0.0, 1.0])
    found = significance_preservation(rule(strength, 0.5), rule(-strength, 0.5))
    assert (found.ad, found.aa, found.recall, found.precision) == (1.0, 0.0, 0.0, 0.0)
    assert found.mcc == -1.0


def test_pairs_without_a_direction_count_half() -> None:
    full, compressed = rule(np.array([0.0, 0.0]), 0.5), rule(np.array([0.0, 0.3]), 0.5)
    found = significance_preservation(full, compressed)
    assert (found.pa, found.pd) == (0.5, 0.5)
    assert np.isnan(found.recall)
    assert np.isnan(found.recall_lower)
    assert np.isnan(found.mcc)


def test_pairs_that_one_side_knows_nothing_of_are_left_out() -> None:
    full, compressed = random_rules(2, 12)
    blind = compressed.difference.copy()
    blind[3] = blind[:, 3] = np.nan
    found = significance_preservation(full, PairDecisions(blind, compressed.significant))
    kept = np.delete(np.arange(12), 3)
    inside = np.ix_(kept, kept)
    expected = significance_preservation(
        *(PairDecisions(r.difference[inside], r.significant[inside]) for r in (full, compressed))
    )
    assert (found.aa, found.missed, found.pa + found.pd) == (expected.aa, expected.missed, expected.pa + expected.pd)
    assert found.recall == expected.recall


def test_the_interval_of_recall_covers_the_populations() -> None:
    """Pairs share models: an interval from as many independent pairs would cover far less."""
    large = significance_preservation(*random_rules(99, 3000), draws=1)
    boards, covered, naive = 200, 0, 0
    for seed in range(boards):
        found = significance_preservation(*random_rules(seed, 40), draws=400, seed=seed)
        covered += found.recall_lower <= large.recall <= found.recall_upper
        pairs = found.aa + found.ad + found.missed
        naive += abs(found.recall - large.recall) <= 1.96 * np.sqrt(found.recall * (1 - found.recall) / pairs)
    assert covered / boards >= 0.95 - 0.02 - 3 * np.sqrt(0.95 * 0.05 / boards)  # percentile intervals lose a little
    assert naive / boards < 0.8


def test_groups_are_drawn_as_one() -> None:
    full, compressed = random_rules(3, 10)
    square = np.ix_(np.repeat(np.arange(10), 5), np.repeat(np.arange(10), 5))
    copies = [PairDecisions(r.difference[square], r.significant[square]) for r in (full, compressed)]
    width = {
        name: (found := significance_preservation(*copies, groups=groups)).recall_upper - found.recall_lower
        for name, groups in (("grouped", np.repeat(np.arange(10), 5)), ("alone", None))
    }
    alone = significance_preservation(full, compressed)
    assert width["grouped"] == pytest.approx(alone.recall_upper - alone.recall_lower)
    assert width["alone"] < 0.8 * width["grouped"]


def test_finding_everything_or_nothing_leaves_an_interval() -> None:
    strength = np.arange(8.0)
    everything = significance_preservation(rule(strength, 0.5), rule(strength, 0.5))
    assert (everything.recall, everything.recall_upper) == (1.0, 1.0)
    assert everything.recall_lower == pytest.approx(0.025**0.25)  # Clopper-Pearson, 4 of 4 disjoint pairs
    nothing = significance_preservation(rule(strength, 0.5), rule(strength, 99.0))
    assert (nothing.recall, nothing.recall_lower) == (0.0, 0.0)
    assert nothing.recall_upper == pytest.approx(1 - 0.025**0.25)
    two = significance_preservation(rule(strength[:2], 0.5), rule(strength[:2], 0.5), draws=1)
    assert (two.recall_lower, two.recall_upper) == (pytest.approx(0.025), 1.0)


def test_a_random_half_of_the_items_finds_fewer_differences_and_no_wrong_ones() -> None:
    rng = np.random.default_rng(4)
    ability, easiness = rng.normal(0.5, 0.5, 40), rng.normal(size=600)
    scores = (rng.normal(size=(40, 600)) < ability[:, None] + easiness).astype(float)
    full = all_pair_tests(scores).decide()
    found = [significance_preservation(full, all_pair_tests(scores[:, :k]).decide()) for k in (60, 300, 600)]
    recalls = [one.recall for one in found]
    assert recalls == sorted(recalls)
    assert recalls[-1] == 1.0
    assert all(one.ad == 0 and one.precision > 0.9 for one in found)


def test_what_is_refused() -> None:
    full, compressed = random_rules(0, 5)
    with pytest.raises(ResponseDataError, match="same 5 models"):
        significance_preservation(full, random_rules(0, 6)[1])
    with pytest.raises(ResponseDataError, match="same 5 models"):
        significance_preservation(full, compressed, groups=[1, 2])
    with pytest.raises(MethodOptionError, match="level"):
        significance_preservation(full, compressed, level=1.0)
    assert isinstance(significance_preservation(full, compressed, draws=1), SignificancePreservation)
