"""The request to lm-eval, without lm-eval."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchoreval.errors import AnchorSetError
from anchoreval.scoring.request import sample_request

from .doubles import SIZES, anchor_table

PLACES = [(task, doc_id) for task, size in SIZES.items() for doc_id in range(size)]


@given(st.lists(st.sampled_from(PLACES), min_size=1, unique=True), st.sampled_from(["int64", "float64", "object"]))
def test_a_request_holds_each_document_once_in_order(places: list[tuple[str, int]], dtype: str) -> None:
    table = anchor_table(*places)
    table["doc_id"] = table["doc_id"].astype(dtype)  # type: ignore[call-overload]
    request = sample_request(table, SIZES)
    assert [(task, doc_id) for task, ids in request.items() for doc_id in ids] == sorted(places)
    assert all(type(doc_id) is int for ids in request.values() for doc_id in ids)
    assert all(request.values()), "a task without documents is left out"


@pytest.mark.parametrize(
    ("task", "doc_id", "reason"),
    [
        ("alhpa", 1, "item 'x': task 'alhpa' is not among those of this run .*did you mean 'alpha'"),
        ("both", 1, "item 'x': task 'both' is not among those of this run .*there are: alpha, beta"),
        ("alpha", -1, "item 'x': doc_id -1 is not between 0 and 23"),
        ("beta", 17, "item 'x': doc_id 17 is not between 0 and 16"),
        ("alpha", 1.5, "item 'x': doc_id 1.5 is not a whole number"),
        ("alpha", np.nan, "item 'x': doc_id nan is not a whole number"),
        ("alpha", np.inf, "item 'x': doc_id inf is not a whole number"),
        ("alpha", "1", "item 'x': doc_id '1' is not a whole number"),
        ("alpha", None, "item 'x': doc_id None is not a whole number"),
        ("alpha", True, "item 'x': doc_id True is not a whole number"),
        ("alpha", 3, "items 'first' and 'x' are the same document: alpha, doc_id 3"),
    ],
)
def test_what_is_no_document_of_a_task_is_refused(task: str, doc_id: Any, reason: str) -> None:
    ids = pd.Series([3, doc_id], dtype=object)
    table = pd.DataFrame({"task": ["alpha", task], "doc_id": ids.to_numpy()}, index=["first", "x"])
    with pytest.raises(AnchorSetError, match=reason):
        sample_request(table, SIZES)


def test_numpy_booleans_are_no_ids() -> None:
    table = pd.DataFrame({"task": ["alpha"], "doc_id": np.array([True])}, index=["x"])
    with pytest.raises(AnchorSetError, match="not a whole number"):
        sample_request(table, SIZES)
