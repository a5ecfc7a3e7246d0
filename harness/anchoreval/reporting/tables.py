"""Tables of text: fixed width for a terminal, Markdown for a report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

Rows = Sequence[Sequence[str]]


def points(value: float | None, digits: int = 1) -> str:
    """A score or error in [0, 1] as percentage points; a dash where it is unknown."""
    return "-" if value is None or not np.isfinite(value) else f"{100 * value:.{digits}f}"


def interval(lower: float, upper: float) -> str:
    """`57.0 to 65.5` in percentage points; a dash where there is no interval."""
    return f"{points(lower)} to {points(upper)}" if np.isfinite(lower) and np.isfinite(upper) else "-"


def cells(frame: pd.DataFrame) -> list[list[str]]:
    """Every cell as text, the index not included."""
    return [[str(cell) for cell in row] for row in frame.itertuples(index=False)]


def text_table(header: Sequence[str], rows: Rows, left: int = 1) -> str:
    """A table in fixed width: the first `left` columns to the left, the others to the right."""
    widths = [max(len(line[n]) for line in [list(header), *map(list, rows)]) for n in range(len(header))]
    lines = [header, ["-" * w for w in widths], *rows]
    return "\n".join(_aligned(line, widths, left) for line in lines)


def markdown_table(header: Sequence[str], rows: Rows, left: int = 1) -> str:
    """The same table in Markdown; a bar or a line break in a cell cannot break it."""
    rule = [":--" if n < left else "--:" for n in range(len(header))]
    return "\n".join("| " + " | ".join(map(_escaped, line)) + " |" for line in [header, rule, *rows])


def paragraphs(*parts: str) -> str:
    """The parts that are not empty, with a blank line between them."""
    return "\n\n".join(part for part in parts if part)


def _aligned(line: Sequence[str], widths: Sequence[int], left: int) -> str:
    padded = [c.ljust(w) if n < left else c.rjust(w) for n, (c, w) in enumerate(zip(line, widths, strict=True))]
    return "  ".join(padded).rstrip()


def _escaped(cell: str) -> str:
    return " ".join(cell.split()).replace("|", "\\|")
