"""Runs put together: items by task and key, holes as holes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import ResponseDataError
from anchoreval.importers.gathering import gather
from anchoreval.importers.imported import ImportedRun


def run(model: str, task: str, keys: list[str], scores: list[float], **more: Any) -> ImportedRun:
    facts = {name: more.pop(name) for name in ("text", "doc_hash", "subject") if name in more}
    items = pd.DataFrame({"key": keys, **facts})
    return ImportedRun(model, task, items, np.array(scores, np.float32), "acc", **more)


def test_items_are_in_natural_order_and_answers_where_they_belong() -> None:
    matrix = gather(
        [run("m", "t", ["10", "9", "x"], [1, 0, 0.5]), run("n", "t", ["9"], [1]), run("n", "a", ["0"], [0])], "bench"
    )
    assert list(matrix.items.index) == ["t/9", "t/10", "t/x", "a/0"]
    np.testing.assert_array_equal(matrix.scores, np.float32([[0, 1, 0.5, np.nan], [1, np.nan, np.nan, 0]]))
    assert matrix.items["task"].tolist() == ["t", "t", "t", "a"]


def test_facts_of_items_and_models_come_from_whoever_knows_them() -> None:
    first = run("m", "t", ["0", "1"], [1, 0], text=["zero", None])
    second = run("n", "t", ["0", "1"], [1, 0], text=[None, "one"], model_facts={"family": "f", "run": None})
    matrix = gather([first, second], "bench")
    assert matrix.items["text"].tolist() == ["zero", "one"]
    assert matrix.models["family"].isna().tolist() == [True, False]


def test_probabilities_of_items_with_fewer_options_end_early() -> None:
    two, three = np.float32([[0.5, 0.5]]), np.float32([[0.2, 0.3, 0.5]])
    matrix = gather(
        [run("m", "t", ["0"], [1], probabilities=two), run("m", "u", ["0"], [1], probabilities=three)], "bench"
    )
    assert matrix.probabilities is not None
    assert np.isnan(matrix.probabilities[0, 0]).tolist() == [False, False, True]
    np.testing.assert_array_equal(matrix.probabilities[0, 1], three[0])


def test_nothing_makes_no_benchmark() -> None:
    with pytest.raises(ResponseDataError, match="nothing was read"):
        gather([], "bench")
