"""Every selector on every benchmark: one common reconstruction, and beside it the one its own paper uses.

Run `python -m anchoreval.studies.selector_table --data <folder>`. Models are split at random, a base model with all its
variants on one side; anchors are picked from 70 % of the source models. Writes `selectors.md`, `selectors.csv` (a row a
selector, estimator, k and repeat) and `selectors.png` to the folder that `--into` names, and continues where it was
killed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.atomic import write_text
from anchoreval.protocol.compare import compare
from anchoreval.registry import selectors
from anchoreval.reporting.tables import markdown_table
from anchoreval.studies.against_random import against_random, errors_by_repeat
from anchoreval.studies.benchmarks import read_benchmark, study_arguments

BENCHMARKS = (
    "arc",
    "musr",
    "ifeval",
    "mmlu_options",
    "cosmosqa_options",
    "livebench",
    "alpacaeval2",
    "mmlu_pro_cot",
)
BUDGETS = (20, 50, 100)
COMMON, OWN = "signature", "published"
VARIANTS: dict[str, dict[str, Any]] = {
    "disco (JSD)": {"name": "disco", "score": "jsd"},
    "anchor_points (scores)": {"name": "anchor_points", "features": "scores"},
}
"""Options that a paper or its readers use beside the defaults."""
FIRST = ("random", "random_search", "stratified", "stratified_difficulty")
"""References, shown first: simple random anchors, and the best of 1,000 random subsets."""
READINGS = {COMMON: "common", OWN: "own"}
CAPTION = """# Every selector, one protocol

Mean absolute error of reconstructed full scores in percentage points, mean ± standard deviation over {repeats} random
splits, on models that neither chose anchors nor fitted anything. 25 % of the base models are targets, with all their
variants; 30 % of the others size intervals; the rest choose anchors and fit. `bento` counts subjects, of which no
benchmark here has 20; `bento.md` measures it by itself.
*common*: the estimator `signature` (a line through the anchor mean and a ridge regression on the signature; on option
probabilities where there are some). *own*: the reconstruction that the selector's paper uses (`published`).
`random` and `random_search` (the best of 1,000 random subsets) are the references. Bold: the least error of a column.
Standard deviations are over splits that share models; the tables at the end are paired by split and say which
differences from `random` are resolved.
Regenerate with `make selectors`; every single figure, with rank correlations, coverage of intervals and seconds, is in
`selectors.csv`.
"""
AGAINST = (
    (
        "Selection alone: ratio to random anchors",
        (COMMON,),
        """Error of each selector over that of `random`, both read with the common estimator: geometric mean over the
budgets. In brackets, at how many budgets the difference, paired by split, is resolved at 95 % (- better than random,
+ worse) by Student's t with a variance that allows for splits sharing models (Nadeau and Bengio 2003).""",
    ),
    (
        "Selection with the better reading: ratio to random anchors with theirs",
        (COMMON, OWN),
        """The same with the better of the two readings on each side, at each budget. It is taken on the same splits,
which flatters both sides a little.""",
    ),
)


def specs() -> dict[str, dict[str, Any]]:
    """Label, and name with options, of every selector that is installed, and of the variants."""
    names = [*FIRST, *(name for name in selectors() if name not in FIRST)]
    return {**{name: {"name": name} for name in names}, **VARIANTS}


def measured(
    data: Path, benchmarks: Sequence[str], repeats: int, cells: Path, workers: int, labels: Sequence[str] | None = None
) -> pd.DataFrame:
    """The comparison of all selectors, or of some by label; finished cells are kept in a folder."""
    wanted = {label: spec for label, spec in specs().items() if labels is None or label in labels}
    return compare(
        {name: read_benchmark(data, name) for name in benchmarks},
        wanted,
        [COMMON, OWN],
        k=BUDGETS,
        repeats=repeats,
        workers=workers,
        cells=cells,
        progress=True,
    )


def report(table: pd.DataFrame) -> str:
    """The whole study in Markdown."""
    parts = [CAPTION.format(repeats=table["repeat"].nunique())]
    for benchmark, rows in table.groupby("benchmark", sort=False):
        parts.append(f"## {benchmark}\n\n{_sizes(rows)}\n\n{_benchmark_table(rows)}\n")
    for heading, readings, words in AGAINST:
        parts.append(f"## {heading}\n\n{words}\n\n{_ratio_table(against_random(table, readings, BUDGETS))}\n")
    return "\n".join(parts)


def _sizes(rows: pd.DataFrame) -> str:
    done = rows[rows["status"] == "ok"]
    sources, targets = done["n_source"].median(), done["n_target"].median()
    return f"{sources:.0f} source models (calibration included), {targets:.0f} targets."


def _benchmark_table(rows: pd.DataFrame) -> str:
    header = ["selector", *(f"k = {k} {READINGS[name]}" for k in BUDGETS for name in READINGS), "seconds"]
    lines = [_line(str(label), part) for label, part in rows.groupby("selector", sort=False)]
    means = {column: [line["means"].get(column, np.inf) for line in lines] for column in _columns()}
    best = {column: int(np.argmin(values)) for column, values in means.items() if np.isfinite(min(values))}
    body = [
        [line["label"], *(_bold(line["cells"][c], best.get(c) == n) for c in _columns()), line["seconds"]]
        for n, line in enumerate(lines)
    ]
    return markdown_table(header, body)


def _columns() -> list[tuple[int, str]]:
    return [(k, name) for k in BUDGETS for name in READINGS]


def _bold(text: str, yes: bool) -> str:
    return f"**{text}**" if yes else text


def _line(label: str, part: pd.DataFrame) -> dict[str, Any]:
    """The cells of one selector: mean and spread, or why there is none."""
    errors = {column: errors_by_repeat(part, *column) for column in _columns()}
    texts = {c: f"{e.mean():.2f} ± {e.std(ddof=1):.2f}" if len(e) > 1 else "-" for c, e in errors.items()}
    first = _columns()[0]
    if not any(len(e) for e in errors.values()):
        texts = dict.fromkeys(errors, "") | {first: f"{part['status'].iloc[0]}: {part['reason'].iloc[0]}"}
    seconds = part.loc[part["status"] == "ok", "select_seconds"]
    return {
        "label": label,
        "cells": texts,
        "means": {column: e.mean() for column, e in errors.items() if len(e)},
        "seconds": f"{seconds.median():.1f}" if len(seconds) else "",
    }


def _ratio_table(ratios: pd.DataFrame) -> str:
    """A row a selector, the least ratio first; the mean over benchmarks only where it applies to all."""
    benchmarks = list(dict.fromkeys(ratios["benchmark"]))
    order = np.log(ratios["ratio"]).groupby(ratios["selector"]).mean().sort_values()
    body = []
    for label in order.index:
        cells = ratios[ratios["selector"] == label].set_index("benchmark")
        texts = [_ratio_text(cells.loc[name]) if name in cells.index else "n/a" for name in benchmarks]
        body.append([str(label), *texts, f"{np.exp(order[label]):.2f}" if len(cells) == len(benchmarks) else ""])
    return markdown_table(["selector", *benchmarks, "all"], body)


def _ratio_text(cell: pd.Series[Any]) -> str:
    marks = "".join(f"{cell[side]}{mark}" for side, mark in (("better", "-"), ("worse", "+")) if cell[side])
    return f"{cell['ratio']:.2f}" + (f" ({marks})" if marks else "")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing and write the tables."""
    parser = study_arguments("Every selector on every benchmark.")
    parser.add_argument("--into", type=Path, default=Path("results/published"), help="where the tables go")
    parser.add_argument("--cells", type=Path, default=Path("results/studies/selectors"), help="where cells are kept")
    parser.add_argument("--benchmarks", nargs="+", default=list(BENCHMARKS), help="names of benchmarks")
    parser.add_argument("--repeats", type=int, default=10, help="random splits a benchmark")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    _run(parser.parse_args(arguments))


def _run(options: argparse.Namespace) -> None:
    from anchoreval.reporting.figure_ratios import ratio_map

    table = measured(options.data, options.benchmarks, options.repeats, options.cells, options.workers)
    text = report(table)
    write_text(options.into / "selectors.md", text)
    write_text(options.into / "selectors.csv", table.round(4).to_csv(index=False))
    alone = against_random(table, (COMMON,), BUDGETS)
    write_text(options.into / "selectors-ratios.md", _ratio_table(alone) + "\n")  # the table that the README quotes
    ratio_map(options.into / "selectors.png", alone)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
