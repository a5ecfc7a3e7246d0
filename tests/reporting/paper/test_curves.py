"""Curves of papers are the table's means with the bands that the caption states."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import NotApplicableError
from anchoreval.reporting.paper.budget_curves import apart
from anchoreval.reporting.paper.kinds import KINDS
from anchoreval.reporting.paper.part import Part
from anchoreval.reporting.paper.style import sheet

from .conftest import put


def drawn(kind: str, part: Part, columns: str = "one", **options: Any) -> tuple[Any, str]:
    """The figure and its caption."""
    with sheet(columns) as on:
        caption = KINDS[kind].drawn(part, options, on)
        on.figure.draw_without_rendering()
        return on.figure, caption.text


def test_lines_are_means_and_bands_hold_them_with_95_percent(comparison: Any) -> None:
    figure, caption = drawn("error_curve", comparison())
    (axes,) = figure.axes
    budgets = np.array([10.0, 30.0, 100.0])
    for n, line in enumerate(axes.lines):
        assert line.get_xdata() == pytest.approx(budgets)
        assert line.get_ydata() == pytest.approx((4 + n) * (10 / budgets) ** 0.5)
    band = axes.collections[0].get_paths()[0].vertices
    reach = 4.302653 * 0.1 / np.sqrt(3)  # the repeats differ by a tenth of a point; Student's t, two degrees of freedom
    at_first = band[np.isclose(band[:, 0], 10.0), 1]
    assert (at_first.min(), at_first.max()) == pytest.approx((4 - reach, 4 + reach))
    assert "Bands: the mean over repeats with 95% confidence (Student's t)" in caption
    assert "3 repeats, in each 30 target models are held out and 90 source models are left" in caption
    assert axes.get_ylabel() == "mean absolute error\n(percentage points)"


def test_one_repeat_has_no_band_and_says_so(comparison: Any) -> None:
    _, caption = drawn("error_curve", comparison(repeats=1))
    assert "One repeat: no band can be given." in caption
    assert "a single repeat, in which 30 target models" in caption


def test_a_single_budget_gives_dots_the_best_on_top(comparison: Any) -> None:
    figure, caption = drawn("error_curve", comparison(selectors=("random", "b", "a")), k=[30])
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["random", "b", "a"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert "at k = 30" in caption
    assert "Bars: the mean over repeats with 95% confidence" in caption
    figure, _ = drawn("rank_curve", comparison(selectors=("random", "b", "a")), k=[30])
    assert figure.axes[0].get_yticklabels()[0].get_text() == "random", "the largest rank correlation is the best"


def test_the_axis_counts_items_where_k_counts_something_else(comparison: Any) -> None:
    part = comparison()
    subjects = part.cells["selector"] == "disco"
    put(part, cells=part.cells.assign(n_anchors=part.cells["k"].where(~subjects, 7 * part.cells["k"])))
    figure, caption = drawn("error_curve", part)
    assert figure.axes[0].lines[2].get_xdata() == pytest.approx([70, 210, 700])
    assert figure.axes[0].get_xlabel() == "items that a target answers"
    assert "k does not count items for all selectors: disco has 70 to 700 anchors. The axis counts" in caption
    assert drawn("error_curve", comparison())[0].axes[0].get_xlabel() == "anchors k"


def test_what_has_no_figures_is_left_out_or_refused(comparison: Any) -> None:
    part = comparison()
    put(part, cells=part.cells.assign(status=np.where(part.cells["selector"] == "disco", "failed", "ok")))
    figure, _ = drawn("error_curve", part)
    assert len(figure.axes[0].lines) == 2
    empty = comparison()
    put(empty, cells=empty.cells.assign(spearman=np.nan))
    with pytest.raises(NotApplicableError, match="has no spearman"):
        drawn("rank_curve", empty)


def test_ticks_that_would_touch_give_way_to_the_ends_and_round_ones() -> None:
    assert apart([10, 20, 50, 100], 5.0) == [10, 20, 50, 100]
    assert apart([10, 30, 50, 75, 90, 100, 110, 1000], 1.5) == [10, 50, 100, 1000]
    assert apart([5.0, 6.0], 0.1) == [6.0]


def test_error_by_sources(of_sources: Part) -> None:
    figure, caption = drawn("source_curve", of_sources)
    lines = figure.axes[0].lines
    assert lines[0].get_ydata() == pytest.approx(40 / np.sqrt([20, 80, 320]) + 0.05)
    assert lines[1].get_ydata() == pytest.approx(41.05 - 40 + 40 / np.sqrt([20, 80, 320]))
    assert "(20, 80 and 320)" in caption
    assert "k = 50" in caption
    put(of_sources, sources=of_sources.sources.query("n == 80"))
    with pytest.raises(NotApplicableError, match="one number of sources only"):
        drawn("source_curve", of_sources)


def test_the_frontier_is_what_nothing_beats_in_both(comparison: Any) -> None:
    part = comparison(selectors=("cheap", "dear"), budgets=(10, 100), repeats=1)
    seconds = {("cheap", 10): 1.0, ("cheap", 100): 10.0, ("dear", 10): 5.0, ("dear", 100): 50.0}
    errors = {("cheap", 10): 6.0, ("cheap", 100): 7.0, ("dear", 10): 4.0, ("dear", 100): 2.0}
    keys = pd.MultiIndex.from_frame(part.cells[["selector", "k"]])
    put(part, cells=part.cells.assign(select_seconds=keys.map(seconds), fit_seconds=0.0, mae=keys.map(errors)))
    figure, caption = drawn("cost_frontier", part, cost="seconds")
    steps = figure.axes[0].lines[0]
    assert steps.get_xdata() == pytest.approx([1, 5, 50, 50])
    assert steps.get_ydata() == pytest.approx([6, 4, 2, 2])
    assert "cheap + auto with k = 10 (6.00), dear + auto with k = 10 (4.00) and dear + auto with k = 100" in caption


def test_several_splits_have_no_common_frontier(comparison: Any) -> None:
    part = comparison(splits=("iid", "gap"))
    with pytest.raises(NotApplicableError, match="name one by the option splits"):
        drawn("cost_frontier", part)
    drawn("cost_frontier", part, splits="gap")
