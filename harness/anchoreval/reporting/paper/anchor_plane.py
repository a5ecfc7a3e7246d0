"""Anchors among all items in the plane of difficulty and discrimination: the report's drawing in a paper's size."""

from __future__ import annotations

from anchoreval.reporting.figure_anchors import draw_plane
from anchoreval.reporting.paper.kind import Caption, Inputs
from anchoreval.reporting.paper.style import Sheet

HEIGHTS = {"one": 3.3, "two": 4.2}


def anchor_plane(inputs: Inputs, sheet: Sheet) -> Caption:
    """Items as a cloud with the anchors on top, sized by weight, and above them the shares by difficulty."""
    part = inputs.part
    canvas = sheet.page(HEIGHTS[sheet.columns])
    grid = canvas.add_gridspec(2, 1, height_ratios=(1, 3.6))
    axes = canvas.add_subplot(grid[1])
    above = canvas.add_subplot(grid[0], sharex=axes)
    draw_plane(axes, above, part.plane, scale=0.6 if sheet.is_wide else 0.3)
    axes.set(xlabel="source models that answer correctly (%)", ylabel="discrimination (item-rest correlation)")
    above.set_ylabel("share (%)")
    sheet.legend(axes.get_legend_handles_labels()[0], scale=1.5)
    return Caption(_caption(inputs))


def _caption(inputs: Inputs) -> str:
    part, plane = inputs.part, inputs.part.plane
    constant = int(plane["discrimination"].isna().sum())
    hidden = f" {constant:,} items that all of these models answer alike have none and are not shown." * bool(constant)
    chosen = part.summary.chosen("selector") or part.summary.selector
    means = [100 * plane.loc[of, "difficulty"].mean() for of in (plane["weight"] > 0, plane["weight"] >= 0)]
    return (
        f"The {int((plane['weight'] > 0).sum()):,} anchors that {chosen} chose among the {len(plane):,} items of "
        f"benchmark {part.benchmark}, by the share of source models that answer an item correctly (anchors "
        f"{means[0]:.1f} %, all items {means[1]:.1f} % on average) and by discrimination, the correlation of its score "
        f"with the mean of all other items, over the {part.chosen.n_models} source models that chose.{hidden} Areas "
        "are proportional to the anchors' weights. Above: distribution of anchors (line) and of all items (filled)."
    )
