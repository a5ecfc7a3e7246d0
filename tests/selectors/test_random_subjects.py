"""Subjects drawn at random: every one as likely as any other, whole, and weighted as the benchmark weighs them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from anchor_selectors.random_subjects import RandomSubjects
from anchoreval.contract import choose
from anchoreval.errors import BudgetError, NotApplicableError
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def test_whole_subjects_are_drawn_with_their_own_weights(synthetic: Simulator) -> None:
    matrix = synthetic(10, 43, n_subjects=5, aggregation="macro")
    chosen = choose(RandomSubjects(), matrix, 2)
    drawn = chosen.details["subjects"]
    assert len(drawn) == 2
    assert set(chosen.items) == set(matrix.items.index[matrix.items["subject"].isin(drawn)])
    assert chosen.inclusion is not None
    assert chosen.weights is not None
    np.testing.assert_allclose(chosen.inclusion, 0.4)
    own = matrix.weights[matrix.items.index.get_indexer(chosen.items)]
    np.testing.assert_allclose(chosen.weights, own / own.sum())


def test_every_pair_of_subjects_is_as_likely(synthetic: Simulator) -> None:
    matrix = synthetic(4, 20, n_subjects=4)
    draws = 3000
    pairs = Counter(tuple(choose(RandomSubjects(), matrix, 2, seed=n).details["subjects"]) for n in range(draws))
    assert len(pairs) == 6
    counts = np.array(list(pairs.values()))
    assert np.sum((counts - draws / 6) ** 2 / (draws / 6)) < 20.5, "chi squared of 5 degrees of freedom, p = 0.001"


def test_it_takes_subjects_and_no_more_than_there_are(synthetic: Simulator) -> None:
    with pytest.raises(NotApplicableError, match="subjects"):
        choose(RandomSubjects(), synthetic(4, 20), 1)
    with pytest.raises(BudgetError, match="4 subjects"):
        choose(RandomSubjects(), synthetic(4, 20, n_subjects=4), 5)
