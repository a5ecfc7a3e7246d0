"""What every selector and estimator costs, in seconds and memory, against the numbers of models, items and anchors.

Run `python -m anchoreval.studies.scaling` (a core, some half an hour). From a base size each of models, items and k is
doubled and halved alone; a cell that would take too long is left out. Cells are kept in `scaling.csv`, so that a run
that was stopped goes on; `scaling.md`, `scaling.png` and the table in `docs/scaling.md` follow from them
(`--minutes 0` writes these alone).
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from anchoreval.atomic import write_text
from anchoreval.protocol.workers import one_thread
from anchoreval.registry import estimators, selectors
from anchoreval.reporting.figure_scaling import seconds_by_size
from anchoreval.studies.scaling_cell import OK, Measured, measure
from anchoreval.studies.scaling_data import Size
from anchoreval.studies.scaling_laws import DIMENSIONS, law
from anchoreval.studies.scaling_page import document_with, page

REFERENCE = Size(250, 2000, 32)
BASE_OF_SLOW = Size(125, 500, 16)
SLOW = (("selector", "auto"), ("selector", "essence"), ("selector", "metabench"))
"""Searches, and what tries several methods: they start from a smaller base."""
RUNGS = (*((name, by) for by in (1, -1, 2, -2) for name in ("models", "items", "k")), ("models", 3))
"""What is varied and how many doublings from the base, in the order of measuring."""
FAR = Size(4000, 20000, 64)
"""Measured where the laws say that it does not take too long, to see how far they can be trusted."""
LEFT_OUT = "left out"
MEMORY = 12 << 30
COLUMNS = ["kind", "method", "models", "items", "k", "seconds", "mebibytes", "runs", "status"]
KEY = COLUMNS[:5]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing and write the pages."""
    parser = argparse.ArgumentParser(description="Cost of every method against models, items and k.")
    parser.add_argument("--into", type=Path, default=Path("results/published"), help="where table and figure go")
    parser.add_argument("--docs", type=Path, default=Path("docs/scaling.md"), help="page that holds the table, too")
    parser.add_argument("--limit", type=float, default=60.0, help="processor seconds of a cell")
    parser.add_argument("--minutes", type=float, default=40.0, help="after which no cell is begun")
    options = parser.parse_args(arguments)
    path = options.into / "scaling.csv"
    cells = read_cells(path)
    if options.minutes > 0:
        with one_thread():
            cells = run(cells, path, options.limit, time.monotonic() + 60 * options.minutes)
    write_pages(cells, options.into, options.docs, options.limit)


def write_pages(cells: pd.DataFrame, into: Path, docs: Path, limit: float) -> None:
    """Write the page and the figure, and put the table into the documentation's page where there is one."""
    text = page(cells, bases(), REFERENCE, limit)
    seconds_by_size(into / "scaling.png", along_base(cells))
    write_text(into / "scaling.md", text)
    if docs.is_file():
        write_text(docs, document_with(docs.read_text(encoding="utf-8"), text))


def methods() -> list[tuple[str, str]]:
    """Kind and name of what is measured; `published` hands its work to the others."""
    readings = [name for name in estimators() if name != "published"]
    return [("selector", name) for name in selectors()] + [("estimator", name) for name in readings]


def bases() -> dict[tuple[str, str], Size]:
    """The size from which each method is varied."""
    return {one: BASE_OF_SLOW if one in SLOW else REFERENCE for one in methods()}


def read_cells(path: Path) -> pd.DataFrame:
    """The cells that were measured before; none where there is no file."""
    return pd.read_csv(path) if path.is_file() else pd.DataFrame(columns=COLUMNS)


def along_base(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells of the laws, once for every dimension that they vary, which column `dimension` names."""
    parts = []
    for (kind, method), base in bases().items():
        own = cells[(cells["kind"] == kind) & (cells["method"] == method) & (cells["status"] == OK)]
        for dimension in DIMENSIONS:
            others = [name for name in DIMENSIONS if name != dimension]
            kept = np.logical_and.reduce([own[name] == getattr(base, name) for name in others])
            parts.append(own[kept].assign(dimension=dimension, size=own.loc[kept, dimension]))
    return pd.concat(parts, ignore_index=True)


def run(cells: pd.DataFrame, path: Path, limit: float, until: float) -> pd.DataFrame:
    """Measure what is missing, cell by cell, writing after each; what was left out may fit into another limit."""
    cells = cells[cells["status"] != LEFT_OUT]
    for size_of in _steps():
        for (kind, method), base in bases().items():
            size = size_of(base)
            if len(_at(cells, kind, method, size)):
                continue
            if time.monotonic() >= until:
                return cells
            found = _found(cells, kind, method, size, limit)
            row = {"kind": kind, "method": method, **dataclasses.asdict(size), **dataclasses.asdict(found)}
            cells = pd.DataFrame([*cells.to_dict("records"), row], columns=COLUMNS)
            write_text(path, cells.sort_values(KEY).to_csv(index=False, float_format="%.6g"))
    return cells


def _found(cells: pd.DataFrame, kind: str, method: str, size: Size, limit: float) -> Measured:
    seconds = expected(cells, kind, method, size)
    if seconds > limit:
        return Measured(float("nan"), float("nan"), 0, LEFT_OUT)
    found = measure(kind, method, size, limit, MEMORY)
    sys.stderr.write(f"{kind} {method} {size}: {found.status}, {found.seconds:.3f} s (expected {seconds:.1f})\n")
    return found


def expected(cells: pd.DataFrame, kind: str, method: str, size: Size) -> float:
    """Seconds that a cell will take, from those measured so far; 0 where nothing is known.

    Along one dimension that is the next smaller cell times the ratio of sizes to the power of the last two, at least 1;
    elsewhere it is what the law says.
    """
    own = cells[(cells["kind"] == kind) & (cells["method"] == method)]
    base = bases()[kind, method]
    varied = [name for name in DIMENSIONS if getattr(size, name) != getattr(base, name)]
    if len(varied) > 1:
        known = law(own[own["status"] == OK], base, "seconds")
        return float("inf") if known is None else known.predict(size)
    if not varied or getattr(size, varied[0]) < getattr(base, varied[0]):
        return 0.0
    others = [name for name in DIMENSIONS if name != varied[0]]
    beside = own[np.logical_and.reduce([own[name] == getattr(size, name) for name in others])]
    smaller = beside[beside[varied[0]] < getattr(size, varied[0])].sort_values(varied[0])
    if not len(smaller) or not (smaller["status"] == OK).all():
        return float("inf")
    return _onward(smaller[varied[0]], smaller["seconds"], getattr(size, varied[0]))


def _onward(sizes: pd.Series[int], seconds: pd.Series[float], size: int) -> float:
    x, y = np.log(sizes.to_numpy(dtype=np.float64)), np.log(np.maximum(seconds.to_numpy(dtype=np.float64), 1e-9))
    slope = max(1.0, float((y[-1] - y[-2]) / (x[-1] - x[-2]))) if len(x) > 1 else 1.0
    return float(np.exp(y[-1] + slope * (np.log(size) - x[-1])))


def _steps() -> Iterator[Callable[[Size], Size]]:
    """From a method's base to the sizes at which it is measured: the base, each dimension alone, one size far off."""
    yield lambda base: base
    for name, doublings in RUNGS:
        yield partial(_varied, name=name, factor=2.0**doublings)
    yield lambda base: FAR if base == REFERENCE else REFERENCE


def _varied(base: Size, name: str, factor: float) -> Size:
    return dataclasses.replace(base, **{name: int(getattr(base, name) * factor)})


def _at(cells: pd.DataFrame, kind: str, method: str, size: Size) -> pd.DataFrame:
    key = (kind, method, size.models, size.items, size.k)
    return cells[np.logical_and.reduce([cells[name] == value for name, value in zip(KEY, key, strict=True)])]


if __name__ == "__main__":
    main()
