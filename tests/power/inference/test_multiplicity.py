"""Adjusted p-values against statsmodels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from anchoreval.arrays import Float64Array
from anchoreval.errors import ResponseDataError
from anchoreval.power.inference.multiplicity import benjamini_hochberg, benjamini_yekutieli, holm

METHODS = [(holm, "holm"), (benjamini_hochberg, "fdr_bh"), (benjamini_yekutieli, "fdr_by")]


@pytest.mark.parametrize(("adjust", "name"), METHODS)
def test_adjusted_p_values_equal_statsmodels(adjust: Callable[[object], Float64Array], name: str) -> None:
    rng = np.random.default_rng(0)
    for size in (1, 2, 7, 300):
        p = np.round(rng.random(size) ** 4, 3)  # ties among them
        assert np.abs(adjust(p) - multipletests(p, method=name)[1]).max() < 1e-10


@pytest.mark.parametrize(("adjust", "name"), METHODS)
def test_missing_tests_do_not_count(adjust: Callable[[object], Float64Array], name: str) -> None:
    p = np.array([[0.01, np.nan, 0.2], [0.03, 0.5, np.nan]])
    found = adjust(p)
    known = ~np.isnan(p)
    assert np.array_equal(np.isnan(found), ~known)
    assert np.abs(found[known] - multipletests(p[known], method=name)[1]).max() < 1e-10


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg, benjamini_yekutieli])
def test_no_test_at_all_is_no_error(adjust: Callable[[object], Float64Array]) -> None:
    assert adjust([]).shape == (0,)
    assert np.isnan(adjust([np.nan, np.nan])).all()


def test_false_findings_are_bounded() -> None:
    """Ten true nulls among twenty dependent tests: rates over 4,000 tables, within three Monte-Carlo errors."""
    rng = np.random.default_rng(1)
    z = (rng.normal(size=(4000, 20)) + rng.normal(size=(4000, 1))) / np.sqrt(2) + np.repeat([0.0, 3.0], 10)
    p = 2 * stats.norm.sf(np.abs(z))
    family = np.array([(holm(row)[:10] <= 0.05).any() for row in p])
    found = np.array([benjamini_hochberg(row) <= 0.05 for row in p])
    false_share = found[:, :10].sum(axis=1) / np.maximum(found.sum(axis=1), 1)
    assert family.mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4000)
    assert false_share.mean() <= 0.05 + 3 * false_share.std() / np.sqrt(4000)
    assert found[:, 10:].mean() > np.mean([(holm(row)[10:] <= 0.05) for row in p]) > 0.4


def test_bad_p_values_are_refused() -> None:
    with pytest.raises(ResponseDataError, match="p-value"):
        holm([0.1, 1.2])
