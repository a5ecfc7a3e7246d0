"""Answers as a string a model, a character an anchor: 2,000 models x 100 anchors in 200 kB.

A score is rounded to sixtieths, so that halves, thirds, quarters, fifths and tenths stay exact; `0` is wrong, `y` right
and `-` not answered. Ours.
"""

from __future__ import annotations

import string

import numpy as np

from anchoreval.arrays import FloatArray

ALPHABET = (string.digits + string.ascii_uppercase + string.ascii_lowercase)[:61]
"""A character a score: the n-th stands for n / 60."""
UNANSWERED = "-"


def packed(answers: FloatArray) -> list[str]:
    """A string a model.

    Args:
        answers: (models, anchors) in [0, 1], NaN not answered.
    """
    codes = np.frombuffer((ALPHABET + UNANSWERED).encode("ascii"), dtype=np.uint8)
    steps = len(ALPHABET) - 1
    scores = np.asarray(answers, dtype=np.float64)
    known = np.isfinite(scores)
    rounded = np.rint(np.clip(np.where(known, scores, 0.0), 0.0, 1.0) * steps).astype(np.int64)
    return [bytes(row).decode("ascii") for row in codes[np.where(known, rounded, steps + 1)]]
