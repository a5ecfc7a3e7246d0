"""Frames and arrays from Python give what the same data give as tidy tables, and faults are told the same way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import ResponseDataError
from anchoreval.importers.frames import read_frame
from anchoreval.responses import ResponseMatrix

from ..conftest import simulate

SCORES = np.array([[1.0, 0.0, np.nan], [0.25, 1.0, 0.0]])
WIDE = pd.DataFrame(SCORES, index=["m1", "m2"], columns=["x", "y", "z"])


def check(matrix: ResponseMatrix) -> None:
    np.testing.assert_array_equal(matrix.scores, SCORES.astype(np.float32))
    assert list(matrix.models.index) == ["m1", "m2"]
    assert list(matrix.items.index) == ["x", "y", "z"]


@pytest.mark.parametrize(
    "responses",
    [
        WIDE,
        WIDE.rename_axis("model"),
        WIDE.rename_axis("model").reset_index(),
        WIDE.rename_axis("model").rename_axis("item", axis=1),
        WIDE.astype(object).where(WIDE.notna(), None),
        WIDE.stack(future_stack=True).rename_axis(["model", "item"]).rename("score").reset_index(),
        WIDE.stack(future_stack=True).rename_axis(["model", "item"]).rename("score").to_frame(),
    ],
)
def test_long_and_wide_frames_are_the_same(responses: pd.DataFrame) -> None:
    before = responses.copy()
    check(read_frame(responses))
    pd.testing.assert_frame_equal(responses, before)


def test_arrays_take_their_names_from_lists_or_tables() -> None:
    check(read_frame(SCORES, items=["x", "y", "z"], models=["m1", "m2"]))
    items = pd.DataFrame({"subject": ["s", "t", "s"], "text": list("abc")}, index=["x", "y", "z"])
    models = pd.DataFrame({"model": ["m1", "m2"], "family": ["f", "g"]})
    matrix = read_frame(SCORES.tolist(), items=items, models=models, name="mine", aggregation="macro")
    check(matrix)
    assert list(matrix.items["subject"]) == ["s", "t", "s"]
    assert list(matrix.models["family"]) == ["f", "g"]
    assert matrix.name == "mine"
    np.testing.assert_allclose(matrix.weights, [0.25, 0.5, 0.25])
    plain = read_frame(SCORES)
    assert list(plain.models.index) == ["m0", "m1"]
    assert list(plain.items.index) == ["i0", "i1", "i2"]


def test_tables_name_wide_frames_and_set_their_order() -> None:
    items = pd.DataFrame({"cost": [3.0, 1.0, 2.0]}, index=["z", "x", "y"])
    matrix = read_frame(WIDE, items=items)
    assert list(matrix.items.index) == ["z", "x", "y"]
    np.testing.assert_array_equal(matrix.scores[1], np.float32([0.0, 0.25, 1.0]))


@pytest.mark.parametrize("wide", [True, False])
def test_logits_become_probabilities(wide: bool) -> None:
    logits = np.array([[[0.0, np.log(3.0), np.nan], [0.0, 0.0, 0.0]]])
    frame = pd.DataFrame({"model": "m", "item": ["x", "y"], "logit_a": logits[0, :, 0], "logit_b": logits[0, :, 1]})
    frame["logit_c"] = logits[0, :, 2]
    matrix = read_frame([[1, 0]], ["x", "y"], ["m"], logits if wide else frame)
    np.testing.assert_allclose(matrix.probabilities, [[[0.25, 0.75, np.nan], [1 / 3] * 3]], rtol=1e-6)


def test_a_matrix_comes_back_from_its_arrays() -> None:
    matrix = simulate(6, 11, n_subjects=2, missing=0.2, continuous=True, variants=2)
    back = read_frame(matrix.scores, items=matrix.items, models=matrix.models, name=matrix.name)
    np.testing.assert_array_equal(back.scores, matrix.scores)
    pd.testing.assert_frame_equal(back.items, matrix.items)
    pd.testing.assert_frame_equal(back.models, matrix.models)


def test_numbers_are_names_too() -> None:
    matrix = read_frame(pd.DataFrame([[1, 0]], index=[7], columns=[2, 10]))
    assert list(matrix.models.index) == ["7"]
    assert list(matrix.items.index) == ["2", "10"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: read_frame(WIDE * 2), "row 1: model 'm1', item 'x': score 2 is outside [0, 1]"),
        (lambda: read_frame(WIDE.assign(y=["1", "no"])), "item 'y': row 2: 1 'no' is not a number"),
        (lambda: read_frame(WIDE.set_axis(["a", "a"])), "model 'a' stands twice"),
        (lambda: read_frame(WIDE.set_axis(["a", "b", "a"], axis=1)), "item 'a' stands twice"),
        (lambda: read_frame(pd.DataFrame([[1, 0]], columns=["1", 1])), "stands twice"),
        (lambda: read_frame(WIDE.set_axis(["a", None])), "a model has no name (number 2)"),
        (lambda: read_frame(pd.concat({"q": WIDE})), "has 2 levels of models"),
        (lambda: read_frame(WIDE.iloc[:0]), "has 0 models and 3 items"),
        (lambda: read_frame(pd.DataFrame()), "has 0 models and 0 items"),
        (lambda: read_frame([1.0, 0.0]), "have 1 dimensions"),
        (lambda: read_frame([["a"]]), "the scores are not an array of numbers"),
        (lambda: read_frame([[1], [1, 0]]), "the scores are not an array of numbers"),
        (lambda: read_frame([[10**400]]), "the scores are not an array of numbers"),
        (lambda: read_frame([[np.inf]]), "score inf is outside"),
        (lambda: read_frame(SCORES, items=["x"]), "1 items are named, the scores have 3"),
        (lambda: read_frame(SCORES, models=["a", "a"]), "model 'a' stands twice"),
        (
            lambda: read_frame(SCORES, logits=np.zeros((2, 2, 4))),
            "logits have shape (2, 2, 4), expected (2, 3) x options",
        ),
        (lambda: read_frame(WIDE, logits=[["x"]]), "the logits are not an array of numbers"),
        (lambda: read_frame(WIDE, items=pd.DataFrame(index=["x", "y"])), "'z' is not in the items table"),
        (
            lambda: read_frame(pd.DataFrame({"model": ["m"], "item": ["x"], "score": [1]}), logits=np.zeros((1, 1, 2))),
            "needs scores that are wide",
        ),
    ],
)
def test_faults_are_named(call: Any, message: str) -> None:
    with pytest.raises(ResponseDataError) as caught:
        call()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
