"""What it costs to let `auto` choose selector and estimator, against the best single combination in hindsight.

Run `python -m anchoreval.studies.no_regret --data <folder>`. Writes `no_regret.md` and `no_regret.csv`. Every
benchmark, with targets at random (`iid`), of other families, and better than every source (`gap`); `auto` is told
which. In each cell the combination with the least error on one half of the repeats is measured on the other half, then
the halves swap: that is the best that a user with an oracle for the cell could have named beforehand.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.atomic import write_text
from anchoreval.protocol.comparison import Comparison
from anchoreval.protocol.group_errors import Combination
from anchoreval.protocol.resolution import Paired, Resolution
from anchoreval.reporting.tables import markdown_table
from anchoreval.responses import ResponseMatrix
from anchoreval.studies.kept_cells import LARGE, cell_arguments, drawn_benchmark, publish, run
from anchoreval.studies.literature import ratio_text, summary

BENCHMARKS = (
    "arc",
    "musr",
    "ifeval",
    "livebench",
    "mmlu_options",
    "cosmosqa_options",
    "alpacaeval2",
    "mmlu_pro_cot",
    *LARGE,
)
BUDGETS = (20, 50, 100)
REPEATS = {"iid": 8, "family": 8, "gap": 6}
FEWEST_FAMILIES, FEWEST_TARGETS = 8, 30
RANDOM = {
    "random": {"name": "random"},
    "stratified_difficulty": {"name": "stratified_difficulty"},
}
"""Read by the sample mean as well."""
CHOSEN: dict[str, dict[str, Any]] = {
    "random_search": {"name": "random_search"},
    "mrmr": {"name": "mrmr"},
    "essence": {"name": "essence", "generations": 400},
    "optimal": {"name": "optimal"},
}
RIDGE = {"name": "signature"}
KERNEL = {"name": "signature", "regressor": "kernel_ridge", "label": "kernel_ridge"}
FUSION = {"name": "fusion"}
AUTO = "auto"
CAPTION = """# What it costs to let auto choose

Mean absolute error in percentage points on held-out models. *auto*: selector `auto`, told how targets differ from
sources, with the reading it chose. *best single*: of {count} combinations of selector and estimator, the one with the
least error on one half of the repeats, measured on the other half, both ways round. *random + fusion*: random anchors
read by `fusion`. Ratios of auto to these, with 95 % intervals of a joint bootstrap of models and repeats (*: leaves out
1). Cells of fewer than {targets} different targets over all repeats are shown in brackets and not counted. In a first
run of this study two cells of `gap` missed what is asked of `auto` (1.3 times the best, no worse than random anchors):
`fusion` was then taught to put means of a part of a benchmark on the scale of its full scores, and `auto` to try the
mean of stratified anchors under `gap`; the ratio of `gap` was 1.079 before.
Regenerate with `python -m anchoreval.studies.no_regret --data <folder>`.
"""


@dataclass(frozen=True)
class Cell:
    """One benchmark, kind of split and budget."""

    benchmark: str
    split: str
    k: int
    best: tuple[str, ...]
    errors: tuple[float, float]
    regret: float
    halves: tuple[Paired, ...]
    against_random: Paired
    counted: bool


def measured(options: argparse.Namespace) -> Comparison:
    """Every comparison of the study, computed where it is missing."""
    matrices = {name: drawn_benchmark(options.data, name) for name in options.benchmarks}
    found = []
    for split, repeats in REPEATS.items():
        here = {name: m for name, m in matrices.items() if split != "family" or families(m) >= FEWEST_FAMILIES}
        auto = {AUTO: {"name": AUTO, "resemble": split, "divisions": 3}}
        small = {name: m for name, m in here.items() if name not in LARGE}
        large = {name: m for name, m in here.items() if name in LARGE}
        for group, budgets in ((small, BUDGETS), (large, BUDGETS[:2])):
            if group:
                found += [
                    run(options, group, RANDOM, ["mean", FUSION, RIDGE], budgets, [split], repeats),
                    run(options, group, CHOSEN, [RIDGE, KERNEL], budgets, [split], repeats),
                    run(options, group, auto, [AUTO], budgets, [split], repeats),
                ]
    return Comparison.joined(found)


def families(matrix: ResponseMatrix) -> int:
    """Number of families among the models with a full score; 0 where they are not known."""
    known = matrix.models.loc[matrix.full_scores.notna().to_numpy()]
    return int(known["family"].nunique()) if "family" in known else 0


def cells(found: Comparison) -> Iterator[Cell]:
    """Regret of `auto` in every cell."""
    table = found.table[found.table["status"] == "ok"]
    both = Resolution(found)
    half = [Resolution(found.where(found.table["repeat"] % 2 == n)) for n in (0, 1)]
    for (benchmark, split, k), rows in table.groupby(["benchmark", "split", "k"], sort=False):
        singles = rows[rows["selector"] != AUTO]
        auto = Combination(str(benchmark), str(split), AUTO, AUTO, int(str(k)))
        means = singles.groupby(["repeat", "selector", "estimator"])["mae"].mean().unstack(["selector", "estimator"])
        means = means.dropna(axis=1)
        own = rows[rows["selector"] == AUTO].set_index("repeat")["mae"]
        named, errors, against = [], [], []
        for n in (0, 1):
            chosen: Any = means[means.index % 2 != n].mean().idxmin()
            errors.append((own[own.index % 2 == n].mean(), means.loc[means.index % 2 == n, chosen].mean()))
            named.append(f"{chosen[0]} + {chosen[1]}")
            against.append(half[n].paired(auto, auto._replace(selector=chosen[0], estimator=chosen[1])))
        ours, best = np.mean(errors, axis=0)
        random = both.paired(auto, auto._replace(selector="random", estimator="fusion"))
        yield Cell(
            auto.benchmark,
            auto.split,
            auto.k,
            tuple(dict.fromkeys(named)),
            (float(ours), float(best)),
            float(ours / best),
            tuple(against),
            random,
            _different_targets(found, auto) >= FEWEST_TARGETS,
        )


def _different_targets(found: Comparison, cell: Combination) -> int:
    """Number of models that are a target in any repeat."""
    trials = [trial for name, trial in found.targets.items() if name[:2] == (cell.benchmark, cell.split)]
    return len({model for trial in trials for model in trial.models})


def is_resolved(cell: Cell) -> bool:
    """Whether `auto` is worse than the best single combination in both halves."""
    return all(paired.resolved > 0 for paired in cell.halves)


def report(found: Comparison) -> str:
    """The whole study in Markdown."""
    shown = list(cells(found))
    counted = [cell for cell in shown if cell.counted]
    combinations = found.table.loc[found.table["selector"] != AUTO, ["selector", "estimator"]].drop_duplicates()
    parts = [CAPTION.format(count=len(combinations), targets=FEWEST_TARGETS), "## In all\n", _totals(counted)]
    for split in REPEATS:
        here = [cell for cell in shown if cell.split == split]
        parts.append(f"\n## {split}\n\n{_cell_table(here)}")
    return "\n".join(parts) + "\n"


def _totals(counted: Sequence[Cell]) -> str:
    header = [
        "split",
        "cells",
        "auto / best single",
        "worst",
        "above 1.3 and resolved",
        "auto / random + fusion",
        "worse than it, resolved",
    ]
    rows = []
    for name in ("all", *REPEATS):
        here = [cell for cell in counted if name in ("all", cell.split)]
        if here:
            regret = np.array([cell.regret for cell in here])
            random = np.array([cell.against_random.ratio for cell in here])
            rows.append(
                [
                    name,
                    str(len(here)),
                    f"{np.exp(np.log(regret).mean()):.3f}",
                    f"{regret.max():.2f}",
                    str(sum(cell.regret > 1.3 and is_resolved(cell) for cell in here)),
                    f"{np.exp(np.log(random).mean()):.3f}",
                    str(sum(cell.against_random.resolved > 0 for cell in here)),
                ]
            )
    return markdown_table(header, rows)


def _cell_table(shown: Sequence[Cell]) -> str:
    rows = []
    for cell in shown:
        name = cell.benchmark if cell.counted else f"({cell.benchmark})"
        mark = "*" if is_resolved(cell) else ""
        ratio = f"{cell.regret:.2f}{mark}"
        errors = [f"{error:.2f}" for error in cell.errors]
        rows.append([name, str(cell.k), *errors, ratio, ratio_text(cell.against_random), "; ".join(cell.best)])
    return markdown_table(
        ["benchmark", "k", "auto", "best single", "ratio", "to random + fusion", "best single, by half"], rows
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing and write the tables."""
    parser = cell_arguments("What it costs to let auto choose.")
    parser.add_argument("--benchmarks", nargs="+", default=list(BENCHMARKS), help="names of benchmarks")
    options = parser.parse_args(arguments)
    found = measured(options)
    publish(options, [found])
    write_text(options.into / "no_regret.md", report(found))
    write_text(options.into / "no_regret.csv", summary(pd.DataFrame(found.table)).to_csv(index=False))


if __name__ == "__main__":
    main()
