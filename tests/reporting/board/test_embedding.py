"""The data inside the page: escaped, strict JSON, and all there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.reporting.board_page.content import BoardPage
from anchoreval.reporting.board_page.embedding import board_data, embedded, numbers, texts

Make = Callable[..., BoardPage]


def refuse(constant: str) -> Any:
    raise AssertionError(f"{constant} is no JSON")


def test_nothing_can_end_the_element_it_stands_in(make_board: Make) -> None:
    page = make_board()
    text = embedded(board_data(page))
    assert not set("<>&\u2028\u2029") & set(text)
    data = json.loads(text, parse_constant=refuse)
    assert data["models"]["name"][:3] == list(page.models.index[:3])
    assert data["anchors"]["options"][1][1] == page.models.index[1]


def test_figures_arrive_as_they_were(make_board: Make) -> None:
    page = make_board()
    data = board_data(page)
    found = np.array(data["models"]["score"], dtype=np.float64)
    np.testing.assert_allclose(found, page.models["score"], rtol=0, atol=1e-9)
    assert data["models"]["score"][-1] is None
    assert data["models"]["extrapolating"] == page.models["extrapolating"].astype(int).tolist()
    assert data["subjects"]["name"][1] == "<i>law</i>"
    assert data["subjects"]["scores"][3] == [None] * len(page.models)
    assert data["pairs"]["critical"][1][-1] is None
    assert data["pairs"]["expected"][-1] is None
    assert [len(row) for row in data["answers"]] == [len(page.anchors)] * len(page.models)


def test_subjects_follow_the_models_order(make_board: Make) -> None:
    page = make_board()
    assert page.subjects is not None
    turned = make_board(subjects=page.subjects.iloc[::-1])
    assert board_data(turned)["subjects"] == board_data(page)["subjects"]


def test_optional_parts_may_be_missing(make_board: Make) -> None:
    page = make_board()
    bare = make_board(
        subjects=None,
        pairs=None,
        answers=None,
        anchors=page.anchors[["weight"]],
    )
    data = board_data(bare)
    assert data["subjects"] is data["pairs"] is data["answers"] is None
    assert set(data["anchors"]) == {"name", "weight"}


def test_numbers_and_texts() -> None:
    assert numbers([1.0, 0.1234567891234, np.nan, np.inf, None, "x"]) == [1, 0.123456789, None, None, None, None]
    assert texts(["a", None, np.nan, pd.NaT, 3]) == ["a", None, None, None, "3"]


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        embedded({"score": float("nan")})
