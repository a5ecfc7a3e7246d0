"""Our pipeline against the published methods, every rival with its better reading, the best rival named beforehand.

Run `python -m anchoreval.studies.literature --data <folder>`. Writes `literature.md` and `literature.csv` to the folder
that `--into` names and keeps finished cells. Rivals: EssenceBench, metabench, tinyBenchmarks (both kinds of clusters),
Anchor Points and mRMR, and DISCO where there are option probabilities, each read by its own published reconstruction
and by our `auto`. In every cell (benchmark and k) the rival and reading with the least error on the odd repeats is
measured on the even ones, where `optimal` read by `auto` is measured as well; nothing of ours is chosen on targets.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.atomic import write_text
from anchoreval.protocol.comparison import Comparison
from anchoreval.protocol.group_errors import Combination
from anchoreval.protocol.resolution import Paired, Resolution
from anchoreval.reporting.tables import markdown_table
from anchoreval.studies.adaptive_form import LABEL, READING, adaptive_errors, with_adaptive
from anchoreval.studies.kept_cells import LARGE, MOST_MODELS, cell_arguments, drawn_benchmark, publish, run

FIXED, ADAPTIVE = ("optimal", "auto"), (LABEL, READING)
SELECTORS: dict[str, dict[str, Any]] = {
    "optimal": {"name": "optimal"},
    "essence": {"name": "essence", "generations": 400},
    "metabench": {"name": "metabench", "candidates": 3000, "start": 5, "iterations": 6},
    "correctness_clusters": {"name": "correctness_clusters"},
    "irt_clusters": {"name": "irt_clusters"},
    "anchor_points": {"name": "anchor_points"},
    "mrmr": {"name": "mrmr"},
}
"""The two searches run at a reduced budget; what that costs them is measured in `published_budgets`."""
WITH_OPTIONS = {**SELECTORS, "disco": {"name": "disco"}}
REFERENCES: dict[str, dict[str, Any]] = {"random": {"name": "random"}, "random_search": {"name": "random_search"}}
"""Always shown beside the others, under one common reading: random items, and the best of 1,000 random subsets."""
COMMON = ("signature",)
ESTIMATORS = ("published", "auto")
MANY, FEW = ("arc", "musr", "ifeval", "livebench"), ("mmlu_options", "cosmosqa_options")
BUDGETS, SHORT = (20, 50, 100), (20, 50)
REPEATS = 20
CAPTION = """# Against the literature

Mean absolute error of reconstructed full scores in percentage points on held-out models, split at random {repeats}
times (`iid`; base models with all variants, exact and near copies on one side). 30 % of the sources size intervals, the
rest choose anchors and fit. *ours*: anchors of `optimal`, read by `auto`, which chooses among estimators by
cross-validation inside the sources. *best rival*: of the published selectors (EssenceBench, metabench, both clusterings
of tinyBenchmarks, Anchor Points, mRMR; DISCO where there are option probabilities), each with its own published
reconstruction and with our `auto`, the one with the least error on the odd repeats; both errors are those on the
**even** repeats. *ratio*: ours over best rival's; resolved (*) where its 95 % interval, from a joint bootstrap of
models (variants and copies together) and repeats, leaves out 1. The searches of EssenceBench and metabench run at
reduced budgets (`published_budgets.md` says what that costs them). *adaptive*: the policy `optimal` asks each of at
most 60 targets a repeat its own items, one after another, and reads them itself; its rivals' errors are those on the
same targets. Of the two large sets {most} models are drawn; their full scores were measured on more items than the
matrix holds, and k = 100 of some 200 items is left out.
Regenerate with `python -m anchoreval.studies.literature --data <folder>`.
"""


@dataclass(frozen=True)
class Cell:
    """One benchmark and budget: our error and the best rival's on the even repeats."""

    ours: Combination
    rival: Combination
    paired: Paired
    error: float


def measured(options: argparse.Namespace) -> Comparison:
    """Every comparison of the study, computed where it is missing."""
    found = []
    for names, selectors, budgets in (
        (MANY, SELECTORS, BUDGETS),
        (LARGE, SELECTORS, SHORT),
        (FEW, WITH_OPTIONS, BUDGETS),
    ):
        matrices = {name: drawn_benchmark(options.data, name) for name in names if name in options.benchmarks}
        if not matrices:
            continue
        found.append(run(options, matrices, REFERENCES, COMMON, budgets, repeats=REPEATS))
        found.append(run(options, matrices, selectors, ESTIMATORS, budgets, repeats=REPEATS))
    return Comparison.joined(found)


def cells(found: Comparison, benchmarks: Sequence[str], ours: tuple[str, str] = FIXED) -> Iterator[Cell]:
    """The best rival on the odd repeats against ours, on the even ones and the targets that both have."""
    table = found.table[(found.table["split"] == "iid") & (found.table["status"] == "ok")]
    odd = table[table["repeat"] % 2 == 1]
    even = Resolution(found.where(found.table["repeat"] % 2 == 0))
    for benchmark in benchmarks:
        for k in sorted(table.loc[table["benchmark"] == benchmark, "k"].unique()):
            here = odd[
                (odd["benchmark"] == benchmark)
                & (odd["k"] == k)
                & ~odd["selector"].isin((FIXED[0], LABEL, *REFERENCES))
            ]
            means = here.groupby(["selector", "estimator"])["mae"].mean()
            best: Any = means.idxmin()
            own = Combination(benchmark, "iid", *ours, int(k))
            if own not in even.errors.rows:
                continue
            rival = Combination(benchmark, "iid", str(best[0]), str(best[1]), int(k))
            paired = even.paired(own, rival)
            yield Cell(own, rival, paired, _mean(table, own))


def _mean(table: pd.DataFrame, name: Combination) -> float:
    rows = table[(table["repeat"] % 2 == 0)]
    for key, value in name._asdict().items():
        rows = rows[rows[key] == value]
    return float(rows["mae"].mean())


def pooled(found: Comparison, shown: Sequence[Cell]) -> Paired:
    """The geometric mean of the ratios of several cells, with its interval."""
    even = Resolution(found.where(found.table["repeat"] % 2 == 0))
    return even.pooled([(cell.ours, cell.rival) for cell in shown])


def cell_table(shown: Sequence[Cell]) -> str:
    """A row a cell."""
    rows = [
        [
            cell.ours.benchmark,
            str(cell.ours.k),
            f"{cell.error:.2f}",
            f"{cell.error / cell.paired.ratio:.2f}",
            f"{cell.rival.selector} + {cell.rival.estimator}",
            ratio_text(cell.paired),
        ]
        for cell in shown
    ]
    return markdown_table(["benchmark", "k", "ours", "best rival", "which", "ratio"], rows)


def ratio_text(paired: Paired) -> str:
    """`0.81 (0.74 to 0.89)*`; without the interval where there are too few models for one."""
    if np.isnan(paired.lower):
        return f"{paired.ratio:.2f}"
    mark = "*" if paired.resolved else ""
    return f"{paired.ratio:.2f} ({paired.lower:.2f} to {paired.upper:.2f}){mark}"


def full_table(table: pd.DataFrame) -> str:
    """Mean error of every selector and reading over all repeats."""
    done = table[table["status"] == "ok"]
    means = done.pivot_table(index=["selector", "estimator"], columns=["benchmark", "k"], values="mae", sort=False)
    header = ["selector", "reading", *(f"{name[0]} {name[1]}" for name in means.columns.to_list())]
    rows = [
        [*map(str, name), *("" if np.isnan(value) else f"{value:.2f}" for value in values)]
        for name, values in zip(means.index, means.to_numpy(), strict=True)
    ]
    return markdown_table(header, rows)


def report(found: Comparison) -> str:
    """The whole study in Markdown."""
    benchmarks = set(found.table["benchmark"])
    many, few = ([name for name in names if name in benchmarks] for names in ((*MANY, *LARGE), FEW))
    sections = {
        "Many sources": list(cells(found, many)),
        "Many sources, every target asked its own items": list(cells(found, many, ADAPTIVE)),
        "Few base models, with option probabilities": list(cells(found, few)),
    }
    parts = [CAPTION.format(repeats=REPEATS, most=f"{MOST_MODELS:,}")]
    for heading, shown in sections.items():
        if not shown:
            continue
        total = pooled(found, shown)
        parts.append(f"## {heading}\n\nGeometric mean of the ratios: **{ratio_text(total)}**\n\n{cell_table(shown)}\n")
    parts.append(f"## Every method\n\nAll {REPEATS} repeats.\n\n{full_table(found.table)}\n")
    return "\n".join(parts)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing and write the tables."""
    parser = cell_arguments("Our pipeline against the published methods.")
    parser.add_argument("--benchmarks", nargs="+", default=[*MANY, *LARGE, *FEW], help="names of benchmarks")
    options = parser.parse_args(arguments)
    found = measured(options)
    publish(options, [found])
    names = tuple(name for name in (*MANY, *LARGE) if name in options.benchmarks)
    found = with_adaptive(found, adaptive_errors(options, names, REPEATS))
    write_text(options.into / "literature.md", report(found))
    write_text(options.into / "literature.csv", summary(found.table).to_csv(index=False))


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Means over repeats of every figure, a row a method and cell."""
    keys = ["benchmark", "split", "selector", "estimator", "k"]
    done = table[table["status"] == "ok"]
    figures: Mapping[str, str] = {c: "mean" for c in done.select_dtypes("number").columns if c not in (*keys, "repeat")}
    return done.groupby(keys, sort=False).agg(figures).reset_index().round(4)


if __name__ == "__main__":
    main()
