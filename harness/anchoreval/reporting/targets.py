"""What reports say of the targets, in whatever way these were asked."""

from __future__ import annotations

import pandas as pd

from anchoreval.reporting.summary import Summary
from anchoreval.reporting.tables import points

AGGREGATIONS = {"micro": "every item counts the same", "macro": "every subject counts the same"}


def ranked(summary: Summary, most: int) -> pd.DataFrame:
    """At most so many targets, the best first."""
    return summary.estimates.sort_values("score", ascending=False, kind="stable").head(most)


def rest(summary: Summary, most: int) -> str:
    """How many targets a table of at most so many leaves out, and where they are."""
    hidden = len(summary.estimates) - most
    return f"... and {hidden} more in estimates.csv" if hidden > 0 else ""


def truth_heads(summary: Summary) -> list[str]:
    """Heads of the columns with true scores; none where none is known."""
    return ["true score", "error"] if len(summary.judged) else []


def truth_cells(summary: Summary, row: pd.Series[float]) -> list[str]:
    """A target's cells in these columns."""
    if not len(summary.judged):
        return []
    error = row["score"] - row["truth"]
    return [points(row["truth"]), "-" if error != error else f"{100 * error:+.1f}"]


def against_truth(summary: Summary) -> str:
    """How far the estimates are from true scores, where some are known."""
    if summary.mean_error is None:
        return ""
    inside, known = summary.covered()
    held = f"; {inside} of {known} intervals hold the true score" if known else ""
    return f"mean absolute error against the true scores: {points(summary.mean_error)} points{held}"


def full_score(summary: Summary) -> str:
    """What is estimated, as the beginning of a sentence that goes on with the conditions."""
    how = AGGREGATIONS.get(summary.aggregation, "items count with weights of their own")
    return (
        f"For each target model: its score on all {summary.items:,} items of {summary.benchmark} ({how}), had it been "
        "evaluated in full under the conditions in which"
    )
