"""A paper's table as Markdown and as LaTeX (booktabs)."""

from __future__ import annotations

import re
from itertools import groupby

import numpy as np

from anchoreval.reporting.paper.tables import Cell, PaperTable
from anchoreval.reporting.tables import markdown_table

MARKUP = re.compile(r"[*`\[\]<]|(?<!\w)_|_(?!\w)")
"""What Markdown reads as more than a letter; an underscore inside a word is none."""
ESCAPES = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "≈": r"$\approx$",
    "±": r"$\pm$",
}


def markdown(table: PaperTable) -> str:
    """The table with its caption below, in Markdown; levels of column heads stand in one line."""
    heads = [*table.row_heads, *(_head(table, column) for column in table.columns)]
    rows = [
        [*(_bare(text) for text in row), *(_markdown_cell(cell, table.digits) for cell in cells)]
        for row, cells in zip(table.rows, table.cells, strict=True)
    ]
    return f"{markdown_table(heads, rows, left=len(table.row_heads))}\n\n*{_bare(table.caption)}*\n"


def latex(table: PaperTable, label: str) -> str:
    """The table as a float, for the package booktabs; every name is escaped.

    Args:
        table: the table.
        label: that the text refers to it by (`tab:<label>`).
    """
    columns = "l" * len(table.row_heads) + "r" * len(table.columns)
    body = [
        " & ".join([*map(escaped, row), *(_latex_cell(cell, table.digits) for cell in cells)]) + r" \\"
        for row, cells in zip(table.rows, table.cells, strict=True)
    ]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escaped(table.caption)}}}",
        rf"\label{{tab:{label}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        *_latex_heads(table),
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text on one line that LaTeX prints as it stands."""
    return "".join(ESCAPES.get(character, character) for character in " ".join(text.split()))


def _head(table: PaperTable, column: tuple[str, ...]) -> str:
    *upper, last = column
    return _bare(", ".join([*upper, f"{table.levels[-1]} = {last}"]))


def _bare(text: str) -> str:
    """Names are no Markdown: what would begin emphasis or code is escaped."""
    return MARKUP.sub(r"\\\g<0>", text)


def _number(cell: Cell, digits: int) -> str:
    return f"{cell.mean:.{digits}f}"


def _spread(cell: Cell, digits: int) -> str:
    return f"{cell.error:.{digits}f}" if np.isfinite(cell.error) else ""


def _markdown_cell(cell: Cell, digits: int) -> str:
    if not np.isfinite(cell.mean):
        return cell.without
    shown = f"**{_number(cell, digits)}**" if cell.is_best else _number(cell, digits)
    spread = f" ± {_spread(cell, digits)}" if _spread(cell, digits) else ""
    return f"{shown}{spread}{' ≈' if cell.is_peer else ''}"


def _latex_cell(cell: Cell, digits: int) -> str:
    if not np.isfinite(cell.mean):
        return cell.without
    number = _number(cell, digits)
    shown = rf"\mathbf{{{number}}}" if cell.is_best else number
    spread = rf" \pm {_spread(cell, digits)}" if _spread(cell, digits) else ""
    mark = r"^{\approx}" if cell.is_peer else ""
    return f"${shown}{spread}{mark}$"


def _latex_heads(table: PaperTable) -> list[str]:
    """A line a level; equal neighbours of an upper level share a head with a rule below."""
    first = len(table.row_heads)
    lines = []
    for level in range(len(table.levels) - 1):
        heads, rules, at = [""] * first, [], first + 1
        for _, same in groupby(table.columns, key=lambda column: column[: level + 1]):
            run = list(same)
            heads.append(rf"\multicolumn{{{len(run)}}}{{c}}{{{escaped(run[0][level])}}}")
            rules.append(rf"\cmidrule(lr){{{at}-{at + len(run) - 1}}}")
            at += len(run)
        lines += [" & ".join(heads) + r" \\", " ".join(rules)]
    last = [rf"${table.levels[-1]} = {column[-1]}$" for column in table.columns]
    return [*lines, " & ".join([*map(escaped, table.row_heads), *last]) + r" \\"]
