"""The figures' common ground: matplotlib without a display, our style, and files that are the same every time."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("anchoreval.mplstyle")
CLOUD, INK = "#b8c4cc", "#222222"
"""Colours of what is background, and of reference lines and text; the others are in the style file."""
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#222222")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


@contextmanager
def figure(path: Path, width: float = 7.0, height: float = 5.0) -> Iterator[Figure]:
    """A figure in our style, written to `path` as PNG when the block ends.

    The figure belongs to no window and to no global list, so that jobs in threads do not meet.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(fname=STYLE):
        made = Figure(figsize=(width, height))
        FigureCanvasAgg(made)
        yield made
        path.parent.mkdir(parents=True, exist_ok=True)
        made.savefig(path, format="png", metadata={"Software": None})


def title(axes: Any, finding: str, below: str = "") -> None:
    """A title that states the finding, wrapped to the axes, with a smaller line about the design below it."""
    inches = axes.get_figure().get_figwidth()
    text = textwrap.fill(finding, width=int(inches * 8.6))
    axes.set_title(text, pad=22 if below else 10)
    if below:
        axes.annotate(
            below,
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, 7),
            textcoords="offset points",
            fontsize=8.5,
            color="#555555",
            va="bottom",
            ha="left",
        )
