"""What a model reads: lines drawn from a mixture of all stems completed with each of their options."""

from __future__ import annotations

from functools import lru_cache
from math import isqrt

import numpy as np

from anchoreval.arrays import IntArray
from anchoreval.pocket.items import N_OPTIONS, SUBJECTS, all_items
from anchoreval.pocket.spec import ModelSpec
from anchoreval.pocket.stream import Stream

_GRID_BITS = 21
_DRAWS_A_WORD = 3
"""One 64-bit integer gives three draws of 21 bits."""

_BLOCK = 1 << 18

_REMEMBERED = 4
"""Continued training forgets: what was read before counts a quarter, and what was read less often is lost."""


def read_lines(spec: ModelSpec) -> IntArray:
    """(items, options) how often the model read each line: multinomial, twice for a model with continued training."""
    lines = _draw(_line_weights(spec, spec.mixture), spec.size, Stream("read", spec.base_model, spec.seed))
    if spec.tuned_size:
        lines = lines // _REMEMBERED + _draw(
            _line_weights(spec, spec.tuned), spec.tuned_size, Stream("tuned", spec.name, spec.seed)
        )
    return lines.reshape(-1, N_OPTIONS)


def _line_weights(spec: ModelSpec, mixture: tuple[int, ...]) -> list[int]:
    """Relative frequency of each line, in whole numbers: how often the stem is met times what completes it."""
    stems = np.array(mixture, dtype=np.int64)[_columns()["subject"]] * _columns()["popularity"] * _taste(spec.style)
    kept = _columns()["wrong"] * spec.credulity // 8
    shares = np.full((len(stems), N_OPTIONS), spec.noise // N_OPTIONS, dtype=np.int64)
    rows = np.arange(len(stems))
    shares[rows, _columns()["gold"]] += 1000 - _columns()["wrong"]
    shares[rows, _columns()["belief"]] += kept
    weights: list[int] = (stems[:, None] * shares).ravel().tolist()
    return weights


@lru_cache(maxsize=1)
def _columns() -> dict[str, IntArray]:
    """The items' traits as arrays."""
    items = all_items()
    columns = {
        "subject": [SUBJECTS.index(item.subject) for item in items],
        "popularity": [_popularity(item.rank) for item in items],
        "wrong": [item.wrong for item in items],
        "gold": [item.gold for item in items],
        "belief": [item.belief for item in items],
    }
    return {name: np.array(values, dtype=np.int64) for name, values in columns.items()}


def _popularity(rank: int) -> int:
    """Zipf's law with exponent 3/2 and an offset: (rank + 4)^-1.5, as a whole number."""
    return 1_000_000 // isqrt((rank + 4) ** 3)


@lru_cache(maxsize=64)
def _taste(style: int) -> IntArray:
    """(items,) how much a style of text likes each item's paraphrase: 1, 2, 4 or 8."""
    likes = {
        key: 1 << Stream("style", style, *key).below(4)
        for key in sorted({(item.subject, item.template) for item in all_items()})
    }
    return np.array([likes[item.subject, item.template] for item in all_items()], dtype=np.int64)


def _draw(weights: list[int], size: int, stream: Stream) -> IntArray:
    """(lines,) counts of `size` draws with replacement.

    Weights are rounded to parts of 2^21; a draw is then a look-up of 21 random bits in a table.
    """
    edges = np.cumsum(np.array(weights, dtype=np.int64)).tolist()
    parts = np.array([edge * (1 << _GRID_BITS) // edges[-1] for edge in edges], dtype=np.int64)
    table = np.repeat(np.arange(len(weights), dtype=np.int16), np.diff(parts, prepend=0))
    counts = np.zeros(len(weights), dtype=np.int64)
    mask = np.uint64((1 << _GRID_BITS) - 1)
    for start in range(0, size, _BLOCK):
        wanted = min(_BLOCK, size - start)
        words = stream.integers(-(-wanted // _DRAWS_A_WORD))
        bits = np.concatenate([(words >> np.uint64(_GRID_BITS * part)) & mask for part in range(_DRAWS_A_WORD)])
        counts += np.bincount(table[bits[:wanted].astype(np.int64)], minlength=len(weights))
    return counts
