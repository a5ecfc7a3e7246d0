"""What a paper's figure is drawn on: a sheet as wide as one or two columns, in print sizes, saved as PDF and PNG.

The same figure gives the same bytes each time: neither file holds a date or the name of the program that made it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anchoreval.errors import ConfigurationError
from anchoreval.reporting.canvas import STYLE
from anchoreval.reporting.figure_lines import model_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAPER = Path(__file__).with_name("paper.mplstyle")
WIDTHS = {"one": 3.35, "two": 6.9}
"""Inches of a figure in one and in two columns."""
TALLEST = 9.0
"""Inches that a page has for a figure and its caption."""
SMALLEST = 7.0
"""Typographic points: no word is smaller in print."""
LETTER = 0.052
"""Inches that a letter of the smallest size takes on average, a little more than most."""
LONGEST = {"one": 23, "two": 34}
"""Letters of a method's label."""
ROW = 0.145
"""Inches that a row of a legend takes."""
FORMATS: dict[str, dict[str, Any]] = {
    "pdf": {"metadata": {"CreationDate": None, "Creator": None, "Producer": None}},
    "png": {"metadata": {"Software": None}},
}


@dataclass(frozen=True, eq=False)
class Sheet:
    """An empty figure in the style of papers.

    Attributes:
        columns: `one` or `two`.
        figure: belongs to no window and to no global list.
    """

    columns: str
    figure: Figure

    @property
    def width(self) -> float:
        """Inches."""
        return WIDTHS[self.columns]

    @property
    def is_wide(self) -> bool:
        """Whether it spans two columns."""
        return self.columns == "two"

    def page(self, height: float) -> Figure:
        """The figure, given its height in inches.

        Raises:
            ConfigurationError: it is taller than a page; a figure of fewer panels or rows is needed.
        """
        if height > TALLEST:
            raise ConfigurationError(
                f"a figure {height:.1f} in tall does not fit a page of {TALLEST:g} in: narrow it down by its options"
            )
        self.figure.set_size_inches(self.width, height)
        return self.figure

    def labels(self, methods: Sequence[str]) -> list[str]:
        """Labels of methods that fit beside what they name: cut at the end, or in the middle if two were alike."""
        longest = LONGEST[self.columns]
        ends = [name if len(name) <= longest else f"{name[: longest - 1]}…" for name in methods]
        return ends if len(set(ends)) == len(ends) else [model_label(name, longest) for name in methods]

    def legend_columns(self, labels: Sequence[str]) -> int:
        """How many labels stand beside each other in the sheet's width."""
        longest = max((len(label) for label in labels), default=1)
        return max(1, min(len(labels), int((self.width - 0.1) / (LETTER * longest + 0.42))))

    def legend_height(self, labels: Sequence[str]) -> float:
        """Inches that a legend below the axes takes."""
        return ROW * -(-len(labels) // self.legend_columns(labels)) + 0.08 if labels else 0.0

    def legend(self, handles: Sequence[Any], scale: float = 1.0) -> None:
        """A legend of these handles below the axes, marks scaled; `$` in a label is no mathematics."""
        labels = [str(handle.get_label()) for handle in handles]
        if not labels:
            return
        columns = self.legend_columns(labels)
        made = self.figure.legend(handles=handles, loc="outside lower center", ncols=columns, markerscale=scale)
        for text in made.get_texts():
            text.set_parse_math(False)

    def wrapped(self, text: str, share: float = 1.0) -> str:
        """Text in lines that fit a share of the width, at the size of labels."""
        return textwrap.fill(text, max(10, int(share * self.width / 0.068)))

    def saved(self) -> dict[str, bytes]:
        """The figure as the content of a file, by suffix."""
        found = {}
        for suffix, options in FORMATS.items():
            stream = BytesIO()
            self.figure.savefig(stream, format=suffix, **options)
            found[suffix] = stream.getvalue()
        return found


@contextmanager
def sheet(columns: str) -> Iterator[Sheet]:
    """A sheet, to be drawn on and saved inside the block.

    Raises:
        ConfigurationError: the columns are neither `one` nor `two`.
    """
    if columns not in WIDTHS:
        raise ConfigurationError(f"figures.columns = {columns!r} is neither one nor two")
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with style.context([str(STYLE), str(PAPER)]):
        made = Figure(figsize=(WIDTHS[columns], 2.4))
        FigureCanvasAgg(made)
        yield Sheet(columns, made)
