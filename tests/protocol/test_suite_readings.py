"""Reading a benchmark's score from its own anchors or from those of all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import MethodOptionError
from anchoreval.estimators.auto import FEWEST_GROUPS
from anchoreval.estimators.pirt import PIRT
from anchoreval.estimators.signature import Signature
from anchoreval.methods import Selection
from anchoreval.protocol.suite_readings import View, check_reading, chosen_reading, views
from anchoreval.protocol.suite_views import shared_matrix
from anchoreval.suite import Suite

Suites = Callable[..., Suite]


def anchored(suite: Suite, x: int, y: int) -> tuple[dict[str, View], pd.Series]:
    """What y's score can be read from with so many anchors in x and y; and every model as its own group."""
    stacked, _ = shared_matrix(suite)
    items = [f"x/i{n}" for n in range(x)] + [f"y/i{n}" for n in range(y)]
    groups = pd.Series(stacked.models.index, stacked.models.index)
    return views(stacked, Selection(pd.Index(items, dtype=object)), "y"), groups


def test_others_are_read_where_they_help(two_benchmarks: Suites) -> None:
    """With one ability behind both, thirty answers in x say more of y than its own three do; else nothing."""
    for correlation, expected in ((1.0, "joint"), (0.0, "own")):
        found, groups = anchored(two_benchmarks(200, correlation=correlation, seed=3), 30, 3)
        reading, tried = chosen_reading(found, "auto", groups.index, groups, Signature(), 0)
        assert reading == expected
        assert (tried["joint"] < tried["own"]) == (expected == "joint")


def test_choosing_does_not_depend_on_the_order_of_the_models(two_benchmarks: Suites) -> None:
    found, groups = anchored(two_benchmarks(60, missing=0.02), 10, 5)
    mixed = np.random.default_rng(0).permutation(groups.index)
    first = chosen_reading(found, "auto", groups.index, groups, Signature(), 0)
    assert chosen_reading(found, "auto", pd.Index(mixed), groups[mixed], Signature(), 0) == first


def test_kin_leave_together(two_benchmarks: Suites) -> None:
    """Copies under other names: were one left behind, a nearest neighbour would know the other's score exactly."""
    suite = two_benchmarks(40)
    rows = np.repeat(suite["x"].models.index, 2)
    twice = Suite({n: m.from_arrays(np.repeat(m.scores, 2, axis=0), items=m.items) for n, m in suite.items()})
    found, groups = anchored(twice, 20, 10)
    groups[:] = rows
    nearest = Signature(regressor="knn", neighbours=1, line=False)
    _, apart = chosen_reading(found, "auto", groups.index, groups, nearest, 0)
    groups[:] = groups.index
    _, leaking = chosen_reading(found, "auto", groups.index, groups, nearest, 0)
    assert apart["joint"] > 0.02
    assert leaking["joint"] < 0.3 * apart["joint"]


def test_there_is_not_always_a_choice(two_benchmarks: Suites) -> None:
    found, groups = anchored(two_benchmarks(40), 6, 0)
    assert list(found) == ["joint"], "a benchmark without anchors is read from the others"
    for reading in ("auto", "own", "joint"):
        assert chosen_reading(found, reading, groups.index, groups, Signature(), 0) == ("joint", {})
    found, groups = anchored(two_benchmarks(40), 6, 6)
    assert chosen_reading(found, "joint", groups.index, groups, Signature(), 0) == ("joint", {})
    few = groups.index[: FEWEST_GROUPS - 1]
    assert chosen_reading(found, "auto", few, groups, Signature(), 0) == ("own", {})
    with pytest.raises(MethodOptionError, match="reading = 'both'"):
        check_reading("both")


def test_an_estimator_of_the_whole_matrix_sees_the_items_of_its_reading(two_benchmarks: Suites) -> None:
    found, groups = anchored(two_benchmarks(60), 8, 8)
    assert (found["own"].matrix.n_items, found["joint"].matrix.n_items) == (30, 70)
    reading, tried = chosen_reading(found, "auto", groups.index, groups, PIRT(), 0)
    assert reading in tried
    assert 0 < tried["own"] < 0.2
