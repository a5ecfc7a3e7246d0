"""A thousand bit flips and truncations of stored benchmarks and anchor sets: each is noticed, or changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.anchors import AnchorSet, load_anchors
from anchoreval.errors import AnchorEvalError
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.store import read_benchmark, write_benchmark

from .conftest import simulate
from .test_anchors import assert_same as assert_same_anchors
from .test_store import assert_same as assert_same_benchmark

DAMAGES = 500
"""Of each of the two artifacts."""


def make_benchmark(folder: Path) -> None:
    write_benchmark(simulate(4, 20, n_subjects=2, options=3, seed=1), folder)


def make_anchors(folder: Path) -> None:
    matrix = simulate(70, 40, n_subjects=2, options=3, seed=2)
    anchors = select(matrix, "stratified", k=8, seed=0)
    anchors.with_reconstruction(reconstruct(matrix, anchors, "bayes_linear", seed=0)).save(folder)


def assert_same_set(left: AnchorSet, right: AnchorSet) -> None:
    assert_same_anchors(left, right)
    assert set(left.state or {}) == set(right.state or {})
    for name, array in (left.state or {}).items():
        np.testing.assert_array_equal(array, (right.state or {})[name])
    if left.residuals is not None and right.residuals is not None:
        pd.testing.assert_frame_equal(left.residuals, right.residuals)


ARTIFACTS: dict[str, tuple[Callable[[Path], None], Callable[[Path], Any], Callable[[Any, Any], None]]] = {
    "benchmark": (make_benchmark, read_benchmark, assert_same_benchmark),
    "anchor set": (make_anchors, load_anchors, assert_same_set),
}


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """One bit flipped, or (once in four) the end cut off."""
    place = int(rng.integers(len(data)))
    if rng.random() < 0.25:
        return data[:place]
    return data[:place] + bytes([data[place] ^ 1 << int(rng.integers(8))]) + data[place + 1 :]


@pytest.mark.parametrize("artifact", ARTIFACTS)
def test_damage_is_noticed_or_changes_nothing(artifact: str, tmp_path: Path) -> None:
    make, read, assert_same = ARTIFACTS[artifact]
    make(tmp_path / "whole")
    whole = read(tmp_path / "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "damaged")
    paths = sorted(p for p in (tmp_path / "damaged").rglob("*") if p.is_file())
    rng = np.random.default_rng(0)
    noticed = dict.fromkeys(paths, 0)
    tried = dict.fromkeys(paths, 0)
    said: list[str] = []
    for n in range(DAMAGES):
        path = paths[n % len(paths)]
        data = path.read_bytes()
        path.write_bytes(damaged(data, rng))
        tried[path] += 1
        try:
            assert_same(read(tmp_path / "damaged"), whole)
        except AnchorEvalError as error:
            noticed[path] += 1
            said.append(str(error))
        finally:
            path.write_bytes(data)
    assert all(str(tmp_path / "damaged") in line and "\n" not in line for line in said)
    for path in paths:  # some of a Parquet file's bytes are statistics and paddings that no reader needs
        assert noticed[path] >= (0.5 if path.parent.name == "responses" else 0.95) * tried[path], path.name
    assert_same(read(tmp_path / "damaged"), whole)
