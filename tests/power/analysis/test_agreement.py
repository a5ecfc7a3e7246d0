from __future__ import annotations

import numpy as np
import pytest

from anchoreval.errors import MethodOptionError, ResponseDataError
from anchoreval.power.analysis.agreement import (
    GLUE_AGREEMENT,
    HIGHEST_AGREEMENT,
    LOWEST_AGREEMENT,
    AgreementLine,
    PairedCells,
    agreement_bounds,
    agreement_line,
    observed_cells,
    paired_cells,
)


def values(cells: PairedCells) -> list[float]:
    return [cells.both, cells.first_only, cells.second_only, cells.neither]


def test_cells_of_the_published_example() -> None:
    cells = paired_cells(0.8, 0.02, 0.975)
    assert values(cells) == pytest.approx([0.7975, 0.0025, 0.0225, 0.1775], abs=1e-12)
    assert cells.accuracies == pytest.approx((0.8, 0.82))
    assert cells.agreement == pytest.approx(0.975)


def test_cells_give_back_what_they_were_made_from() -> None:
    rng = np.random.default_rng(0)
    for cells in rng.dirichlet(np.ones(4), size=200):
        both, first, second, _ = cells
        made = paired_cells(both + first, second - first, 1.0 - first - second)
        assert values(made) == pytest.approx(cells, abs=1e-12)
        assert made.difference == pytest.approx(second - first)
        assert made.discordance == pytest.approx(first + second)


@pytest.mark.parametrize(("baseline", "difference"), [(0.7, 0.02), (0.7, -0.02), (0.2, 0.1), (0.5, 0.0), (0.9, 0.1)])
def test_bounds_are_where_a_cell_becomes_negative(baseline: float, difference: float) -> None:
    def least_cell(agreement: float) -> float:
        d = 1.0 - agreement
        first, second = (d - difference) / 2, (d + difference) / 2
        return min(first, second, baseline - first, 1.0 - baseline - second)

    possible = [p for p in np.linspace(0, 1, 2001) if least_cell(p) >= -1e-12]
    assert agreement_bounds(baseline, difference) == pytest.approx((possible[0], possible[-1]), abs=6e-4)
    for bound in agreement_bounds(baseline, difference):
        assert min(values(paired_cells(baseline, difference, bound))) == pytest.approx(0.0, abs=1e-12)


def test_impossible_cells_name_their_bounds() -> None:
    with pytest.raises(MethodOptionError, match=r"agreement = 0\.99 .* between 0\.42 and 0\.98"):
        paired_cells(0.7, 0.02, 0.99)
    with pytest.raises(MethodOptionError, match=r"accuracy = 1\.1"):
        paired_cells(0.9, 0.2, 0.8)
    with pytest.raises(MethodOptionError, match="depends on the baseline"):
        GLUE_AGREEMENT.possible_differences(None)
    with pytest.raises(MethodOptionError, match="a baseline accuracy"):
        GLUE_AGREEMENT.possible_differences(1.2)
    with pytest.raises(MethodOptionError, match=r"agreement = 1\.5"):
        agreement_line(1.5)


def test_rounding_is_no_impossibility() -> None:
    assert paired_cells(0.7, 0.1 + 0.2 - 0.28, 0.98).first_only == pytest.approx(0.0, abs=1e-12)


def test_bounds_as_lines() -> None:
    for baseline, difference in ((0.6, 0.0), (0.7, 0.05), (0.95, 0.05)):
        least, most = agreement_bounds(baseline, difference)
        assert LOWEST_AGREEMENT.agreement(baseline, difference) == pytest.approx(least)
        assert HIGHEST_AGREEMENT.agreement(baseline, difference) == pytest.approx(most)


@pytest.mark.parametrize(
    "line",
    [GLUE_AGREEMENT, HIGHEST_AGREEMENT, LOWEST_AGREEMENT, AgreementLine(0.9), AgreementLine(0.2), AgreementLine(1.0)],
)
def test_possible_differences_are_those_with_four_probabilities(line: AgreementLine) -> None:
    baselines = np.array([0.0, 0.1, 0.3, 0.5, 0.7, 0.945, 1.0])
    low, high = line.possible_differences(baselines)
    grid = np.linspace(0.0, 1.0, 4001)
    for baseline, least, most in zip(baselines, low, high, strict=True):
        d = line.discordance(baseline, grid)
        cells = np.array([d - grid, d + grid, 2 * baseline - d + grid, 2 * (1 - baseline) - d - grid])
        possible = grid[(cells >= -1e-9).all(axis=0)]
        if possible.size:
            assert (least, most) == pytest.approx((possible[0], possible[-1]), abs=3e-4)
        else:
            assert np.isnan(least) == np.isnan(most)
            assert np.isnan(least) or most - least < 1e-3, "an interval between two points of the grid"


def test_without_a_baseline_the_discordance_is_the_limit() -> None:
    low, high = AgreementLine(0.9).possible_differences(None)
    assert (float(low), float(high)) == pytest.approx((0.0, 0.1))


def test_observed_cells_are_shares_of_items() -> None:
    first = [1, 1, 0, 0, 1, np.nan, 1]
    second = [1, 0, 1, 0, 1, 1, np.nan]
    assert values(observed_cells(first, second)) == pytest.approx([0.4, 0.2, 0.2, 0.2])


def test_observed_cells_refuse_what_they_cannot_count() -> None:
    with pytest.raises(ResponseDataError, match="right"):
        observed_cells([0.5, 1], [1, 0])
    with pytest.raises(ResponseDataError, match="no item"):
        observed_cells([np.nan, 1], [1, np.nan])
    with pytest.raises(ResponseDataError, match="shapes"):
        observed_cells([1, 1], [1])
