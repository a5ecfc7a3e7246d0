"""Ranks of the targets by their full scores and by their estimates, joined by lines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import NotApplicableError
from anchoreval.numerics.ranks import average_ranks, spearman
from anchoreval.reporting.canvas import CLOUD, COLOURS, INK
from anchoreval.reporting.figure_lines import model_label
from anchoreval.reporting.paper.kind import Caption, Inputs
from anchoreval.reporting.paper.style import LETTER, Sheet
from anchoreval.reporting.tables import points

OPTIONS = {"most": "number of models shown, the best by full score; default: 40"}
MOST, ROW = 40, 0.125
FAR = 0.1
"""Share of the models by which a rank must move for its line to stand out."""


def rank_bump(inputs: Inputs, sheet: Sheet) -> Caption:
    """A line a target from its rank by full score to its rank by estimate.

    Raises:
        NotApplicableError: fewer than two targets have a known full score.
    """
    judged = inputs.part.summary.judged
    if len(judged) < 2:
        raise NotApplicableError(
            f"figure {inputs.kind}: {len(judged)} targets of {inputs.part.folder} have a known full score; 2 are needed"
        )
    ranks = _ranks(judged)
    shown = ranks.head(inputs.count("most", MOST))
    shown = shown.assign(place=np.arange(1, len(shown) + 1), end=shown["by_estimate"].rank(method="first"))
    axes = sheet.page(0.25 + ROW * len(shown)).add_subplot()
    names = [model_label(name, 30 if sheet.is_wide else 17) for name in _without_owners(shown.index.tolist())]
    for name, (_, row) in zip(names, shown.iterrows(), strict=True):
        _line(axes, name, row, FAR * len(ranks))
    _dress(axes, len(shown), sheet, max(map(len, names)))
    return Caption(_caption(inputs, ranks, shown))


def _without_owners(models: list[str]) -> list[str]:
    """Names without the organisation before the slash, as long as that leaves all different."""
    short = [model.rpartition("/")[2] for model in models]
    return short if len(set(short)) == len(models) else models


def _ranks(judged: pd.DataFrame) -> pd.DataFrame:
    """Scores and ranks of the targets, 1 the best, ties by their mean rank; the best by full score first."""
    found = judged[["score", "truth"]].astype(np.float64)
    by = {"by_truth": "truth", "by_estimate": "score"}
    ranked = found.assign(**{name: average_ranks(-found[of].to_numpy()) for name, of in by.items()})
    return ranked.sort_values(["by_truth", "by_estimate"], kind="stable")


def _line(axes: Any, name: str, row: pd.Series[Any], far: float) -> None:
    shift = row["by_estimate"] - row["by_truth"]
    colour = INK if abs(shift) <= far else COLOURS[1] if shift > 0 else COLOURS[0]
    wide = abs(shift) > far
    joined = {"color": colour if wide else CLOUD, "linewidth": 1.1, "marker": "o", "markersize": 2.4}
    axes.plot([0, 1], [row["place"], row["end"]], **joined)
    style = {"fontsize": 7, "va": "center", "color": colour, "parse_math": False, "textcoords": "offset points"}
    ends = ((0, row["place"], f"{name}  {points(row['truth'])}"), (1, row["end"], f"{points(row['score'])}  {name}"))
    for x, y, text in ends:
        axes.annotate(text, (x, y), xytext=(10 * x - 5, 0), ha="left" if x else "right", annotation_clip=False, **style)


def _dress(axes: Any, lowest: int, sheet: Sheet, letters: int) -> None:
    beside = LETTER * (letters + 7)
    reach = beside / max(sheet.width - 2 * beside, 0.4)
    axes.set(xlim=(-reach, 1 + reach), ylim=(lowest + 0.7, -0.4), xticks=[], yticks=[])
    for x, text in ((0, "full score"), (1, "anchors")):
        axes.annotate(
            text, (x, 0), xytext=(10 * x - 5, 0), textcoords="offset points", ha="left" if x else "right", va="center"
        )
    for spine in axes.spines.values():
        spine.set_visible(False)


def _caption(inputs: Inputs, ranks: pd.DataFrame, shown: pd.DataFrame) -> str:
    summary = inputs.part.summary
    order = spearman(ranks["score"].to_numpy(), ranks["truth"].to_numpy())
    first = (
        f" The {len(shown)} best of {len(ranks)} by full score are shown, in order on either side."
        if len(shown) < len(ranks)
        else ""
    )
    moved = int(((ranks["by_estimate"] - ranks["by_truth"]).abs() > FAR * len(ranks)).sum())
    return (
        f"Ranks of {len(ranks)} target models by their scores on all {summary.items:,} items of benchmark "
        f"{summary.benchmark} (left) and by the estimates from {summary.anchors:,} anchors (right: "
        f"{summary.selector}, read by {summary.estimator}), scores in percentage points beside the names. Coloured: "
        f"the {moved} models whose rank moves by more than {FAR:.0%} of the number of models (orange down, blue up). "
        f"Rank correlation (Spearman) {order:.3f}.{first}"
    )
