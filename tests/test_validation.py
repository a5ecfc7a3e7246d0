"""Probabilities: the quick look over blocks of models agrees with the full check that names the fault."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchoreval.errors import ResponseDataError
from anchoreval.validation import _are_distributions, _refuse_probabilities

from .conftest import simulate


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    fault=st.sampled_from(["none", "gap", "short", "outside", "sum", "empty"]),
    block=st.integers(1, 9),
    half=st.booleans(),
)
def test_quick_and_full_check_agree(seed: int, fault: str, block: int, half: bool) -> None:
    matrix = simulate(7, 5, options=4, seed=1)
    rng = np.random.default_rng(seed)
    assert matrix.probabilities is not None
    values = matrix.probabilities.astype(np.float16 if half else np.float32)
    values[:, 1, 3] = np.nan
    values[:, 1] /= np.nansum(values[:, 1], axis=1, keepdims=True)
    model, item = rng.integers(7), rng.integers(5)
    if fault == "gap":
        values[model, item, 1] = np.nan
    elif fault == "short":
        values[model, item] = [0.5, 0.5, np.nan, np.nan]
    elif fault == "outside":
        values[model, item, :2] = [1.5, -0.5 - values[model, item, 2:][~np.isnan(values[model, item, 2:])].sum()]
    elif fault == "sum":
        values[model, item, 0] += 0.1
    elif fault == "empty":
        values[model, item] = np.nan
    quick = _are_distributions(values, block)
    assert quick == (fault in ("none", "empty"))
    if not quick:
        with pytest.raises(ResponseDataError, match=f"model 'model00{model}', item 'item000{item}'|and . more cells"):
            _refuse_probabilities(values, matrix.models.index, matrix.items.index)
    else:
        _refuse_probabilities(values, matrix.models.index, matrix.items.index)
