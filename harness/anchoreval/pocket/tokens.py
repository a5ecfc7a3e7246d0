"""Words or characters as integers, and the windows of tokens that n-gram models look at."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from anchoreval.pocket.items import all_items

TokenArray: TypeAlias = npt.NDArray[np.int32]

START, END, UNKNOWN = 0, 1, 2
"""Reserved tokens: the start of a line (never predicted), its end, and anything outside of the vocabulary."""

UNITS = ("word", "char")
LONGEST = {"word": 12, "char": 24}
"""By unit: the highest order any model may have, in tokens, the predicted one included."""

DEEPEST_CACHE = {"word": 3, "char": 8}
"""By unit: the longest stretch of text that a prompt cache may compare."""

_PIECES = {"word": re.compile(r"\n+|[^\s]+"), "char": re.compile(r"\n+|.")}


class Vocabulary:
    """A closed vocabulary with a token for everything else, so that every text has a probability."""

    def __init__(self, unit: str, texts: Iterable[str]) -> None:
        self.unit = unit
        self._pieces = _PIECES[unit]
        seen = {piece for text in texts for piece in self._pieces.findall(text.lower())}
        self.pieces = ("<start>", "\n", "<unknown>", *sorted(seen - {"\n"}))
        self._ids = {piece: token for token, piece in enumerate(self.pieces) if token not in (START, END, UNKNOWN)}

    def __len__(self) -> int:
        return len(self.pieces)

    def encode(self, text: str) -> list[int]:
        """Tokens of a text; runs of line breaks become one END, upper case is lowered."""
        pieces = self._pieces.findall(text.lower())
        return [END if piece[0] == "\n" else self._ids.get(piece, UNKNOWN) for piece in pieces]

    def decode(self, token: int) -> str:
        """The text of one generated token, with the space that words need."""
        piece = self.pieces[token]
        return f" {piece}" if self.unit == "word" and token != END else piece


@lru_cache(maxsize=len(UNITS))
def vocabulary(unit: str) -> Vocabulary:
    """The vocabulary of all stems and options, in words or characters."""
    return Vocabulary(unit, (f"{item.prompt} {' '.join(item.options)}" for item in all_items()))


def windows(tokens: list[int], first: int, width: int) -> TokenArray:
    """The last `width` tokens up to and including each position from `first` on.

    A line is on its own: a window never reaches over an END, and is filled with START on the left.

    Returns:
        (len(tokens) - first, width) int32; the last column holds the predicted tokens.
    """
    rows = np.full((len(tokens) - first, width), START, dtype=np.int32)
    line = next((place + 1 for place in range(first - 1, -1, -1) if tokens[place] == END), 0)
    for position in range(first, len(tokens)):
        piece = tokens[max(line, position - width + 1) : position + 1]
        rows[position - first, width - len(piece) :] = piece
        if tokens[position] == END:
            line = position + 1
    return rows
