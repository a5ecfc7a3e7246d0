"""What a judgement of staleness says: lines for the terminal, a Markdown document, a section of a page, plain data."""

from __future__ import annotations

import html
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.reporting.page import PageSection, PageTable
from anchoreval.reporting.tables import markdown_table, points, text_table
from anchoreval.staleness import FRESH, RESELECT, WATCH, Signal, Staleness

HEADING = "Whether the anchors are still fit"
ADVICE = {
    FRESH: "the anchors are fit for these models",
    WATCH: "the anchors need watching: evaluate some of the next models in full",
    RESELECT: "select new anchors from models that include ones like these",
}
"""What each verdict asks for."""
SIGNALS = ["signal", "seen", "expected", "new anchors from", "p", "p, Holm", "state"]
MODELS = ["model", "estimate", "person-fit", "p", "extrapolates", "error", "counts"]
ANCHORS = ["anchor", "moved", "standard errors"]
SHOWN, LISTED = 10, 200
"""Rows of anchors, and of models."""
SIGNALS_CAPTION = (
    "seen and expected: what the targets show and what fresh ones would. new anchors from: the value from which on a "
    "finding asks for new anchors. p: of so odd a value among fresh targets; Holm: allowing for the number of signals. "
    "unknown: nothing was found, and a large effect might have been missed. Person-fit: probability that a target is "
    "odder than a model that stands for freshness; anchor drift and residual drift: score units; reach and coverage: "
    "shares beyond; room at the top: variance of answers among the best quarter."
)
MODELS_CAPTION = (
    "The oddest first. person-fit: misfit of the answers on the anchors, about 1 for a source model; p: among models "
    "that stand for freshness; error: estimate minus truth of models evaluated in full, in percentage points. Of many "
    "models some have a small p by chance."
)
ANCHORS_CAPTION = (
    "The anchors that moved most at equal ability, in percentage points, and in standard errors: easier than they were "
    "for models of their own day (leaked?) above zero, harder below."
)

Table = tuple[str, str, list[str], list[list[str]]]
"""Title, what stands in it, heads, rows."""


def headline(found: Staleness) -> str:
    """The verdict in one sentence."""
    return f"Verdict: {found.verdict}; {ADVICE[found.verdict]}."


def basis(found: Staleness) -> str:
    """What the targets were compared with, and what is promised."""
    new = int(found.models["new"].sum())
    who = "source models, each read without its fold" if found.crossed else "calibration models"
    return (
        f"{new} of {len(found.models)} targets are new; they are compared with {found.witnesses} independent {who}. "
        f"Fresh targets lead to {RESELECT} with a probability of at most {found.alpha:.0%}."
    )


def tables(found: Staleness) -> list[Table]:
    """Signals, models, and the anchors that moved most."""
    signals = [_signal_row(signal) for signal in found.signals]
    oddest = found.models.sort_values(["p_value", "score"], kind="stable", na_position="last").head(LISTED)
    most = found.anchors["z"].abs().sort_values(ascending=False, kind="stable").dropna().index[:SHOWN]
    moved = [[str(item), f"{100 * row['moved']:+.1f}", f"{row['z']:+.1f}"] for item, row in _rows(found.anchors, most)]
    listed: list[Table] = [
        ("Signals", SIGNALS_CAPTION, SIGNALS, signals),
        ("Targets", MODELS_CAPTION, MODELS, [_model_row(model, row) for model, row in _rows(oddest, oddest.index)]),
        ("Anchors that moved", ANCHORS_CAPTION, ANCHORS, moved),
    ]
    return [table for table in listed if table[3]]


def terminal_staleness(found: Staleness) -> str:
    """The verdict, its reasons, the signals, and what is not known."""
    parts = [headline(found), *found.reasons, basis(found)]
    parts.append(text_table(SIGNALS, [_signal_row(signal) for signal in found.signals]))
    return "\n\n".join([*parts, *(f"not known: {sentence}" for sentence in found.unknown)])


def markdown_staleness(found: Staleness) -> str:
    """The document."""
    parts = [f"# {HEADING}", f"**{headline(found)}**", *found.reasons, basis(found)]
    if found.unknown:
        parts.append("## Not known\n\n" + "\n".join(f"- {sentence}" for sentence in found.unknown))
    for title, caption, heads, rows in tables(found):
        parts += [f"## {title}", caption, markdown_table(heads, [[_plain(cell) for cell in row] for row in rows])]
    return "\n\n".join(parts) + "\n"


def staleness_section(found: Staleness) -> PageSection:
    """A section of a page; the page escapes what stands in it."""
    return PageSection(
        title=HEADING,
        lead=f"{headline(found)} {basis(found)}",
        warnings=() if found.verdict == FRESH else found.reasons,
        tables=[PageTable(*table) for table in tables(found)],
        notes=[*(found.reasons if found.verdict == FRESH else ()), *found.unknown],
    )


def staleness_data(found: Staleness) -> dict[str, Any]:
    """Verdict, reasons, signals and models as plain data for JSON; what is not known is None."""
    return {
        "verdict": found.verdict,
        "reasons": list(found.reasons),
        "unknown": list(found.unknown),
        "alpha": found.alpha,
        "witnesses": found.witnesses,
        "crossed": found.crossed,
        "signals": [{name: _json(value) for name, value in vars(signal).items()} for signal in found.signals],
        "models": _records(found.models, "model"),
        "anchors": _records(found.anchors, "item"),
    }


def _signal_row(signal: Signal) -> list[str]:
    values = (signal.value, signal.expected, signal.threshold)
    return [
        signal.name,
        *(_number(value, ".3f") for value in values),
        _number(signal.p_value, ".2g"),
        _number(signal.adjusted, ".2g"),
        signal.state,
    ]


def _model_row(model: Any, row: pd.Series[Any]) -> list[str]:
    error = row["residual"]
    return [
        str(model),
        points(row["score"]),
        _number(row["person_fit"], ".2f"),
        _number(row["p_value"], ".2g"),
        "yes" if row["extrapolating"] else "no",
        "-" if np.isnan(error) else f"{100 * error:+.1f}",
        "yes" if row["new"] else "no",
    ]


def _rows(table: pd.DataFrame, index: pd.Index[Any]) -> list[tuple[Any, pd.Series[Any]]]:
    return list(table.loc[index].iterrows())


def _number(value: float, form: str) -> str:
    return format(value, form) if np.isfinite(value) else "-"


def _plain(cell: str) -> str:
    """A cell in which no markup is left."""
    return html.escape(cell, quote=False)


def _records(table: pd.DataFrame, name: str) -> list[dict[str, Any]]:
    return [
        {name: str(key)} | {str(column): _json(value) for column, value in row.items()} for key, row in table.iterrows()
    ]


def _json(value: Any) -> Any:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, str):
        return value
    return float(value) if np.isfinite(value) else None
