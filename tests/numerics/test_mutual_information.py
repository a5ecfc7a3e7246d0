"""Mutual information: against scikit-learn, loops over pairs written from the formula, and closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import digamma
from sklearn.feature_selection import mutual_info_classif
from sklearn.metrics import mutual_info_score

from anchoreval.numerics import mutual_information
from anchoreval.numerics.mutual_information import DiscreteColumns, ross_information


def by_loops(labels: Any, target: Any, neighbours: int) -> float:
    """The estimate for one column, observation by observation; ties count on both sides."""
    n = len(labels)
    kept = [i for i in range(n) if sum(labels == labels[i]) > 1]
    if not kept:
        return 0.0
    terms = []
    for i in kept:
        far = {j: abs(target[j] - target[i]) for j in kept if j != i}
        own = sorted(far[j] for j in far if labels[j] == labels[i])
        reach = own[min(neighbours, len(own)) - 1] + 1e-9
        same = sum(distance <= reach for distance in own)
        others = sum(distance <= reach for distance in far.values())
        terms.append(digamma(same) - digamma(len(own) + 1) - digamma(others))
    return max(0.0, float(digamma(len(kept)) + np.mean(terms)))


def columns(models: int, items: int, classes: int, seed: int) -> Any:
    """Columns of skewed shares: constant ones and classes of one observation are among them."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(classes, 0.4), size=items)
    edges = shares.cumsum(axis=1)[:, :-1]
    return (rng.random((models, items, 1)) > edges).sum(axis=2)


def scikit_learn(codes: Any, target: Any, noise: int) -> list[float]:
    """Its estimates with one draw of its noise, which is of order 1e-10.

    Its search tree now and then counts the k-th neighbour as nearer than itself, by rounding, which another draw of
    noise may undo; estimates are then too small by up to 1e-3, so the largest over many draws is the exact one.
    """
    return [mutual_info_classif(target[:, None], column, random_state=noise)[0] for column in codes.T]


@pytest.mark.parametrize("neighbours", [1, 3, 6])
@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("tied", [False, True])
def test_it_is_the_formula_looped_over(neighbours: int, classes: int, tied: bool) -> None:
    rng = np.random.default_rng(classes)
    codes = columns(31, 40, classes, seed=neighbours)
    target = rng.integers(0, 8, 31) / 7 if tied else rng.random(31) + 0.3 * codes[:, 0]
    expected = [by_loops(column, target, neighbours) for column in codes.T]
    assert max(expected) > 0.04
    np.testing.assert_allclose(ross_information(codes, target, neighbours), expected, atol=1e-11)


@pytest.mark.parametrize("classes", [2, 4])
def test_it_is_scikit_learns_where_nothing_is_tied(classes: int) -> None:
    codes = columns(120, 25, classes, seed=classes)
    target = np.random.default_rng(0).normal(size=120) + codes[:, 0] - codes[:, 1]
    theirs = np.max([scikit_learn(codes, target, noise) for noise in range(20)], axis=0)
    assert max(theirs) > 0.05
    np.testing.assert_allclose(ross_information(codes, target), theirs, atol=1e-9)


def test_a_known_truth_is_found() -> None:
    rng = np.random.default_rng(1)
    label = np.arange(4000) % 2
    overlapping = rng.random(4000) + 0.5 * label  # half of the target's range belongs to one class alone
    codes = np.column_stack([label, rng.permutation(label)])
    related, unrelated = ross_information(codes, overlapping)
    assert related == pytest.approx(0.5 * np.log(2), abs=0.02)
    assert unrelated < 0.02
    split = (overlapping > 0.75)[:, None].astype(int)
    assert ross_information(split, overlapping)[0] == pytest.approx(np.log(2), abs=2e-3)


def test_copies_of_models_do_not_hide_what_a_column_tells() -> None:
    target = np.repeat(np.linspace(0, 1, 8), 6)  # six copies each: every distance to a third neighbour is 0
    codes = (target > 0.5).astype(int)[:, None]
    assert ross_information(codes, target)[0] == pytest.approx(digamma(48) - digamma(24))


def test_columns_that_cannot_tell_anything_have_none() -> None:
    target = np.linspace(0, 1, 6)
    codes = np.column_stack([np.zeros(6), np.ones(6), np.arange(6)]).astype(int)  # the last: classes of one
    assert ross_information(codes, target).tolist() == [0, 0, 0]
    assert ross_information(codes[:1], target[:1]).tolist() == [0, 0, 0]


def test_neither_blocks_nor_the_order_of_models_change_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    codes, target = columns(50, 33, 3, seed=9), np.random.default_rng(2).integers(0, 30, 50) / 29
    whole = ross_information(codes, target)
    mixed = np.random.default_rng(3).permutation(50)
    np.testing.assert_allclose(ross_information(codes[mixed], target[mixed]), whole, atol=1e-11)
    monkeypatch.setattr(mutual_information, "CELLS", 120)
    np.testing.assert_array_equal(ross_information(codes, target), whole)


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_discrete_information_is_scikit_learns(classes: int) -> None:
    codes = columns(60, 30, classes, seed=classes)
    codes[:, 4], codes[:, 5] = 0, classes - 1
    made = DiscreteColumns.of(codes)
    for item in (0, 4, 5, 17):
        expected = [mutual_info_score(codes[:, item], column) for column in codes.T]
        np.testing.assert_allclose(made.information(item), expected, atol=1e-11)


def test_a_column_shares_its_entropy_with_itself_and_nothing_with_a_constant() -> None:
    codes = np.array([[0, 0, 1], [0, 0, 1], [1, 0, 1], [1, 0, 0]])
    made = DiscreteColumns.of(codes)
    np.testing.assert_allclose(made.information(0), [np.log(2), 0, mutual_info_score(codes[:, 0], codes[:, 2])])
    assert made.information(1).tolist() == [0, 0, 0]
    assert DiscreteColumns.of(np.zeros((3, 2), dtype=np.int64)).information(1).tolist() == [0, 0]
