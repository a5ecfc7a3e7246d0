"""DISCO's selection against a sort in plain Python: scores, ties, guiding models, strata, items nobody answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from anchoreval.contract import choose
from anchoreval.errors import MethodOptionError, NotApplicableError, TooFewModelsError
from anchoreval.numerics.disagreement import jensen_shannon, predictive_diversity
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def probabilities_of(matrix: ResponseMatrix) -> Any:
    assert matrix.probabilities is not None
    return matrix.probabilities


@pytest.mark.parametrize("score", ["pds", "jsd"])
def test_it_takes_the_items_of_highest_score(score: str, synthetic: Simulator) -> None:
    matrix = synthetic(30, 50, options=4)
    scored = {"pds": predictive_diversity, "jsd": jensen_shannon}[score](probabilities_of(matrix))
    best = sorted(zip(-scored, matrix.items.index, strict=True))[:12]
    chosen = choose(make_selector("disco", score=score), matrix, 12)
    assert sorted(chosen.items) == sorted(item for _, item in best)
    assert chosen.weights is None
    assert chosen.inclusion is None
    assert chosen.details["scores"]["max"] == pytest.approx(scored.max())
    assert chosen.details["scores_of_anchors"]["min"] == pytest.approx(-best[-1][0])
    assert chosen.details["guides"] == list(matrix.models.index)


def test_ties_go_to_the_lower_id() -> None:
    certain = np.eye(2, dtype=np.float32)
    probabilities = np.stack([np.tile(certain[0], (6, 1)), np.tile(certain[1], (6, 1))])
    items = ["f", "e", "d", "c", "b", "a"]
    matrix = ResponseMatrix.from_arrays(np.ones((2, 6)), items=items, probabilities=probabilities)
    assert sorted(choose(make_selector("disco"), matrix, 3).items) == ["a", "b", "c"]


def test_normalising_favours_items_with_few_options() -> None:
    probabilities = np.full((2, 2, 4), np.nan, dtype=np.float32)
    probabilities[:, 0, :2] = [[0.9, 0.1], [0.1, 0.9]]  # 1.8 of 2
    probabilities[:, 1] = [[1.0, 0, 0, 0], [0, 1.0, 0, 0]]  # 2 of 4
    matrix = ResponseMatrix.from_arrays(np.ones((2, 2)), items=["two", "four"], probabilities=probabilities)
    assert choose(make_selector("disco"), matrix, 1).items.tolist() == ["four"]
    assert choose(make_selector("disco", normalise=True), matrix, 1).items.tolist() == ["two"]


def test_only_the_guiding_models_count(synthetic: Simulator) -> None:
    matrix = synthetic(30, 50, options=4)
    chosen = choose(make_selector("disco", guides=5), matrix, 10, seed=1)
    guides = chosen.details["guides"]
    assert len(set(guides)) == 5
    alone = choose(make_selector("disco"), matrix.subset(models=guides), 10)
    assert chosen.items.equals(alone.items)
    assert choose(make_selector("disco", guides=5), matrix, 10, seed=2).details["guides"] != guides
    assert choose(make_selector("disco", guides=30), matrix, 10).items.equals(
        choose(make_selector("disco"), matrix, 10).items
    )


def test_items_with_fewer_than_two_guiding_models_come_last(synthetic: Simulator) -> None:
    whole = synthetic(12, 20, options=3)
    probabilities = probabilities_of(whole).copy()
    probabilities[:, 4], probabilities[1:, 9] = np.nan, np.nan
    matrix = ResponseMatrix.from_arrays(whole.scores, items=whole.items, probabilities=probabilities)
    assert not {"item0004", "item0009"} & set(choose(make_selector("disco"), matrix, 18).items)
    chosen = choose(make_selector("disco"), matrix, 19)
    assert "item0004" in chosen.items
    assert chosen.details["unscored_items"] == 2


def test_models_without_probabilities_are_no_guides(synthetic: Simulator) -> None:
    whole = synthetic(12, 20, options=3)
    probabilities = probabilities_of(whole).copy()
    probabilities[:9] = np.nan
    matrix = ResponseMatrix.from_arrays(whole.scores, models=whole.models, probabilities=probabilities)
    assert choose(make_selector("disco", guides=3), matrix, 5).details["guides"] == list(whole.models.index[9:])
    message = "selector disco needs 4 guiding models; 3 source models of benchmark benchmark have option probabilities"
    with pytest.raises(TooFewModelsError, match=message):
        choose(make_selector("disco", guides=4), matrix, 5)


def uneven(synthetic: Simulator) -> ResponseMatrix:
    """Subjects d, c, b, a with 2, 8, 15 and 5 items."""
    whole = synthetic(20, 30, options=4)
    items = whole.items.assign(subject=np.repeat(["d", "c", "b", "a"], [2, 8, 15, 5]))
    return ResponseMatrix.from_arrays(whole.scores, items=items, probabilities=whole.probabilities)


@pytest.mark.parametrize(
    ("k", "counts"),
    [(3, "a b c"), (8, "aa bb cc dd"), (10, "aaa bbb cc dd"), (21, "aaaaa bbbbbbb ccccccc dd"), (1, "a")],
)
def test_stratified_choice_is_the_best_of_every_subject(k: int, counts: str, synthetic: Simulator) -> None:
    matrix = uneven(synthetic)
    chosen = choose(make_selector("disco", stratify=True), matrix, k)
    assert sorted(matrix.items.loc[chosen.items, "subject"]) == sorted(counts.replace(" ", ""))
    for part in counts.split():
        own = matrix.items.index[matrix.items["subject"] == part[0]]
        best = choose(make_selector("disco"), matrix.subset(items=own), len(part)).items
        assert set(best) <= set(chosen.items)


def test_stratified_choice_leaves_unanswered_items_for_last(synthetic: Simulator) -> None:
    matrix = uneven(synthetic)
    probabilities = probabilities_of(matrix).copy()
    probabilities[:, np.flatnonzero(matrix.items["subject"] == "a")] = np.nan
    silent = ResponseMatrix.from_arrays(matrix.scores, items=matrix.items, probabilities=probabilities)
    chosen = choose(make_selector("disco", stratify=True), silent, 7)
    assert sorted(silent.items.loc[chosen.items, "subject"]) == list("bbbccdd")


def test_stratified_choice_needs_subjects(synthetic: Simulator) -> None:
    with pytest.raises(NotApplicableError, match=r"selector disco with stratify=True needs subjects \(items.subject\)"):
        choose(make_selector("disco", stratify=True), synthetic(5, 10, options=3), 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score": "entropy"}, "selector disco: score 'entropy' is not one of pds, jsd"),
        ({"score": "jsd", "normalise": True}, "normalise applies to score 'pds' alone"),
        ({"guides": 1}, "guides = 1: disagreement takes at least 2 models"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodOptionError, match=message):
        make_selector("disco", **options)


@pytest.mark.real_data
def test_the_mean_over_contested_items_is_no_estimate(real: Callable[[str], ResponseMatrix]) -> None:
    """Why no weights are given: contested items are far from a sample of the benchmark."""
    matrix = real("cosmosqa_options")
    chosen = choose(make_selector("disco"), matrix, 100)
    place = matrix.items.index.get_indexer(chosen.items)
    gap = np.abs(matrix.scores[:, place].mean(axis=1) - matrix.full_scores.to_numpy()).mean()
    assert gap > 0.05
