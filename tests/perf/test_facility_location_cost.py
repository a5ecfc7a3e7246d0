"""Facility location on 400 models and 10,000 items: memory within 2 GiB, time in multiples of one matrix product."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest

from anchoreval.numerics.facility_location import cluster_weights, lazy_greedy
from anchoreval.numerics.item_similarity import ItemSimilarity

pytestmark = pytest.mark.perf
MODELS, ITEMS, K = 400, 10_000, 100


def test_ten_thousand_items_stay_within_two_gib_and_a_few_matrix_products() -> None:
    scores = (np.random.default_rng(0).random((MODELS, ITEMS)) < 0.6).astype(np.float32)
    vectors = scores.T.astype(np.float64)
    start = time.perf_counter()
    for rows in np.array_split(vectors, 20):
        _ = rows @ vectors.T
    product = time.perf_counter() - start
    del vectors
    tracemalloc.start()
    start = time.perf_counter()
    similarity = ItemSimilarity(scores)
    chosen = np.sort(lazy_greedy(similarity, np.ones(ITEMS), K).items)
    weights = cluster_weights(similarity, chosen, np.ones(ITEMS))
    seconds, peak = time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"\nproduct {product:.1f} s, all {seconds:.1f} s, peak {peak / 2**20:.0f} MiB")  # noqa: T201
    assert weights.sum() == pytest.approx(ITEMS)
    assert peak < 2**31
    assert seconds < 12 * product
