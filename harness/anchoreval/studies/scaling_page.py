"""The page of the study of cost, and the same tables inside the documentation's page on scaling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from anchoreval.errors import ResponseDataError
from anchoreval.reporting.tables import markdown_table
from anchoreval.studies.scaling_cell import OK, TARGETS
from anchoreval.studies.scaling_data import ITEMS_PER_SUBJECT, SUBJECTS, Size
from anchoreval.studies.scaling_laws import DIMENSIONS, Growth, Law, law

BUDGET_SECONDS, BUDGET_MEBIBYTES = 600.0, 16 * 1024.0
GREATEST = 10_000_000
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
Bases = Mapping[tuple[str, str], Size]

CAPTION = """# Cost of every method against models, items and k

Answers of a 2PL model in {subjects} subjects (four option probabilities as well for `disco`); for `bento`,
`random_subjects` and `subject_ridge`, whose k counts subjects, a subject for every {per_subject} items. Options are
those by default. Each cell is a process of its own with one thread; seconds are of the processor, the median of three
runs where they are short. A selector's are for one choice, an estimator's for its fit on given anchors and the
prediction of {targets} models. MiB are the peak beyond what Python and the libraries take (some 250 MiB): the data and
all that is made of them. Each of models, items and k is doubled and halved alone, the others as in the base:
{reference}; for the selectors `auto`, `essence` and `metabench`
{slow}. Most cells of more than {limit:.0f} seconds are left out.

![Seconds against models, items and k](scaling.png)

Regenerate with `python -m anchoreval.studies.scaling`; every cell is in `scaling.csv`.
"""
TIME = """## {title}

Exponents of seconds in models, items and k (least squares on logarithms, with their standard error; after →, the power
of what is left when a fixed part is taken off, at least 1 in models and items), cost at {reference}, and the
most models (with {items:,} items) and the most items (with {models:,} models) that ten minutes on one core and 16 GiB
allow, with what sets the limit. ≈: extrapolated beyond the measured sizes, as fixed part and power.
"""
SPACE = """## Memory

The same of the peak beyond Python and the libraries. Where working memory is small beside the data, they say how the
data grow.
"""
CHECK = """## How far the laws can be trusted

One more cell of each method, far from those that the laws were fitted to: what was measured, and its ratio to what the
laws say, where the smaller of what grows with models and what grows with items is taken to grow with both. Below 1 the
laws are too dear. Above 1 they are too cheap, by most for what takes milliseconds at the base: data that fit the
processor's cache there do not fit it here.
"""


class Laws(NamedTuple):
    """What is known of a method."""

    kind: str
    method: str
    seconds: Law
    mebibytes: Law


class Cell(NamedTuple):
    """A row of the table of cells."""

    size: Size
    seconds: float
    mebibytes: float
    status: str


def page(cells: pd.DataFrame, bases: Bases, reference: Size, limit: float) -> str:
    """The page from all cells."""
    known = [one for key, base in bases.items() if (one := _laws(cells, key, base)) is not None]
    slow = next((base for base in bases.values() if base != reference), reference)
    caption = CAPTION.format(
        subjects=SUBJECTS,
        per_subject=ITEMS_PER_SUBJECT,
        targets=TARGETS,
        reference=_words(reference),
        slow=_words(slow),
        limit=limit,
    )
    parts = [caption, BEGIN]
    for kind, title in (("selector", "Selectors"), ("estimator", "Estimators")):
        shown = [one for one in known if one.kind == kind]
        words = TIME.format(title=title, reference=_words(reference), items=reference.items, models=reference.models)
        parts.append(f"{words}\n{_time_table(shown, cells, reference)}\n")
    parts.append(f"{SPACE}\n{_space_table(known, cells, reference)}\n")
    parts.append(END)
    parts.append(f"{CHECK}\n{_check_table(known, cells)}\n")
    parts.append(_left_out(cells))
    return "\n".join(parts)


def measured_part(text: str) -> str:
    """What stands between the two marks, the marks included.

    Raises:
        ResponseDataError: a mark is missing.
    """
    if BEGIN not in text or END not in text:
        raise ResponseDataError(f"the page of measured costs has no marks {BEGIN} and {END}")
    return BEGIN + text.split(BEGIN)[1].split(END)[0] + END


def document_with(document: str, page_text: str) -> str:
    """A hand-written page with its measured part replaced by that of the study's page."""
    return document.replace(measured_part(document), measured_part(page_text))


def _laws(cells: pd.DataFrame, key: tuple[str, str], base: Size) -> Laws | None:
    own = cells[(cells["kind"] == key[0]) & (cells["method"] == key[1]) & (cells["status"] == OK)]
    seconds, mebibytes = law(own, base, "seconds"), law(own, base, "mebibytes")
    return None if seconds is None or mebibytes is None else Laws(*key, seconds, mebibytes)


def _time_table(known: list[Laws], cells: pd.DataFrame, reference: Size) -> str:
    rows = []
    for one in known:
        exponents = [_exponent(one.seconds.growths[dimension]) for dimension in DIMENSIONS]
        cost = _cost(one, cells, reference, "seconds")
        rows.append([f"`{one.method}`", *exponents, cost, *(_most(one, d, reference) for d in ("models", "items"))])
    return markdown_table(["method", *DIMENSIONS, "seconds", "most models", "most items"], rows)


def _space_table(known: list[Laws], cells: pd.DataFrame, reference: Size) -> str:
    rows = [
        [
            f"`{one.method}`",
            one.kind,
            *(_exponent(one.mebibytes.growths[dimension]) for dimension in DIMENSIONS),
            _cost(one, cells, reference, "mebibytes"),
        ]
        for one in known
    ]
    return markdown_table(["method", "kind", *DIMENSIONS, "MiB"], rows, left=2)


def _check_table(known: list[Laws], cells: pd.DataFrame) -> str:
    rows = []
    for one in known:
        own = _own(cells, one)
        for cell in _records(own[_off_axes(own, one.seconds.base)]):
            rows.append(
                [
                    f"`{one.method}`",
                    one.kind,
                    _words(cell.size),
                    _number(cell.seconds),
                    f"{cell.seconds / one.seconds.predict(cell.size):.2f}",
                    _number(cell.mebibytes),
                    f"{cell.mebibytes / one.mebibytes.predict(cell.size):.2f}",
                ]
            )
    header = ["method", "kind", "size", "seconds", "ratio", "MiB", "ratio"]
    return markdown_table(header, rows, left=3)


def _left_out(cells: pd.DataFrame) -> str:
    missed = cells[cells["status"] != OK].sort_values(["kind", "method", "models", "items", "k"])
    if not len(missed):
        return "No cell was left out.\n"
    lines = []
    for (kind, method), part in missed.groupby(["kind", "method"], sort=False):
        sizes = "; ".join(f"{_words(one.size)} ({one.status})" for one in _records(part))
        lines.append(f"- {kind} `{method}`: {sizes}")
    return "\n".join(
        ["Left out, as too long (`left out`: expected; `time`, `memory`: ended at a limit):", "", *lines, ""]
    )


def _records(cells: pd.DataFrame) -> list[Cell]:
    return [
        Cell(
            Size(int(row["models"]), int(row["items"]), int(row["k"])), row["seconds"], row["mebibytes"], row["status"]
        )
        for row in cells.to_dict("records")
    ]


def _own(cells: pd.DataFrame, one: Laws) -> pd.DataFrame:
    return cells[(cells["kind"] == one.kind) & (cells["method"] == one.method) & (cells["status"] == OK)]


def _off_axes(cells: pd.DataFrame, base: Size) -> pd.Series[bool]:
    """Cells that differ from the base in more than one dimension."""
    return (cells[list(DIMENSIONS)] != [getattr(base, name) for name in DIMENSIONS]).sum(axis=1) > 1


def _cost(one: Laws, cells: pd.DataFrame, size: Size, column: str) -> str:
    """Measured where there is such a cell, else what the law says."""
    own = _own(cells, one)
    there = own[np.logical_and.reduce([own[name] == getattr(size, name) for name in DIMENSIONS])]
    if len(there):
        return _number(float(there[column].iloc[0]))
    known: Law = getattr(one, column)
    return f"≈ {_number(known.predict(size))}"


def _most(one: Laws, dimension: str, reference: Size) -> str:
    time, space = (
        one.seconds.most(dimension, reference, BUDGET_SECONDS),
        one.mebibytes.most(dimension, reference, BUDGET_MEBIBYTES),
    )
    most, limit = min((time, "time"), (space, "memory"))
    if most > GREATEST:
        return f"above {GREATEST:,}"
    mark = "≈ " if most > one.seconds.measured_to(dimension) or one.seconds.base != reference else ""
    return f"{mark}{_rounded(most):,} ({limit})"


def _rounded(value: float) -> int:
    """Two significant digits, downwards."""
    scale = 10 ** max(0, int(np.floor(np.log10(max(value, 1.0)))) - 1)
    return int(value // scale * scale)


def _exponent(one: Growth) -> str:
    error = f" ± {one.error:.2f}" if np.isfinite(one.error) else ""
    return f"{one.exponent:.2f}{error} → {one.power:.1f}"


def _number(value: float) -> str:
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def _words(size: Size) -> str:
    return f"{int(size.models):,} models x {int(size.items):,} items, k = {int(size.k)}"
