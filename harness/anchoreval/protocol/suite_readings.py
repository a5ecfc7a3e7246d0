"""From which anchors a benchmark's score is read: its own, or those of the whole suite.

Answers in other benchmarks tell something of a model that the few answers in this one do not; but each is one more
coefficient to learn, and where benchmarks have little in common that is noise. So both are tried on the selecting
models, each predicted by fits without its group, and others' answers are read only where they help: where the error
with them is less by more than a standard error of the paired difference over groups.

The anchors were selected once, on all of these models, so the errors compare readings and size nothing. Where the joint
design chose the anchors they lean towards reading jointly.

Measured in `results/published/joint_suites.md`, as ratio of errors to those with a benchmark's own anchors: with
random anchors, joint reading took 0.95 on truthfulqa and 0.85 to 0.87 on winogrande (1,500 models, scores correlated
0.7), with optimal ones 0.96 to 0.98, and nothing off the grand mean that is resolved; on ifeval and musr (429 models,
correlated 0.4) it was 0.99 to 1.01. The choice kept what there was to gain with random anchors, about half of it with
optimal ones, and cost at most 2 % where there was nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.contract import fit, generator
from anchoreval.errors import MethodOptionError
from anchoreval.estimators.auto import FEWEST_GROUPS, simplest_within_one_error
from anchoreval.methods import Estimator, Selection
from anchoreval.numerics.conformal import group_weights
from anchoreval.numerics.folds import group_folds
from anchoreval.protocol.suite_views import items_of, seen_by, selection_for
from anchoreval.responses import SCORE, ResponseMatrix

OWN, JOINT, AUTO = "own", "joint", "auto"
READINGS = (AUTO, OWN, JOINT)
FOLDS = 5


@dataclass(frozen=True, eq=False)
class View:
    """What one benchmark's score is read from.

    Attributes:
        matrix: whose full score is the benchmark's, with the items that the estimator may see.
        selection: the anchors among them.
    """

    matrix: ResponseMatrix
    selection: Selection


def views(stacked: ResponseMatrix, selection: Selection, benchmark: str) -> dict[str, View]:
    """By reading, what a benchmark's score can be read from; `own` only where it has an anchor of its own."""
    whole = seen_by(stacked, benchmark)
    inside = items_of(stacked, benchmark)
    own = np.isin(selection.items.to_numpy(dtype=str), whole.items.index[inside].to_numpy(dtype=str))
    found = {JOINT: View(whole, selection_for(selection, own, others=True))}
    if not own.any():
        return found
    alone = whole.subset(items=whole.items.index[inside])
    return {OWN: View(alone, selection_for(selection, own, others=False)), **found}


def check_reading(reading: str) -> str:
    """The same name of a reading.

    Raises:
        MethodOptionError: there is none of that name.
    """
    if reading not in READINGS:
        raise MethodOptionError(f"reading = {reading!r} is not one of {', '.join(READINGS)}")
    return reading


def chosen_reading(
    found: Mapping[str, View], reading: str, learners: pd.Index[Any], groups: pd.Series[Any], made: Estimator, seed: int
) -> tuple[str, dict[str, float]]:
    """Which reading one benchmark is read with, and the errors that were compared to know.

    Args:
        found: of `views`.
        reading: `own`, `joint` or `auto`; a benchmark without an anchor of its own is read jointly all the same.
        learners: the selecting models.
        groups: by model; whole groups leave together.
        made: the estimator.
        seed: of folds and estimator.

    Returns:
        The reading, and by reading the mean absolute error in score units on models left out, each group counting
        once; empty where there was nothing to choose, or too few groups to choose with.
    """
    if len(found) == 1 or reading != AUTO:
        return (reading if reading in found else JOINT), {}
    ordered = learners.sort_values()
    codes = np.unique(groups[ordered].to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)
    if len(np.unique(codes)) < FEWEST_GROUPS:
        return OWN, {}
    errors = np.stack([_left_out_errors(found[name], ordered, codes, groups, made, seed) for name in (OWN, JOINT)])
    there = ~np.isnan(errors).any(axis=0)  # a model without answers says nothing
    winner = (OWN, JOINT)[simplest_within_one_error(errors[:, there], codes[there])]
    means = errors[:, there] @ group_weights(codes[there])
    return winner, {OWN: float(means[0]), JOINT: float(means[1])}


def _left_out_errors(
    view: View, learners: pd.Index[Any], codes: IntArray, groups: pd.Series[Any], made: Estimator, seed: int
) -> Float64Array:
    """(learners,) absolute errors, each model predicted by a fit without its group."""
    matrix = view.matrix if made.whole_matrix else view.matrix.part(view.selection.items)
    matrix = matrix.subset(models=learners)
    matrix = dataclasses.replace(matrix, models=matrix.models.assign(base_model=groups[learners]))
    truth = matrix.full_scores.to_numpy(dtype=np.float64)
    errors = np.full(len(learners), np.nan)
    for held_out in group_folds(codes, FOLDS, generator(seed, "readings")):  # both readings in the same folds
        fitted = fit(made, matrix.subset(models=learners[~held_out]), view.selection, seed)
        estimate = fitted.predict(matrix.subset(models=learners[held_out]))[SCORE]
        errors[held_out] = np.abs(estimate.to_numpy(dtype=np.float64) - truth[held_out])
    return errors
