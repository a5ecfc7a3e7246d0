"""Values of strangers: right, or refused by the place."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from anchoreval.errors import ResponseDataError
from anchoreval.importers.entries import label, mapping, number, prose, score, sequence, shown, texts
from anchoreval.importers.option_shares import MOST_OPTIONS, finite_numbers, option_shares
from anchoreval.importers.walking import files_below

ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()), st.just(10**400)
)


@given(ANYTHING)
def test_a_score_is_within_bounds_or_refused(value: Any) -> None:
    try:
        found = score(value, "here")
    except ResponseDataError as error:
        assert str(error).startswith("here: ")  # noqa: PT017
        assert not isinstance(value, bool)
        assert value is not None
    else:
        assert math.isnan(found) or 0 <= found <= 1
        assert math.isnan(found) == (value is None or value != value)
        assert math.isnan(found) or found == value


@pytest.mark.parametrize("value", [True, "1", [], {}, float("inf"), -float("inf"), 10**400])
def test_no_numbers(value: Any) -> None:
    with pytest.raises(ResponseDataError, match=r"^here: .* is not a"):
        number(value, "here")


def test_names() -> None:
    assert [label(value, "here") for value in ("a/b", 7, " x")] == ["a/b", "7", " x"]
    for value in ("", "  ", None, 1.0, True, [], "x" * 2001, 10**30):
        with pytest.raises(ResponseDataError, match=r"^here: "):
            label(value, "here")


def test_the_rest() -> None:
    assert mapping({"a": 1}, "here") == {"a": 1}
    assert sequence([1], "here") == [1]
    for function, value in ((mapping, []), (sequence, {}), (mapping, None)):
        with pytest.raises(ResponseDataError, match=r"here: .* is not a"):
            function(value, "here")
    assert [prose(value) for value in ("a", "", None, 1)] == ["a", None, None, None]
    assert [texts(value) for value in (["a", ""], [], ["a", 1], "ab")] == [["a", ""], None, None, None]
    assert max(len(shown(value)) for value in ("x" * 10_000, [1] * 10_000, 10**4000)) <= 60


@given(st.lists(st.none() | st.lists(st.floats(-50, 0), min_size=2, max_size=5), min_size=1, max_size=6))
def test_shares_are_the_softmax_of_each_row(rows: list[list[float] | None]) -> None:
    shares = option_shares(rows)
    if shares is None:
        assert all(row is None for row in rows)
        return
    for row, found in zip(rows, shares, strict=True):
        known = [] if row is None else row
        np.testing.assert_allclose(found[: len(known)], softmax(known) if known else [], atol=1e-6)
        assert np.isnan(found[len(known) :]).all()


def test_what_is_no_log_likelihoods() -> None:
    nothing: list[Any] = [None, "ab", [], [-1.0], [-1.0, None], [-1.0, "x"], [-1.0, True], [float("nan"), 0.0]]
    nothing += [[-math.inf, -math.inf], [math.inf, 0.0], [10**400, 0], [0.0] * (MOST_OPTIONS + 1)]
    assert [finite_numbers(values) for values in nothing] == [None] * len(nothing)
    assert finite_numbers([-math.inf, -1]) == [-math.inf, -1.0]


def test_files_below(tmp_path: Path) -> None:
    for name in ("b/2.json", "a/1.JSON", ".git/3.json", "b/.4.json", "5.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "link.json").symlink_to(tmp_path / "b" / "2.json")
    assert [str(path.relative_to(tmp_path)) for path in files_below(tmp_path, ".json")] == ["a/1.JSON", "b/2.json"]
    assert list(files_below(tmp_path / "5.txt", ".json")) == []
