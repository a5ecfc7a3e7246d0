"""metabench over a suite: reading all benchmarks together against reading each by itself, at one total budget.

Run `python -m anchoreval.studies.joint_metabench --data <folder>`; Markdown goes to standard output. Anchors are chosen
benchmark by benchmark, half of the budget each, by the source models alone; the same anchors are then read separately
(curves in the benchmark's own ability and mean) and jointly (curves in the abilities, means and linear terms of both),
on models that were held out, whole groups of variants and copies at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from anchor_selectors.metabench import Metabench
from anchoreval.contract import choose, fit, generator
from anchoreval.estimators.gam import Gam
from anchoreval.estimators.signature import Signature
from anchoreval.groups import draw_groups, model_groups
from anchoreval.methods import Estimator, Selection
from anchoreval.numerics.resampled_t import resolved_sign
from anchoreval.registry import make_selector
from anchoreval.reporting.tables import markdown_table
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.studies.benchmarks import read_benchmark, study_arguments
from anchoreval.studies.suite_factors import SuiteFactors, suite_factors
from anchoreval.suite import Suite

SUITES = (("ifeval", "musr"), ("openllm_large_truthfulqa", "openllm_large_winogrande"))
BUDGETS = (60, 100, 200)
REPEATS = 5
HELD_OUT = 0.3
MOST_MODELS = 1000
"""Larger suites are thinned to about this many models, whole groups at a time."""
SEARCH: dict[str, Any] = {"folds": 3, "thetas": ("map",), "start": 8, "iterations": 10}
"""A shorter search for the filter's settings than the default's, which was no better on arc and ifeval."""
SEPARATE, JOINT = "separate", "joint"
READINGS: dict[str, tuple[bool, Estimator]] = {
    SEPARATE: (False, Gam()),
    "separate, linear term": (False, Gam(linear=True)),
    JOINT: (True, Gam(joint=True)),
    "joint, no linear term": (True, Gam(joint=True, linear=False)),
    "joint, linear term in sample": (True, Gam(joint=True, linear="in_sample")),
    "joint, signature": (True, Signature(features="scores")),
}
"""By name, whether the benchmarks are read together, and the estimator."""
GRAND = "grand mean"


def one_split(suite: Suite, budgets: Sequence[int], seed: int, search: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row a budget, way of choosing, reading and output: errors on held-out models in percentage points.

    Args:
        suite: aligned.
        budgets: total numbers of anchors.
        seed: of the split, and of everything random in it.
        search: options of `metabench`.
    """
    stacked = suite.stacked()
    groups = model_groups(stacked)
    drawn = draw_groups(groups, round(HELD_OUT * stacked.n_models), generator(seed, "held out"))
    out = groups.index[groups.isin(drawn)]
    old = stacked.subset(models=groups.index.drop(out))
    selectors = {
        "metabench": Metabench(joint=True, **search),
        "random": make_selector("stratified", allocation="equal"),
    }
    truth = outputs(stacked.subset(models=out).totals())
    for k in budgets:
        for label, selector in selectors.items():
            anchors = choose(selector, old, k, seed)
            for reading, (together, estimator) in READINGS.items():
                estimate = (read_together if together else read_apart)(suite, anchors.items, out, estimator, seed)
                errors = 100.0 * (estimate[truth.columns] - truth)
                for output in truth:
                    shared = {"k": k, "seed": seed, "anchors": label, "reading": reading, "output": output}
                    sizes = {"sources": old.n_models, "targets": len(out)}
                    mae, rmse = float(errors[output].abs().mean()), float(np.sqrt((errors[output] ** 2).mean()))
                    yield {**shared, **sizes, "mae": mae, "rmse": rmse}


def outputs(totals: pd.DataFrame) -> pd.DataFrame:
    """The benchmarks' scores and, last, their mean."""
    return totals.drop(columns=SCORE).assign(**{GRAND: totals[SCORE]})


def read_together(
    suite: Suite, anchors: pd.Index[Any], out: pd.Index[Any], estimator: Estimator, seed: int
) -> pd.DataFrame:
    """Estimates of the models `out` by one estimator on the stacked suite, learnt on all other models."""
    return outputs(_read(suite.stacked(), Selection(anchors), out, estimator, seed))


def read_apart(
    suite: Suite, anchors: pd.Index[Any], out: pd.Index[Any], estimator: Estimator, seed: int
) -> pd.DataFrame:
    """The same by an estimator a benchmark; the grand mean is the mean of their estimates."""
    found = {}
    for name, matrix in suite.items():
        own = matrix.items.index[(name + "/" + matrix.items.index).isin(anchors)]
        plain = ResponseMatrix.from_arrays(  # subjects inside a benchmark take no part
            matrix.scores,
            models=matrix.models[[c for c in matrix.models if not str(c).startswith("full_score/")]],
            items=matrix.items.drop(columns="subject", errors="ignore"),
            weights=matrix.weights,
            name=name,
        )
        found[name] = _read(plain, Selection(own), out, estimator, seed)[SCORE]
    table = pd.DataFrame(found)
    return table.assign(**{GRAND: table.mean(axis=1)})


def _read(
    matrix: ResponseMatrix, anchors: Selection, out: pd.Index[Any], estimator: Estimator, seed: int
) -> pd.DataFrame:
    old = matrix.subset(models=matrix.models.index.drop(out))
    return fit(estimator, old, anchors, seed).predict(matrix.subset(models=out))


def thinned(suite: Suite, most: int) -> Suite:
    """The models with full scores on all benchmarks; of larger suites about `most` of them, whole groups."""
    stacked = suite.stacked()
    known = stacked.models.index[stacked.totals().notna().all(axis=1)]
    if len(known) > most:
        groups = model_groups(stacked.subset(models=known))
        known = groups.index[groups.isin(draw_groups(groups, most, generator(0, "thin")))]
    return Suite({name: matrix.subset(models=known) for name, matrix in suite.items()})


def error_table(rows: pd.DataFrame) -> str:
    """Mean and standard deviation over splits of both errors, as Markdown."""
    names = list(dict.fromkeys(rows["output"]))
    lines = []
    for (k, anchors, reading), part in rows.groupby(["k", "anchors", "reading"], sort=False):
        shown = [
            f"{own['mae'].mean():.2f} ± {own['mae'].std():.2f} / {own['rmse'].mean():.2f} ± {own['rmse'].std():.2f}"
            for own in (part[part["output"] == name] for name in names)
        ]
        lines.append([str(k), str(anchors), str(reading), *shown])
    return markdown_table(["k", "anchors", "reading", *names], lines, left=3)


def verdicts(rows: pd.DataFrame, first: str = JOINT, second: str = SEPARATE) -> str:
    """By budget and output, the difference of mean absolute errors of two readings of metabench's anchors."""
    lines = []
    chosen = rows[rows["anchors"] == "metabench"]
    for (k, output), part in chosen.groupby(["k", "output"], sort=False):
        wide = part.pivot(index="seed", columns="reading", values="mae")
        difference = (wide[first] - wide[second]).to_numpy(dtype=np.float64)
        sign = resolved_sign(difference, float((part["targets"] / part["sources"]).mean()))
        word = {-1: "less, resolved", 0: "not resolved", 1: "more, resolved"}[sign]
        below = f"{int((difference < 0).sum())} of {len(difference)}"
        lines.append([str(k), str(output), f"{difference.mean():+.2f}", below, word])
    return markdown_table(["k", "output", f"{first} minus {second}", "splits below", "verdict"], lines, left=2)


def factor_lines(found: SuiteFactors) -> str:
    """What the factor analysis says, as Markdown."""
    names, between = [str(name) for name in found.scores], found.several.correlation
    correlation = found.scores.to_numpy(dtype=np.float64)
    pairs = [(a, b) for a in range(len(names)) for b in range(a)]
    table = markdown_table(
        ["parcel", "one factor", *[f"of {len(names)}: factor {n + 1}" for n in range(len(names))]],
        [
            [parcel, f"{found.one.loadings[row, 0]:.2f}", *[f"{value:.2f}" for value in found.several.loadings[row]]]
            for row, parcel in enumerate(found.parcels)
        ],
    )
    scores = ", ".join(f"{names[b]} and {names[a]} {correlation[a, b]:.2f}" for a, b in pairs)
    factors = ", ".join(f"{between[a, b]:.2f}" for a, b in pairs)
    eigenvalues = ", ".join(f"{value:.2f}" for value in found.number.eigenvalues[:4])
    return "\n".join(
        [
            f"- Correlation of full scores: {scores}.",
            f"- Eigenvalues {eigenvalues} ...; factors above chance (parallel analysis): {found.number.n_factors}.",
            f"- One factor explains {100 * found.one.explained:.0f} % of the variance, {len(names)} explain"
            f" {100 * found.several.explained:.0f} % (correlation of the factors {factors}).",
            f"- Rank correlation of the one factor with the mean score: {found.agreement:.3f}.",
            "",
            table,
        ]
    )


def suite_report(suite: Suite, budgets: Sequence[int], repeats: int, search: Mapping[str, Any]) -> str:
    """One suite's section."""
    suite = suite.aligned()
    shared = thinned(suite, MOST_MODELS)
    rows = pd.DataFrame([row for seed in range(repeats) for row in one_split(shared, budgets, seed, search)])
    sizes = ", ".join(f"{matrix.n_items} items of {name}" for name, matrix in suite.items())
    used = f"{len(shared.models):,} of " if len(shared.models) < len(suite.models) else ""
    return "\n\n".join(
        [
            f"## {' + '.join(suite)}",
            f"{used}{len(suite.models):,} models, {sizes}; {rows['sources'].mean():.0f} sources and"
            f" {rows['targets'].mean():.0f} targets a split.",
            error_table(rows),
            verdicts(rows),
            "Factors behind it (all models; three random parcels of items a benchmark):",
            factor_lines(suite_factors(suite, generator(0, "factors"))),
        ]
    )


CAPTION = """# metabench over a suite: joint against separate reading

Errors on held-out models in percentage points: mean absolute error / root mean square error, mean ± standard deviation
over {repeats} random splits. k is the total, half of it for each benchmark. *metabench*: chosen inside each benchmark
(18 settings of the filter tried in 3 folds, less than the default's); *random*: simple random items of each.
*separate*: curves in the benchmark's own ability and anchor mean; *joint*: in the abilities, means and linear terms of
all, a linear term being a ridge regression on all anchors read out of fold; *in sample*: as published, least squares
read in the sample it was fitted to; *signature*: a line and a ridge regression on the answers. Standard deviations are
over splits that share models; the verdicts are paired by split and allow for that.
Regenerate with `python -m anchoreval.studies.joint_metabench --data <folder>`."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the study and print it."""
    parser = study_arguments("metabench over a suite: joint against separate reading.")
    parser.add_argument("--k", nargs="+", type=int, default=list(BUDGETS), help="total numbers of anchors")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="random splits of the models")
    options = parser.parse_args(arguments)
    sections = [CAPTION.format(repeats=options.repeats)]
    for names in SUITES:
        suite = Suite({name: read_benchmark(options.data, name) for name in names})
        sections.append(suite_report(suite, options.k, options.repeats, SEARCH))
    print("\n\n".join(sections))  # noqa: T201


if __name__ == "__main__":
    main()
