"""Several benchmarks at once: one budget and joint estimates, against a budget and an estimate for each.

Run `python -m anchoreval.studies.joint_suites --data <folder>`; writes `joint_suites.md` to the folder that `--into`
names. Ways to choose anchors with the same total: random, equally many in each benchmark; the design `optimal` in each
benchmark by itself, half of the budget each; and the joint design, which divides the budget itself, for errors in
points or relative to the benchmarks' spreads. Each is read from a benchmark's own anchors, from all, and from whichever
did better on selecting models that were left out. Targets had no part in any of it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.atomic import write_text
from anchoreval.numerics.resampled_t import resolved_sign
from anchoreval.protocol.splits import split as split_models
from anchoreval.protocol.suite_anchoring import SuiteAnchors, select_suite
from anchoreval.protocol.suite_readings import AUTO, JOINT, OWN
from anchoreval.protocol.suite_reconstruction import reconstruct_suite
from anchoreval.protocol.suite_views import GRAND_MEAN, shared_matrix
from anchoreval.reporting.tables import markdown_table
from anchoreval.responses import SCORE
from anchoreval.studies.benchmarks import read_benchmark, study_arguments
from anchoreval.studies.joint_metabench import thinned
from anchoreval.suite import Suite

SUITES: dict[tuple[str, ...], tuple[int, ...]] = {
    ("ifeval", "musr"): (40, 100, 200),
    ("openllm_large_truthfulqa", "openllm_large_winogrande"): (40, 100),
}
"""Total budgets by suite."""
MOST_MODELS = 1500
"""Larger suites are thinned to about this many models, whole groups at a time."""
REPEATS = 10
LEVEL = 0.9
RANDOM, APART, TOGETHER, RELATIVE = "random", "optimal, each by itself", "optimal, joint", "optimal, joint, relative"
ANCHORS: dict[str, dict[str, Any]] = {
    RANDOM: {"selector": "stratified", "allocation": "equal"},
    APART: {"selector": "optimal", "split": "equal"},
    TOGETHER: {"selector": "optimal", "split": "joint"},
    RELATIVE: {"selector": "optimal", "split": "joint", "aim": "relative"},
}
READINGS: dict[str, tuple[str, ...]] = {**dict.fromkeys(ANCHORS, (OWN, JOINT, AUTO)), RELATIVE: (AUTO,)}
BOTH = "mean of the errors"
"""The mean over benchmarks of their mean absolute errors, beside that of the grand mean."""
CONTRASTS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "random: joint reading": ((RANDOM, JOINT), (RANDOM, OWN)),
    "random: reading chosen": ((RANDOM, AUTO), (RANDOM, OWN)),
    "optimal: joint reading": ((APART, JOINT), (APART, OWN)),
    "optimal: reading chosen": ((APART, AUTO), (APART, OWN)),
    "optimal: joint design": ((TOGETHER, OWN), (APART, OWN)),
    "optimal: joint design, reading chosen": ((TOGETHER, AUTO), (APART, OWN)),
    "optimal: joint relative design, reading chosen": ((RELATIVE, AUTO), (APART, OWN)),
}
"""By name, which anchors and reading are compared with which separate ones."""


def one_split(suite: Suite, budgets: Sequence[int], seed: int) -> Iterator[dict[str, Any]]:
    """A row a budget, way of choosing, reading and output: errors on held-out models in percentage points.

    Args:
        suite: of models with full scores on all benchmarks.
        budgets: total numbers of anchors.
        seed: of the split, and of everything random in it.
    """
    sides = split_models(shared_matrix(suite)[0], "iid", seed)
    sources, targets = (of_models(suite, side) for side in (sides.sources, sides.targets))
    truth = targets.full_scores
    truth[GRAND_MEAN] = truth.mean(axis=1)
    for k in budgets:
        for label, options in ANCHORS.items():
            anchors = select_suite(sources, k=k, seed=seed, **options)
            for row in _errors(sources, anchors, READINGS[label], targets, truth, seed):
                yield {"k": k, "seed": seed, "anchors": label, "sources": len(sides.sources), **row}


def _errors(
    sources: Suite, anchors: SuiteAnchors, readings: Sequence[str], targets: Suite, truth: pd.DataFrame, seed: int
) -> Iterator[dict[str, Any]]:
    for reading in readings:
        found = reconstruct_suite(sources, anchors, "signature", seed, reading=reading)
        estimate = found.predict(targets, LEVEL)
        errors = {name: 100.0 * float((estimate[name][SCORE] - truth[name]).abs().mean()) for name in truth}
        shared = {"reading": reading, "targets": len(truth)}
        for output in truth:
            part, true = estimate[output], truth[output]
            yield {
                **shared,
                "output": output,
                "mae": errors[output],
                "coverage": float(((part["lower"] <= true) & (true <= part["upper"])).mean()),
                "width": 100.0 * float((part["upper"] - part["lower"]).mean()),
                "budget": anchors.budgets.get(str(output), anchors.k),
                "read_jointly": float(found.readings.get(str(output), OWN) == JOINT),
            }
        yield {**shared, "output": BOTH, "mae": float(np.mean([errors[name] for name in targets]))}


def of_models(suite: Suite, models: pd.Index[Any]) -> Suite:
    """The suite with these models alone."""
    return Suite({name: matrix.subset(models=models) for name, matrix in suite.items()})


def differences(part: pd.DataFrame, first: tuple[str, str], second: tuple[str, str]) -> tuple[Float64Array, float]:
    """Errors of one way less those of another on the same targets, by split; and the ratio of their means.

    Args:
        part: rows of one budget and output.
        first: anchors and reading.
        second: likewise.
    """
    sides = [
        part[(part["anchors"] == anchors) & (part["reading"] == reading)].set_index("seed")["mae"].sort_index()
        for anchors, reading in (first, second)
    ]
    return np.asarray(sides[0] - sides[1], dtype=np.float64), float(sides[0].mean() / sides[1].mean())


def ratio_table(rows: pd.DataFrame) -> str:
    """Errors of joint ways as ratios to separate ones, a row a budget and contrast; marks where resolved."""
    names = list(dict.fromkeys(rows["output"]))
    test_to_train = float((rows["targets"] / rows["sources"]).mean())
    lines = []
    for k, part in rows.groupby("k", sort=False):
        for label, (first, second) in CONTRASTS.items():
            texts = []
            for name in names:
                difference, ratio = differences(part[part["output"] == name], first, second)
                mark = {-1: " -", 0: "", 1: " +"}[resolved_sign(difference, test_to_train)]
                texts.append(f"{ratio:.2f} ({difference.mean():+.2f}){mark}")
            lines.append([str(k), label, *texts])
    return markdown_table(["k", "joint against separate", *names], lines, left=2)


def error_table(rows: pd.DataFrame) -> str:
    """Mean absolute errors, then coverage and width of intervals, a row a budget, way of choosing and reading."""
    names = [name for name in dict.fromkeys(rows["output"]) if name != BOTH]
    lines = []
    for (k, anchors, reading), part in rows.groupby(["k", "anchors", "reading"], sort=False):
        means = part.groupby("output")[["mae", "coverage", "width"]].mean().loc[names].to_numpy()
        texts = [f"{mae:.2f} / {100 * held:.0f} % / {width:.1f}" for mae, held, width in means]
        lines.append([str(k), str(anchors), str(reading), *texts])
    return markdown_table(["k", "anchors", "reading", *names], lines, left=3)


def budget_table(rows: pd.DataFrame) -> str:
    """How the joint designs divide the budget, and how often others' anchors were read."""
    lines = []
    chosen = rows[(rows["reading"] == AUTO) & ~rows["output"].isin([GRAND_MEAN, BOTH])]
    for (k, output), part in chosen.groupby(["k", "output"], sort=False):
        by_anchors = {str(label): own for label, own in part.groupby("anchors")}
        counts = [by_anchors[label]["budget"] for label in (TOGETHER, RELATIVE)]
        divided = [f"{count.mean():.1f} ({count.min():.0f} to {count.max():.0f})" for count in counts]
        shares = [f"{100 * by_anchors[label]['read_jointly'].mean():.0f} %" for label in ANCHORS]
        lines.append([str(k), str(output), *divided, *shares])
    header = ["k", "benchmark", f"anchors: {TOGETHER}", f"anchors: {RELATIVE}"]
    return markdown_table([*header, *(f"read jointly: {label}" for label in ANCHORS)], lines, left=2)


def suite_report(suite: Suite, budgets: Sequence[int], repeats: int) -> str:
    """One suite's section."""
    shared = thinned(suite, MOST_MODELS)
    rows = pd.DataFrame([row for seed in range(repeats) for row in one_split(shared, budgets, seed)])
    sizes = ", ".join(f"{matrix.n_items} items of {name}" for name, matrix in suite.items())
    used = f"{len(shared.models):,} of " if len(shared.models) < len(suite.models) else ""
    return "\n\n".join(
        [
            f"## {' + '.join(suite)}",
            f"{used}{len(suite.models):,} shared models, {sizes}; {rows['sources'].mean():.0f} sources (30 % of them "
            f"size intervals) and {rows['targets'].mean():.0f} targets a split.",
            ratio_table(rows),
            budget_table(rows),
            error_table(rows),
        ]
    )


CAPTION = """# Several benchmarks at once: joint against separate, at equal total budget

Mean over {repeats} random splits of the models; k is the total number of anchors. *random* draws k / 2 in each
benchmark. *optimal* is the greedy design, in each benchmark by itself with k / 2 each, or joint: on the items of both,
for the summed posterior variance of both scores, so that it divides k itself; relative: each variance in units of what
it is over models. *own*: each score is read by a line and a ridge regression (`signature`) on the benchmark's own
anchors; *joint*: on all anchors; *auto*: jointly only where that did better by more than a standard error on selecting
models that were left out. The grand mean is the mean of both estimates, whose errors may cancel; the mean of the errors
is that of the two benchmarks' columns.

In the first table of each suite, the ratio of mean absolute errors of a joint way to those of the separate way with the
same kind of anchors, in brackets their difference in percentage points; `-` and `+`: less or more by a difference,
paired on the same targets, that is resolved at 95 % (Nadeau and Bengio 2003). In the last, mean absolute error in
percentage points / coverage of {level:.0f} % intervals / their mean width in percentage points.
Regenerate with `python -m anchoreval.studies.joint_suites --data <folder>`."""


def report(suites: Mapping[tuple[str, ...], Sequence[int]], data: Path, repeats: int) -> str:
    """All sections."""
    sections = [CAPTION.format(repeats=repeats, level=100 * LEVEL)]
    for names, budgets in suites.items():
        suite = Suite({name: read_benchmark(data, name) for name in names})
        sections.append(suite_report(suite, budgets, repeats))
    return "\n\n".join(sections) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the study and write it."""
    parser = study_arguments("Several benchmarks at once: joint against separate.")
    parser.add_argument("--into", type=Path, default=Path("results/published"), help="where the tables go")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="random splits of the models")
    options: argparse.Namespace = parser.parse_args(arguments)
    text = report(SUITES, options.data, options.repeats)
    write_text(options.into / "joint_suites.md", text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
