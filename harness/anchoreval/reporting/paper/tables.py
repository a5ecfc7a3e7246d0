"""Tables of a comparison: rows are methods, columns budgets (and splits and benchmarks, where there are several).

The mark of a table is the same in every form. Bold: the least error of its column, where every other difference from it
is resolved. ≈: the least error where some other is not resolved from it, and every such other. So two marked methods
of a column have not been told apart, and a reader need not guess from standard errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import ConfigurationError, NotApplicableError
from anchoreval.protocol.marks import BEST, PEER, REFERENCE
from anchoreval.protocol.resolution import LEVEL
from anchoreval.reporting.method_lines import distinct_rows, ordered
from anchoreval.reporting.paper.kind import NEEDS, Inputs
from anchoreval.reporting.paper.part import Part
from anchoreval.reporting.paper.wording import ERRORS, ORDERS, design, sentence, units

COLUMN = ["benchmark", "split", "k"]
ROW = ["selector", "estimator"]
OPTIONS = {
    "metric": "figure of the comparison in the cells",
    "selectors": "rows, in this order",
    "estimators": "rows",
    "splits": "columns",
    "k": "columns",
}
DIGITS = {name: 2 if name in ERRORS else 3 for name in (*ERRORS, *ORDERS)}


@dataclass(frozen=True)
class Cell:
    """A figure with its standard error over repeats, or why there is none.

    Attributes:
        mean: of the repeats; NaN where there is none.
        error: standard error of the mean; NaN for a single repeat.
        is_best: the least of the column, every other difference from it resolved.
        is_peer: the least of the column or not resolved from it, and not alone so.
        without: what stands in its place where there is no figure.
    """

    mean: float
    error: float = float("nan")
    is_best: bool = False
    is_peer: bool = False
    without: str = "n/a"


@dataclass(frozen=True, eq=False)
class PaperTable:
    """A table in no particular form.

    Attributes:
        row_heads: names of the columns that say what a row is.
        rows: what each row is, as many texts as there are heads.
        levels: names of what tells columns apart, the last one different in each.
        columns: a text a level for every column.
        cells: by row, a cell a column.
        digits: of means and standard errors.
        caption: what it shows and what marks mean.
    """

    row_heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    levels: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    cells: tuple[tuple[Cell, ...], ...]
    digits: int
    caption: str


@dataclass(frozen=True)
class TableKind:
    """A kind of table.

    Attributes:
        name: by which it is asked for.
        needs: what a part must have left behind.
        make: the table of a part.
        options: what each option that it takes does.
    """

    name: str
    needs: frozenset[str]
    make: Callable[[Inputs], PaperTable]
    options: Mapping[str, str]

    def is_met_by(self, part: Part) -> bool:
        """Whether the part holds what the kind needs."""
        return self.needs <= part.gives

    def made(self, part: Part, options: Mapping[str, Any]) -> PaperTable:
        """Make it.

        Raises:
            NotApplicableError: the part lacks what the kind needs, or its results do.
            ConfigurationError: there is no such option, or not with that value.
        """
        if lost := sorted(self.needs - part.gives):
            raise NotApplicableError(
                f"table {self.name} needs {NEEDS[lost[0]]}; {part.name or part.folder} is one of job={part.job}"
            )
        if unknown := sorted(set(options) - set(self.options)):
            known = ", ".join(self.options)
            raise ConfigurationError(f"table {self.name}: there is no option {unknown[0]!r} (there are: {known})")
        return self.make(Inputs(part, options, self.name))


def methods(inputs: Inputs) -> PaperTable:
    """Every selector with every estimator, by budget.

    Raises:
        NotApplicableError: nothing that is asked for has figures.
    """
    metric = inputs.choice("metric", DIGITS, "mae")
    cells = inputs.part.cells
    for option, column in (("selectors", "selector"), ("estimators", "estimator"), ("splits", "split"), ("k", "k")):
        cells = cells[cells[column].isin(inputs.names(option, cells[column]))]
    if not (done := cells[(cells["status"] == "ok") & cells[metric].notna()]).size:
        raise NotApplicableError(f"table {inputs.kind}: {inputs.part.folder} has no {metric} for what is asked")
    rows = _rows(inputs, done)
    columns = distinct_rows(done, COLUMN)
    levels = [n for n in range(3) if n == 2 or len({column[n] for column in columns}) > 1]
    several = done["estimator"].nunique() > 1
    found = _found(cells, inputs.part.resolution, metric)
    return PaperTable(
        row_heads=tuple(ROW) if several else ("selector",),
        rows=tuple(row if several else row[:1] for row in rows),
        levels=tuple(COLUMN[n] for n in levels),
        columns=tuple(tuple(str(column[n]) for n in levels) for column in columns),
        cells=tuple(tuple(found.get((*row, *column), Cell(np.nan)) for column in columns) for row in rows),
        digits=DIGITS[metric],
        caption=_caption(done, metric),
    )


TABLES: dict[str, TableKind] = {"methods": TableKind("methods", frozenset({"compare"}), methods, OPTIONS)}
"""What tables there are."""


def _rows(inputs: Inputs, done: pd.DataFrame) -> list[tuple[str, str]]:
    """Methods that have a figure anywhere, by selector, random anchors first."""
    selectors = ordered(inputs.names("selectors", done["selector"]), REFERENCE)
    estimators = [str(name) for name in inputs.names("estimators", done["estimator"])]
    there = set(done[ROW].itertuples(index=False, name=None))
    return [(chose, read) for chose in selectors for read in estimators if (chose, read) in there]


def _found(cells: pd.DataFrame, resolution: pd.DataFrame, metric: str) -> dict[tuple[Any, ...], Cell]:
    """Cells by selector, estimator, benchmark, split and k; marks for the mean absolute error alone."""
    standing = resolution.set_index([*ROW, *COLUMN])["standing"]
    peers = resolution[resolution["standing"] == PEER].groupby(COLUMN).size()
    found = {}
    for key, rows in cells.groupby([*ROW, *COLUMN], sort=False):
        values = rows.loc[rows["status"] == "ok", metric].dropna()
        if values.empty:
            failed = (rows["status"] == "failed").any()
            found[key] = Cell(np.nan, without="failed" if failed else "n/a")
            continue
        state = standing.get(key, "") if metric == "mae" else ""
        alone = not peers.get(key[2:], 0)
        best, peer = state == BEST and alone, state == PEER or (state == BEST and not alone)
        found[key] = Cell(
            float(values.mean()),
            float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan,
            best,
            peer,
        )
    return found


def _caption(done: pd.DataFrame, metric: str) -> str:
    words = {**ERRORS, **ORDERS}[metric]
    unit = " (percentage points)" if metric in ERRORS else ""
    spread = " ± its standard error" if done["repeat"].nunique() > 1 else ""
    marks = (
        f" Bold: the least error of the column over the whole comparison, every difference from it resolved at "
        f"{LEVEL:.0%} (bootstrap over models and repeats, paired over targets); ≈: the least error or not resolved "
        "from it."
    )
    return (
        f"{sentence(words)} of estimated full scores{unit}: mean over repeats{spread}, by number of anchors k. "
        f"{design(done)}{marks if metric == 'mae' else ''} n/a: not applicable. {units(done)}".rstrip()
    )
