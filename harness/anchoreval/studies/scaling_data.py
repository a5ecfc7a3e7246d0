"""Generated benchmarks for the study of cost: answers of a 2PL model, of any number of models and items.

What a method costs depends on the numbers of models, items and anchors and hardly on what the answers are, so they are
drawn. Rows are drawn a block at a time: making the data takes little more memory than holding them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from anchoreval.arrays import Float32Array, Float64Array
from anchoreval.methods import Selection
from anchoreval.responses import ResponseMatrix

SUBJECTS, ITEMS_PER_SUBJECT, OPTIONS = 20, 10, 4
WHOLE_SUBJECTS = ("bento", "random_subjects", "subject_ridge")
"""Methods of which k counts subjects: their benchmarks have a subject for every ten items."""
BLOCK = 1 << 20
"""Answers that are drawn at a time."""


@dataclass(frozen=True)
class Size:
    """How large a problem is: numbers of models, of items and of anchors (subjects, for `WHOLE_SUBJECTS`)."""

    models: int
    items: int
    k: int


def generated(method: str, size: Size, seed: int = 0) -> ResponseMatrix:
    """A benchmark of that size, with what the method needs: subjects always, option probabilities for `disco`."""
    rng = np.random.default_rng(seed)
    discrimination, difficulty = np.exp(0.4 * rng.normal(size=size.items)), 1.2 * rng.normal(size=size.items)
    scores = np.empty((size.models, size.items), dtype=np.float32)
    shares = np.empty((*scores.shape, OPTIONS), dtype=np.float16) if method == "disco" else None
    rows = max(1, BLOCK // size.items)
    for first in range(0, size.models, rows):
        block = slice(first, min(first + rows, size.models))
        chance = _chances(rng.normal(size=block.stop - first), discrimination, difficulty)
        scores[block] = rng.random(chance.shape, dtype=np.float32) < chance
        if shares is not None:
            shares[block] = _options(chance)
    subjects = size.items // ITEMS_PER_SUBJECT if method in WHOLE_SUBJECTS else SUBJECTS
    items = pd.DataFrame(
        {"subject": [f"subject{n % subjects:05d}" for n in range(size.items)]},
        index=[f"item{n:07d}" for n in range(size.items)],
    )
    models = [f"model{n:06d}" for n in range(size.models)]
    return ResponseMatrix.from_arrays(scores, models=models, items=items, probabilities=shares, name="generated")


def anchors_for(method: str, benchmark: ResponseMatrix, k: int, seed: int = 0) -> Selection:
    """Anchors to fit an estimator on: a simple random sample with equal weights, or k whole subjects."""
    if method in WHOLE_SUBJECTS:
        chosen = benchmark.items["subject"].isin(benchmark.subjects[:k])
        return Selection(benchmark.items.index[chosen])
    rng = np.random.default_rng(seed)
    places = np.sort(rng.choice(benchmark.n_items, size=k, replace=False))
    inclusion = np.full(k, k / benchmark.n_items)
    return Selection(benchmark.items.index[places], weights=np.full(k, 1.0 / k), inclusion=inclusion)


def _chances(ability: Float64Array, discrimination: Float64Array, difficulty: Float64Array) -> Float32Array:
    """(models, items) probability of a right answer."""
    logits = (discrimination * (ability[:, None] - difficulty)).astype(np.float32)
    return np.asarray(1.0 / (1.0 + np.exp(-logits)), dtype=np.float32)


def _options(chance: Float32Array) -> Float32Array:
    """(models, items, options) probabilities: the right option's, and what is left shared by the others."""
    others = np.repeat((1.0 - chance)[:, :, None] / (OPTIONS - 1), OPTIONS - 1, axis=2)
    return np.concatenate([chance[:, :, None], others], axis=2)
