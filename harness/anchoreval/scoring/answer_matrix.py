"""The answers of several models to one plan as a response matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version

import numpy as np

from anchoreval.arrays import Float32Array
from anchoreval.responses import ResponseMatrix
from anchoreval.scoring.plan import Plan
from anchoreval.scoring.records import Answer


def answer_matrix(plan: Plan, answers: Mapping[str, Mapping[str, Answer]]) -> ResponseMatrix:
    """Scores and, where a task is multiple choice, probabilities: the softmax of the options' log-likelihoods.

    Args:
        plan: what was asked.
        answers: by model and item.
    """
    items = plan.asked.table.index
    scores = [[given[item].score for item in items] for given in answers.values()]
    probabilities = np.stack([_softmax([given[item] for item in items]) for given in answers.values()])
    provenance = {"scorer": f"lm-eval {version('lm_eval')}", **plan.described()}
    return plan.asked.responses(answers, scores, probabilities if plan.multiple_choice else None, provenance)


def _softmax(answers: Sequence[Answer]) -> Float32Array:
    """(items, options) probabilities; NaN beyond an item's options."""
    values = np.full((len(answers), max(1, *(len(answer.loglikelihoods) for answer in answers))), np.nan)
    for row, answer in enumerate(answers):
        values[row, : len(answer.loglikelihoods)] = answer.loglikelihoods
    odds = np.exp(values - np.fmax.reduce(values, axis=1, keepdims=True))
    return np.asarray(odds / np.nansum(odds, axis=1, keepdims=True), dtype=np.float32)
