"""One battery for every registered selector: a new method that passes it is in.

A method appears here by being registered. `OPTIONS` makes a slow one quick; `VARIANTS` adds option settings to try.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.contract import choose
from anchoreval.errors import AnchorEvalError, BudgetError, NotApplicableError
from anchoreval.methods import NEEDS, Selection, Selector
from anchoreval.registry import make_selector, selectors
from anchoreval.responses import ResponseMatrix

ESSENCE = {"population": 20, "elite": 4, "generations": 10, "attributed": 10}
METABENCH = {"candidates": 30, "start": 2, "iterations": 2, "folds": 3}
OPTIONS: dict[str, dict[str, Any]] = {
    "random_search": {"candidates": 50},
    "essence": ESSENCE,
    "metabench": METABENCH,
    "irt_clusters": {"restarts": 1},
    "auto": {"candidates": [["random", "ridge"], ["stratified_difficulty", "ridge"]], "divisions": 1},
}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("stratified", {"allocation": "equal"}),
    ("stratified", {"allocation": "count"}),
    ("stratified", {"by": "task"}),
    ("disco", {"score": "jsd"}),
    ("disco", {"normalise": True}),
    ("disco", {"guides": 2}),
    ("disco", {"score": "jsd", "guides": 9, "stratify": True}),
    ("facility_location", {"similarity": "euclidean"}),
    ("facility_location", {"similarity": "cosine"}),
    ("anchor_points", {"features": "scores"}),
    ("correctness_clusters", {"restarts": 1}),
    ("mrmr", {"scheme": "difference"}),
    ("mrmr", {"discretise": "quantiles"}),
    ("optimal", {"swaps": 2}),
    ("optimal", {"shrinkage": 0.0, "noise": 1e-6, "swaps": 2}),
    ("optimal", {"pooling": 1.0}),
    ("optimal", {"prior_groups": 0.0}),
    ("random_search", {"candidates": 1, "folds": 50}),
    ("stratified_difficulty", {"strata": 9}),
    ("essence", {**ESSENCE, "mutation": "flip", "fitness_share": 0.1, "keep": "last"}),
    ("essence", {**ESSENCE, "rank_threshold": 0.5, "redundant": "either", "swaps": 3, "patience": 2}),
    (
        "essence",
        {
            **ESSENCE,
            "max_accuracy": None,
            "min_sd": None,
            "min_discrimination": None,
            "text_threshold": None,
            "refit": False,
        },
    ),
    ("metabench", {**METABENCH, "joint": True}),
    ("metabench", {**METABENCH, "objective": "published", "subsample": 10}),
    ("metabench", {**METABENCH, "models": ["2pl", "4pl"], "thetas": ["eap"], "grids": ["steps"]}),
    ("metabench", {**METABENCH, "candidates": 0, "rest_score": True, "drop_negative": True, "bins": 7}),
    ("irt_clusters", {"coordinates": "curves"}),
    ("irt_clusters", {"model": "3pl", "restarts": 1}),
    ("irt_clusters", {"dimensions": 2, "restarts": 1}),
    ("bento", {"form": "le"}),
    ("bento", {"form": "le", "eigenvectors": 3, "metric": "cosine", "weights": "none"}),
    ("bento", {"residual": True, "weights": "cluster"}),
    ("bento", {"normalise": "standard", "metric": "chebyshev"}),
]
CASES = [(name, OPTIONS.get(name, {})) for name in selectors()] + VARIANTS
SEEDS_FOR_FREQUENCIES = 400

Simulator = Callable[..., ResponseMatrix]
pytestmark = pytest.mark.parametrize(
    ("name", "options"), CASES, ids=["-".join([name, *map(str, options.values())]) for name, options in CASES]
)


@pytest.fixture
def rich(synthetic: Simulator) -> ResponseMatrix:
    """A benchmark that meets every need: probabilities, subjects of unequal size, text, binary scores."""
    return furnished(synthetic(40, 60, n_subjects=7, options=4, variants=2, seed=3))


def furnished(matrix: ResponseMatrix) -> ResponseMatrix:
    """The same matrix with tasks and texts, and weights that differ."""
    numbers = np.arange(matrix.n_items)
    items = matrix.items.assign(
        task=np.where(numbers % 9 < 5, "easy", "hard"), text=[f"What is {n} plus {n % 13}?" for n in numbers]
    )
    return ResponseMatrix.from_arrays(
        matrix.scores,
        models=matrix.models,
        items=items,
        probabilities=matrix.probabilities,
        weights=1.0 + numbers % 3,
        name=matrix.name,
    )


def units(selector: Selector, matrix: ResponseMatrix) -> int:
    return matrix.n_items if selector.unit == "item" else len(matrix.subjects)


def assert_valid(chosen: Selection, selector: Selector, matrix: ResponseMatrix, k: int) -> None:
    """What every selection satisfies, checked from the outside and not by the contract's own code."""
    assert chosen.items.is_unique
    assert chosen.items.isin(matrix.items.index).all()
    assert chosen.items.equals(matrix.items.index[matrix.items.index.isin(chosen.items)])
    rows = matrix.items.loc[chosen.items]
    assert (len(rows) if selector.unit == "item" else rows["subject"].nunique()) == k
    if selector.unit == "subject":
        assert len(rows) == matrix.items["subject"].isin(rows["subject"]).sum()
    if chosen.weights is not None:
        assert np.isfinite(chosen.weights).all()
        assert (chosen.weights >= 0).all()
        assert chosen.weights.sum() == pytest.approx(1)
    if chosen.inclusion is not None:
        assert ((chosen.inclusion > 0) & (chosen.inclusion <= 1 + 1e-12)).all()
    assert plain(chosen.details)


def plain(value: object) -> bool:
    """Whether a value is data that JSON can hold."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and plain(part) for key, part in value.items())
    if isinstance(value, list | tuple):
        return all(plain(part) for part in value)
    return (
        value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and bool(np.isfinite(value)))
    )


def series(chosen: Selection) -> pd.DataFrame:
    """A selection by item id, so that two of them compare whatever the order of items."""
    columns = {"weights": chosen.weights, "inclusion": chosen.inclusion}
    given = {column: values for column, values in columns.items() if values is not None}
    return pd.DataFrame(given, index=chosen.items).sort_index()


def test_it_returns_exactly_k_units(name: str, options: dict[str, Any], rich: ResponseMatrix) -> None:
    selector = make_selector(name, **options)
    for k in sorted({1, 2, 5, units(selector, rich) // 2, units(selector, rich) - 1}):
        assert_valid(choose(selector, rich, k, seed=1), selector, rich, k)


def test_all_units_are_the_whole_benchmark(name: str, options: dict[str, Any], rich: ResponseMatrix) -> None:
    selector = make_selector(name, **options)
    k = units(selector, rich)
    chosen = choose(selector, rich, k)
    assert_valid(chosen, selector, rich, k)
    assert chosen.items.equals(rich.items.index)
    if chosen.inclusion is not None:
        np.testing.assert_allclose(chosen.inclusion, 1.0)
        assert chosen.weights is not None
        np.testing.assert_allclose(chosen.weights, rich.weights)


def test_a_seed_repeats_itself(name: str, options: dict[str, Any], rich: ResponseMatrix) -> None:
    selector = make_selector(name, **options)
    k = units(selector, rich) // 3
    first, again = choose(selector, rich, k, seed=7), choose(make_selector(name, **options), rich, k, seed=7)
    pd.testing.assert_frame_equal(series(first), series(again), check_exact=True)
    assert first.details == again.details
    if first.inclusion is not None and first.inclusion.max() < 1:  # a random design: other seeds draw other items
        others = [choose(selector, rich, k, seed=seed).items for seed in range(5)]
        assert len({tuple(items) for items in others}) > 1


def test_the_order_of_models_and_items_changes_nothing(
    name: str, options: dict[str, Any], rich: ResponseMatrix
) -> None:
    selector = make_selector(name, **options)
    k = units(selector, rich) // 3
    rng = np.random.default_rng(0)
    mixed = rich.subset(models=rng.permutation(rich.models.index), items=rng.permutation(rich.items.index))
    straight, turned = choose(selector, rich, k, seed=2), choose(selector, mixed, k, seed=2)
    pd.testing.assert_frame_equal(series(straight), series(turned), rtol=1e-9)
    assert turned.items.equals(mixed.items.index[mixed.items.index.isin(turned.items)])


def test_the_sources_stay_as_they_are(name: str, options: dict[str, Any], rich: ResponseMatrix) -> None:
    before = (rich.scores.copy(), rich.items.copy(), rich.models.copy())
    selector = make_selector(name, **options)
    settings = {f.name: getattr(selector, f.name) for f in dataclasses.fields(selector)}  # type: ignore[arg-type]
    choose(selector, rich, 3)
    np.testing.assert_array_equal(rich.scores, before[0])
    pd.testing.assert_frame_equal(rich.items, before[1])
    pd.testing.assert_frame_equal(rich.models, before[2])
    assert settings == {f.name: getattr(selector, f.name) for f in dataclasses.fields(selector)}  # type: ignore[arg-type]


@pytest.mark.parametrize("extra", [None, 1, 1000])
def test_impossible_budgets_are_refused(
    name: str, options: dict[str, Any], extra: int | None, rich: ResponseMatrix
) -> None:
    selector = make_selector(name, **options)
    k = 0 if extra is None else units(selector, rich) + extra
    with pytest.raises(BudgetError, match=f"k = {k} is not between 1 and the {units(selector, rich)} {selector.unit}s"):
        choose(selector, rich, k)


def with_scores(matrix: ResponseMatrix, scores: Any, rows: Any = slice(None)) -> ResponseMatrix:
    """The same items and models with other scores; probabilities go where scores are missing."""
    probabilities = None if matrix.probabilities is None else matrix.probabilities[rows].copy()
    if probabilities is not None:
        probabilities[np.isnan(scores)] = np.nan
    return ResponseMatrix.from_arrays(
        scores,
        models=[f"model{n:03d}" for n in range(len(scores))],
        items=matrix.items,
        probabilities=probabilities,
        weights=matrix.weights,
        name=matrix.name,
    )


def outcome(selector: Selector, matrix: ResponseMatrix, k: int) -> Selection | AnchorEvalError:
    """The selection, or the error that says why there is none; any other exception is a failure."""
    try:
        return choose(selector, matrix, k)
    except AnchorEvalError as refusal:
        return refusal


def constant_columns(matrix: ResponseMatrix) -> ResponseMatrix:
    scores = matrix.scores.copy()
    scores[:, ::3], scores[:, 1::3] = 1.0, 0.0
    return with_scores(matrix, scores)


def missing_cells(matrix: ResponseMatrix) -> ResponseMatrix:
    scores = matrix.scores.copy()
    scores[np.random.default_rng(0).random(scores.shape) < 0.04] = np.nan
    return with_scores(matrix, scores)


def unanswered_items(matrix: ResponseMatrix) -> ResponseMatrix:
    scores = matrix.scores.copy()
    scores[:, [4, 11]] = np.nan
    scores[1:, 5] = np.nan
    return with_scores(matrix, scores)


def duplicated_models(matrix: ResponseMatrix) -> ResponseMatrix:
    rows = np.repeat(np.arange(6), 5)
    return with_scores(matrix, matrix.scores[rows], rows)


def equal_models(matrix: ResponseMatrix) -> ResponseMatrix:
    rows = np.zeros(8, dtype=int)
    return with_scores(matrix, matrix.scores[rows], rows)


def all_right(matrix: ResponseMatrix) -> ResponseMatrix:
    return with_scores(matrix, np.ones_like(matrix.scores))


def one_model(matrix: ResponseMatrix) -> ResponseMatrix:
    return with_scores(matrix, matrix.scores[:1], slice(0, 1))


def two_models(matrix: ResponseMatrix) -> ResponseMatrix:
    return with_scores(matrix, matrix.scores[:2], slice(0, 2))


@pytest.mark.parametrize(
    "spoil",
    [
        constant_columns,
        missing_cells,
        unanswered_items,
        duplicated_models,
        equal_models,
        all_right,
        one_model,
        two_models,
    ],
)
def test_poor_data_give_a_selection_or_say_why_not(
    name: str, options: dict[str, Any], spoil: Callable[[ResponseMatrix], ResponseMatrix], rich: ResponseMatrix
) -> None:
    selector, poor = make_selector(name, **options), spoil(rich)
    result = outcome(selector, poor, 5)
    if isinstance(result, AnchorEvalError):
        assert name in str(result)
        assert "\n" not in str(result)
    else:
        assert_valid(result, selector, poor, 5)


def test_an_unmet_need_is_refused_by_name(name: str, options: dict[str, Any], rich: ResponseMatrix) -> None:
    selector = make_selector(name, **options)
    refusable = selector.needs - {"complete"}
    lacking = {
        "probabilities": dataclasses.replace(rich, probabilities=None),
        "text": dataclasses.replace(rich, items=rich.items.drop(columns="text")),
        "subjects": dataclasses.replace(rich, items=rich.items.drop(columns="subject")),
        "binary": with_scores(rich, rich.scores * 0.9),
    }
    assert refusable <= set(lacking)
    for need in refusable:
        with pytest.raises(NotApplicableError) as refusal:
            choose(selector, lacking[need], 1)
        assert str(refusal.value).startswith(f"selector {name} ")
        assert NEEDS[need] in str(refusal.value)


def test_inclusion_probabilities_are_those_of_the_design(
    name: str, options: dict[str, Any], synthetic: Simulator
) -> None:
    selector = make_selector(name, **options)
    small = furnished(synthetic(12, 21, n_subjects=4, options=3, seed=5))
    k = units(selector, small) // 3
    if choose(selector, small, k).inclusion is None or name == "auto":  # which design it draws from hangs on the seed
        return
    drawn = [choose(selector, small, k, seed=seed) for seed in range(SEEDS_FOR_FREQUENCIES)]
    reported = pd.concat([series(chosen)["inclusion"] for chosen in drawn])
    assert (reported.groupby(level=0).agg(np.ptp) < 1e-9).all()  # an item's probability is the design's, not the draw's
    probability = reported.groupby(level=0).first().reindex(small.items.index, fill_value=0.0)
    if selector.unit == "item":
        assert probability.sum() == pytest.approx(k, abs=1e-6)
    frequency = reported.groupby(level=0).size().reindex(small.items.index, fill_value=0) / len(drawn)
    error = np.sqrt(probability * (1 - probability) / len(drawn))
    assert (np.abs(frequency - probability) <= 5 * error + 1e-9).all()
