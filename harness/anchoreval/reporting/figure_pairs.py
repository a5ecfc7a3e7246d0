"""Pairs of models: how probable it is that one is truly better than the other, and which pairs are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from anchoreval.arrays import BoolArray, Float64Array
from anchoreval.errors import ResponseDataError
from anchoreval.reporting.canvas import INK, figure
from anchoreval.reporting.figure_lines import CROWD, MOST_MODELS, headline, model_label, name_rows

NUMBERED = 12
"""Up to so many models the probabilities are written into the cells."""
SMALLEST_CELL, LARGEST_CELL, MATRIX, NARROWEST = 0.14, 0.55, 5.0, 3.9
"""Inches: of a cell, of a matrix whose cells lie between, and of the width of the matrix of a few models."""
UNKNOWN = "#cfd6da"


def pair_matrix_figure(path: Path, models: Sequence[Any], probability: Any, resolved: Any) -> str:
    """A map of all pairs, blue where the row's model is probably the better one; returns the caption.

    Args:
        path: the PNG to write.
        models: names, the best first.
        probability: (models, models) that the row's model is truly better than the column's; NaN: not known. The
            diagonal is not read.
        resolved: (models, models) whether the two are told apart, which a dot marks.

    Raises:
        ResponseDataError: shapes disagree, or there is no model.
    """
    names, chance, sure = _shown(models, probability, resolved)
    shown, told = len(names), int(sure.sum()) // 2
    labels = [f"{model_label(name)} {n}" for n, name in enumerate(names, 1)]
    cell, wide, size = _measures(shown)
    width = 0.5 + wide * shown + 0.0083 * size * max(map(len, labels))
    with figure(path, max(width, 5.0), 1.9 + cell * shown) as canvas:
        canvas.set_layout_engine("compressed")
        axes = canvas.add_subplot()
        _cells(canvas, axes, chance, cell / wide)
        name_rows(axes, labels, size)
        _columns(axes, shown, size)
        if shown <= NUMBERED:
            _numbers(axes, chance)
        _dots(axes, chance, sure, 72 * cell)
        headline(canvas, _finding(told, _pairs(shown)))
    cut = f" Only the first {shown} of {len(models):,} models are shown." if len(models) > shown else ""
    return (
        "Probability that the model of the row is truly better than that of the column, models by estimate from the "
        f"best down; dots mark the pairs that are told apart, {told:,} of {_pairs(shown):,}.{cut}"
    )


def _shown(models: Sequence[Any], probability: Any, resolved: Any) -> tuple[list[Any], Float64Array, BoolArray]:
    """The models that a page holds, their probabilities and resolved pairs in both orders, without the diagonal."""
    chance, sure = np.array(probability, dtype=np.float64), np.asarray(resolved, dtype=np.bool_)
    if not len(models) or not chance.shape == sure.shape == (len(models), len(models)):
        raise ResponseDataError(f"{len(models)} models, probabilities {chance.shape}, resolved pairs {sure.shape}")
    np.fill_diagonal(chance, np.nan)
    sure = (sure | sure.T) & ~np.eye(len(models), dtype=np.bool_)
    return list(models)[:MOST_MODELS], chance[:MOST_MODELS, :MOST_MODELS], sure[:MOST_MODELS, :MOST_MODELS]


def _measures(shown: int) -> tuple[float, float, float]:
    """Height and width of a cell in inches, and the size of names in typographic points."""
    cell = float(np.clip(MATRIX / shown, SMALLEST_CELL, LARGEST_CELL))
    return cell, max(cell, NARROWEST / shown), 6.5 if shown > 40 else 7.5 if shown > CROWD else 8.5


def _pairs(models: int) -> int:
    return models * (models - 1) // 2


def _cells(canvas: Any, axes: Any, chance: Float64Array, aspect: float) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    shades = colormaps["RdBu"](np.linspace(0.1, 0.9, 256))  # without its darkest, on which no mark can be seen
    colours = ListedColormap(shades).with_extremes(bad=UNKNOWN)
    image = axes.imshow(100 * np.ma.masked_invalid(chance), cmap=colours, vmin=0, vmax=100, aspect=aspect)
    for spine in axes.spines.values():
        spine.set_visible(False)
    bar = canvas.colorbar(image, ax=axes, location="bottom", fraction=0.05, aspect=35, pad=0.02)
    bar.set_ticks([0, 25, 50, 75, 100])
    bar.set_label("probability that the row's model is truly better (%)", fontsize=8.5)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)


def _columns(axes: Any, shown: int, size: float) -> None:
    axes.set_ylim(shown - 0.5, -0.5)
    axes.set_xticks(range(shown), [str(n) for n in range(1, shown + 1)], fontsize=min(size, 8.0))
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.set_xlabel("columns: the same models by number; dot: a pair that is told apart", fontsize=8.5)
    axes.grid(visible=False)


def _numbers(axes: Any, chance: Float64Array) -> None:
    for (row, column), value in np.ndenumerate(chance):
        if np.isfinite(value):
            style = {"ha": "center", "va": "center", "fontsize": 8.5, "color": _readable(value)}
            axes.text(column, row, _percent(value), **style)


def _dots(axes: Any, chance: Float64Array, sure: BoolArray, cell: float) -> None:
    """A dot a resolved pair, amid its cell or, where that holds a number, in a corner; `cell` in typographic points."""
    rows, columns = np.nonzero(sure)
    corner = 0.34 if len(sure) <= NUMBERED else 0.0
    colours = [_readable(value) for value in chance[rows, columns]]
    axes.scatter(columns + corner, rows - corner, s=(0.12 if corner else 0.25) ** 2 * cell**2, c=colours, linewidths=0)


def _readable(value: float) -> str:
    """Colour of what is written on a cell."""
    return "white" if abs(value - 0.5) > 0.33 else INK


def _percent(value: float) -> str:
    """Whole percent, never 0 or 100: no order is certain."""
    if value >= 0.995:
        return ">99"
    return "<1" if value < 0.005 else f"{100 * value:.0f}"


def _finding(told: int, pairs: int) -> str:
    if pairs == 0:
        return "There is no pair of models"
    if pairs == 1:
        return "The two models are told apart" if told else "The two models are not told apart"
    if told == 0:
        return f"None of {pairs:,} pairs of models is told apart"
    return (
        f"{told:,} of {pairs:,} pairs of models ({100 * told / pairs:.0f}%) {'is' if told == 1 else 'are'} told apart"
    )
