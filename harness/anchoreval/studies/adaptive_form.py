"""Asking each target its own items: errors of the policy `optimal` on the targets of the study `literature`.

The policy learns from the same selecting models that every selector sees there, asks one item at a time and reads the
answers itself. Errors on single targets are kept in `cells/adaptive_form.parquet`, so that a study goes on where it
was stopped, and joined to those of the other methods (`with_adaptive`).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.contract import fit_policy, generator
from anchoreval.methods import Answers, Policy
from anchoreval.protocol.cells import Request
from anchoreval.protocol.comparison import Comparison
from anchoreval.protocol.records import packed
from anchoreval.protocol.roles import SHARE
from anchoreval.protocol.sittings import Sittings, administer
from anchoreval.protocol.trial import Conditions, Trial
from anchoreval.reconstruction import SELECT
from anchoreval.registry import make_policy
from anchoreval.responses import ResponseMatrix
from anchoreval.studies.kept_cells import LARGE, kept_benchmark
from anchoreval.studies.task_pool import pooled_tables

NAME = "adaptive_form"
POLICY, LABEL, READING = "optimal", "optimal (adaptive)", "policy"
MOST_TARGETS = 60
"""Targets of a repeat that sit the test, drawn at random where there are more."""


def budgets_of(benchmark: str) -> tuple[int, ...]:
    """Budgets of the study on a benchmark."""
    return (20, 50) if benchmark in LARGE else (20, 50, 100)


def adaptive_errors(options: argparse.Namespace, benchmarks: Sequence[str], repeats: int) -> pd.DataFrame:
    """A row per benchmark, repeat, k and target: `model` and `error` (estimate less truth, score units)."""
    tasks = list(product(benchmarks, range(repeats)))
    return pooled_tables(options, NAME, one_repeat, tasks, ("benchmark", "repeat"))


def one_repeat(data: str, benchmark: str, repeat: int) -> pd.DataFrame:
    """Every sampled target of one repeat sits the test."""
    trial = _trial(kept_benchmark(data, benchmark), repeat)
    choosing = trial.sources.subset(models=trial.roles.index[trial.roles == SELECT])
    targets = _some(trial.targets, repeat)
    budgets = budgets_of(benchmark)
    policy = fit_policy(make_policy(POLICY), choosing, max(budgets), trial.seed)
    sittings = administer(policy, targets, max(budgets))
    tables = [_errors(policy, sittings.first(k)).assign(k=k) for k in budgets]
    return pd.concat(tables, ignore_index=True).assign(benchmark=benchmark, repeat=repeat)


def _trial(matrix: ResponseMatrix, repeat: int) -> Trial:
    """The division that a comparison with seed 0 makes."""
    conditions = Conditions(level=0.95, calibration=SHARE, test_share=None, missing="refuse")
    request = Request({matrix.name: matrix}, [], [], conditions, seed=0)
    return Trial.divide(matrix, "iid", request.trial_seed("iid", repeat), conditions)


def _some(targets: ResponseMatrix, repeat: int) -> ResponseMatrix:
    if targets.n_models <= MOST_TARGETS:
        return targets
    ids = np.sort(targets.models.index.to_numpy(dtype=str))
    return targets.subset(models=np.sort(generator(repeat, "adaptive form").choice(ids, MOST_TARGETS, replace=False)))


def _errors(policy: Policy, sittings: Sittings) -> pd.DataFrame:
    """(targets,) estimates of the policy less the truth."""
    targets = sittings.targets
    reader: Any = policy
    estimates = [
        reader.predict(_answers(targets, row, sittings.items(str(name)), str(name)))
        for row, name in enumerate(targets.models.index)
    ]
    return pd.DataFrame({"model": targets.models.index, "error": np.array(estimates) - targets.full_scores.to_numpy()})


def _answers(targets: ResponseMatrix, row: int, items: list[str], name: str) -> Answers:
    ids = pd.Index(items, dtype=object)
    return Answers(ids, targets.scores[row, targets.items.index.get_indexer(ids)].astype(np.float64), name)


def with_adaptive(found: Comparison, errors: pd.DataFrame) -> Comparison:
    """A comparison with a row more for every benchmark, repeat and k of the adaptive test.

    Targets that did not sit it count as silent, so that differences are paired over those that did.
    """
    rows: list[Mapping[str, Any]] = []
    kept = []
    for name, part in errors.groupby(["benchmark", "repeat", "k"], sort=False):
        benchmark, repeat, k = str(name[0]), int(str(name[1])), int(str(name[2]))
        if (trial := found.targets.get((benchmark, "iid", repeat))) is None:
            continue
        values = part.set_index("model")["error"].reindex(list(trial.models)).to_numpy(dtype=np.float64)
        like = found.table[(found.table["benchmark"] == benchmark) & (found.table["repeat"] == repeat)].iloc[0]
        rows.append(
            {
                **{column: like[column] for column in ("benchmark", "split", "repeat", "n_source")},
                "selector": LABEL,
                "estimator": READING,
                "k": k,
                "status": "ok",
                "reason": "",
                "n_target": int((~np.isnan(values)).sum()),
                "mae": float(np.nanmean(np.abs(values)) * 100.0),
            }
        )
        kept.append(packed(values))
    table = pd.DataFrame(rows, columns=found.table.columns)
    return Comparison.joined([found, Comparison(table, tuple(kept), found.targets)])
