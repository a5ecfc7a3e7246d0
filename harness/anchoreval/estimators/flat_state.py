"""States of parts inside the state of a whole, under prefixed names: a state stays one flat mapping of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

State = dict[str, np.ndarray[Any, Any]]


def prefixed(**parts: Mapping[str, np.ndarray[Any, Any]]) -> State:
    """One state out of several: array `a` of part `p` becomes `p/a`."""
    return {f"{part}/{name}": array for part, state in parts.items() for name, array in state.items()}


def part_of(state: Mapping[str, np.ndarray[Any, Any]], part: str) -> State:
    """The state of one part, its prefix taken off."""
    start = f"{part}/"
    return {name.removeprefix(start): array for name, array in state.items() if name.startswith(start)}
