"""Figures of a run: estimates, ranks, the plane of items, the power curve."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from anchoreval.errors import NotApplicableError
from anchoreval.reporting.paper.kinds import KINDS
from anchoreval.reporting.paper.part import Part
from anchoreval.reporting.paper.rank_bump import _without_owners
from anchoreval.reporting.paper.style import sheet

from .conftest import put


def drawn(kind: str, part: Part, **options: Any) -> tuple[Any, str]:
    with sheet("one") as on:
        caption = KINDS[kind].drawn(part, options, on)
        on.figure.draw_without_rendering()
        return on.figure, caption.text


def test_estimates_are_drawn_against_truths_without_names(of_run: Part) -> None:
    figure, caption = drawn("estimate_truth", of_run)
    table = of_run.summary.estimates
    points = next(line for line in figure.axes[0].lines if str(line.get_label()).startswith("targets"))
    assert points.get_ydata() == pytest.approx(100 * table["score"])
    assert not figure.axes[0].texts
    error = 100 * (table["score"] - table["truth"]).abs().mean()
    assert f"Mean absolute error {error:.1f} percentage points; 30 of 30 intervals hold" in caption


def test_targets_without_truth_are_refused(of_run: Part) -> None:
    blind = replace(of_run.summary, estimates=of_run.summary.estimates.assign(truth=np.nan))
    put(of_run, summary=blind)
    for kind, message in (("estimate_truth", "no target of"), ("rank_bump", "0 targets of")):
        with pytest.raises(NotApplicableError, match=message):
            drawn(kind, of_run)


def test_lines_join_ranks_by_truth_and_by_estimate(of_run: Part) -> None:
    figure, caption = drawn("rank_bump", of_run)
    table = of_run.summary.estimates
    lines = [line.get_ydata() for line in figure.axes[0].lines]
    order = table.sort_values("truth", ascending=False)
    assert [start for start, _ in lines] == list(range(1, 31))
    assert [end for _, end in lines] == order["score"].rank(ascending=False).tolist()
    assert f"(Spearman) {spearmanr(table['score'], table['truth']).statistic:.3f}" in caption


def test_only_so_many_models_are_shown_and_the_caption_says_so(of_run: Part) -> None:
    figure, caption = drawn("rank_bump", of_run, most=5)
    lines = [line.get_ydata() for line in figure.axes[0].lines]
    assert sorted(end for _, end in lines) == [1, 2, 3, 4, 5]
    assert "The 5 best of 30 by full score are shown" in caption


def test_the_plane_says_who_chose_and_how_difficult_items_are(of_run: Part) -> None:
    _, caption = drawn("anchor_plane", of_run)
    plane = of_run.plane
    means = [100 * plane.loc[plane["weight"] > 0, "difficulty"].mean(), 100 * plane["difficulty"].mean()]
    assert f"(anchors {means[0]:.1f} %, all items {means[1]:.1f} % on average)" in caption
    assert f"over the {of_run.chosen.n_models} source models that chose" in caption


def test_the_power_curve_needs_a_power_report(of_run: Part) -> None:
    _, caption = drawn("power_curve", of_run)
    assert "25.0 percentage points" in caption
    assert "20 of 200 items chosen by random" in caption
    put(of_run, power=None)
    with pytest.raises(NotApplicableError, match="has no power report"):
        drawn("power_curve", of_run)


def test_organisations_are_left_out_where_models_stay_apart() -> None:
    assert _without_owners(["a/one", "b/two", "three"]) == ["one", "two", "three"]
    assert _without_owners(["a/one", "b/one"]) == ["a/one", "b/one"]
