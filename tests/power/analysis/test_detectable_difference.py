from __future__ import annotations

import time

import numpy as np
import pytest

from anchoreval.errors import MethodOptionError
from anchoreval.power.analysis.accuracy_power import accuracy_power, paired_power
from anchoreval.power.analysis.agreement import (
    GLUE_AGREEMENT,
    HIGHEST_AGREEMENT,
    LOWEST_AGREEMENT,
    PairedCells,
    paired_cells,
)
from anchoreval.power.analysis.detectable_difference import detectable_difference, exact_detectable_difference

GLUE = [
    ("MRPC", 1725, 0.920, 1.62),
    ("SST-2", 1821, 0.972, 1.04),
    ("RTE", 3000, 0.917, 1.23),
    ("QNLI", 5463, 0.975, 0.55),
    ("MNLI-m", 9796, 0.916, 0.67),
    ("MNLI-mm", 9847, 0.913, 0.68),
    ("QQP", 390_965, 0.910, 0.11),
    ("WNLI", 147, 0.945, np.nan),
    ("SQuAD 2.0", 8862, 0.907, 0.74),
]
"""Task, items, best accuracy, detectable difference in points (recomputed from Card et al.'s inputs; digest 3.1)."""
BY_DISCORDANCE = {
    25: (np.nan, np.nan, np.nan, 29.3),
    50: (np.nan, np.nan, 17.3, 21.2),
    100: (np.nan, 8.8, 12.4, 15.2),
    200: (4.4, 6.2, 8.8, 10.8),
    500: (2.8, 4.0, 5.6, 6.8),
    1000: (2.0, 2.8, 4.0, 4.8),
}
"""Points at discordance .05, .10, .20, .30 (digest 10)."""


def test_glue_to_the_printed_digits() -> None:
    _, n, accuracy, printed = zip(*GLUE, strict=True)
    found = detectable_difference(n, GLUE_AGREEMENT, accuracy)
    np.testing.assert_array_equal(np.round(100 * found.difference, 2), printed)
    assert [reason for reason in found.reasons if reason] == [
        "the largest possible difference, 5.05 points, has power 0.71"
    ]


def test_detectable_by_items_and_discordance_to_the_printed_digits() -> None:
    agreements = (0.95, 0.9, 0.8, 0.7)
    found = [detectable_difference(list(BY_DISCORDANCE), agreement).difference for agreement in agreements]
    np.testing.assert_array_equal(np.round(100 * np.array(found).T, 1), list(BY_DISCORDANCE.values()))


def test_power_at_the_detectable_difference_is_what_was_wanted() -> None:
    for line in (GLUE_AGREEMENT, HIGHEST_AGREEMENT, LOWEST_AGREEMENT, 0.85):
        for power in (0.5, 0.8, 0.95):
            found = detectable_difference([200, 1000, 20_000], line, [[0.7], [0.8], [0.9]], power, alpha=0.01)
            there = np.isfinite(found.difference)
            items = np.broadcast_to([200, 1000, 20_000], there.shape)
            assert there.any()
            reached = paired_power(items[there], found.discordance[there], found.difference[there], alpha=0.01)
            assert reached == pytest.approx(power, abs=1e-9)
            assert (found.best_power[~there] < power).all() or np.isnan(found.best_power[~there]).any()


def test_the_quadratic_solution_at_a_fixed_discordance() -> None:
    """(n + z_p^2) D^2 - 2 z_a sqrt(n d) D + (z_a^2 - z_p^2) d = 0, the larger root."""
    z_alpha, z_power = 1.959963984540054, 0.8416212335729143
    for n, d in ((100, 0.2), (1000, 0.05), (20_000, 0.4)):
        root = np.roots([n + z_power**2, -2 * z_alpha * np.sqrt(n * d), (z_alpha**2 - z_power**2) * d]).max()
        assert float(detectable_difference(n, 1 - d).difference) == pytest.approx(root, rel=1e-10)


def test_reasons_for_none() -> None:
    found = detectable_difference([10, 500], 0.95, [[0.8], [0.0], [0.01]])
    assert found.difference.shape == (3, 2)
    assert "power" in found.reasons[0]
    assert found.reasons[1] == ""
    assert float(found.largest[1, 0]) == pytest.approx(0.05), "the baseline is always wrong: all discordance is gain"
    perfect = detectable_difference(500, 1.0, 1.0)
    assert np.isnan(perfect.difference)
    assert perfect.reasons == ["the largest possible difference, 0.00 points, has power 0.00"]
    impossible = detectable_difference(500, 0.2, 0.95)
    assert np.isnan(impossible.difference)
    assert impossible.reasons == ["no difference goes with this baseline and agreement"]


def test_exact_figures_have_the_power_that_was_wanted() -> None:
    for test in ("exact", "mid-p"):
        found = exact_detectable_difference(100, 0.85, 0.7, test=test)
        gap = float(found.difference)
        assert accuracy_power(paired_cells(0.7, gap, 0.85), 100, test=test).power == pytest.approx(0.8, abs=1e-6)
        assert float(found.discordance) == pytest.approx(0.15)
    assert float(exact_detectable_difference(5, 0.5, test="exact").best_power) == 0.0
    assert np.isnan(exact_detectable_difference(5, 0.5, test="exact").difference)


def test_exact_and_closed_form_agree_for_many_items() -> None:
    for line in (GLUE_AGREEMENT, 0.9):
        exact = exact_detectable_difference(5000, line, 0.85).difference
        assert float(exact) == pytest.approx(float(detectable_difference(5000, line, 0.85).difference), rel=0.01)


def test_six_of_six_are_the_least_that_the_exact_test_finds() -> None:
    found = exact_detectable_difference(6, 0.0, test="exact")
    assert accuracy_power(PairedCells(0, (1 - found.difference) / 2, (1 + found.difference) / 2, 0), 6, test="exact")
    wins = (1 + float(found.difference)) / 2
    assert wins**6 == pytest.approx(0.8, abs=1e-9)


def test_a_thousand_take_less_than_a_second() -> None:
    started = time.process_time()
    found = detectable_difference(500, GLUE_AGREEMENT, np.linspace(0.5, 0.95, 1000))
    assert time.process_time() - started < 1.0
    assert np.isfinite(found.difference).all()
    assert (np.diff(found.difference) < 0).all(), "better models agree more"


def test_wrong_options_are_refused() -> None:
    for wrong in ({"power": 0.4}, {"power": 1.0}, {"alpha": 1.0}):
        with pytest.raises(MethodOptionError):
            detectable_difference(100, 0.9, **wrong)
        with pytest.raises(MethodOptionError):
            exact_detectable_difference(100, 0.9, **wrong)
    with pytest.raises(MethodOptionError, match="number of items"):
        detectable_difference([100, 0], 0.9)
