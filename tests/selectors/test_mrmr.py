"""Mrmr: the greedy rule looped over with scikit-learn's estimators, copies of items, and how scores become classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.feature_selection import mutual_info_classif
from sklearn.metrics import mutual_info_score

from anchor_selectors.mrmr import Mrmr
from anchoreval.contract import choose
from anchoreval.errors import MethodOptionError, TooFewModelsError
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def with_full_scores(matrix: ResponseMatrix, scores: Any = None) -> ResponseMatrix:
    """Full scores without ties, as if measured on a larger benchmark."""
    noise = 1e-4 * np.random.default_rng(0).random(matrix.n_models)
    return ResponseMatrix.from_arrays(
        matrix.scores if scores is None else scores,
        models=matrix.models.assign(full_score=0.99 * matrix.full_scores + noise),
        items=matrix.items,
        name=matrix.name,
    )


def order(matrix: ResponseMatrix, k: int, **options: Any) -> list[str]:
    chosen = choose(Mrmr(**options), matrix, k)
    listed = chosen.details["order"]
    assert sorted(listed) == sorted(chosen.items)
    assert chosen.weights is None
    assert chosen.inclusion is None
    return list(listed)


def by_loops(matrix: ResponseMatrix, k: int, scheme: str) -> list[str]:
    """The greedy choice, pair by pair, with scikit-learn's estimates."""
    codes, truth = matrix.scores.astype(int), matrix.full_scores.to_numpy()[:, None]
    # the largest over draws of its noise: rounding in its search tree can only make an estimate too small
    estimates = [
        [mutual_info_classif(truth, column, random_state=noise)[0] for column in codes.T] for noise in range(6)
    ]
    relevance = np.max(estimates, axis=0)
    taken: list[int] = []
    while len(taken) < k:
        gains = {}
        for item in set(range(matrix.n_items)) - set(taken):
            shared = [mutual_info_score(codes[:, item], codes[:, other]) for other in taken]
            redundancy = np.mean(shared) if shared else 0.0
            quotient = relevance[item] / (redundancy + 1e-10)
            gains[item] = quotient if scheme == "quotient" else relevance[item] - redundancy
        taken.append(max(gains, key=gains.__getitem__))
    return [str(matrix.items.index[item]) for item in taken]


@pytest.mark.parametrize("scheme", ["quotient", "difference"])
def test_it_is_the_rule_looped_over(scheme: str, synthetic: Simulator) -> None:
    matrix = with_full_scores(synthetic(70, 30, seed=4))
    assert order(matrix, 9, scheme=scheme) == by_loops(matrix, 9, scheme)


def test_the_two_schemes_differ(synthetic: Simulator) -> None:
    matrix = synthetic(70, 30, seed=4)
    assert order(matrix, 9) != order(matrix, 9, scheme="difference")


def test_a_smaller_budget_takes_the_first_of_a_larger(synthetic: Simulator) -> None:
    matrix = synthetic(50, 80, seed=1)
    assert order(matrix, 4) == order(matrix, 12)[:4]


@pytest.mark.parametrize("scheme", ["quotient", "difference"])
def test_a_copy_of_the_best_item_is_not_taken_next(scheme: str, synthetic: Simulator) -> None:
    plain = synthetic(80, 40, seed=2)
    best = plain.items.index.get_loc(order(with_full_scores(plain), 1)[0])
    copies = [n for n in range(40) if n != best][:4]
    scores = plain.scores.copy()
    scores[:, copies] = plain.scores[:, [best]]
    matrix = with_full_scores(plain, scores)
    alike = {plain.items.index[n] for n in [best, *copies]}
    taken = order(matrix, 6, scheme=scheme)
    assert taken[0] == min(alike)
    assert not alike & set(taken[1:])


def test_relevance_and_redundancy_are_reported(synthetic: Simulator) -> None:
    details = choose(Mrmr(), synthetic(60, 50, seed=6), 8).details
    assert details["relevance_of_anchors"]["max"] == details["relevance"]["max"] > 0
    assert details["redundancy_of_anchors"]["min"] == 0  # nothing was taken before the first
    assert details["redundancy_of_anchors"]["max"] > 0


def test_continuous_scores_count_as_right_from_one_half(synthetic: Simulator) -> None:
    continuous = with_full_scores(synthetic(60, 40, continuous=True, seed=7))
    binary = ResponseMatrix.from_arrays(continuous.scores >= 0.5, models=continuous.models, items=continuous.items)
    assert order(continuous, 10) == order(binary, 10)


def test_quantiles_see_what_one_half_hides(synthetic: Simulator) -> None:
    base = synthetic(80, 40, continuous=True, seed=8)
    scores = base.scores.copy()
    ability = base.full_scores.to_numpy()
    scores[:, 11] = 0.6 + 0.3 * (ability - ability.min()) / np.ptp(ability)  # tells all, and is never below one half
    matrix = with_full_scores(base, scores)
    assert order(matrix, 1, discretise="quantiles", bins=4) == [base.items.index[11]]
    assert order(matrix, 1) != [base.items.index[11]]


@pytest.mark.parametrize("bins", [2, 5])
def test_quantiles_keep_both_values_of_a_binary_item(bins: int, synthetic: Simulator) -> None:
    matrix = synthetic(60, 50, seed=9)  # items that nearly all or nearly none get right are among them
    assert order(matrix, 20, discretise="quantiles", bins=bins) == order(matrix, 20)


def test_quantiles_are_classes_of_equally_many_models() -> None:
    scores = np.random.default_rng(0).random((40, 3)).astype(np.float32)
    codes = Mrmr(discretise="quantiles", bins=5)._classes(scores)
    for column, values in zip(codes.T, scores.T, strict=True):
        assert np.bincount(column).tolist() == [8] * 5
        assert (np.diff(column[np.argsort(values)]) >= 0).all()


def test_models_without_a_full_score_are_left_out(synthetic: Simulator) -> None:
    matrix = with_full_scores(synthetic(50, 30, seed=10))
    matrix.models.loc[matrix.models.index[:5], "full_score"] = np.nan
    assert order(matrix, 6) == order(matrix.subset(models=matrix.models.index[5:]), 6)


def test_wrong_options_and_too_few_models_are_refused(synthetic: Simulator) -> None:
    with pytest.raises(MethodOptionError, match="scheme 'ratio' is not one of quotient, difference"):
        Mrmr(scheme="ratio")
    with pytest.raises(MethodOptionError, match="discretise 'mean' is not one of half, quantiles"):
        Mrmr(discretise="mean")
    for bins in (1, 101, 2.5, True):
        with pytest.raises(MethodOptionError, match="is not a whole number from 2 to 100"):
            Mrmr(bins=bins)  # type: ignore[arg-type]
    with pytest.raises(TooFewModelsError, match=r"selector mrmr needs at least 4 source models; .* has 3"):
        choose(Mrmr(), synthetic(3, 30), 5)
