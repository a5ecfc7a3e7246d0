"""How well exemplars of one subject help on another, as a map, with the subjects that BenTo would take from it.

The choice is that of `selector=bento`: greedy facility location over similarities of the rows. Nothing about models'
scores enters, so it can be drawn from the measurement alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.errors import NotApplicableError
from anchoreval.numerics.facility_location import lazy_greedy
from anchoreval.numerics.task_similarity import FORMS, TaskSimilarity, task_kernel
from anchoreval.reporting.canvas import COLOURS, INK
from anchoreval.reporting.figure_lines import model_label
from anchoreval.reporting.paper.kind import Caption, Inputs
from anchoreval.reporting.paper.style import LETTER, Sheet
from anchoreval.reporting.paper.wording import listed
from anchoreval.scoring.transfer_matrix import TransferMatrix

OPTIONS = {
    "k": "number of subjects that are chosen; default: a third of them",
    "form": "of the similarities, sim or le (see selector=bento)",
}
CELL, LARGEST, NARROWEST = 0.125, 0.34, 0.11
"""Inches: the least that a row of words takes, the most that a cell does, and the least width for a name below."""
NUMBERED = {"one": 0, "two": 20}
"""Up to so many subjects scores are written into the cells."""
LONGEST = 20


def transfer_matrix(inputs: Inputs, sheet: Sheet) -> Caption:
    """Mean scores by subject of the exemplars (rows) and of the questions (columns), the chosen rows marked.

    Raises:
        NotApplicableError: fewer than three subjects, of which none stands for others.
    """
    measured = inputs.part.transfer
    count = len(measured.subjects)
    if count < 3:
        raise NotApplicableError(f"figure {inputs.kind}: {inputs.part.folder} has {count} subjects; 3 are needed")
    form = inputs.choice("form", FORMS, "sim")
    k = inputs.count("k", max(1, round(count / 3)))
    if k > count:
        raise inputs.refused("k", k, [f"1 to {count}"])
    values = measured.mean.to_numpy(dtype=np.float64)
    order = lazy_greedy(TaskSimilarity.of_kernel(task_kernel(values, form=form)), np.ones(count), k).items
    _draw(sheet, measured.subjects, values, [int(n) for n in order])
    return Caption(_caption(inputs.part.benchmark, measured, [measured.subjects[n] for n in order], form))


def _draw(sheet: Sheet, subjects: tuple[str, ...], values: Float64Array, order: list[int]) -> None:
    names = [model_label(name, LONGEST) for name in subjects]
    beside = LETTER * (max(map(len, names)) + 3)
    wide = (sheet.width - beside - 0.55) / len(names)
    below = names if wide > NARROWEST else []
    canvas = sheet.page(float(np.clip(wide, CELL, LARGEST)) * len(names) + (beside if below else 0.3) + 0.2)
    axes = canvas.add_subplot()
    image = axes.imshow(100 * values, cmap="cividis", aspect="auto", interpolation="nearest")
    _axes(axes, names, below, order)
    if len(names) <= NUMBERED[sheet.columns]:
        _numbers(axes, 100 * values, image)
    bar = canvas.colorbar(image, ax=axes, fraction=0.05, pad=0.02, aspect=30)
    bar.set_label("mean score (percentage points)")
    bar.ax.tick_params(labelsize=7)
    bar.outline.set_visible(False)


def _axes(axes: Any, names: list[str], below: list[str], order: list[int]) -> None:
    place = {row: n for n, row in enumerate(order, 1)}
    rows = [f"{name} ({place[n]})" if n in place else name for n, name in enumerate(names)]
    axes.set_yticks(range(len(names)), rows, parse_math=False)
    axes.set_xticks(range(len(below)), below, rotation=90, parse_math=False)
    same = "" if below else "\n(in the same order)"
    axes.set(xlabel=f"subject of the questions{same}", ylabel="subject of the exemplars")
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for row in order:
        axes.axhline(row - 0.5, color="white", linewidth=0.8)
        axes.axhline(row + 0.5, color="white", linewidth=0.8)
        axes.get_yticklabels()[row].set(color=COLOURS[1], fontweight="bold")


def _numbers(axes: Any, values: Float64Array, image: Any) -> None:
    for (row, column), value in np.ndenumerate(values):
        colour = INK if image.norm(value) > 0.6 else "white"
        axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=7, color=colour)


def _caption(benchmark: str, measured: TransferMatrix, chosen: list[str], form: str) -> str:
    told, counts = measured.described, measured.counts
    asked = f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
    draws = len(measured.draws)
    return (
        f"Mean score of {told['model']} on questions of each subject of benchmark {benchmark} (columns, {asked} "
        f"questions) after {told['shots']} exemplars of each subject (rows), over {draws} draws of the exemplars. "
        f"Marked and numbered: the {len(chosen)} subjects that greedy facility location takes from this table (form "
        f"{form}), in order: {listed(chosen)}."
    )
