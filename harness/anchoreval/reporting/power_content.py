"""What the power report says, piece by piece, for the terminal, the Markdown document and the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from anchoreval.power.report.power_report import PowerReport
from anchoreval.reporting.tables import interval, points

Table = tuple[str, str, list[str], list[list[str]]]
"""Title, what stands in it, heads, rows."""
UNITS = "In percentage points unless said otherwise."
NAMES = {
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "bias": "bias (estimate minus truth)",
    "max_error": "largest error",
    "slope": "slope of estimate on truth",
    "r_squared": "R squared",
    "spearman": "Spearman correlation",
    "kendall": "Kendall tau-b",
    "pairwise_agreement": "share of pairs in the right order",
    "within_5pct": "share of ranks right within 5 % of the models",
    "within_10pct": "share of ranks right within 10 % of the models",
    "mdad": "MDAD, gap at which 80 % of pairs are in order",
    "mdad_95": "MDAD at 95 %",
}
UNITLESS = {"slope", "r_squared", "spearman", "kendall", "pairwise_agreement", "within_5pct", "within_10pct"}
WHOLE = 1.0 - 1e-9
"""Coverage from which on the items at hand are the benchmark."""
SHOWN_GAPS = (0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2, 0.25)


def title(report: PowerReport) -> str:
    """What the report is about."""
    design = report.design
    return f"What {design['anchors']} of {design['items']:,} items of {design['benchmark']} can tell apart"


def estimand(report: PowerReport) -> str:
    """The first thing to say: of what."""
    name, items = report.design["benchmark"], f"{report.design['items']:,} items"
    whole = f"score on all {items} of {name}"
    if report.design["coverage"] < WHOLE:
        whole = f"full score on {name}, which was measured on more than the {items} at hand"
    return (
        f"T1, meant unless said otherwise: a model's {whole}; the full benchmark shows it exactly, so that only "
        "compression errs. T2: its score on the population that these items come from, about which the full benchmark "
        "errs as well; power lost to compression is a matter of T2."
    )


def headline(report: PowerReport) -> str:
    """One sentence."""
    tested = f"at alpha = {report.alpha:g}"
    if np.isfinite(report.smallest):
        return (
            f"Two models that are {points(report.smallest)} points apart are told apart with probability "
            f"{report.power:.0%} ({tested}, two-sided)."
        )
    if report.slope is None:
        return "What these anchors can tell apart is not known: there are too few calibration models."
    largest = points(float(report.curve["gap"][report.curve["power"].notna()].max()))
    return (
        f"No difference seen among the calibration models (up to {largest} points) is found with probability "
        f"{report.power:.0%} ({tested}, two-sided)."
    )


def design(report: PowerReport) -> dict[str, str]:
    """How it was made, by name."""
    d = report.design
    options = ", ".join(f"{name} = {value}" for name, value in d["selector_options"].items() if value is not None)
    kept_out = "the same, each in a fold without it" if d["crossed"] else "neither chose nor fitted"
    return {
        "benchmark": f"{d['benchmark']}, N = {d['items']:,} items, {d['aggregation']} aggregation",
        "anchors": f"{d['anchors']} ({d['anchors'] / d['items']:.1%} of N), worth {d['effective_anchors']:.0f} of "
        "equal weight",
        "selector": f"{d['selector']} ({options})" if options else str(d["selector"]),
        "seeds": f"{d['selector_seed']} (selector), {d['estimator_seed']} (estimator)",
        "models that chose and fitted": str(d["roles"].get("select", 0)),
        "calibration models": f"{d['calibration_models']}, {d['calibration_groups']} independent ({kept_out})",
        "items digest": str(d["items_digest"]),
    }


def accuracy(report: PowerReport) -> Table:
    """Errors on calibration models, with intervals."""
    rows = []
    for name, words in NAMES.items():
        digits = 3 if name in UNITLESS else 2
        row: Any = report.accuracy.loc[name]
        value, low, high = (_number(row[column], digits) for column in ("value", "lower", "upper"))
        rows.append([words, value, f"{low} to {high}" if low != "-" else "-"])
    if report.random_error is not None:
        rows.append(["root mean squared error of as many random items", _number(report.random_error, 2), "-"])
    return "Accuracy", f"On calibration models; 95 % bootstrap over models. {UNITS}", ["", "value", "95 %"], rows


def resolution(report: PowerReport) -> Table:
    """What pairs are told apart."""
    heads = ["pairs", "spread", "critical difference", "smallest gap, T1", "T2, anchors", "T2, full benchmark"]
    rows = [
        [str(row["pairs"]), *(points(row[name]) for name in ("spread", "critical", *_SMALLEST))]
        for _, row in report.resolution.iterrows()
    ]
    shrinks = (
        ""
        if report.slope is None
        else (
            f" Estimated differences are {report.slope:.2f} (standard error {report.slope_error:.2f}) times true ones."
        )
    )
    caption = (
        f"Spread: of the estimated difference of equal models. From the critical difference on two estimates count as "
        f"different (alpha = {report.alpha:g}, two-sided). Smallest gap: found with probability {report.power:.0%}; a "
        f"dash: none that was seen.{shrinks} {UNITS}"
    )
    return "What is told apart", caption, heads, rows


_SMALLEST = ("smallest", "smallest_population", "smallest_full")


def curve(report: PowerReport) -> Table:
    """Power by the true gap."""
    heads = ["true gap", "power, T1", "type S", "type M", "T2, anchors", "T2, full", "lost"]
    rows = [
        [
            points(row["gap"]),
            *(_number(row[name], 3) for name in ("power", "type_s")),
            _number(row["type_m"], 2),
            *(_number(row[name], 3) for name in ("population", "full", "lost")),
        ]
        for _, row in report.curve.iterrows()
        if any(abs(row["gap"] - gap) < 1e-9 for gap in SHOWN_GAPS)
    ]
    caption = (
        "Probability of finding a true gap (points). Type S: wrong sign among those found. Type M: size shown over "
        "true size among them. Lost: by compression, for the population of items (T2). A dash: beyond the gaps seen."
    )
    return "Power", caption, heads, rows


def coverage(report: PowerReport) -> Table:
    """Coverage of intervals on calibration models, by part."""
    rows = [
        [
            str(row["what"]),
            f"{row['level']:.0%}",
            f"{row['coverage']:.1%}",
            f"{row['low']:.1%} to {row['high']:.1%}",
            str(int(row["models"])),
        ]
        for _, row in report.intervals.iterrows()
    ]
    caption = (
        f"Calibration models inside intervals that the others sized, 95 % Wilson interval. Attainable: "
        f"{report.attainable['score']:.1%} for a score, {report.attainable['difference']:.1%} for a difference."
    )
    return "Intervals", caption, ["models", "level", "coverage", "95 %", "number"], rows


def budgets(report: PowerReport) -> Table:
    """How things change with the number of anchors; without rows where no other budget was asked for."""
    rows = [
        [
            str(int(row["anchors"])),
            points(row["error"], 2),
            _number(row["slope"], 2),
            points(row["spread"], 2),
            points(row["smallest"]),
        ]
        for _, row in report.budgets.iterrows()
    ]
    told = [_needed(row) for _, row in report.needed.iterrows()]
    by_curve = f" By the curve a + b (1 / k - 1 / N), gaps need: {'; '.join(told)}." if told else ""
    caption = f"The same selector and estimator with other numbers of anchors. {UNITS}{by_curve}"
    return "Other budgets", caption, ["anchors", "RMS error", "slope", "spread", "smallest gap"], rows


def _needed(row: Any) -> str:
    if not np.isfinite(row["anchors"]):
        return f"{points(row['gap'])} points: no number short of all items"
    beyond = ", beyond those measured" if row["extrapolated"] else ""
    return f"{points(row['gap'])} points: {row['anchors']:,.0f} anchors{beyond}"


def checks(report: PowerReport) -> list[str]:
    """How the report's claims fared, a sentence each."""
    found = []
    if report.reliability is not None and report.reliability.pairs:
        found.append(
            f"Probabilities of the order: calibration error {report.reliability.error:.3f}, Brier score "
            f"{report.reliability.brier:.3f} over {report.reliability.pairs:,} pairs, each half of the calibration "
            "models judging the other."
        )
    if report.preserved:
        p = report.preserved
        found.append(
            f"Of {int(p['significant_full']):,} pairs that the full benchmark finds different (Holm, alpha = "
            f"{report.alpha:g}), the anchors find {int(p['both'])}, and {int(p['opposite'])} the wrong way; of "
            f"the {int(p['significant_anchors'])} that the anchors find, the full benchmark finds {int(p['both'])}."
        )
    if np.isfinite(report.difference_half_width):
        found.append(
            f"Conformal interval of a difference at {1 - report.alpha:.0%}: plus or minus "
            f"{points(report.difference_half_width)} points."
        )
    return found


def ranks(report: PowerReport, most: int) -> Table | None:
    """Places that the targets may hold; None without targets."""
    if report.targets is None:
        return None
    rows = [
        [str(model), points(row["estimate"]), str(int(row["rank"])), _places(row, ""), _places(row, "marginal_")]
        for model, row in report.targets.places.head(most).iterrows()
    ]
    caption = (
        f"Ranks that are not ruled out, for all models at once and for each by itself (level "
        f"{report.targets.ranks.level:.0%}). {_best(report)}"
    )
    return "Ranks", caption, ["model", "estimate", "rank", "ranks, all at once", "by itself"], rows


def pairs(report: PowerReport, most: int) -> Table | None:
    """Pairs of targets, neighbours in the order of estimates first; None without targets."""
    if report.targets is None or not len(report.targets.pairs):
        return None
    shown, known = list(_neighbours_first(report))[:most], np.isfinite(report.difference_half_width)
    rows = [
        [
            f"{row['first']} / {row['second']}",
            points(row["difference"]),
            interval(row["lower"], row["upper"]) if known else "-",
            _number(row["p_adjusted"], 3),
            _number(row["p_first_better"], 3),
            "yes" if row["resolved"] else "no",
        ]
        for row in shown
    ]
    resolved = int(report.targets.pairs["resolved"].sum())
    caption = (
        f"{resolved} of {len(report.targets.pairs)} pairs are told apart (Holm, alpha = {report.alpha:g}). "
        "Neighbours first; all pairs are in power.json."
    )
    heads = ["pair", "difference", f"{1 - report.alpha:.0%} interval", "p, adjusted", "P(first better)", "told apart"]
    return "Pairs", caption, heads, rows


def tables(report: PowerReport, most: int) -> list[Table]:
    """Every table that has rows."""
    found = [resolution(report), curve(report), ranks(report, most), pairs(report, most // 5)]
    found += [budgets(report), accuracy(report), coverage(report)]
    return [table for table in found if table is not None and table[3]]


def _neighbours_first(report: PowerReport) -> Iterator[Any]:
    assert report.targets is not None
    place = {name: n for n, name in enumerate(report.targets.estimates.index)}
    table = report.targets.pairs
    apart = table["second"].map(place) - table["first"].map(place)
    order = np.lexsort((table["first"].map(place), apart))
    return (row for _, row in table.iloc[order].iterrows())


def _best(report: PowerReport) -> str:
    assert report.targets is not None
    names = [str(name) for name in report.targets.ranks.best()]
    listed = ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
    return f"May be the best: {len(names)} of {len(report.targets.estimates)} ({listed})."


def _places(row: Any, prefix: str) -> str:
    low, high = int(row[f"{prefix}lower"]), int(row[f"{prefix}upper"])
    return str(low) if low == high else f"{low} to {high}"


def _number(value: float, digits: int) -> str:
    return "-" if value is None or not np.isfinite(value) else f"{value:.{digits}f}"
