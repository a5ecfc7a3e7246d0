"""Tests that are sat: what is asked and why it ends, broken policies, and readers of others' questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from anchoreval.adaptive.course import EMPTY, ENDED, NARROW, SPENT, recorded
from anchoreval.adaptive.examiner import Examiner
from anchoreval.errors import MethodError
from anchoreval.methods import Answers
from anchoreval.policies.fisher import Fisher
from anchoreval.policies.optimal import Optimal
from anchoreval.protocol.sittings import administer
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


class Scripted:
    """Asks what it is told, batch by batch, and reads the mean of the answers."""

    needs: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *batches: str) -> None:
        self.batches = batches

    def fit(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Scripted:
        return self

    def next_items(self, answers: Answers) -> pd.Index[Any]:
        step = sum(len(answers.items) >= n for n in np.cumsum([len(b) for b in self.batches]))
        return pd.Index(list(self.batches[step]) if step < len(self.batches) else [], dtype=object)

    def predict(self, answers: Answers) -> float:
        return float(np.nanmean(answers.scores))

    def standard_deviation(self, answers: Answers) -> float:
        return 1.0 / len(answers.items)


@pytest.fixture
def matrix() -> ResponseMatrix:
    scores = np.array([[1, 0, 1, 0, 1.0], [0, np.nan, 1, 1, 0], [1, 1, 1, 1, 1]])
    return ResponseMatrix.from_arrays(scores, models=["x", "y", "z"], items=list("abcde"))


def test_every_batch_is_recorded(matrix: ResponseMatrix) -> None:
    examiner = Examiner.fit(Scripted("db", "a"), matrix, 3, 0)
    course = examiner.course(recorded(matrix, "y"), "y")
    assert course.items.tolist() == ["d", "b", "a"]
    np.testing.assert_array_equal(course.scores, [1.0, np.nan, 0.0])
    assert course.asked.tolist() == [2, 3]
    assert course.answered.tolist() == [1, 2], "an item without an answer costs nothing"
    assert course.estimate.tolist() == [1.0, 0.5]
    assert course.belief.tolist() == pytest.approx([1 / 2, 1 / 3])
    cut = course.broken_off(0, NARROW)
    assert (cut.items.tolist(), cut.estimate.tolist(), cut.ended) == (["d", "b"], [1.0], NARROW)
    assert [course.first_below(s) for s in (0.9, 0.5, 0.4, 0.1)] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("batches", "budget", "enough", "ended", "asked"),
    [
        (("a", "b", "c"), 3, 0.4, NARROW, 3),
        (("a", "b", "c"), 3, 0.6, NARROW, 2),
        (("a", "b", "c"), 3, 0.1, SPENT, 3),
        (("abcde",), 5, 0.01, SPENT, 5),
        (("ab",), 5, 0.01, ENDED, 2),
    ],
)
def test_why_a_test_ends(
    batches: tuple[str, ...], budget: int, enough: float, ended: str, asked: int, matrix: ResponseMatrix
) -> None:
    course = Examiner.fit(Scripted(*batches), matrix, budget, 0).course(
        recorded(matrix, "x"), "x", lambda belief: belief <= enough
    )
    assert (course.ended, len(course.items)) == (ended, asked)


def test_a_target_with_gaps_can_run_out_of_items(matrix: ResponseMatrix) -> None:
    course = Examiner.fit(Scripted("abcd", "e"), matrix, 5, 0).course(recorded(matrix, "y"), "y")
    assert course.ended == EMPTY


@pytest.mark.parametrize(
    ("batches", "message"), [(("a", "a"), "item 'a' twice"), (("aa",), "item 'a' twice"), (("x",), "unknown item 'x'")]
)
def test_a_broken_policy_is_named(batches: tuple[str, ...], message: str, matrix: ResponseMatrix) -> None:
    with pytest.raises(MethodError, match=f"scripted asks {message}"):
        Examiner.fit(Scripted(*batches), matrix, 5, 0).course(recorded(matrix, "x"))


def test_nobody_is_asked_more_than_the_budget(matrix: ResponseMatrix) -> None:
    with pytest.raises(MethodError, match="asks target 'x' more than 2 items"):
        Examiner.fit(Scripted("a", "bc"), matrix, 2, 0).course(recorded(matrix, "x"), "x")


def test_what_is_asked_is_what_the_policy_alone_would_ask(synthetic: Simulator) -> None:
    matrix = synthetic(40, 60, seed=1)
    sources, targets = matrix.subset(models=matrix.models.index[4:]), matrix.subset(models=matrix.models.index[:4])
    for policy in (Optimal(batch=3), Fisher()):
        examiner = Examiner.fit(policy, sources, 12, 0)
        sittings = administer(examiner.policy, targets, 12)
        for target in targets.models.index:
            course = examiner.course(recorded(targets, target), target)
            assert course.items.tolist() == sittings.items(target)


def test_others_questions_are_read_under_the_model_of_optimal(synthetic: Simulator) -> None:
    matrix = synthetic(60, 80, seed=2)
    sources = matrix.subset(models=matrix.models.index[10:])
    examiner = Examiner.fit(Fisher(), sources, 20, 0)
    own = Examiner.fit(Optimal(), sources, 20, 0)
    course = examiner.course(recorded(matrix, matrix.models.index[0]))
    known = Answers(course.items, course.scores)
    assert course.estimate[-1] == own.reader.predict(known)
    assert course.belief[-1] == own.reader.standard_deviation(known)
    assert examiner.policy is not examiner.reader
    assert own.policy is own.reader
