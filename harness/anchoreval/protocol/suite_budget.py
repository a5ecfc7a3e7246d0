"""How a total budget of anchors is divided between the benchmarks of a suite."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from anchoreval.errors import BudgetError, MethodOptionError
from anchoreval.numerics.sampling import allocate

JOINT, EQUAL, PROPORTIONAL = "joint", "equal", "proportional"
SPLITS = (JOINT, EQUAL, PROPORTIONAL)
"""`joint`: the design itself divides the budget; `equal` between benchmarks; `proportional` to their items."""


def budgets(k: int, sizes: Mapping[str, int], split: str | Mapping[str, int]) -> dict[str, int]:
    """Number of anchors of each benchmark.

    Args:
        k: total number of anchors.
        sizes: number of items by benchmark.
        split: `equal` or `proportional`, at least one anchor each where k allows, never more than there are items, the
            largest remainders rounded up (of equal ones the larger benchmark's, then the first in alphabetical order);
            or the numbers themselves (a benchmark that is not named gets none).

    Raises:
        BudgetError: k is not between 1 and the number of items; the numbers given do not sum to k, or are not possible.
        MethodOptionError: no such split, or no such benchmark.
    """
    total = sum(sizes.values())
    if isinstance(k, bool) or int(k) != k or not 1 <= k <= total:
        raise BudgetError(f"k = {k} is not between 1 and the {total} items of the suite's {len(sizes)} benchmarks")
    if not isinstance(split, str):
        return _given(int(k), sizes, split)
    if split not in (EQUAL, PROPORTIONAL):
        raise MethodOptionError(f"split = {split!r} is not one of {', '.join(SPLITS)}, nor a number of anchors by name")
    names = sorted(sizes)
    counts = np.array([sizes[name] for name in names], dtype=np.int64)
    shares = counts.astype(np.float64) if split == PROPORTIONAL else np.ones(len(names))
    wanted = allocate(int(k), shares, counts)
    whole = np.floor(wanted + 1e-9).astype(np.int64)
    remainders = np.round(wanted - whole, 9)
    for n in sorted(range(len(names)), key=lambda n: (-remainders[n], -counts[n], names[n]))[: int(k) - whole.sum()]:
        whole[n] += 1
    found = dict(zip(names, whole.tolist(), strict=True))
    return {name: found[name] for name in sizes}


def _given(k: int, sizes: Mapping[str, int], split: Mapping[str, int]) -> dict[str, int]:
    for name, count in split.items():
        if name not in sizes:
            raise MethodOptionError(f"split: the suite has no benchmark {name!r} (there are: {', '.join(sizes)})")
        if isinstance(count, bool) or int(count) != count or not 0 <= count <= sizes[name]:
            raise BudgetError(f"split: {count} is not between 0 and the {sizes[name]} items of benchmark {name}")
    if (given := sum(int(count) for count in split.values())) != k:
        raise BudgetError(f"split: the numbers of anchors sum to {given}, not to k = {k}")
    return {name: int(split.get(name, 0)) for name in sizes}
