"""Words of captions that several figures share: what was measured, on which models, how often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from anchoreval.reporting.method_lines import BAND

ERRORS = {
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "max_error": "largest absolute error",
    "interval_width": "width of the intervals",
}
"""Figures of a comparison in percentage points, by column."""
ORDERS = {
    "spearman": "rank correlation (Spearman)",
    "kendall": "rank correlation (Kendall's tau-b)",
    "pairwise_agreement": "share of pairs in the right order",
}
"""Figures of a comparison about the order of models, at most 1, by column."""


def listed(values: Sequence[Any], most: int = 12) -> str:
    """`a, b and c`; what is beyond the first so many is counted."""
    names = [str(value) for value in values]
    if len(names) > most:
        names = [*names[:most], f"{len(names) - most} more"]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def span(values: pd.Series[Any]) -> str:
    """`40`, or `38 to 40` where values differ."""
    low, high = values.min(), values.max()
    return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"


def design(shown: pd.DataFrame) -> str:
    """On what a comparison rests, in a sentence; `shown` are its cells with status `ok`."""
    repeats = shown["repeat"].nunique()
    splits = list(dict.fromkeys(shown["split"]))
    times = f"{repeats} repeats, in each" if repeats > 1 else "a single repeat, in which"
    return (
        f"Benchmark {listed(list(dict.fromkeys(shown['benchmark'])))}, {listed(splits)} "
        f"split{'s' if len(splits) > 1 else ''}; {times} {span(shown['n_target'])} target models are held out and "
        f"{span(shown['n_source'])} source models are left."
    )


def bands(shown: pd.DataFrame) -> str:
    """What the bands of means over repeats are, in a sentence."""
    if shown["repeat"].nunique() < 2:
        return "One repeat: no band can be given."
    return (
        f"Bands: the mean over repeats with {BAND:.0%} confidence (Student's t); repeats divide the same models anew, "
        "so bands say how far other divisions would move the mean, not other models."
    )


def units(shown: pd.DataFrame) -> str:
    """For which selectors k counts something else than items, in a sentence; empty where it does for all."""
    other = shown[(shown["n_anchors"] - shown["k"]).abs() > 0.5]
    if other.empty:
        return ""
    ranges = [f"{name} has {span(rows['n_anchors'])} anchors" for name, rows in other.groupby("selector", sort=False)]
    return f"k does not count items for all selectors: {listed(ranges)}."


def sentence(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]
