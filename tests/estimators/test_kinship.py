"""Which sources leave together: transitive over base models and copies."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anchoreval.estimators.kinship import kin
from anchoreval.responses import ResponseMatrix

from ..conftest import simulate


def matrix_of(rows: list[int], base: list[str | None], n_items: int = 30) -> ResponseMatrix:
    scores = np.random.default_rng(0).random((max(rows) + 1, n_items))[rows]
    models = pd.DataFrame({"base_model": base}, index=[f"m{n}" for n in range(len(rows))])
    return ResponseMatrix.from_arrays(scores, models=models)


def test_base_models_and_copies_are_united_transitively() -> None:
    # m0 and m1 share a base, m1 and m2 are copies, m2 and m3 share another base; m4 stands alone, m5 is m4's base
    matrix = matrix_of([0, 1, 1, 2, 3, 4, 5], ["a", "a", "b", "b", "m5", None, None])
    groups = kin(matrix)
    assert groups.tolist() == [groups[0]] * 4 + [groups[4]] * 2 + [groups[6]]
    assert len(set(groups.tolist())) == 3


def test_equal_anchors_with_different_totals_are_no_copies() -> None:
    scores = np.zeros((3, 30))
    scores[1, 20:] = 1.0
    part = ResponseMatrix.from_arrays(scores).part([f"i{n}" for n in range(5)])
    assert len(set(kin(part).tolist())) == 2


def test_missing_answers_equal_each_other() -> None:
    scores = np.random.default_rng(1).random((2, 30))
    scores[:, 3] = np.nan
    scores[1] = scores[0]
    assert len(set(kin(ResponseMatrix.from_arrays(scores)).tolist())) == 1


def test_the_part_on_the_anchors_gives_the_groups_of_the_whole() -> None:
    matrix = simulate(30, 60, variants=3, missing=0.01)
    anchors = matrix.items.index[::6]
    assert kin(matrix.part(anchors)).tolist() == kin(matrix.part(anchors).part(anchors)).tolist()
