"""The selector `auto`: what it tries, what it follows, and that it steps back where sources say little."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import anchoreval as ae
from anchoreval.contract import RECONSTRUCTION, choose, fit
from anchoreval.errors import MethodOptionError
from anchoreval.estimators.auto import READING
from anchoreval.methods import Selection
from anchoreval.protocol.auto_selector import PAIRS, Auto
from anchoreval.registry import make_estimator, make_selector
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]
QUICK = [("random", "fusion"), ("optimal", "ridge")]


def details(matrix: ResponseMatrix, k: int = 15, **options: Any) -> Any:
    return choose(Auto(**{"candidates": QUICK, "divisions": 2, **options}), matrix, k, seed=1).details


def test_the_built_in_pairs_are_registered_and_begin_with_random_items() -> None:
    assert (PAIRS[0].selector, PAIRS[0].reading) == ("random", "fusion")
    assert {pair.selector for pair in PAIRS} <= set(ae.selectors())


def test_structure_is_used_and_its_absence_noticed(synthetic: Simulator) -> None:
    found = details(synthetic(120, 200, seed=3), divisions=3)
    assert found["chosen"] == "optimal + ridge"
    assert found["tried"]["optimal + ridge"] < found["tried"]["random + fusion"]
    assert (found[READING], found[RECONSTRUCTION]) == ("ridge", {"name": "signature", "regressor": "ridge"})
    # every model answers every item right with its own probability: no choice of items can help
    rng = np.random.default_rng(0)
    ability = np.clip(rng.uniform(-0.2, 1.2, size=(60, 1)), 0.02, 0.98)
    flat = ResponseMatrix.from_arrays((rng.random((60, 300)) < ability).astype(np.float32))
    assert details(flat, 40)["chosen"] == "random + fusion"


def test_few_groups_take_the_first_untried(synthetic: Simulator) -> None:
    found = details(synthetic(60, 60, variants=12, seed=1))
    assert (found["chosen"], found["tried"]) == ("random + fusion", {})
    assert "5 groups of sources are too few" in found["notes"][0]


def test_models_better_than_any_source_are_foreseen(synthetic: Simulator) -> None:
    """Inside the sources the best are held out; the errors in the record are theirs, not those of models at random."""
    matrix = synthetic(100, 150, seed=5)
    near, far = details(matrix), details(matrix, resemble="gap", divisions=4)
    assert far["tried"]["optimal + ridge"] > near["tried"]["optimal + ridge"]
    assert far["resemble"] == "gap"


def test_what_cannot_be_divided_as_asked_is_divided_at_random_and_noted(synthetic: Simulator) -> None:
    matrix = synthetic(40, 60, seed=2)
    undated = dataclasses.replace(matrix, models=matrix.models.drop(columns="released", errors="ignore"))
    found = details(undated, resemble="chronological")
    assert len(found["notes"]) == 1
    assert any("divided at random instead" in note and "release dates" in note for note in found["notes"])


def test_readings_follow_its_choice(synthetic: Simulator) -> None:
    matrix = synthetic(120, 200, seed=3)
    chosen = choose(Auto(candidates=QUICK, divisions=2), matrix, 15, seed=1)
    followed: Any = fit(make_estimator("auto"), matrix, chosen)
    assert (followed.chosen, followed.tried) == (chosen.details[READING], {})
    published: Any = fit(make_estimator("published"), matrix, chosen)
    assert published.chosen == chosen.details[RECONSTRUCTION]["name"]


def test_the_anchors_are_those_of_the_winner_on_all_sources(synthetic: Simulator) -> None:
    matrix = synthetic(60, 80, seed=6)
    chosen = choose(Auto(candidates=[("optimal", "ridge")]), matrix, 10, seed=3)
    assert isinstance(chosen, Selection)
    assert len(chosen.items) == 10
    assert chosen.inclusion is None
    random = choose(Auto(candidates=[("random", "fusion")]), matrix, 10, seed=3)
    assert random.inclusion is not None


def test_a_candidate_that_fails_loses(synthetic: Simulator) -> None:
    """Fusion cannot read anchors that were not drawn at random."""
    found = details(synthetic(60, 80, seed=6), candidates=[("optimal", "fusion"), ("optimal", "ridge")])
    assert found["chosen"] == "optimal + ridge"
    assert found["tried"]["optimal + fusion"] == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resemble": "cousins"}, "split 'cousins' is not one of"),
        ({"divisions": 0}, "option divisions must be at least 1"),
        ({"candidates": [("random", "crystal ball")]}, "is not a selector and one of mean, fusion"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodOptionError, match=message):
        Auto(**options)


def test_an_unknown_selector_is_refused_by_name(synthetic: Simulator) -> None:
    with pytest.raises(ae.AnchorEvalError, match="crystal"):
        choose(make_selector("auto", candidates=[("crystal", "ridge")]), synthetic(60, 80), 10)
