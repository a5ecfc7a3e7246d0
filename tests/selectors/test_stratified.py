"""Stratified sampling: allocation by hand, true inclusion probabilities, and a smaller error where strata differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.contract import choose, generator
from anchoreval.errors import MethodOptionError, NotApplicableError
from anchoreval.methods import Selection
from anchoreval.registry import make_selector
from anchoreval.responses import ResponseMatrix

SIZES = {"algebra": 4, "biology": 6, "chess": 10, "drama": 20}


def benchmark(aggregation: str = "micro", column: str = "subject", models: int = 3) -> ResponseMatrix:
    labels = np.repeat(list(SIZES), list(SIZES.values()))
    rng = np.random.default_rng(0)
    chance = np.repeat([0.05, 0.35, 0.65, 0.95], list(SIZES.values()))
    return ResponseMatrix.from_arrays(
        rng.random((models, 40)) < chance,
        items=pd.DataFrame({column: labels}, index=[f"i{n:02d}" for n in range(40)]),
        aggregation=aggregation,
        name="four",
    )


def strata_of(chosen: Selection) -> dict[str, dict[str, float]]:
    strata = chosen.details["strata"]
    assert isinstance(strata, dict)
    return strata


@pytest.mark.parametrize(
    ("options", "aggregation", "k", "expected"),
    [
        ({}, "micro", 20, [2, 3, 5, 10]),
        ({}, "micro", 4, [1, 1, 1, 1]),
        ({}, "micro", 10, [1, 1.5, 2.5, 5]),
        ({}, "micro", 2, [0.2, 0.3, 0.5, 1]),
        ({}, "macro", 12, [3, 3, 3, 3]),
        ({}, "macro", 20, [4, 16 / 3, 16 / 3, 16 / 3]),
        ({"allocation": "equal"}, "micro", 12, [3, 3, 3, 3]),
        ({"allocation": "equal"}, "micro", 3, [0.75] * 4),
        ({"allocation": "count"}, "macro", 20, [2, 3, 5, 10]),
    ],
)
def test_k_is_allocated_as_by_hand(options: dict[str, Any], aggregation: str, k: int, expected: list[float]) -> None:
    matrix = benchmark(aggregation)
    chosen = choose(make_selector("stratified", **options), matrix, k)
    strata = strata_of(chosen)
    assert [strata[name]["expected"] for name in SIZES] == pytest.approx(expected)
    drawn = matrix.items.loc[chosen.items, "subject"].value_counts().reindex(list(SIZES), fill_value=0)
    assert [strata[name]["drawn"] for name in SIZES] == drawn.tolist()
    assert (np.abs(drawn.to_numpy() - expected) < 1).all()
    assert chosen.inclusion is not None
    probability = dict(zip(SIZES, np.array(expected) / list(SIZES.values()), strict=True))
    np.testing.assert_allclose(chosen.inclusion, matrix.items.loc[chosen.items, "subject"].map(probability))


@pytest.mark.parametrize(("k", "aggregation"), [(2, "micro"), (3, "macro"), (7, "micro")])
def test_reported_inclusion_is_the_frequency_of_being_drawn(k: int, aggregation: str) -> None:
    matrix, selector, draws = benchmark(aggregation), make_selector("stratified"), 3000
    rng = generator(0, "frequencies")
    times, reported = np.zeros(40), np.zeros(40)
    for _ in range(draws):
        chosen = selector.select(matrix, k, rng)
        place = matrix.items.index.get_indexer(chosen.items)
        times[place] += 1
        assert chosen.inclusion is not None
        reported[place] = chosen.inclusion
    assert reported.sum() == pytest.approx(k)
    error = np.sqrt(reported * (1 - reported) / draws)
    assert (np.abs(times / draws - reported) < 4.5 * error + 1e-9).all()


def mean_square_error(name: str, matrix: ResponseMatrix, k: int) -> float:
    truth, squares = matrix.full_scores.to_numpy(), []
    for seed in range(300):
        chosen = choose(make_selector(name), matrix, k, seed=seed)
        assert chosen.weights is not None
        estimate = matrix.scores[:, matrix.items.index.get_indexer(chosen.items)] @ chosen.weights
        squares.append(((estimate - truth) ** 2).mean())
    return float(np.mean(squares))


@pytest.mark.parametrize("aggregation", ["micro", "macro"])
def test_strata_that_differ_make_the_error_smaller(aggregation: str) -> None:
    matrix = benchmark(aggregation, models=20)
    assert mean_square_error("stratified", matrix, 10) < 0.6 * mean_square_error("random", matrix, 10)


def test_any_column_can_name_the_strata_and_a_hole_is_one_of_them() -> None:
    matrix = benchmark(column="label_status")
    matrix.items.loc["i05", "label_status"] = None
    chosen = choose(make_selector("stratified", by="label_status"), matrix, 10)
    assert strata_of(chosen)[""]["drawn"] == 1
    assert "i05" in chosen.items


def test_absent_strata_are_named() -> None:
    matrix = benchmark(column="task")
    with pytest.raises(
        NotApplicableError, match=r"selector stratified needs subjects \(items.subject\); benchmark four"
    ):
        choose(make_selector("stratified"), matrix, 5)
    with pytest.raises(NotApplicableError, match="selector stratified needs item column 'topic'; benchmark four"):
        choose(make_selector("stratified", by="topic"), matrix, 5)
    with pytest.raises(MethodOptionError, match="allocation 'optimal' is not one of proportional, count, equal"):
        make_selector("stratified", allocation="optimal")
