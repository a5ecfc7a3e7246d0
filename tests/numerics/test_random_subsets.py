from __future__ import annotations

import numpy as np

from anchoreval.numerics import random_subsets as module
from anchoreval.numerics.random_subsets import random_subsets, subset_means


def test_every_item_is_as_likely_as_any_other_and_blocks_do_not_show(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    drawn = np.concatenate(list(random_subsets(4000, 12, 3, np.random.default_rng(0))))
    assert drawn.shape == (4000, 3)
    assert all(len(set(row)) == 3 for row in drawn.tolist())
    share = np.bincount(drawn.ravel(), minlength=12) / 4000
    assert np.abs(share - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / 4000)
    monkeypatch.setattr(module, "CELLS", 100)
    blocks = list(random_subsets(4000, 12, 3, np.random.default_rng(0)))
    assert len(blocks) == 500
    np.testing.assert_array_equal(np.sort(np.concatenate(blocks)), np.sort(drawn))


def test_means_are_those_of_the_items_named() -> None:
    scores = np.random.default_rng(1).random((5, 9)).astype(np.float32)
    subsets = np.array([[0, 4, 8], [2, 1, 7]])
    expected = np.stack([scores[:, s].mean(axis=1) for s in subsets], axis=1)
    np.testing.assert_allclose(subset_means(scores, subsets), expected, rtol=1e-6)
