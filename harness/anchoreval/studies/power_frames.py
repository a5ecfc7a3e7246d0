"""Estimates of calibration and target models on many splits: what the claims of power reports are checked against."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from itertools import product

import pandas as pd

from anchoreval.contract import choose
from anchoreval.methods import Estimator, Selection, Selector
from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.report.power_report import target_models
from anchoreval.protocol.roles import SHARE
from anchoreval.protocol.trial import Conditions, Trial, answers_only
from anchoreval.reconstruction import SELECT, reconstruct_from
from anchoreval.registry import make_estimator, make_selector
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.studies.kept_cells import kept_benchmark
from anchoreval.studies.task_pool import pooled_tables

KEYS = ("benchmark", "selector", "k", "repeat")
METHODS = {"optimal": "auto", "random": "mean"}
COLUMNS = ("role", "model", "group", "family", "estimate", "truth", "rank_lower", "rank_upper")
CALIBRATION, TARGET = "calibration", "target"


def frames(options: argparse.Namespace, repeats: Mapping[str, int], budgets: Sequence[int]) -> pd.DataFrame:
    """A row per benchmark, selector, k, repeat and model that neither chose nor fitted.

    Columns `role` (calibration or target), `model`, `group`, `family`, `estimate`, `truth`; of targets `rank_lower` and
    `rank_upper`, the ends of their simultaneous rank sets at 95 %.
    """
    tasks = [task for name, count in repeats.items() for task in product((name,), METHODS, budgets, range(count))]
    return pooled_tables(options, "power_frames", one_frame, tasks, KEYS)


def one_frame(data: str, benchmark: str, selector: str, k: int, repeat: int) -> pd.DataFrame:
    """The rows of one task."""
    matrix = kept_benchmark(data, benchmark)
    trial = Trial.divide(matrix, "iid", 2000 + repeat, Conditions(0.95, SHARE, None, "refuse"))
    selection = selected(trial, make_selector(selector), k)
    rows = judged_frame(matrix, trial, selection, make_estimator(METHODS[selector]))
    return rows.assign(benchmark=benchmark, selector=selector, k=k, repeat=repeat)


def selected(trial: Trial, selector: Selector, k: int) -> Selection:
    """The anchors that the selecting models choose."""
    choosing: ResponseMatrix = trial.sources.subset(models=trial.roles.index[trial.roles == SELECT])
    return choose(selector, choosing, k, trial.seed)


def judged_frame(matrix: ResponseMatrix, trial: Trial, selection: Selection, estimator: Estimator) -> pd.DataFrame:
    """Calibration and target models of one division, as the power report sees them and as they are."""
    made = reconstruct_from(trial.sources, selection, trial.roles, estimator, seed=trial.seed, groups=trial.groups)
    answers = answers_only(trial.targets, selection.items)
    targets = pd.DataFrame(
        {
            "estimate": made.estimator.predict(answers)[SCORE],
            "truth": trial.truth,
            "group": trial.target_groups.to_numpy(),
            "family": trial.targets.models.get("family"),
        },
        index=trial.targets.models.index,
    )
    judged = target_models(matrix, made, DifferenceLaw.learn(made.residuals), answers, float("inf"), 0.05, trial.seed)
    if judged is not None:
        targets = targets.join(judged.places[["lower", "upper"]].add_prefix("rank_"))
    both = pd.concat({CALIBRATION: made.residuals, TARGET: targets}, names=["role", "model"]).reset_index()
    return both.reindex(columns=list(COLUMNS)).astype({"family": object})
