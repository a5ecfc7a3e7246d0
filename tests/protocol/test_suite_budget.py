"""Dividing a budget between benchmarks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchoreval.errors import BudgetError, MethodOptionError
from anchoreval.protocol.suite_budget import budgets

SIZES = {"b": 30, "a": 60, "c": 10}


def test_equal_and_proportional_shares() -> None:
    assert budgets(9, SIZES, "equal") == {"b": 3, "a": 3, "c": 3}
    assert budgets(10, SIZES, "proportional") == {"b": 3, "a": 6, "c": 1}
    assert budgets(10, SIZES, "equal") == {"b": 3, "a": 4, "c": 3}, "what is left goes to the largest"
    assert budgets(50, SIZES, "equal") == {"b": 20, "a": 20, "c": 10}, "a small benchmark cannot hold more than it has"
    assert budgets(4, SIZES, "proportional") == {"b": 1, "a": 2, "c": 1}, "one at least"
    assert budgets(1, SIZES, "equal") == {"b": 0, "a": 1, "c": 0}
    assert budgets(5, SIZES, {"c": 5}) == {"b": 0, "a": 0, "c": 5}


@given(
    st.dictionaries(st.sampled_from("abcdefg"), st.integers(1, 40), min_size=1),
    st.floats(0, 1),
    st.sampled_from(["equal", "proportional"]),
)
def test_shares_are_possible_sum_to_k_and_ignore_the_order(sizes: dict[str, int], share: float, split: str) -> None:
    k = max(1, round(share * sum(sizes.values())))
    found = budgets(k, sizes, split)
    assert list(found) == list(sizes)
    assert sum(found.values()) == k
    assert all(min(1, k // len(sizes)) <= found[name] <= size for name, size in sizes.items())
    backwards = dict(reversed(sizes.items()))
    assert budgets(k, backwards, split) == found


def test_what_is_impossible_is_refused() -> None:
    for k in (0, 101, True, 2.5):
        with pytest.raises(BudgetError, match="not between 1 and the 100 items of the suite's 3 benchmarks"):
            budgets(k, SIZES, "equal")  # type: ignore[arg-type]
    with pytest.raises(MethodOptionError, match="split = 'halves'"):
        budgets(5, SIZES, "halves")
    with pytest.raises(MethodOptionError, match="no benchmark 'd'"):
        budgets(5, SIZES, {"d": 5})
    with pytest.raises(BudgetError, match="11 is not between 0 and the 10 items of benchmark c"):
        budgets(11, SIZES, {"c": 11})
    with pytest.raises(BudgetError, match="sum to 4, not to k = 5"):
        budgets(5, SIZES, {"a": 4})
