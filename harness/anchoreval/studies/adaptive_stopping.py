"""Adaptive tests that stop: how many items the interval of 100 fixed anchors takes, and whether the intervals hold.

Run `python -m anchoreval.studies.adaptive_stopping --data <folder>`. Writes `adaptive_stopping.md`; what was drawn is
kept in `cells/by_target/adaptive_stopping.parquet`. In every repeat policy and anchors are made on the selecting models
of one split; all other models sit the whole test and the fixed form. These are then dealt into calibration models and
targets many times: both are held out, so each deal is a trial of its own, at no cost.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.adaptive.auto_policy import Auto
from anchoreval.adaptive.course import Course
from anchoreval.adaptive.examiner import Examiner
from anchoreval.adaptive.fixed_form import FixedForm, fixed_form
from anchoreval.adaptive.rehearsal import Rehearsals, in_groups
from anchoreval.adaptive.stopping import calibrated_factor, half_width_of
from anchoreval.arrays import BoolArray, Float64Array, IntArray
from anchoreval.atomic import write_text
from anchoreval.contract import generator
from anchoreval.numerics.conformal import conformal_quantile
from anchoreval.protocol.roles import SHARE
from anchoreval.protocol.trial import Conditions, Trial, answers_only
from anchoreval.reconstruction import SELECT
from anchoreval.reporting.tables import markdown_table
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.store import load_benchmark
from anchoreval.studies.kept_cells import cell_arguments, kept_benchmark
from anchoreval.studies.task_pool import pooled_tables

NAME = "adaptive_stopping"
REPEATS = {"pocket": 4, "arc": 4, "musr": 2, "ifeval": 2}
ANCHORS, BUDGET, LEVEL, BATCHES = 100, 200, 0.95, (1, 5)
MOST_TARGETS, DEALS = 40, 30
RULES = {"adaptive": True, "adaptive, unguarded": False}
"""Whether a miss after the stop counts in the choice of the factor (see `anchoreval.adaptive.stopping`)."""
FIGURES = ("items", "median", "ninth", "coverage", "half_width", "spent", "error")
CAPTION = """# Adaptive tests that stop

*fixed form*: {anchors} anchors of `optimal`, read by `auto`, split conformal {level:.0%} intervals of one width.
*adaptive*: every model is asked items of its own (`anchoreval.adaptive`, number of abilities chosen inside the
selecting models) until its interval has that same width, {budget} items at most; intervals sized on the same
calibration models. *unguarded*: the same, but the factor on the belief is the smallest whose intervals held where each
test stopped; nothing makes up for having looked for it on the models that size the errors.
A repeat makes policy and anchors on the selecting models of one random split (base models with all variants and copies
on one side); the other models, at most {targets} targets among them, are then dealt {deals} times into as many groups
of calibration models as the split has, and targets, one of each group. *items*: asked on average, then median and 90th
percentile. *coverage*: of targets, in per cent. *half-width* and *error* (mean absolute) in percentage points.
*budget*: share of the targets that ran into it, whose intervals are wider than wanted. In brackets the standard error
over repeats; repeats share models, so that it is somewhat too small.
Regenerate with `python -m anchoreval.studies.adaptive_stopping --data <folder>`.
"""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Models without a part in policy and anchors: their tests, and what the fixed form says of them.

    Attributes:
        sat: whole tests.
        fixed: (models,) absolute errors of the fixed form, in score units.
        calibrating: number of groups that size errors.
    """

    sat: Rehearsals
    fixed: Float64Array
    calibrating: int


def one_repeat(data: str, benchmark: str, repeat: int) -> pd.DataFrame:
    """A row per batch size, deal and test, with the columns `FIGURES`."""
    matrix = load_benchmark("pocket") if benchmark == "pocket" else kept_benchmark(data, benchmark)
    trial = Trial.divide(matrix, "iid", 1000 + repeat, Conditions(LEVEL, SHARE, None, "refuse"))
    form = fixed_form(trial.sources, ANCHORS, level=LEVEL, calibration=SHARE, seed=trial.seed)
    selecting = trial.sources.subset(models=trial.roles.index[trial.roles == SELECT])
    examiner = Examiner.fit(Auto(), in_groups(selecting, trial.groups), BUDGET, trial.seed)
    tables = [
        _dealt(_held_out(matrix, trial, _asking(examiner, batch), form), repeat).assign(batch=batch)
        for batch in BATCHES
    ]
    return pd.concat(tables, ignore_index=True).assign(benchmark=benchmark, repeat=repeat)


def _asking(examiner: Examiner, batch: int) -> Examiner:
    """The same curves, asking so many items at a time."""
    made: Any = copy.deepcopy(examiner.policy)
    made.policy_.batch = batch
    return Examiner(made, made, examiner.items, examiner.budget)


def _held_out(matrix: ResponseMatrix, trial: Trial, examiner: Examiner, form: FixedForm) -> HeldOut:
    calibrating = trial.roles.index[(trial.roles != SELECT).to_numpy()]
    ids = [*calibrating, *_some(trial.targets.models.index.to_numpy(dtype=str), trial.seed)]
    groups = pd.concat([trial.groups, trial.target_groups])
    known = matrix.subset(models=ids)
    sat = Rehearsals.held(examiner, known, groups)
    said = form.reconstruction.predict(answers_only(known, form.anchors.items), LEVEL)[SCORE]
    errors = np.abs(said.reindex(sat.models).to_numpy(dtype=np.float64) - sat.truths)
    return HeldOut(sat, errors, int(groups[calibrating].nunique()))


def _some(ids: Any, seed: int) -> Any:
    drawn = generator(seed, NAME).permutation(np.sort(ids))[:MOST_TARGETS]
    return np.sort(drawn)


def _dealt(held: HeldOut, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame([row for deal in range(DEALS) for row in _one_deal(held, deal, rng)])


def _one_deal(held: HeldOut, deal: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    groups = held.sat.groups
    drawn = rng.permutation(np.unique(groups))
    sizing = np.isin(groups, drawn[: held.calibrating])
    targets = np.array([rng.choice(np.flatnonzero(groups == group)) for group in drawn[held.calibrating :]])
    wanted = conformal_quantile(held.fixed[sizing], LEVEL, groups[sizing])
    rows = [_fixed_row(held.fixed[targets], wanted)]
    rows += [{"test": test, **_figures(held.sat, sizing, targets, wanted, guarded)} for test, guarded in RULES.items()]
    return [{"deal": deal, "wanted": wanted, **row} for row in rows]


def _fixed_row(errors: Float64Array, wanted: float) -> dict[str, Any]:
    values = (ANCHORS, ANCHORS, ANCHORS, float((errors <= wanted).mean()), wanted, 0.0, float(errors.mean()))
    return {"test": "fixed form", **dict(zip(FIGURES, values, strict=True))}


def _figures(sat: Rehearsals, sizing: BoolArray, targets: IntArray, wanted: float, guarded: bool) -> dict[str, float]:
    sizers = np.flatnonzero(sizing)
    courses = [sat.courses[int(n)] for n in sizers]
    factor = calibrated_factor(courses, sat.truths[sizers], sat.groups[sizers], wanted, LEVEL, guarded=guarded)
    ends = [_end(sat.courses[int(n)], factor, wanted) for n in targets]
    items, estimate, width = np.array(ends).T
    errors = np.abs(estimate - sat.truths[targets])
    values = (
        items.mean(),
        np.median(items),
        np.quantile(items, 0.9),
        (errors <= width).mean(),
        width.mean(),
        (width > wanted).mean(),
        errors.mean(),
    )
    return dict(zip(FIGURES, map(float, values), strict=True))


def _end(course: Course, factor: float, wanted: float) -> tuple[float, float, float]:
    """Items asked, estimate and half-width at the stop."""
    stop = course.first_below(wanted / factor)
    width = float(half_width_of(factor, course.belief[stop], wanted))
    return float(course.asked[stop]), float(course.estimate[stop]), width


def report(rows: pd.DataFrame) -> str:
    """The page."""
    parts = [CAPTION.format(anchors=ANCHORS, budget=BUDGET, level=LEVEL, targets=MOST_TARGETS, deals=DEALS)]
    for benchmark, part in rows.groupby("benchmark", sort=False):
        repeats = part["repeat"].nunique()
        parts.append(f"## {benchmark} ({repeats} repeats)\n\n{_table(part)}\n")
    return "\n".join(parts)


def _table(part: pd.DataFrame) -> str:
    lines = []
    for (test, batch), some in part.groupby(["test", "batch"], sort=False):
        fixed = test == "fixed form"
        if fixed and batch != min(BATCHES):
            continue
        means = some.groupby("repeat")[list(FIGURES)].mean()
        shown = means.mean()
        lines.append(
            [
                str(test) if fixed else f"{test}, {batch} at a time",
                f"{shown['items']:.0f}" if fixed else f"{shown['items']:.1f} ({_standard_error(means['items']):.1f})",
                f"{shown['median']:.0f}",
                f"{shown['ninth']:.0f}",
                f"{100 * shown['coverage']:.1f} ({100 * _standard_error(means['coverage']):.1f})",
                f"{100 * shown['half_width']:.2f}",
                f"{100 * shown['spent']:.0f} %",
                f"{100 * shown['error']:.2f}",
            ]
        )
    return markdown_table(["test", "items", "median", "90th", "coverage", "half-width", "budget", "error"], lines)


def _standard_error(values: pd.Series[float]) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing and write the page."""
    parser: argparse.ArgumentParser = cell_arguments("Adaptive tests that stop, against 100 fixed anchors.")
    parser.add_argument("--benchmarks", nargs="+", default=list(REPEATS), choices=list(REPEATS))
    parser.add_argument("--repeats", type=int, default=max(REPEATS.values()), help="at most so many of each")
    options = parser.parse_args(arguments)
    wanted = {name: min(REPEATS[name], options.repeats) for name in options.benchmarks}
    tasks = [task for name, repeats in wanted.items() for task in product([name], range(repeats))]
    rows = pooled_tables(options, NAME, one_repeat, tasks, ("benchmark", "repeat"))
    order = pd.Categorical(rows["benchmark"], list(REPEATS), ordered=True)
    ordered = rows.assign(place=order).sort_values(["place", "repeat", "batch"], kind="stable")
    write_text(options.into / f"{NAME}.md", report(ordered.drop(columns="place")))


if __name__ == "__main__":
    main()
