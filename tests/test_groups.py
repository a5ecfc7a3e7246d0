"""Groups of models: variants of a base model, copies and near-copies, transitively; whole groups are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchoreval.contract import generator
from anchoreval.groups import LONGEST_CHAIN, connected, draw_groups, duplicates_report, model_groups
from anchoreval.near_duplicates import FEWEST_ANSWERS, near_duplicates
from anchoreval.responses import ResponseMatrix
from anchoreval.store import load_benchmark


def matrix(rows: Any, base: list[str | None] | None = None, names: list[str] | None = None) -> ResponseMatrix:
    """A matrix with given rows and base models."""
    names = names or [f"m{n}" for n in range(len(rows))]
    models = pd.DataFrame(index=names)
    if base is not None:
        models["base_model"] = pd.Series(base, index=names, dtype=object)
    return ResponseMatrix.from_arrays(rows, models=models)


def different(count: int, items: int = 40, seed: int = 0) -> np.ndarray[Any, Any]:
    """Rows of answers of which no two are equal."""
    return (np.random.default_rng(seed).random((count, items)) < 0.5).astype(float)


def brute_force(base: list[str], ids: list[str], rows: Any) -> list[str]:
    """Groups by repeated merging of whatever shares a base model, is one, or answers alike."""
    label = list(ids)
    named = [b or i for b, i in zip(base, ids, strict=True)]
    for _ in ids:
        for a in range(len(ids)):
            for b in range(len(ids)):
                if named[a] == named[b] or named[a] == ids[b] or np.array_equal(rows[a], rows[b], equal_nan=True):
                    label[a] = label[b] = min(label[a], label[b])
    return label


def test_variants_share_a_group_and_others_are_alone() -> None:
    groups = model_groups(matrix(different(5), ["a", "b", "a", None, "b"]))
    assert groups.tolist() == ["m0", "m1", "m0", "m3", "m1"]


def test_a_row_named_like_a_base_model_joins_its_variants() -> None:
    groups = model_groups(matrix(different(4), [None, "llama", "chat", None], ["llama", "chat", "chat-dpo", "other"]))
    assert groups.tolist() == ["chat", "chat", "chat", "other"]


def test_copies_unite_groups_across_base_models() -> None:
    rows = different(5)
    rows[3] = rows[0]
    rows[3, 5] = rows[0, 5] = np.nan
    assert model_groups(matrix(rows, ["a", "a", "b", "b", "c"])).tolist() == ["m0", "m0", "m0", "m0", "m4"]


def test_equal_answers_with_different_gaps_are_no_copies() -> None:
    rows = different(2)
    rows[1] = rows[0]
    rows[1, 0] = np.nan
    assert model_groups(matrix(rows)).nunique() == 2


@pytest.mark.parametrize(("answered", "count"), [(FEWEST_ANSWERS - 1, 2), (FEWEST_ANSWERS, 1)])
def test_equal_rows_count_only_on_enough_answers(answered: int, count: int) -> None:
    rows = np.ones((2, 30))
    rows[:, answered:] = np.nan
    assert model_groups(matrix(rows)).nunique() == count


def test_order_of_models_and_items_changes_nothing(synthetic: Callable[..., ResponseMatrix]) -> None:
    made = synthetic(30, 50, variants=3, missing=0.05)
    rng = np.random.default_rng(1)
    turned = made.subset(models=made.models.index[rng.permutation(30)], items=made.items.index[rng.permutation(50)])
    pd.testing.assert_series_equal(model_groups(turned).sort_index(), model_groups(made).sort_index())
    assert model_groups(made).value_counts().tolist() == [3] * 10


@given(
    st.lists(st.sampled_from(["", "m0", "m1", "x", "y"]), min_size=2, max_size=7),
    st.lists(st.integers(0, 4), min_size=7, max_size=7),
)
def test_groups_equal_brute_force(base: list[str], kinds: list[int]) -> None:
    rows = different(5)[kinds][: len(base)]
    ids = [f"m{n}" for n in range(len(base))]
    assert model_groups(matrix(rows, [b or None for b in base])).tolist() == brute_force(base, ids, rows)


def near_chain(length: int, models: int, items: int = 400) -> ResponseMatrix:
    """Unrelated models, then some of which each differs from the one before on 1 % of the items."""
    rows = different(models, items)
    for n in range(models - length + 1, models):
        rows[n] = rows[n - 1]
        rows[n, 4 * n : 4 * n + 4] = 1 - rows[n, 4 * n : 4 * n + 4]
    return matrix(rows, names=[f"m{n:03}" for n in range(models)])


def test_near_copies_join_along_chains() -> None:
    made = near_chain(6, 80)
    assert model_groups(made).tolist() == [f"m{n:03}" for n in range(75)] + ["m074"] * 5
    assert model_groups(made, near=None).nunique() == 80, "exact copies alone"
    assert model_groups(made, near=0.005).nunique() == 80, "they differ on 1 %"


def test_chains_that_hold_more_than_a_tenth_of_the_models_are_broken() -> None:
    made = near_chain(30, 80)
    sizes = model_groups(made).value_counts()
    assert LONGEST_CHAIN * 80 < 30
    assert 2 < sizes.max() <= 5, "a model and those within 2 %: two on each side"
    turned = made.subset(models=np.random.default_rng(3).permutation(made.models.index))
    pd.testing.assert_series_equal(model_groups(turned).sort_index(), model_groups(made))


def test_near_copies_unite_base_models_and_exact_copies() -> None:
    made = near_chain(3, 60)
    rows = np.concatenate([made.scores, made.scores[59:]])
    base = [None] * 56 + ["x", "x", None, None, None]
    names = [*made.models.index, "zzz"]
    groups = model_groups(matrix(rows, base, names))
    assert groups[groups == "m056"].index.tolist() == ["m056", "m057", "m058", "m059", "zzz"]
    assert groups.nunique() == 57


def test_the_report_counts_what_is_joined() -> None:
    lone, made = matrix(different(30)), near_chain(3, 60)
    assert duplicates_report(lone) == "No model is a copy of another: 30 models in 30 groups, the largest of 1."
    rows = np.concatenate([made.scores, made.scores[:1]])
    report = duplicates_report(matrix(rows, names=[*made.models.index, "zzz"]))
    assert report.startswith("1 model is an exact copy of others, and 3 models have a near-copy (")
    assert report.endswith("61 models in 58 groups, the largest of 3.")
    assert duplicates_report(made).startswith("3 models have a near-copy (differing on at most 2 % of the items")


def test_components_of_several_labellings_equal_merging() -> None:
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 8, (3, 12))
    merged = np.arange(12)
    for _ in range(12):
        for row in labels:
            for label in range(8):
                merged[row == label] = merged[row == label].min(initial=12)
    found = connected(12, np.concatenate([12 + 8 * n + row for n, row in enumerate(labels)]))
    np.testing.assert_array_equal(found[:, None] == found, merged[:, None] == merged)


@pytest.mark.real_data
def test_prompts_of_one_model_stay_together_on_real_data(real: Callable[[str], ResponseMatrix]) -> None:
    made = real("mmlu_options")
    groups = model_groups(made)
    assert groups.groupby(made.models["base_model"]).nunique().max() == 1
    assert 20 <= groups.nunique() <= 25  # 25 distinct models; copies may unite a few


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["arc", "musr", "ifeval", "openllm_large_winogrande"])
def test_no_two_near_copies_are_parted_on_real_data(name: str, real: Callable[[str], ResponseMatrix]) -> None:
    made = real(name)
    pairs, groups = near_duplicates(made), model_groups(made)
    assert len(pairs)
    assert (groups[pairs["model"]].to_numpy() == groups[pairs["twin"]].to_numpy()).all()
    assert groups.value_counts().max() < LONGEST_CHAIN * made.n_models


def test_pocket_stays_many_groups() -> None:
    made = load_benchmark("pocket")
    apart, joined = model_groups(made, near=None), model_groups(made)
    assert joined.nunique() > 0.95 * apart.nunique()
    assert joined.value_counts().max() < 10


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(0, 60), st.integers(0, 9))
def test_draws_are_whole_distinct_and_near_the_count(sizes: list[int], count: int, seed: int) -> None:
    groups = pd.Series([f"g{n}" for n, size in enumerate(sizes) for _ in range(size)], dtype=object)
    drawn = draw_groups(groups, count, generator(seed))
    total = int(groups.isin(drawn).sum())
    assert len(set(drawn)) == len(drawn)
    assert total <= len(groups) - min(sizes), "something stays"
    if count and len(sizes) > 1:
        assert drawn
        reachable = min(count, len(groups) - min(sizes))
        assert abs(total - reachable) <= max(sizes), "off by at most one group"


def test_draw_hits_the_count_exactly_with_single_models() -> None:
    groups = pd.Series([f"g{n}" for n in range(100)])
    assert len(draw_groups(groups, 30, generator(0))) == 30
    assert draw_groups(groups, 0, generator(0)) == []
    assert draw_groups(groups.iloc[:0], 3, generator(0)) == []


def test_every_group_is_as_likely_to_be_drawn() -> None:
    groups = pd.Series([f"g{n}" for n in range(10)])
    counts = pd.Series([g for seed in range(2000) for g in draw_groups(groups, 3, generator(seed))]).value_counts()
    assert len(counts) == 10
    assert (abs(counts - 600) < 5 * np.sqrt(2000 * 0.3 * 0.7)).all()
