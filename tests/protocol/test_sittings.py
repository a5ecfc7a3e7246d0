"""Adaptive tests that are sat: order, counts, exposure and overlap by hand, rivals of the same length, breaches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import MethodError
from anchoreval.methods import Answers
from anchoreval.protocol.sittings import Sittings, administer, at_random, of_anchors
from anchoreval.responses import ResponseMatrix


class Scripted:
    """Asks what it is told, batch by batch."""

    def __init__(self, *batches: str) -> None:
        self.batches = batches
        self.told: list[Answers] = []

    def next_items(self, answers: Answers) -> pd.Index[Any]:
        self.told.append(answers)
        step = sum(len(answers.items) >= n for n in np.cumsum([len(b) for b in self.batches]))
        return pd.Index(list(self.batches[step]) if step < len(self.batches) else [], dtype=object)


@pytest.fixture
def targets() -> ResponseMatrix:
    scores = np.array([[1, 0, 1, 0, 1.0], [0, np.nan, 1, 1, 0], [1, 1, 1, 1, 1]])
    return ResponseMatrix.from_arrays(scores, models=["x", "y", "z"], items=list("abcde"))


def test_answers_come_in_the_order_asked_and_gaps_cost_nothing(targets: ResponseMatrix) -> None:
    policy: Any = Scripted("db", "a")
    sittings = administer(policy, targets, 3)
    assert [sittings.items(target) for target in "xyz"] == [["d", "b", "a"], ["d", "a"], ["d", "b", "a"]]
    assert sittings.counts.tolist() == [3, 2, 3]
    told = policy.told[1]
    assert (told.items.tolist(), told.scores.tolist(), told.target) == (["d", "b"], [0.0, 0.0], "x")
    assert np.isnan(policy.told[4].scores[1])
    answers = sittings.answers()
    np.testing.assert_array_equal(np.isnan(answers.scores).sum(axis=1), [2, 3, 2])
    assert sittings.first(1).counts.tolist() == [1, 1, 1]


def test_exposure_and_overlap_by_hand(targets: ResponseMatrix) -> None:
    sittings = Sittings(targets, np.array([[0, 1, 2], [2, 0, -1], [4, 3, 2]]))
    assert sittings.exposure.tolist() == pytest.approx([2 / 3, 1 / 3, 1, 1 / 3, 1 / 3])
    # pairs share 2, 1 and 1 items; their mean lengths are 2.5, 3 and 2.5
    assert sittings.overlap == pytest.approx(4 / 8)
    assert np.isnan(Sittings(targets.subset(models=["x"]), np.array([[0]])).overlap)


def test_rivals_are_as_long_and_answered(targets: ResponseMatrix) -> None:
    sittings = Sittings(targets, np.array([[0, 1, 2], [2, 0, -1], [4, -1, -1]]))
    drawn = np.zeros((3, 5))
    for seed in range(300):
        rivals = at_random(sittings, np.random.default_rng(seed))
        assert rivals.counts.tolist() == [3, 2, 1]
        drawn += rivals.given
    assert drawn[1, 1] == 0
    np.testing.assert_allclose(drawn[0] / 300, 0.6, atol=0.12)


def test_fixed_anchors_are_a_test_as_well(targets: ResponseMatrix) -> None:
    sittings = of_anchors(pd.Index(["b", "d", "e"]), targets)
    assert sittings.items("x") == ["b", "d", "e"]
    assert sittings.items("y") == ["d", "e"]


@pytest.mark.parametrize(
    ("batches", "k", "message"),
    [
        (("ab", "ca"), 5, "policy scripted asks item 'a' twice"),
        (("aa",), 5, "policy scripted asks item 'a' twice"),
        (("ab", "cd"), 3, "policy scripted asks target 'x' more than k = 3 items"),
        (("q",), 3, "policy scripted asks unknown item 'q'"),
    ],
)
def test_a_policy_that_breaks_the_rules_is_named(
    batches: tuple[str, ...], k: int, message: str, targets: ResponseMatrix
) -> None:
    policy: Any = Scripted(*batches)
    with pytest.raises(MethodError, match=message):
        administer(policy, targets, k)
