"""What may happen to anchors after they were published, planted into honest answers whose truth is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from anchoreval.arrays import Float32Array, Float64Array
from anchoreval.responses import ResponseMatrix

Plant = Callable[[Float64Array, np.random.Generator], Float64Array]
LEARNT = 0.9
"""Probability that a leaked anchor that was answered wrong is answered right."""
OPTIONS = 4
DEGRADED = 0.15
"""Probability that another prompt loses a right answer."""
CLICKING = 1.0 / 3.0
"""Share of the targets that click at random, or that learnt anchors where only some did."""


def leaked(share: float) -> Plant:
    """The same anchors, this share of them, were learnt by every target."""

    def plant(answers: Float64Array, rng: np.random.Generator) -> Float64Array:
        k = answers.shape[1]
        known = np.isin(np.arange(k), rng.permutation(k)[: round(share * k)])
        return np.where(known & (rng.random(answers.shape) < LEARNT), 1.0, answers)

    return plant


def leaked_to_some(answers: Float64Array, rng: np.random.Generator) -> Float64Array:
    """Three of ten anchors were learnt, by a third of the targets."""
    return _for_some(answers, leaked(0.3)(answers, rng))


def wrong_keys(answers: Float64Array, rng: np.random.Generator) -> Float64Array:
    """One of ten anchors is scored with another option as its key."""
    k = answers.shape[1]
    changed = np.isin(np.arange(k), rng.permutation(k)[: round(k / 10)])
    lucky = rng.random(answers.shape) < (1.0 - answers) / (OPTIONS - 1)
    return np.where(changed, lucky, answers)


def another_prompt(answers: Float64Array, rng: np.random.Generator) -> Float64Array:
    """Right answers to anchors get lost."""
    return np.where(rng.random(answers.shape) < DEGRADED, 0.0, answers)


def random_clickers(answers: Float64Array, rng: np.random.Generator) -> Float64Array:
    """A third of the targets answer without reading."""
    return _for_some(answers, (rng.random(answers.shape) < 1.0 / OPTIONS).astype(np.float64))


def borrowed(answers: Float64Array, rng: np.random.Generator) -> Float64Array:
    """Every target answers the anchors like a better one, a fifth of the way up the table; elsewhere as before."""
    order = np.argsort(answers.mean(axis=1), kind="stable")
    better = np.minimum(np.arange(len(order)) + max(1, len(order) // 5), len(order) - 1)
    lent = answers.copy()
    lent[order] = answers[order[better]]
    return lent


PLANTS: Mapping[str, Plant] = {
    "10 % leaked": leaked(0.1),
    "30 % leaked": leaked(0.3),
    "30 % leaked to a third": leaked_to_some,
    "10 % wrong keys": wrong_keys,
    "another prompt": another_prompt,
    "a third click": random_clickers,
    "answers of better models": borrowed,
}
"""By name, what is done to the targets' answers on the anchors."""


def planted(
    targets: ResponseMatrix, anchors: pd.Index[str], plant: Plant, rng: np.random.Generator
) -> tuple[ResponseMatrix, pd.Series[float]]:
    """Targets with a plant on the anchors, and their full scores, which count the planted answers as they are.

    Args:
        targets: whole benchmark, full scores known.
        anchors: ids.
        plant: what happens to (targets, anchors) answers.
        rng: decides to whom and where.
    """
    part = targets.part(anchors)
    before = part.scores.astype(np.float64)
    after: Float32Array = np.asarray(plant(before, rng), dtype=np.float32)
    share = part.shares["score"].to_numpy(dtype=np.float64)
    moved = np.nan_to_num(after.astype(np.float64) - before) @ share
    truth = np.clip(targets.full_scores + moved, 0.0, 1.0)
    return dataclasses.replace(part, scores=after), truth


def _for_some(answers: Float64Array, changed: Float64Array) -> Float64Array:
    some = np.arange(len(answers)) < np.ceil(CLICKING * len(answers))
    return np.where(some[:, None], changed, answers)
