"""How much models disagree on an item, from their option probabilities: predictive diversity and Jensen-Shannon.

Both read the probabilities once and need no gold labels. Cells that are NaN are left out: options beyond an item's own,
and models that did not answer. Rows of probabilities are taken as they are; where half precision makes a row sum to
1.001, so does the result. Computed in single precision, summed in double: within 1e-6 of exact arithmetic.

The logarithms are what costs, so `jensen_shannon` works on blocks that stay in a core's cache, first as if no cell were
missing; only blocks whose sums come out NaN are done again with missing cells left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from anchoreval.arrays import Float32Array, Float64Array, Probabilities

COLUMNS = 4096
"""Item-option pairs of a block: rows of it are long enough to read at full speed."""
ROWS = 32
"""Models of a block; with COLUMNS, half a MiB of single precision, twice: what fits in a core's cache."""
THREADS = min(4, os.cpu_count() or 1)
FLOOR = np.float32(1e-37)
"""Stands in for 0 under the logarithm: x log x is 0 there, and adding it changes no probability above 1e-30."""


def predictive_diversity(probabilities: Probabilities, normalise: bool = False) -> Float64Array:
    """Sum over options of the most confident model, per item (predictive diversity score, DISCO, arXiv 2510.07959).

    The sum is the form of the released code and of the paper's bounds; the paper's definition divides it by the
    number of options. Where items differ in that number, the first favours items with many options, the second items
    with few.

    Args:
        probabilities: (models, items, options), each answered row summing to 1; NaN beyond an item's options and
            where a model did not answer.
        normalise: divide by the item's number of options.

    Returns:
        (items,) in [1, min(options, models)]: 1 where all models agree exactly (in [1 / options, 1] if normalised);
        NaN where no model answered.
    """
    most = np.fmax.reduce(np.ascontiguousarray(probabilities), axis=0)  # (items, options), NaN where nobody has any
    options = np.count_nonzero(~np.isnan(most), axis=1)
    total = np.nansum(most, axis=1, dtype=np.float64)
    return np.where(options > 0, total / np.maximum(options, 1) if normalise else total, np.nan)


def jensen_shannon(probabilities: Probabilities) -> Float64Array:
    """Generalised Jensen-Shannon divergence of the models' predictions, per item, in nats (DISCO, arXiv 2510.07959).

    Entropy of the models' mean prediction minus the mean of their entropies: the mutual information between the
    prediction and which model made it (Proposition 1). The lower bound of Proposition 2,
    2 (PDS - 1)^2 / (M^2 ln 2) <= JSD, is one in bits: divide by ln 2 to compare.

    Args:
        probabilities: (models, items, options), each answered row summing to 1; NaN beyond an item's options and
            where a model did not answer.

    Returns:
        (items,) in [0, log(min(options, models))]: 0 where all models agree exactly; NaN where no model answered.
    """
    items, options = probabilities.shape[1:]
    step = max(1, COLUMNS // options)
    blocks = [probabilities[:, first : first + step] for first in range(0, items, step)]
    if THREADS == 1 or len(blocks) == 1:
        return np.concatenate([_divergence(block) for block in blocks])
    with ThreadPoolExecutor(THREADS) as pool:  # NumPy works outside the interpreter lock
        return np.concatenate(list(pool.map(_divergence, blocks)))


def _divergence(probabilities: Probabilities) -> Float64Array:
    """(items,) Jensen-Shannon divergence of a block."""
    models, items, options = probabilities.shape
    flat = probabilities.reshape(models, items * options)
    answered: Any = np.full(items, models)
    total, p_log_p = _sums(flat, np.add)
    if np.isnan(total).any():
        answered = np.count_nonzero(~np.isnan(probabilities[:, :, 0]), axis=0)
        total, p_log_p = _sums(flat, np.fmax)  # of NaN and a number, the number
    count = np.maximum(answered, 1)[:, None]
    mean = total.reshape(items, options) / count
    mean_p_log_p = p_log_p.reshape(items, options) / count
    divergence = (mean_p_log_p - mean * np.log(mean + FLOOR)).sum(axis=1)
    return np.where(answered > 0, np.maximum(divergence, 0.0), np.nan)  # rounding may end just below 0


def _sums(flat: Probabilities, lift: Callable[..., Float32Array]) -> tuple[Float64Array, Float64Array]:
    """Sums over models of p and of p log p, for the columns of a (models, item-option pairs) block.

    `lift` brings p and FLOOR together, so that no logarithm meets a 0: `add` keeps NaN, `fmax` makes it FLOOR.
    """
    models, columns = flat.shape
    total, p_log_p = np.zeros(columns), np.zeros(columns)
    floor = np.full(columns, FLOOR)  # an array, not a scalar: fmax is vectorised only between arrays
    lifted, logs = np.empty((2, min(ROWS, models), columns), dtype=np.float32)
    for first in range(0, models, ROWS):
        part = flat[first : first + ROWS]
        p = lift(part, floor, out=lifted[: len(part)])
        log_p = np.log(p, out=logs[: len(part)])
        total += np.add.reduce(p, axis=0)
        p_log_p += np.einsum("ij,ij->j", p, log_p)
    return total, p_log_p
