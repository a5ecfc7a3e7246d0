"""Adaptive tests on real benchmarks: what asking each target its own items is worth beside good fixed anchors.

Run `python -m anchoreval.studies.adaptive --data <folder>`. Writes `adaptive.md` and `adaptive.csv` (a row a repeat,
test, k and reading) to the folder that `--into` names. Under three minutes of one core.
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
from anchoreval.methods import Policy, Selector
from anchoreval.numerics.resampled_t import resolved_sign
from anchoreval.protocol.adaptive import adaptive_trial
from anchoreval.registry import make_policy, make_selector
from anchoreval.reporting.tables import markdown_table
from anchoreval.studies.benchmarks import read_benchmark, study_arguments

BENCHMARKS = ("arc", "musr", "ifeval", "mmlu_options")
BUDGETS = (20, 50, 100)
REPEATS, MOST_TARGETS = 5, 25
STOPPING: dict[str, tuple[str, dict[str, Any]]] = {
    "ATLAS, SE 0.3": ("fisher", {"model": "3pl", "randomesque": 5, "standard_error": 0.3}),
    "ATLAS, SE 0.2": ("fisher", {"model": "3pl", "randomesque": 5, "standard_error": 0.2}),
    "optimal, SE 2.5 points": ("optimal", {"standard_error": 0.025}),
}
"""Policies that stop by themselves, at 100 items if not before; shown at their own length."""
SHORT = {"pirt": "p-IRT", "pirt (2 abilities)": "p-IRT 2", "linear": "linear", "correlated": "correlated"}
CAPTION = """# Adaptive tests

Mean absolute error of reconstructed full scores in percentage points on held-out models, mean over {repeats} random
splits (a base model with all its variants on one side, {targets} targets drawn from the held-out quarter), and **in
brackets the error of the same reading with as many items drawn at random for each target**. Policies, anchors and
readings are made from all other models. *fisher*: the item with most information at the target's present ability (2PL;
Fluid Benchmarking). *ATLAS*: 3PL, one of the five best items at random, stopping at a standard error of ability after
30 items at least. *optimal (policy)*: the item that most reduces the posterior variance of this target's full score
(curves in several abilities, and the covariance of what they leave over). *optimal (anchors)*, *random (anchors)*: the
selectors; every target is asked the same items.
Readings: *p-IRT* in one ability and in two (*p-IRT 2*), and *linear*, the posterior mean under Gaussian item scores,
which is the best linear regression on whatever items were asked; *correlated*, the posterior mean under the model of
the policy `optimal`. *theta*: mean distance of the ability from that read
off all items, in standard deviations of the sources. *overlap*: share of its items that a test shares with another.
Regenerate with `python -m anchoreval.studies.adaptive --data <folder>`; every repeat is in `adaptive.csv`.
"""
SUMMARY = """## Against random items of the same number

Error as a ratio to that of random items under the same reading: geometric mean over benchmarks of the ratio of mean
errors, and in brackets on how many of the {benchmarks} benchmarks the difference, paired by split, is resolved at 95 %
in its favour and against it (splits share models: variance as of Nadeau and Bengio, 2003).
"""


def policies() -> dict[str, Policy]:
    """By label."""
    fixed = {"fisher": make_policy("fisher"), "optimal (policy)": make_policy("optimal")}
    return fixed | {label: make_policy(name, **options) for label, (name, options) in STOPPING.items()}


def selectors() -> dict[str, Selector]:
    """By label."""
    return {"optimal (anchors)": make_selector("optimal"), "random (anchors)": make_selector("random")}


def measured(data: Path, benchmarks: Sequence[str], repeats: int) -> pd.DataFrame:
    """A row per benchmark, repeat, test, k and reading."""
    tables = []
    for name in benchmarks:
        matrix = read_benchmark(data, name)
        for repeat in range(repeats):
            table = adaptive_trial(matrix, policies(), selectors(), BUDGETS, seed=repeat, most_targets=MOST_TARGETS)
            tables.append(table.assign(benchmark=name, repeat=repeat))
            print(f"{name} {repeat}", file=sys.stderr)  # noqa: T201
    whole = pd.concat(tables, ignore_index=True)
    return whole[~whole["test"].isin(list(STOPPING)) | (whole["k"] == max(BUDGETS))]


def page(table: pd.DataFrame, repeats: int) -> str:
    """The Markdown page."""
    names = list(dict.fromkeys(table["benchmark"]))
    parts = [CAPTION.format(repeats=repeats, targets=MOST_TARGETS)]
    parts.append(SUMMARY.format(benchmarks=len(names)) + "\n" + summary_table(table))
    parts += [f"\n## {name}\n\n" + benchmark_table(table[table["benchmark"] == name]) for name in names]
    return "\n".join(parts) + "\n"


def benchmark_table(table: pd.DataFrame) -> str:
    """One benchmark: a row per test and k."""
    rows = []
    for (test, k), part in table.groupby(["test", "k"], sort=False):
        means = part.groupby("reading")[["mae", "mae_random", "ability_error", "items", "overlap"]].mean()
        errors = [f"{means['mae'][r]:.2f} ({means['mae_random'][r]:.2f})" for r in SHORT]
        first = means.loc["pirt"]
        shown = [f"{first['ability_error']:.2f}", f"{first['overlap']:.2f}"]
        rows.append([str(test), "stops" if test in STOPPING else str(k), f"{first['items']:.1f}", *errors, *shown])
    return markdown_table(["test", "k", "items", *SHORT.values(), "theta", "overlap"], rows)


def summary_table(table: pd.DataFrame) -> str:
    """All benchmarks: a row per test and k."""
    rows = []
    for (test, k), part in table.groupby(["test", "k"], sort=False):
        items = part.groupby("benchmark")["items"].mean()
        length = f"{items.min():.0f} to {items.max():.0f}" if test in STOPPING else str(k)
        rows.append([str(test), length, *(ratio(part[part["reading"] == reading]) for reading in SHORT)])
    return markdown_table(["test", "items", *SHORT.values()], rows)


def ratio(part: pd.DataFrame) -> str:
    """Geometric mean over benchmarks, and on how many the difference is resolved either way."""
    means = part.groupby("benchmark")[["mae", "mae_random"]].mean()
    mean = float(np.exp(np.log(means["mae"] / means["mae_random"]).mean()))
    signs = [
        resolved_sign((rows["mae"] - rows["mae_random"]).to_numpy(), (rows["n_target"] / rows["n_source"]).median())
        for _, rows in part.groupby("benchmark")
    ]
    return f"{mean:.2f} (+{signs.count(-1)} -{signs.count(1)})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write."""
    parser: argparse.ArgumentParser = study_arguments("Adaptive tests against fixed anchors and random items.")
    parser.add_argument("--into", type=Path, default=Path("results/published"), help="folder of the tables")
    parser.add_argument("--benchmarks", nargs="+", default=list(BENCHMARKS))
    parser.add_argument("--repeats", type=int, default=REPEATS)
    options = parser.parse_args(arguments)
    table = measured(options.data, options.benchmarks, options.repeats)
    options.into.mkdir(parents=True, exist_ok=True)
    write_text(options.into / "adaptive.csv", table.round(5).to_csv(index=False))
    write_text(options.into / "adaptive.md", page(table, options.repeats))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
