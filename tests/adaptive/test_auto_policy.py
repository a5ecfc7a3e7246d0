"""The policy `auto`: it finds the number of abilities that a benchmark was made with, and is else like `optimal`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anchoreval.adaptive.auto_policy import MOST_MODELS, Auto, _clearly_best, _drawn
from anchoreval.contract import fit_policy
from anchoreval.errors import MethodOptionError
from anchoreval.methods import Answers
from anchoreval.policies.optimal import Optimal
from anchoreval.responses import ResponseMatrix


def clusters(abilities: int, models: int = 60, items: int = 160) -> ResponseMatrix:
    """Every item belongs to one of several abilities, which have nothing to do with one another."""
    rng = np.random.default_rng(0)
    ability = 2.0 * rng.normal(size=(models, abilities))
    logits = ability[:, np.arange(items) % abilities] + rng.normal(size=items)
    scores = (rng.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(float)
    return ResponseMatrix.from_arrays(scores)


def test_it_finds_several_abilities_where_there_are_some() -> None:
    made = fit_policy(Auto(batch=10), clusters(4), 40)
    assert isinstance(made, Auto)
    assert set(made.tried) == {1, 2, 4, 8}
    assert made.policy_.dimensions in (4, 8)
    assert made.tried[4] < 0.9 * made.tried[1]


def test_one_is_enough_where_there_is_one() -> None:
    made = fit_policy(Auto(), clusters(1), 40)
    assert isinstance(made, Auto)
    assert made.policy_.dimensions in (1, 2)


def test_it_asks_and_reads_as_optimal_with_that_number() -> None:
    matrix = clusters(2)
    auto = fit_policy(Auto(batch=4), matrix, 30)
    assert isinstance(auto, Auto)
    plain = fit_policy(Optimal(dimensions=auto.policy_.dimensions, batch=4), matrix, 30)
    assert isinstance(plain, Optimal)
    nothing = Answers(pd.Index([], dtype=object), np.zeros(0))
    first = plain.next_items(nothing)
    assert auto.next_items(nothing).tolist() == first.tolist()
    known = Answers(first, np.array([1.0, 0.0, 1.0, 1.0]))
    assert auto.predict(known) == plain.predict(known)
    assert auto.standard_deviation(known) == plain.standard_deviation(known)


def test_few_models_leave_it_as_it_is() -> None:
    made = fit_policy(Auto(), clusters(2, models=11), 20)
    assert isinstance(made, Auto)
    assert made.tried == {}
    assert made.policy_.dimensions is None


def test_every_group_is_tested_before_any_is_tested_twice() -> None:
    codes = np.repeat(np.arange(30), 4)
    drawn = _drawn(codes, np.random.default_rng(0))
    assert len(drawn) == MOST_MODELS
    assert set(codes[drawn]) == set(range(30))
    assert len(set(drawn)) == MOST_MODELS


def test_a_wrong_batch_is_refused() -> None:
    with pytest.raises(MethodOptionError, match="batch"):
        Auto(batch=0)


def test_the_usual_number_is_kept_unless_another_is_clearly_better() -> None:
    rng = np.random.default_rng(0)
    usual, weights = rng.uniform(1, 2, 40), np.full(40, 1 / 40)
    noise = rng.normal(0, 0.5, 40)
    level = noise - noise.mean()
    assert _clearly_best({1: usual, 4: usual + level - 0.01}, weights, 1) == 1
    assert _clearly_best({1: usual, 4: usual + level - 0.3}, weights, 1) == 4
    assert _clearly_best({1: usual, 4: usual + level - 0.3}, weights, 4) == 4
