"""Texts to be scored, laid out as one row a predicted token."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from anchoreval.arrays import Float64Array, IntArray
from anchoreval.pocket.tokens import DEEPEST_CACHE, LONGEST, TokenArray, vocabulary, windows


@dataclass(frozen=True)
class Requests:
    """Continuations to be scored given their contexts.

    Attributes:
        unit: `word` or `char`.
        texts: tokens of each context followed by its continuation.
        rows: (predicted tokens, width) windows, request after request.
        owner: (predicted tokens,) which request each belongs to.
        position: (predicted tokens,) where it stands in its text.
    """

    unit: str
    texts: tuple[list[int], ...]
    rows: TokenArray
    owner: IntArray
    position: IntArray

    @classmethod
    def from_pairs(cls, unit: str, pairs: Iterable[tuple[str, str]]) -> Requests:
        """From (context, continuation) texts; each is split into tokens on its own."""
        vocab, width = vocabulary(unit), LONGEST[unit]
        contexts_and_texts = [_encoded(vocab.encode(context), vocab.encode(rest)) for context, rest in pairs]
        lengths = [len(text) - first for first, text in contexts_and_texts]
        blocks = [windows(text, first, width) for first, text in contexts_and_texts]
        return cls(
            unit=unit,
            texts=tuple(text for _, text in contexts_and_texts),
            rows=np.concatenate([np.zeros((0, width), dtype=np.int32), *blocks]),
            owner=np.repeat(np.arange(len(lengths)), lengths),
            position=np.array(
                [p for first, text in contexts_and_texts for p in range(first, len(text))], dtype=np.int64
            ),
        )

    @property
    def count(self) -> int:
        """Number of requests."""
        return len(self.texts)

    @cached_property
    def steps(self) -> IntArray:
        """(predicted tokens,) how many tokens of the same continuation come before."""
        first = np.searchsorted(self.owner, self.owner)
        return np.arange(len(self.owner)) - first

    @cached_property
    def recalls(self) -> tuple[Float64Array, Float64Array]:
        """What a prompt cache needs, by length of the compared stretch: (lengths, predicted tokens), twice.

        How often the text so far holds the last 1, 2, ... tokens followed by the predicted token, and by any token.
        """
        deepest = DEEPEST_CACHE[self.unit]
        token_counts, counts = np.zeros((2, deepest, len(self.owner)))
        for row, (owner, position) in enumerate(zip(self.owner, self.position, strict=True)):
            text = self.texts[owner]
            for length, followers in enumerate(recalled(text[:position], deepest)):
                counts[length, row] = len(followers)
                token_counts[length, row] = np.count_nonzero(followers == text[position])
        return token_counts, counts


def recalled(history: list[int], deepest: int) -> list[TokenArray]:
    """For 1 to `deepest` last tokens of a history: the tokens that followed the same stretch earlier in it."""
    tokens = np.array(history, dtype=np.int32)
    followers: list[TokenArray] = []
    ends = np.arange(len(tokens) - 1)  # where an earlier stretch may end
    for length in range(1, deepest + 1):
        ends = ends[ends >= length - 1]
        ends = ends[tokens[ends - length + 1] == tokens[-length]] if len(ends) else ends
        followers.append(tokens[ends + 1])
    return followers


def _encoded(context: list[int], continuation: list[int]) -> tuple[int, list[int]]:
    return len(context), context + continuation
