"""Close pairs against brute force over all pairs, across blocks, with gaps and fractions."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from anchoreval.numerics import close_pairs as module
from anchoreval.numerics.close_pairs import close_pairs, disagreements

Table = np.ndarray[Any, np.dtype[np.float32]]


def alike(models: int, items: int, binary: bool, missing: float, seed: int = 0) -> Table:
    """Rows that come in near-copies of a few, some of them exact."""
    rng = np.random.default_rng(seed)
    scores = rng.random((models, items)).round(1)[rng.integers(0, models // 3, models)]
    changed = rng.random(scores.shape) < rng.choice([0.0, 0.02, 0.1], (models, 1))
    scores = np.where(changed, 1 - scores, scores)
    scores = (scores > 0.5).astype(float) if binary else scores
    return np.where(rng.random(scores.shape) < missing, np.nan, scores).astype(np.float32)


def brute_force(scores: Table, ceiling: float, fewest: int) -> dict[tuple[int, int], tuple[int, float]]:
    found = {}
    for a, b in itertools.combinations(range(len(scores)), 2):
        apart = [abs(float(x) - float(y)) for x, y in zip(scores[a], scores[b], strict=True) if x == x and y == y]
        if len(apart) >= fewest and sum(apart) <= ceiling * len(apart) + 1e-9:
            found[a, b] = (len(apart), sum(apart))
    return found


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("rows", [512, 7])
def test_close_pairs_equal_brute_force(binary: bool, missing: float, rows: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "ROWS", rows)
    monkeypatch.setattr(module, "CELLS", 200)
    scores = alike(40, 60, binary, missing)
    for ceiling, fewest in ((0.0, 1), (0.02, 20), (0.1, 32)):
        found, expected = close_pairs(scores, ceiling, fewest), brute_force(scores, ceiling, fewest)
        assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == list(expected)
        assert found.common.tolist() == [common for common, _ in expected.values()]
        assert found.disagreements == pytest.approx([apart for _, apart in expected.values()])
    assert len(brute_force(scores, 0.1, 32)) > 5


def test_a_pair_exactly_at_the_ceiling_counts() -> None:
    scores = np.zeros((2, 50), dtype=np.float32)
    scores[1, :2] = 1
    assert len(close_pairs(scores, 0.04)) == 1
    assert len(close_pairs(scores, 0.039)) == 0


def test_rows_far_apart_in_total_are_told_apart_without_a_product(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "ROWS", 4)
    calls: list[int] = []
    real = module._candidates
    monkeypatch.setattr(module, "_candidates", lambda *given: calls.append(1) or real(*given))
    close_pairs((np.arange(40)[:, None] > np.arange(40)).astype(np.float32), 0.02)
    assert len(calls) <= 2 * 10, "each block meets itself and the next, of 55 pairs of blocks"


def test_one_model_and_nobody_answering() -> None:
    assert len(close_pairs(np.ones((1, 5)), 0.5)) == 0
    assert len(close_pairs(np.full((3, 5), np.nan), 0.5)) == 0
    common, apart = disagreements(np.full((2, 5), np.nan), np.array([0]), np.array([1]))
    assert (common[0], apart[0]) == (0, 0.0)
