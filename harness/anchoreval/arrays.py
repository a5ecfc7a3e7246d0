"""Names for the array shapes that the package accepts and returns, each defined once."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

BoolArray: TypeAlias = npt.NDArray[np.bool_]
IntArray: TypeAlias = npt.NDArray[np.int64]
Float32Array: TypeAlias = npt.NDArray[np.float32]
Float64Array: TypeAlias = npt.NDArray[np.float64]
FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
"""Any real floating type; computations are carried out in float64 unless said otherwise."""
Probabilities: TypeAlias = npt.NDArray[np.floating[Any]]
"""(models, items, options): each answered row sums to 1 over an item's options and is NaN beyond them."""
