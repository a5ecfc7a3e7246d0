"""What figures with a line a model share: names that stay what they are, and a headline across the whole figure.

A title over the axes would start only where long names end.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import cache
from typing import Any

MOST_MODELS = 60
"""More lines than these no page holds: the first so many are shown, and the caption says so."""
LONGEST_NAME = 36
CROWD = 25
"""Above so many lines, they and their names get smaller."""
MISSING_GLYPH = "□"


def name_rows(axes: Any, labels: Sequence[str], size: float) -> None:
    """Labels down the vertical axis, the first on top, each at a whole number from 0 on; `$` is no mathematics."""
    axes.set_yticks(range(len(labels)), labels, fontsize=size, parse_math=False)
    axes.set_ylim(len(labels) - 0.4, -0.6)


def model_label(name: Any, longest: int = LONGEST_NAME) -> str:
    """A name on one line, cut in its middle where it is too long, with a box where the font lacks a character."""
    text = "".join(c if ord(c) in _characters() else MISSING_GLYPH for c in " ".join(str(name).split()))
    if len(text) <= longest:
        return text
    head = (longest - 1) // 2
    return f"{text[:head]}…{text[head + 1 - longest :]}"


def headline(canvas: Any, finding: str) -> None:
    """The finding in bold across the top of the figure, wrapped to its width into lines of like length."""
    widest = int(canvas.get_figwidth() * 8.6)
    lines = -(-len(finding) // widest)
    text = textwrap.fill(finding, width=min(widest, len(finding) // lines + 8))
    canvas.suptitle(text, fontsize=11, fontweight="bold", x=0.02, ha="left", parse_math=False)


@cache
def _characters() -> frozenset[int]:
    """Code points that the figures' font can draw."""
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())
