"""The shared index of n-grams: every n-gram of every possible training line has a number, the same for all models.

A model is then nothing but counts: how often it read each line. Its count of every n-gram is one weighted `bincount`,
and what a model needs to answer a text (count of the n-gram, count of its context, how many different tokens followed
that context) is a look-up by a 64-bit hash of the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.pocket.items import N_OPTIONS, all_items
from anchoreval.pocket.stream import UInt64Array, mix
from anchoreval.pocket.tokens import END, LONGEST, TokenArray, vocabulary, windows

_BASE = np.uint64(0x9E6C63D0876A9A47)


@dataclass(frozen=True)
class Level:
    """The n-grams of one order.

    Attributes:
        ngrams: (n,) sorted hashes of the distinct n-grams.
        contexts: (c,) sorted hashes of the distinct contexts (an n-gram without its last token).
        context_of: (n,) which context each n-gram continues.
        row: (rows,) which n-gram stands at each position of the training lines.
        token: (n,) the n-gram's last token.
    """

    ngrams: UInt64Array
    contexts: UInt64Array
    context_of: IntArray
    row: IntArray
    token: IntArray

    @cached_property
    def by_context(self) -> tuple[IntArray, IntArray]:
        """n-grams ordered by context, and (c + 1,) where each context's n-grams start in that order."""
        order = np.argsort(self.context_of, kind="stable")
        starts = np.searchsorted(self.context_of[order], np.arange(len(self.contexts) + 1))
        return order, starts


@dataclass(frozen=True)
class Lookup:
    """Where windows stand in an index; -1 where no training line has the n-gram or context. Shapes (orders, rows)."""

    ngram: IntArray
    context: IntArray


@dataclass(frozen=True)
class Counts:
    """One model's counts at one order: of n-grams, of contexts, and of distinct tokens seen after each context."""

    ngram: Float64Array
    context: Float64Array
    types: Float64Array


class NgramIndex:
    """All n-grams of all training lines: one line an item and option, its stem completed with the option."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        rows, self._source = _training_rows(unit)
        ngram_hashes, context_hashes = hashes(rows)
        self.levels = tuple(_level(ngram_hashes[k], context_hashes[k], rows[:, -1]) for k in range(LONGEST[unit]))

    def counts(self, lines: IntArray, order: int) -> list[Counts]:
        """Counts of a model that read line (item, option) `lines[item, option]` times, for orders 1 to `order`."""
        stems = lines.sum(axis=1)
        times = np.concatenate([stems, lines.ravel()]).astype(np.float64)[self._source]
        return [_counts(level, times) for level in self.levels[:order]]

    def look_up(self, rows: TokenArray, order: int) -> Lookup:
        """Find windows (rows, width) at orders 1 to `order`."""
        ngram_hashes, context_hashes = hashes(rows, order)
        pairs = list(zip(self.levels[:order], ngram_hashes, context_hashes, strict=True))
        return Lookup(
            np.stack([_find(level.ngrams, found) for level, found, _ in pairs]),
            np.stack([_find(level.contexts, found) for level, _, found in pairs]),
        )


@lru_cache(maxsize=2)
def ngram_index(unit: str) -> NgramIndex:
    """The index of words or characters, built once a process."""
    return NgramIndex(unit)


def hashes(rows: TokenArray, order: int | None = None) -> tuple[UInt64Array, UInt64Array]:
    """(orders, rows) hashes of the last k tokens of each window, and of the k - 1 tokens before the last one.

    Polynomials over scattered tokens modulo 2^64; with 10^5 n-grams an order, two share a hash with probability 10^-9.
    """
    order = rows.shape[1] if order is None else order
    scattered = mix(rows.astype(np.uint64) + np.uint64(1))
    ngram, context = np.zeros((2, order, len(rows)), dtype=np.uint64)
    power = np.ones(1, dtype=np.uint64)
    for k in range(order):
        if k:
            context[k] = context[k - 1] + scattered[:, -1 - k] * power
            power = power * _BASE
        ngram[k] = context[k] * _BASE + scattered[:, -1]
    return ngram, context


def _training_rows(unit: str) -> tuple[TokenArray, IntArray]:
    """Windows at every position of every line; stems are shared by an item's four lines and stand once."""
    vocab, width = vocabulary(unit), LONGEST[unit]
    items = all_items()
    blocks: list[TokenArray] = []
    source: list[int] = []
    for number, item in enumerate(items):
        stem = vocab.encode(item.prompt)
        blocks.append(windows(stem, 0, width))
        source += [number] * len(stem)
        for place, option in enumerate(item.options):
            line = [*stem, *vocab.encode(f" {option}"), END]
            blocks.append(windows(line, len(stem), width))
            source += [len(items) + number * N_OPTIONS + place] * (len(line) - len(stem))
    return np.concatenate(blocks), np.array(source, dtype=np.int64)


def _level(ngram_hashes: UInt64Array, context_hashes: UInt64Array, tokens: TokenArray) -> Level:
    ngrams, first, row = np.unique(ngram_hashes, return_index=True, return_inverse=True)
    contexts = np.unique(context_hashes)
    context_of = np.searchsorted(contexts, context_hashes[first])
    return Level(ngrams, contexts, context_of, row, tokens[first].astype(np.int64))


def _counts(level: Level, times: Float64Array) -> Counts:
    ngram = np.bincount(level.row, weights=times, minlength=len(level.ngrams)).astype(np.float64)
    size = len(level.contexts)
    context = np.bincount(level.context_of, weights=ngram, minlength=size).astype(np.float64)
    types = np.bincount(level.context_of, weights=ngram > 0, minlength=size).astype(np.float64)
    return Counts(ngram, context, types)


def _find(known: UInt64Array, wanted: UInt64Array) -> IntArray:
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[place] == wanted, place, -1)
