"""Studies on kept cells: finished ones are looked for in the repository first, new ones kept beside other results.

`results/published/cells` holds what was published, one compact file a benchmark (`anchoreval.protocol.cell_export`), so
that a study run again computes only what is missing there.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from anchoreval.protocol.cell_export import export_cells
from anchoreval.protocol.compare import comparison
from anchoreval.protocol.comparison import Comparison
from anchoreval.responses import ResponseMatrix
from anchoreval.studies.benchmarks import read_benchmark, study_arguments

LARGE = ("openllm_large_truthfulqa", "openllm_large_winogrande")
MOST_MODELS = 1500
"""Models that are drawn from a larger benchmark, so that a study ends within hours."""


def cell_arguments(description: str) -> argparse.ArgumentParser:
    """The arguments of a study on kept cells."""
    parser = study_arguments(description)
    parser.add_argument("--into", type=Path, default=Path("results/published"), help="where the tables go")
    parser.add_argument("--work", type=Path, default=Path("results/studies/cells"), help="where new cells are kept")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    return parser


def drawn_benchmark(data: Path, name: str, most: int = MOST_MODELS) -> ResponseMatrix:
    """A benchmark, of which at most so many models with a full score are kept: drawn at random, always the same."""
    matrix = read_benchmark(data, name)
    known = matrix.full_scores.dropna().index.to_numpy(dtype=str)
    if len(known) <= most:
        return matrix
    drawn = np.random.default_rng(0).choice(np.sort(known), size=most, replace=False)
    return matrix.subset(models=np.sort(drawn))


@lru_cache(maxsize=1)
def kept_benchmark(data: str, name: str) -> ResponseMatrix:
    """The same, read once by a process that works off many tasks of one benchmark."""
    return drawn_benchmark(Path(data), name)


def run(
    options: argparse.Namespace,
    matrices: Mapping[str, ResponseMatrix],
    selectors: Mapping[str, Mapping[str, Any]],
    estimators: Sequence[Any],
    budgets: Sequence[int],
    splits: Sequence[str] = ("iid",),
    repeats: int = 20,
    level: float = 0.95,
) -> Comparison:
    """One comparison; what is published or was computed before is taken from there."""
    return comparison(
        dict(matrices),
        {label: dict(spec) for label, spec in selectors.items()},
        list(estimators),
        k=list(budgets),
        splits=list(splits),
        repeats=repeats,
        level=level,
        workers=options.workers,
        cells=(options.work, options.into / "cells"),
        progress=True,
    )


def publish(options: argparse.Namespace, found: Sequence[Comparison]) -> list[Path]:
    """Put the cells of these comparisons, beside those published before, into the repository's files."""
    keys = set().union(*(one.keys for one in found))
    published = options.into / "cells"
    return export_cells((options.work, published), published, only=keys | published_keys(published))


def published_keys(folder: Path) -> set[str]:
    """Keys of all cells that a folder of published ones holds."""
    import pyarrow.parquet as pq

    return {
        str(key) for path in folder.glob("*.parquet") for key in pq.read_table(path, columns=["key"])["key"].to_pylist()
    }
