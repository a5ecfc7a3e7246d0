"""Which items tell the same: correlations between items over the source models, like items beside each other.

Items stand by subject, where there are subjects, and within a subject by the angle of their loadings on the two first
principal components, counted from the widest gap (Friendly 2002, corrgrams). That puts items of like answers together
in time that grows with the number of items only. More items than the picture has cells are averaged in blocks, an item
with itself left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray, Float64Array, IntArray
from anchoreval.errors import NotApplicableError
from anchoreval.numerics.item_similarity import FLAT
from anchoreval.reporting.canvas import INK
from anchoreval.reporting.figure_lines import model_label
from anchoreval.reporting.paper.kind import Caption, Inputs
from anchoreval.reporting.paper.style import SMALLEST, Sheet

CELLS = 300
"""Cells along a side of the picture at most."""
HEIGHTS = {"one": 3.3, "two": 5.4}
NAMED = 0.13
"""Inches that a subject needs beside the picture for its name."""


@dataclass(frozen=True, eq=False)
class Redundancy:
    """What is drawn.

    Attributes:
        cells: (blocks, blocks) mean correlation of the items of two blocks, each item with itself left out.
        starts: place in the order of the first item of each block, and the number of items.
        order: items in their order, as places in the benchmark; items without spread are left out.
        subjects: of these, or empty.
    """

    cells: Float64Array
    starts: IntArray
    order: IntArray
    subjects: list[str]

    @property
    def reach(self) -> float:
        """Half the width of the scale: what all but the largest 1 % of cells stay within."""
        off = self.cells[~np.eye(len(self.cells), dtype=np.bool_)]
        return float(np.clip(np.nanpercentile(np.abs(off), 99), 0.05, 1.0))


def redundancy_map(inputs: Inputs, sheet: Sheet) -> Caption:
    """A map of the correlations between items, with the anchors of a run at its edge.

    Raises:
        NotApplicableError: fewer than three models, or fewer than three items that models answer differently.
    """
    part = inputs.part
    sources = part.chosen.completed()
    found = redundancy(np.asarray(sources.scores, dtype=np.float64), _subjects(sources.items))
    if sources.n_models < 3 or len(found.order) < 3:
        raise NotApplicableError(f"figure {inputs.kind}: benchmark {part.benchmark} has too few models or items")
    anchors = sources.items.index[found.order].isin(part.anchors.items) if part.job == "run" else None
    canvas = sheet.page(HEIGHTS[sheet.columns])
    canvas.set_layout_engine("compressed")
    axes = canvas.add_subplot()
    _draw(axes, found, anchors, sheet)
    return Caption(_caption(inputs, found, sources.n_models, sources.n_items))


def redundancy(scores: Float64Array, subjects: list[str] | None, most: int = CELLS) -> Redundancy:
    """Mean correlations between blocks of items that stand in order.

    Args:
        scores: (models, items) without NaN.
        subjects: of the items, or None.
        most: blocks at most.
    """
    centred = scores - scores.mean(axis=0)
    length = np.sqrt(np.einsum("mi,mi->i", centred, centred))
    kept = np.flatnonzero(length**2 > FLAT)
    units = centred[:, kept] / length[kept]
    names = [subjects[n] for n in kept] if subjects is not None else []
    order = _order(units, names)
    starts = np.linspace(0, len(order), min(most, len(order)) + 1).round().astype(np.int64)
    cells = _blocks(units[:, order], starts)
    return Redundancy(cells, starts, kept[order], [names[n] for n in order] if names else [])


def _order(units: Float64Array, subjects: list[str]) -> IntArray:
    if units.shape[1] < 2 or units.shape[0] < 2:
        return np.arange(units.shape[1])
    loadings = np.linalg.svd(units, full_matrices=False)[2][:2]
    first, second = loadings * np.where(loadings.sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
    angle = _from_gap(np.arctan2(second, first))
    codes = np.unique(subjects, return_inverse=True)[1] if subjects else np.zeros(len(angle))
    return np.asarray(np.lexsort((angle, codes)), dtype=np.int64)


def _from_gap(angle: Float64Array) -> Float64Array:
    """Angles counted from the widest gap between neighbours on the circle, so that no like items are torn apart."""
    around = np.sort(angle)
    gaps = np.diff(np.append(around, around[0] + 2 * np.pi))
    start = around[(int(gaps.argmax()) + 1) % len(around)]
    return np.asarray(np.mod(angle - start, 2 * np.pi), dtype=np.float64)


def _blocks(units: Float64Array, starts: IntArray) -> Float64Array:
    """Mean correlation between blocks; within a block of one item it is not defined (NaN)."""
    sums = np.add.reduceat(units, starts[:-1], axis=1)
    sizes = np.diff(starts).astype(np.float64)
    pairs = np.outer(sizes, sizes)
    totals = sums.T @ sums
    own = np.diag_indices(len(sizes))
    totals[own] -= sizes
    pairs[own] -= sizes
    found: Float64Array = np.divide(totals, pairs, out=np.full(totals.shape, np.nan), where=pairs > 0)
    return found


def _subjects(items: pd.DataFrame) -> list[str] | None:
    return items["subject"].astype(str).tolist() if "subject" in items else None


def _draw(axes: Any, found: Redundancy, anchors: BoolArray | None, sheet: Sheet) -> None:
    from matplotlib import colormaps

    count, reach = len(found.order), found.reach
    colours = colormaps["PuOr"].with_extremes(bad="white")
    image = axes.imshow(
        np.ma.masked_invalid(found.cells),
        cmap=colours,
        vmin=-reach,
        vmax=reach,
        extent=(0, count, count, 0),
        interpolation="nearest",
    )
    axes.grid(visible=False)
    axes.set(xlabel="items", ylabel="" if found.subjects else "items", xticks=[0, count])
    axes.set_xticklabels(["1", f"{count:,}"])
    axes.set_yticks([])
    if found.subjects:
        _subject_names(axes, found.subjects, HEIGHTS[sheet.columns] - 1.0)
    if anchors is not None:
        _ticks(axes, np.flatnonzero(anchors))
    axes.set(xlim=(0, count), ylim=(count, 0))
    bar = axes.get_figure().colorbar(image, ax=axes, location="bottom", fraction=0.04, aspect=40, pad=0.02)
    bar.set_label(f"mean correlation between items{' ' if sheet.is_wide else chr(10)}over source models", fontsize=7)
    bar.ax.tick_params(labelsize=7)
    bar.outline.set_visible(False)


def _ticks(axes: Any, at: IntArray) -> None:
    """A tick above the picture for every anchor."""
    above = axes.get_xaxis_transform()
    style = {"marker": "|", "linestyle": "none", "color": INK, "markersize": 4, "markeredgewidth": 0.6}
    axes.plot(at + 0.5, np.full(len(at), 1.015), clip_on=False, transform=above, **style)
    axes.annotate(
        "anchors",
        (0, 1.015),
        xycoords=axes.transAxes,
        xytext=(-3, 0),
        textcoords="offset points",
        fontsize=SMALLEST,
        va="center",
        ha="right",
    )


def _subject_names(axes: Any, subjects: list[str], inches: float) -> None:
    """A line between subjects, and the names of those that are wide enough for one."""
    names, starts = np.unique(subjects, return_index=True)
    ends = np.append(starts[1:], len(subjects))
    for start in starts[1:]:
        axes.axhline(start, color=INK, linewidth=0.3)
        axes.axvline(start, color=INK, linewidth=0.3)
    wide = (ends - starts) / len(subjects) * inches >= NAMED
    middles = (starts + ends) / 2
    axes.set_yticks(middles[wide], [model_label(name, 20) for name in names[wide]], parse_math=False)
    axes.tick_params(axis="y", length=0)


def _caption(inputs: Inputs, found: Redundancy, models: int, items: int) -> str:
    part, count = inputs.part, len(found.order)
    left = f" {items - count:,} items that all of these models answer alike are left out." if items > count else ""
    blocks = len(found.cells)
    averaged = (
        f" Each cell is the mean over the pairs of two blocks of about {count / blocks:.1f} items."
        if blocks < count
        else ""
    )
    by = "by subject, and within a subject " if found.subjects else ""
    run = (
        f" Ticks above: the {len(part.anchors.items):,} anchors that {part.summary.selector} chose."
        if part.job == "run"
        else ""
    )
    return (
        f"Correlation between the scores of {count:,} items of benchmark {part.benchmark} over {models} models; items "
        f"stand {by}by the angle of their loadings on the first two principal components.{averaged}{left}{run} The "
        f"scale ends at ±{found.reach:.2f}, which 99 % of the cells do not exceed; correlations of unrelated items "
        f"have a standard deviation of about {1 / np.sqrt(models - 1):.2f} over so few models."
    )
