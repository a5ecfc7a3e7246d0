"""The coarse filter: its rule against a loop, its statistics against NumPy, and what it leaves."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from anchor_selectors.essence import Essence, coarse_filter
from anchor_selectors.essence.coarse_filter import not_redundant, rank_similarity, text_similarity
from anchor_selectors.essence.item_filter import informative
from anchor_selectors.essence.text import text_vectors
from anchoreval.contract import choose
from anchoreval.errors import MissingExtraError
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]
QUICK = {"population": 20, "elite": 4, "generations": 5, "rounds": 1}
UNFILTERED: dict[str, Any] = {"max_accuracy": None, "min_sd": None, "min_discrimination": None}


def by_loop(order: Any, tables: list[Any], limits: list[float], every: bool) -> Any:
    kept: list[int] = []
    for item in order:
        exceeded = [[table[item, one] > limit for table, limit in zip(tables, limits, strict=True)] for one in kept]
        if not any((all if every else any)(pair) for pair in exceeded):
            kept.append(item)
    return np.isin(np.arange(len(order)), kept)


@pytest.mark.parametrize("every", [True, False])
@pytest.mark.parametrize("block", [1, 7, 500])
def test_an_item_is_kept_if_no_earlier_one_that_is_kept_is_alike(
    every: bool, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coarse_filter, "BLOCK", block)
    rng = np.random.default_rng(0)
    tables = []
    for _ in range(2):
        vectors = rng.normal(size=(80, 3))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        tables.append(vectors @ vectors.T)
    order = rng.permutation(80)
    tests = [(lambda a, b, table=table: table[np.ix_(a, b)].astype(np.float32), 0.8) for table in tables]
    kept = not_redundant(order, tests, every)
    np.testing.assert_array_equal(kept, by_loop(order, tables, [0.8, 0.8], every))
    assert 5 < kept.sum() < 75
    assert not_redundant(order, [], every).all()


def test_a_dropped_item_drops_no_other() -> None:
    chain = np.array([[1.0, 0.95, 0.1], [0.95, 1.0, 0.95], [0.1, 0.95, 1.0]], dtype=np.float32)
    kept = not_redundant(np.arange(3), [(lambda a, b: chain[np.ix_(a, b)], 0.9)], True)
    assert kept.tolist() == [True, False, True]


def test_rank_similarity_is_the_correlation_and_none_with_constant_items() -> None:
    rng = np.random.default_rng(1)
    scores = rng.random((30, 12)).astype(np.float32)
    scores[:, 4], scores[:, 5], scores[:, 6] = 1.0, 1.0, 0.3
    varying = np.setdiff1d(np.arange(12), [4, 5, 6])
    found = rank_similarity(scores)(np.arange(12), np.arange(12))
    expected = np.corrcoef(scores[:, varying].astype(np.float64), rowvar=False)
    np.testing.assert_allclose(found[np.ix_(varying, varying)], expected, atol=2e-6)
    assert not found[[4, 5, 6]].any()
    assert not found[:, [4, 5, 6]].any()


def test_texts_are_compared_by_their_words() -> None:
    texts = ["What is 3 plus 4?", "what is 3 plus 4", "Name the capital of Peru", "", "?!"]
    found = text_similarity(text_vectors(texts, None))(np.arange(5), np.arange(5))
    np.testing.assert_allclose(np.diag(found), [1, 1, 1, 0, 0], atol=1e-6)
    assert found[0, 1] == pytest.approx(1.0, abs=1e-6)
    assert found[0, 2] == 0
    assert not text_similarity(text_vectors(["?", ""], None))(np.arange(2), np.arange(2)).any()


def with_texts(matrix: ResponseMatrix, texts: Any) -> ResponseMatrix:
    return ResponseMatrix.from_arrays(matrix.scores, models=matrix.models, items=matrix.items.assign(text=texts))


def pool_details(matrix: ResponseMatrix, k: int, **options: Any) -> dict[str, Any]:
    return dict(choose(Essence(**QUICK, **options), matrix, k).details["filter"])


@pytest.mark.parametrize(("keep", "left"), [("first", range(30)), ("last", range(30, 60))])
def test_of_items_with_the_same_text_the_first_or_the_last_is_left(
    synthetic: Simulator, keep: str, left: range
) -> None:
    matrix = with_texts(synthetic(20, 60, seed=2), [f"word{n % 30}" for n in range(60)])
    chosen = choose(Essence(**QUICK, **UNFILTERED, keep=keep), matrix, 15)
    assert chosen.details["filter"] == {
        "uninformative": 0,
        "redundant": 30,
        "taken_back": 0,
        "compared": ["text"],
    }
    assert set(matrix.items.index.get_indexer(chosen.items)) <= set(left)


def test_the_order_is_that_of_the_benchmark_not_of_the_ids(synthetic: Simulator) -> None:
    matrix = synthetic(20, 40, seed=3)
    items = matrix.items.assign(position=np.arange(40)[::-1], text=[f"word{n % 20}" for n in range(40)])
    turned = ResponseMatrix.from_arrays(matrix.scores, models=matrix.models, items=items)
    chosen = choose(Essence(**QUICK, **UNFILTERED), turned, 10)
    assert set(turned.items.index.get_indexer(chosen.items)) <= set(range(20, 40))


def test_both_or_either_likeness_drops_an_item(synthetic: Simulator) -> None:
    matrix = synthetic(30, 40, seed=4)
    scores = matrix.scores.copy()
    scores[:, 20:30] = scores[:, :10]  # alike in answers, of which 20 to 24 in words
    texts = [f"word{n % 20 if n < 25 or n >= 35 else n}" for n in range(40)]  # and 35 to 39 in words only
    twins = with_texts(ResponseMatrix.from_arrays(scores, models=matrix.models, items=matrix.items), texts)
    options = {**UNFILTERED, "rank_threshold": 0.999}
    counts = {redundant: pool_details(twins, 5, redundant=redundant, **options) for redundant in ("both", "either")}
    assert counts["both"]["redundant"] == 5
    assert counts["either"]["redundant"] == 15
    assert counts["both"]["compared"] == ["text", "rank"]
    assert pool_details(twins, 5, text_threshold=None, **options)["redundant"] == 10
    assert pool_details(twins, 5, text_threshold=None, **UNFILTERED) == {
        "uninformative": 0,
        "redundant": 0,
        "taken_back": 0,
        "compared": [],
    }


def test_items_without_text_are_not_compared_by_it(synthetic: Simulator) -> None:
    assert pool_details(synthetic(20, 30, seed=5), 5)["compared"] == []
    assert pool_details(with_texts(synthetic(20, 30, seed=5), [None] * 30), 5)["compared"] == []


def test_items_are_taken_back_where_too_few_are_left(synthetic: Simulator) -> None:
    matrix = with_texts(synthetic(20, 30, seed=6), ["all the same"] * 30)
    details = pool_details(matrix, 10, **UNFILTERED)
    assert details["redundant"] == 29
    assert details["taken_back"] == 19
    assert len(choose(Essence(**QUICK), matrix, 30).items) == 30


def test_embeddings_come_from_the_model_named(synthetic: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class SentenceTransformer:
        def __init__(self, name: str) -> None:
            asked.append(name)

        def encode(self, texts: Any, *, normalize_embeddings: bool, show_progress_bar: bool) -> Any:
            assert normalize_embeddings
            return np.eye(5, dtype=np.float32)[[len(text) % 5 for text in texts]]

    module = ModuleType("sentence_transformers")
    module.SentenceTransformer = SentenceTransformer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    matrix = with_texts(synthetic(20, 30, seed=7), ["x" * (n + 1) for n in range(30)])
    assert pool_details(matrix, 2, embeddings="some/model", **UNFILTERED)["redundant"] == 25
    assert asked == ["some/model"]
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match=r"embeddings='some/model' .* pip install 'anchoreval\[embeddings\]'"):
        choose(Essence(**QUICK, embeddings="some/model"), matrix, 2)


def test_items_that_tell_little_do_not_pass() -> None:
    rng = np.random.default_rng(8)
    ability = rng.normal(size=400)
    scores = (ability[:, None] + rng.normal(size=(400, 40)) > 0).astype(np.float32)
    scores[:, 0], scores[:, 1] = 1.0, rng.random(400) < 0.98
    scores[:, 2] = np.resize([0.0, 1.0], 400)[np.argsort(np.argsort(scores.sum(axis=1)))]  # unrelated to ability
    rest = [np.corrcoef(scores[:, n], np.delete(scores, n, axis=1).mean(axis=1))[0, 1] for n in range(1, 40)]
    assert abs(rest[1]) < 0.05 < min(np.abs(rest[2:]))
    assert np.flatnonzero(~informative(scores, 0.95, None, None)).tolist() == [0, 1]
    assert np.flatnonzero(~informative(scores, None, 0.001, None)).tolist() == [0]
    assert {0, 2} <= set(np.flatnonzero(~informative(scores, None, None, 0.05))) <= {0, 1, 2}
    assert informative(scores, None, None, None).all()
