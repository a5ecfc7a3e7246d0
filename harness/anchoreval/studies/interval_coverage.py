"""Whether intervals hold what they promise: coverage and width on models held out, over many splits.

Run `python -m anchoreval.studies.interval_coverage --data <folder>`. Writes `coverage.md`. Coverage is the share of
held-out models whose full score lies inside, with a standard error from a bootstrap over groups of models (variants and
copies together). Beside the width stands what a plain random sample of the same size needs for the same coverage: the
sample mean, with intervals sized on the same calibration models.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.atomic import write_text
from anchoreval.contract import choose
from anchoreval.methods import Estimator, Selector
from anchoreval.protocol.roles import SHARE
from anchoreval.protocol.trial import Conditions, Trial, answers_only
from anchoreval.reconstruction import SELECT, IntervalWarning, reconstruct_from
from anchoreval.registry import make_estimator, make_selector
from anchoreval.reporting.tables import markdown_table
from anchoreval.responses import ResponseMatrix
from anchoreval.studies.kept_cells import LARGE, cell_arguments, kept_benchmark
from anchoreval.studies.task_pool import pooled_tables

BENCHMARKS = ("arc", "musr", "ifeval", *LARGE)
KINDS = ("iid", "family")
LEVELS = (0.9, 0.95)
BUDGET, REPEATS, DRAWS = 50, 40, 2000
METHODS = {"optimal": ("optimal", "auto"), "random": ("random", "auto"), "plain sample": ("random", "mean")}
CAPTION = """# Coverage of intervals

Share of held-out models, in per cent, whose full score lies inside the interval, k = {k}, {repeats} splits, in brackets
its standard error (bootstrap over groups of models); mean width in percentage points. 30 % of the sources size the
intervals. *attainable*: the highest level that so many groups of calibration models allow. *plain sample*: the mean of
random anchors, its intervals sized in the same way: what a sample of k needs without a model of the benchmark.
Regenerate with `python -m anchoreval.studies.interval_coverage --data <folder>`.
"""


def one_repeat(data: str, benchmark: str, kind: str, repeat: int) -> pd.DataFrame:
    """A row per method, level and target: whether it was covered and how wide the interval was."""
    import warnings

    matrix = kept_benchmark(data, benchmark)
    trial = Trial.divide(matrix, kind, 1000 + repeat, Conditions(0.95, SHARE, None, "refuse"))
    tables = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntervalWarning)
        for label, (selector, estimator) in METHODS.items():
            tables += _covered(trial, make_selector(selector), make_estimator(estimator), label)
    return pd.concat(tables, ignore_index=True).assign(benchmark=benchmark, kind=kind, repeat=repeat)


def _covered(trial: Trial, selector: Selector, estimator: Estimator, label: str) -> list[pd.DataFrame]:
    choosing: ResponseMatrix = trial.sources.subset(models=trial.roles.index[trial.roles == SELECT])
    selection = choose(selector, choosing, BUDGET, trial.seed)
    made = reconstruct_from(trial.sources, selection, trial.roles, estimator, seed=trial.seed, groups=trial.groups)
    tables = []
    for level in LEVELS:
        found = made.predict(answers_only(trial.targets, selection.items), level)
        inside = (found["lower"].to_numpy() <= trial.truth + 1e-9) & (trial.truth <= found["upper"].to_numpy() + 1e-9)
        width = (found["upper"] - found["lower"]).to_numpy() * 100.0
        rows = {"model": trial.targets.models.index, "inside": inside, "width": width}
        facts: dict[str, Any] = {"method": label, "level": level, "attainable": made.attainable_level}
        tables.append(pd.DataFrame(rows).assign(**facts))
    return tables


def coverage_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Coverage with its standard error, and width, by benchmark, kind of split, method and level."""
    found = []
    for name, part in rows.groupby(["benchmark", "kind", "method", "level"], sort=False):
        found.append(
            {
                **dict(zip(("benchmark", "kind", "method", "level"), name, strict=True)),
                "coverage": 100.0 * part["inside"].mean(),
                "error": 100.0 * _standard_error(part),
                "width": part["width"].mean(),
                "attainable": part["attainable"].min(),
            }
        )
    return pd.DataFrame(found)


def _standard_error(part: pd.DataFrame) -> float:
    """Of the share covered, models drawn with replacement, each with all its appearances."""
    by_model = part.groupby("model")["inside"].agg(["sum", "count"]).to_numpy(dtype=np.float64)
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(len(by_model), np.full(len(by_model), 1.0 / len(by_model)), size=DRAWS) @ by_model
    return float((drawn[:, 0] / drawn[:, 1]).std(ddof=1))


def report(rows: pd.DataFrame) -> str:
    """The page."""
    found = coverage_table(rows)
    parts = [CAPTION.format(k=BUDGET, repeats=rows["repeat"].nunique())]
    for kind, part in found.groupby("kind", sort=False):
        lines = []
        for name, rows_of in part.groupby(["benchmark", "method"], sort=False):
            by_level = rows_of.set_index("level")
            shown: list[str] = []
            for level in LEVELS:
                row = by_level.loc[level]
                shown += [f"{row['coverage']:.1f} ({row['error']:.1f})", f"{row['width']:.1f}"]
            lines.append([*map(str, name), *shown, f"{100 * by_level['attainable'].iloc[0]:.1f}"])
        header = ["benchmark", "method", "90 %", "width", "95 %", "width", "attainable"]
        parts.append(f"## {kind}\n\n{markdown_table(header, lines)}\n")
    return "\n".join(parts)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing and write the table."""
    parser: argparse.ArgumentParser = cell_arguments("Coverage of intervals on held-out models.")
    options = parser.parse_args(arguments)
    cells = [(benchmark, kind, repeat) for benchmark in BENCHMARKS for kind in KINDS for repeat in range(REPEATS)]
    rows = pooled_tables(options, "coverage", one_repeat, cells, ("benchmark", "kind", "repeat"))
    write_text(options.into / "coverage.md", report(rows))


if __name__ == "__main__":
    main()
