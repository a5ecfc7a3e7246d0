"""What the tests and intervals of this room accept: probabilities strictly inside (0, 1), counts, scores and weights.

Said once, so that every method refuses the same input with the same words.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.errors import MethodOptionError, ResponseDataError


def check_open_unit(name: str, value: float) -> None:
    """Raise MethodOptionError unless a level, an alpha or a power lies strictly between 0 and 1."""
    if not 0.0 < value < 1.0:
        raise MethodOptionError(f"{name} = {value!r} is not between 0 and 1")


def check_at_least(name: str, value: float, least: float) -> None:
    """Raise MethodOptionError unless an option reaches its least sensible value."""
    if not value >= least:
        raise MethodOptionError(f"{name} = {value!r} is less than {least:g}")


def counts(name: str, values: Any) -> Float64Array:
    """Whole, non-negative numbers as float64, of any shape.

    Raises:
        ResponseDataError: one is negative, fractional or not a number.
    """
    numbers = np.asarray(values, dtype=np.float64)
    wrong = ~((numbers >= 0) & (np.floor(numbers) == numbers) & np.isfinite(numbers))
    if np.any(wrong):
        raise ResponseDataError(f"{name} = {numbers[wrong].flat[0]:g} is not a count")
    return numbers


def scores(name: str, values: Any) -> Float64Array:
    """(n,) scores in [0, 1], or NaN for items that were not answered, as float64.

    Raises:
        ResponseDataError: they are not one-dimensional, or one is outside [0, 1].
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1:
        raise ResponseDataError(f"{name} have shape {numbers.shape}, expected (items,)")
    outside = (numbers < 0.0) | (numbers > 1.0)
    if outside.any():
        raise ResponseDataError(f"{name}: score {numbers[outside][0]:g} is outside [0, 1]")
    return numbers


def shares(values: Any, size: int) -> Float64Array:
    """(size,) non-negative weights scaled to sum 1; equal ones where None is given.

    Raises:
        ResponseDataError: another shape, a negative or missing weight, or a sum of 0.
    """
    if values is None:
        return np.full(size, 1.0 / max(size, 1))
    weights = np.asarray(values, dtype=np.float64)
    if weights.shape != (size,):
        raise ResponseDataError(f"weights have shape {weights.shape}, there are {size} items")
    if not (weights >= 0.0).all() or not np.isfinite(weights.sum()) or (size and weights.sum() <= 0.0):
        raise ResponseDataError("weights must be finite, non-negative and not all 0")
    return weights / weights.sum() if size else weights
