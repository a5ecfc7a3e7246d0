"""A study in cells: small independent comparisons that several processes work off and that survive a kill.

A cell is one benchmark, one selector and one repeat. Its rows are written to a file of their own when it is done, and a
cell whose file is there is not computed again; the file's name carries a digest of everything that decides its rows, so
that another option, another version or other data make another file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd

from anchoreval.atomic import write_bytes
from anchoreval.protocol.compare import compare
from anchoreval.responses import ResponseMatrix
from anchoreval.studies.benchmarks import read_benchmark
from anchoreval.versions import installed_versions


@dataclass(frozen=True)
class Cell:
    """What one comparison is about.

    Attributes:
        data: folder of the benchmarks.
        benchmark: name of one.
        split: kind of split.
        repeat: its number, which is also the seed.
        label: of the selector in the table.
        selector: its name and options.
        estimators: of the comparison: label, name and options of each.
        budgets: values of k.
    """

    data: str
    benchmark: str
    split: str
    repeat: int
    label: str
    selector: dict[str, Any]
    estimators: tuple[dict[str, Any], ...]
    budgets: tuple[int, ...]

    def file(self, folder: Path) -> Path:
        """Where its rows are kept."""
        decisive = {key: value for key, value in asdict(self).items() if key != "data"}
        text = json.dumps({**decisive, "version": installed_versions().get("anchoreval")}, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return folder / self.benchmark / f"{self.label}-{self.split}-{self.repeat}-{digest}.parquet"

    def rows(self) -> pd.DataFrame:
        """The comparison itself."""
        return compare(
            _matrix(self.data, self.benchmark),
            {self.label: self.selector},
            list(self.estimators),
            k=self.budgets,
            splits=self.split,
            repeats=1,
            seed=self.repeat,
        ).assign(repeat=self.repeat)


@lru_cache(maxsize=1)
def _matrix(data: str, benchmark: str) -> ResponseMatrix:
    return read_benchmark(Path(data), benchmark)


def work_off(cells: Sequence[Cell], folder: Path, workers: int = 2) -> pd.DataFrame:
    """Rows of all cells, in their order; those that are missing are computed first.

    Args:
        cells: to compute.
        folder: where finished cells are kept.
        workers: processes, each with one thread.
    """
    missing = [cell for cell in cells if not cell.file(folder).is_file()]
    if missing:
        _compute(missing, folder, workers)
    return pd.concat([pd.read_parquet(cell.file(folder)) for cell in cells], ignore_index=True)


def _compute(cells: Sequence[Cell], folder: Path, workers: int) -> None:
    from tqdm import tqdm

    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(_finish, cell, folder) for cell in cells]
        try:
            for future in tqdm(as_completed(futures), total=len(futures), desc="cells", disable=None):
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _finish(cell: Cell, folder: Path) -> None:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):  # processes share the cores, not threads
        rows = cell.rows()
    write_bytes(cell.file(folder), rows.to_parquet(index=False))
