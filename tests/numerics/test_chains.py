"""Groups from links: components, and stars where a component is too large."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anchoreval.numerics.chains import linked_groups

LINKS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda pair: pair[0] != pair[1]), max_size=20)


def groups(links: list[tuple[int, int]], largest: int) -> list[int]:
    ends = np.array(links, dtype=np.int64).reshape(-1, 2).T
    return linked_groups(12, ends[0], ends[1], largest).tolist()


def test_a_chain_is_one_group_and_a_long_one_is_broken_into_stars() -> None:
    chain = [(n, n + 1) for n in range(5)]
    assert groups(chain, 6) == [0] * 6 + [6, 7, 8, 9, 10, 11]
    assert groups(chain, 5)[:6] == [1, 1, 1, 4, 4, 4], "the first of those with most links, and its neighbours"


def test_a_clique_stays_whole_however_small_the_limit() -> None:
    assert len(set(groups([(a, b) for a in range(8) for b in range(a)], 2)[:8])) == 1


@given(LINKS)
def test_components_equal_repeated_merging(links: list[tuple[int, int]]) -> None:
    label = list(range(12))
    for _ in range(12):
        for a, b in links:
            label[a] = label[b] = min(label[a], label[b])
    assert groups(links, 12) == label


@given(LINKS, st.integers(1, 6))
def test_stars_are_members_linked_to_their_centre(links: list[tuple[int, int]], largest: int) -> None:
    linked = {frozenset(pair) for pair in links}
    label, whole = groups(links, largest), groups(links, 12)
    for member, centre in enumerate(label):
        assert label[centre] == centre
        assert whole[member] == whole[centre], "groups are parts of components"
        if whole.count(whole[member]) > largest:
            assert member == centre or frozenset((member, centre)) in linked
