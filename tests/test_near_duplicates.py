"""Copies and near-copies: planted ones are found, and models that merely score alike are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval import near_duplicates as module
from anchoreval.errors import MethodOptionError
from anchoreval.near_duplicates import FEWEST_MODELS, near_duplicates
from anchoreval.responses import ResponseMatrix


def independent(models: int, items: int, seed: int = 0, mean: float = 0.0) -> Any:
    """Answers of models that share nothing but the difficulty of the items."""
    rng = np.random.default_rng(seed)
    ability, difficulty = rng.normal(mean, 0.7, models), rng.normal(0, 1.2, items)
    return (rng.random((models, items)) < 1 / (1 + np.exp(difficulty - ability[:, None]))).astype(np.float32)


def planted(scores: Any, differing: dict[int, int], seed: int = 1) -> tuple[Any, list[str]]:
    """A copy of each of some rows that differs on so many items, put at the end; ids of all rows."""
    rng = np.random.default_rng(seed)
    copies = scores[list(differing)].copy()
    for copy, count in zip(copies, differing.values(), strict=True):
        flipped = rng.choice(len(copy), count, replace=False)
        copy[flipped] = 1 - copy[flipped]
    names = [f"m{n:04}" for n in range(len(scores))] + [f"m{n:04} copy" for n in differing]
    return np.concatenate([scores, copies]), names


def test_planted_copies_are_found_and_nothing_else() -> None:
    scores, names = planted(independent(80, 400), {3: 0, 7: 1, 11: 8, 19: 9, 23: 60})
    found = near_duplicates(ResponseMatrix.from_arrays(scores, models=names))
    assert found["model"].tolist() == ["m0003 copy", "m0007 copy", "m0011 copy"]
    assert found["twin"].tolist() == ["m0003", "m0007", "m0011"]
    assert found["kind"].tolist() == ["exact", "near", "near"]
    assert found["disagreements"].tolist() == [0, 1, 8], "9 of 400 items are more than 2 %"
    assert found["items"].tolist() == [400] * 3
    assert (found["expected"][1:] > 80).all()
    assert np.isnan(found["expected"][0])


@pytest.mark.parametrize("mean", [0.0, 4.0])
def test_thousands_of_distinct_models_on_few_items_are_not_joined(mean: float) -> None:
    scores = independent(1500, 200, mean=mean)
    found = near_duplicates(ResponseMatrix.from_arrays(scores), ceiling=0.05)
    close = [np.abs(scores - row).sum(axis=1) <= 10 for row in scores[:200]]
    assert (np.sum(close) > 200 + 20) == (mean > 0), "good models on easy items differ on few of them"
    assert (found["kind"] == "near").sum() == 0


def test_short_tables_hide_copies_that_long_ones_show() -> None:
    scores, names = planted(independent(60, 1000, mean=3.5), {5: 6})
    short = np.random.default_rng(0).permutation(1000)[:40]
    assert len(near_duplicates(ResponseMatrix.from_arrays(scores, models=names))) == 1
    assert "near" not in set(near_duplicates(ResponseMatrix.from_arrays(scores[:, short], models=names))["kind"])


def test_gaps_are_left_out_of_the_comparison() -> None:
    scores, names = planted(independent(60, 400), {3: 0, 7: 4})
    scores[np.random.default_rng(2).random(scores.shape) < 0.3] = np.nan
    found = near_duplicates(ResponseMatrix.from_arrays(scores, models=names))
    assert found["kind"].tolist() == ["near", "near"], "with other gaps a copy is near, not exact"
    both = (~np.isnan(scores[3]) & ~np.isnan(scores[60])).sum()
    assert found["items"][0] == both
    assert found["disagreements"][0] == 0


def test_fractional_scores_are_compared_by_mean_absolute_difference() -> None:
    scores = np.random.default_rng(3).beta(1, 1, (50, 300)).astype(np.float32)
    scores = np.concatenate([scores, np.clip(scores[:2] + np.float32([[0.015], [0.1]]), 0, 1)])
    found = near_duplicates(ResponseMatrix.from_arrays(scores))
    assert found[["model", "twin"]].to_numpy().tolist() == [["m50", "m0"]]
    assert found["disagreements"][0] == pytest.approx(np.abs(scores[50].astype(float) - scores[0]).sum())


def test_order_of_models_and_items_changes_nothing() -> None:
    scores, names = planted(independent(70, 300), {1: 0, 2: 0, 3: 3, 4: 5})
    scores = np.concatenate([scores, scores[1:2], scores[3:4]])
    made = ResponseMatrix.from_arrays(scores, models=[*names, "another", "last"])
    rng = np.random.default_rng(5)
    turned = made.subset(models=rng.permutation(made.models.index), items=rng.permutation(made.items.index))
    pd.testing.assert_frame_equal(near_duplicates(turned), near_duplicates(made))
    assert len(near_duplicates(made)) == 6


def test_several_exact_copies_are_paired_with_the_first() -> None:
    scores = independent(20, 100)
    found = near_duplicates(ResponseMatrix.from_arrays(scores[[0, 0, 0, *range(1, 20)]]))
    assert found[["model", "twin"]].to_numpy().tolist() == [["m1", "m0"], ["m2", "m0"]]


def test_few_models_say_nothing_of_what_to_expect() -> None:
    for count, near in ((FEWEST_MODELS - 2, 0), (FEWEST_MODELS + 10, 1)):
        scores, names = planted(independent(count, 300), {0: 2})
        assert len(near_duplicates(ResponseMatrix.from_arrays(scores, models=names))) == near


@pytest.mark.parametrize("value", [0.0, 1.0, 0.5, np.nan])
def test_constant_tables_do_no_harm(value: float) -> None:
    scores = np.full((30, 40), value, dtype=np.float32)
    exact = 0 if np.isnan(value) else 29
    assert len(near_duplicates(ResponseMatrix.from_arrays(scores))) == exact
    scores[np.arange(30), np.arange(30)] = 1 - value if value in (0, 1) else 0.25
    assert "near" not in set(near_duplicates(ResponseMatrix.from_arrays(scores), ceiling=0.1)["kind"])


def test_one_model_and_a_wrong_option() -> None:
    made = ResponseMatrix.from_arrays(np.ones((1, 30)))
    assert near_duplicates(made).empty
    for wrong in ({"ceiling": 1.0}, {"ceiling": -0.1}, {"false_share": 0.0}, {"false_share": 1.0}):
        with pytest.raises(MethodOptionError, match=next(iter(wrong))):
            near_duplicates(made, **wrong)


def test_pairs_of_a_matrix_are_found_once(monkeypatch: Any) -> None:
    made = ResponseMatrix.from_arrays(independent(20, 50)[[0, *range(20)]])
    spoilt = near_duplicates(made)
    spoilt["kind"] = "changed by a caller"
    monkeypatch.setattr(module, "_pairs", None)
    assert near_duplicates(made)["kind"].tolist() == ["exact"]


@pytest.mark.real_data
def test_what_is_joined_on_arc_is_what_the_names_say(real: Callable[[str], ResponseMatrix]) -> None:
    found = near_duplicates(real("arc"))
    pairs = [(row.model.split("/")[-1].lower(), row.twin.split("/")[-1].lower()) for row in found.itertuples()]
    assert ("yarn-mistral-7b-64k", "yarn-mistral-7b-128k") in pairs
    assert all(model[:6] == twin[:6] for model, twin in pairs)


@pytest.mark.real_data
def test_models_without_copies_are_left_alone(real: Callable[[str], ResponseMatrix]) -> None:
    for name in ("livebench", "mmlu_pro_cot"):
        assert near_duplicates(real(name)).empty
