"""What the report of `job=run` says, piece by piece, for the terminal, the Markdown document and the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anchoreval.reporting.run_summary import ESTIMATE_COLUMNS, Choice, RunSummary
from anchoreval.reporting.tables import interval, points
from anchoreval.reporting.targets import against_truth, full_score, ranked, truth_cells, truth_heads

UNIT = "Scores and interval ends are in percentage points."
SUBJECT_NOTE = "Estimates by subject, in percentage points, without intervals."
TRIED_NOTE = (
    "Mean absolute error in percentage points on models that were held out among those that chose. The first candidate "
    "within one standard error of the best is taken; these errors rank candidates and are no error bars."
)
RULES = {
    "split": "one width for all targets",
    "normalised": "wider where models with such estimates and answers tend to err more",
    "mondrian": "a width for each range of estimates",
    "mondrian_family": "a width for each family of models",
    "weighted": "one width, from errors that count by how much their models resemble the targets",
}
"""What each rule for intervals does, in half a sentence."""


def title(summary: RunSummary) -> str:
    """What was estimated from what."""
    return f"{summary.benchmark} from {summary.anchors} of {summary.items:,} items"


def headline(summary: RunSummary) -> str:
    """A line about the design."""
    error = "unknown" if summary.expected_error is None else f"{points(summary.expected_error)} points"
    return (
        f"{summary.benchmark}: {summary.anchors} of {summary.items:,} items as anchors "
        f"({_chosen(summary, 'selector', summary.selector)}), "
        f"reconstructed by {_chosen(summary, 'estimator', summary.estimator)}, expected error {error}"
    )


def header(summary: RunSummary) -> list[str]:
    """Heads of the table of targets."""
    heads = ["model", "anchors", "estimate", f"{summary.level:.0%} interval"]
    return heads + truth_heads(summary)


def rows(summary: RunSummary, most: int) -> list[list[str]]:
    """At most so many targets, the best first."""
    found = []
    for model, row in ranked(summary, most).iterrows():
        shown = [str(model), str(int(row["anchors"])), points(row["score"]), interval(row["lower"], row["upper"])]
        found.append([*shown, *truth_cells(summary, row)])
    return found


def estimand(summary: RunSummary) -> str:
    """What the estimates are estimates of."""
    return (
        f"{full_score(summary)} the anchors were scored. Its answers on the {summary.anchors} anchors are "
        f"{summary.scoring}; the score on the other items is reconstructed."
    )


def design(summary: RunSummary) -> dict[str, str]:
    """How it was done, by name."""
    budget = f"k = {summary.k} {summary.unit}s" + (f" ({summary.anchors} items)" if summary.unit != "item" else "")
    selector, estimator = (_chosen(summary, kind, getattr(summary, kind)) for kind in ("selector", "estimator"))
    found = {
        "benchmark": f"{summary.benchmark}, N = {summary.items:,} items, {summary.aggregation} aggregation",
        "anchors": f"{budget} of N, {summary.anchors / summary.items:.1%}",
        "selector": _method(selector, summary.selector_options) + (", a saved set" if summary.reused else ""),
        "estimator": _method(estimator, summary.estimator_options),
        "intervals": _rule(summary),
        "seed": str(summary.seed),
        "models that chose and fitted": str(summary.roles.get("select", 0)),
        "models that size the errors": _calibration_count(summary),
        "targets": f"{len(summary.estimates)}, {summary.scoring}",
        "copies": summary.duplicates,
    }
    return found | {f"left out: {reason}": str(count) for reason, count in summary.left_out.items() if count}


def errors(summary: RunSummary) -> list[str]:
    """What is known of the errors, a paragraph each."""
    if summary.expected_error is None:
        return ["Unknown: no model that sizes the errors was kept out of the choice of the anchors."]
    lines = [
        f"Expected error: {points(summary.expected_error, 2)} percentage points (mean absolute error on the "
        f"{summary.calibration_groups} independent {_kept_out(summary)}).",
        f"Intervals: level {summary.level:.0%}, {_rule(summary)}; the highest level that these models allow is "
        f"{summary.attainable_level:.1%}. The level holds on average over targets that are drawn like the "
        f"{summary.judges}{_nearly(summary)}.",
    ]
    if summary.slope is not None and summary.shrinkage_slope is not None:
        lines.append(
            f"Slopes on the same models: {summary.slope:.2f} of truth on estimate (at 1 a difference between two "
            "estimates is, on average, the difference to expect between the true scores; below 1 estimates are too "
            f"far apart) and {summary.shrinkage_slope:.2f} of estimate on truth (what is left, on average, of a true "
            "difference between two models)."
        )
    if summary.baseline_error is not None:
        lines.append(
            f"For comparison, giving every model the mean score of the source models errs by "
            f"{points(summary.baseline_error, 2)} points."
        )
    if truth := against_truth(summary):
        lines.append(f"Here: {truth}.")
    return lines


def subject_rows(summary: RunSummary, most: int) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of the table of subjects; no heads where there are no subjects."""
    subjects = [str(c) for c in summary.estimates.columns if c not in ESTIMATE_COLUMNS]
    if not subjects:
        return [], []
    found = [[str(m), *(points(row[s]) for s in subjects)] for m, row in ranked(summary, most).iterrows()]
    return ["model", *subjects], found


def tried(summary: RunSummary) -> list[tuple[str, list[str], list[list[str]]]]:
    """For each method that compared candidates: title, heads and rows of a table, in the order of preference."""
    return [
        (f"Tried by the {choice.kind}", ["candidate", "error", ""], _candidates(choice))
        for choice in summary.choices
        if choice.errors
    ]


def notes(summary: RunSummary) -> list[str]:
    """What methods say about their own choice, a paragraph each."""
    return [
        f"{choice.kind.capitalize()} {getattr(summary, choice.kind)}: {note}."
        for choice in summary.choices
        for note in choice.notes
    ]


def _candidates(choice: Choice) -> list[list[str]]:
    return [
        [label, points(error, 2), "taken" if label == choice.chosen else ""] for label, error in choice.errors.items()
    ]


def _kept_out(summary: RunSummary) -> str:
    """The models that size the errors, and why they can."""
    if not summary.crossed:
        return "calibration models, which neither chose the anchors nor fitted the estimator"
    return (
        "source models, each predicted from anchors that were chosen and an estimator that was fitted without it and "
        "its variants: no model was set aside, choice and fit were repeated in folds instead"
    )


def _nearly(summary: RunSummary) -> str:
    return ", nearly: folds learn from fewer models than the final choice and fit" if summary.crossed else ""


def _calibration_count(summary: RunSummary) -> str:
    if summary.crossed and summary.calibration_groups:
        return f"the same, each in a fold without it ({summary.calibration_groups} independent)"
    count = summary.roles.get("calibrate", 0)
    return f"{count} ({summary.calibration_groups} independent: variants of one model count once)" if count else "0"


def _rule(summary: RunSummary) -> str:
    """The rule that intervals were made by, and what it does."""
    if not summary.calibration_groups:
        return "none"
    taken = ", taken by auto" if summary.intervals == "auto" else ""
    return f"{summary.rule} ({RULES.get(summary.rule, 'a rule of its own')}{taken})"


def _chosen(summary: RunSummary, kind: str, name: str) -> str:
    """A method, and what it chose for itself."""
    chosen = summary.chosen(kind)
    return f"{name} -> {chosen}" if chosen else name


def _method(name: str, options: Mapping[str, Any]) -> str:
    listed = ", ".join(f"{k} = {v}" for k, v in options.items() if v is not None)
    return f"{name} ({listed})" if listed else name
