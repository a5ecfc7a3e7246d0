"""The integer random stream of pocket: SplitMix64, written out so that it never changes.

NumPy promises no stream stability between versions; the shipped benchmark must come out the same for ever. Only integer
operations modulo 2^64 are used. Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators"
(OOPSLA 2014); constants of the reference implementation `splitmix64.c`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

UInt64Array: TypeAlias = npt.NDArray[np.uint64]
T = TypeVar("T")

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def mix(state: UInt64Array) -> UInt64Array:
    """SplitMix64's output function: a bijection of 64-bit integers that scatters neighbours."""
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))


class Stream:
    """A stream of 64-bit integers named by any sequence of words and numbers; equal names give equal streams."""

    def __init__(self, *name: str | int) -> None:
        digest = hashlib.sha256("\x1f".join(map(str, name)).encode()).digest()
        self._state = np.uint64(int.from_bytes(digest[:8], "little"))

    @classmethod
    def seeded(cls, state: int) -> Stream:
        """The stream that the reference implementation produces from this state."""
        stream = cls()
        stream._state = np.uint64(state)
        return stream

    def integers(self, count: int) -> UInt64Array:
        """(count,) the next 64-bit integers."""
        steps = np.arange(1, count + 1, dtype=np.uint64) * _STEP
        states = self._state + steps
        if count:
            self._state = states[-1]
        return mix(states)

    def below(self, bound: int) -> int:
        """One integer in [0, bound); the modulo bias is below bound / 2^64."""
        return int(self.integers(1)[0]) % bound

    def pick(self, values: Sequence[T]) -> T:
        """One of the values."""
        return values[self.below(len(values))]

    def shuffled(self, values: Sequence[T]) -> list[T]:
        """The values in a random order."""
        keys = self.integers(len(values))
        return [values[i] for i in np.argsort(keys, kind="stable")]
