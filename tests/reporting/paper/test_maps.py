"""Maps: regrets against the best of all, correlations against a brute force, subjects that are chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from anchoreval.errors import NotApplicableError
from anchoreval.reporting.paper.kinds import KINDS
from anchoreval.reporting.paper.part import Part
from anchoreval.reporting.paper.redundancy_map import redundancy
from anchoreval.reporting.paper.style import sheet
from anchoreval.scoring.transfer_matrix import TransferMatrix

from ..test_figures import cut_off
from .conftest import put


def drawn(kind: str, part: Part, **options: Any) -> tuple[Any, str]:
    with sheet("one") as on:
        caption = KINDS[kind].drawn(part, options, on)
        on.figure.draw_without_rendering()
        return on.figure, caption.text


def test_regret_is_the_error_above_the_least_of_all(comparison: Any) -> None:
    part = comparison(estimators=("auto", "mean"), peers=("optimal",))
    lost = (part.cells["selector"] == "disco") & (part.cells["k"] == 10)
    worse = part.cells["mae"].where(part.cells["estimator"] == "auto", part.cells["mae"] + 2)
    put(part, cells=part.cells.assign(mae=worse, status=np.where(lost, "not applicable", "ok")))
    figure, caption = drawn("regret_map", part, estimators=["mean"], k=[10, 100])
    found = figure.axes[0].images[0].get_array()
    shown = found.filled(np.nan)
    root = np.sqrt(0.1)
    assert shown[0] == pytest.approx([2.0, 2.0]), "against the best of all, which another estimator has"
    assert shown[1] == pytest.approx([3.0, 2 + root])
    assert found.mask.tolist() == [[False, False], [False, False], [True, False]]
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["2.0", "2.0", "3.0", f"{2 + root:.1f}", "n/a", f"{2 + 2 * root:.1f}"]
    dots = [(round(float(line.get_ydata()[0]))) for line in figure.axes[0].lines]
    assert dots == [1, 1], "the peers, optimal at both budgets"
    assert "read by mean" in caption


def test_mean_correlations_of_blocks_are_those_of_all_pairs() -> None:
    rng = np.random.default_rng(1)
    scores = rng.random((12, 23))
    scores[:, 5] = 0.5
    found = redundancy(scores, ["b" if n % 2 else "a" for n in range(23)], most=4)
    full = np.corrcoef(scores[:, found.order].T)
    assert 5 not in found.order
    assert found.subjects == sorted(found.subjects)
    for row, (start, end) in enumerate(zip(found.starts[:-1], found.starts[1:], strict=True)):
        for column, (first, last) in enumerate(zip(found.starts[:-1], found.starts[1:], strict=True)):
            block = full[start:end, first:last]
            mean = (block.sum() - len(block)) / (len(block) ** 2 - len(block)) if row == column else block.mean()
            assert found.cells[row, column] == pytest.approx(mean)


def test_like_items_stand_together() -> None:
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(200, 2))
    kind = np.arange(40) % 2
    scores = factors[:, kind] + 0.5 * rng.normal(size=(200, 40))
    order = redundancy(scores, None).order
    assert len(set(kind[order][:20])) == 1


def test_the_map_marks_the_anchors_of_a_run(of_run: Part) -> None:
    figure, caption = drawn("redundancy_map", of_run)
    ticks = figure.axes[0].lines[-1]
    places = redundancy(of_run.chosen.scores.astype(float), of_run.matrix.items["subject"].tolist()).order
    marked = of_run.matrix.items.index[places[np.asarray(ticks.get_xdata(), dtype=int)]]
    assert set(marked) == set(of_run.anchors.items)
    assert "42 models" in caption or f"{of_run.chosen.n_models} models" in caption
    assert of_run.chosen.n_models < of_run.matrix.n_models, "calibration models have no part in it"


def test_the_subjects_chosen_cover_both_groups(of_transfer: Part) -> None:
    figure, caption = drawn("transfer_matrix", of_transfer, k=2)
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    chosen = [n for n, name in enumerate(rows) if name.endswith(")")]
    assert len(chosen) == 2
    assert {n // 3 for n in chosen} == {0, 1}, "one of each group of subjects that help alike"
    assert "the 2 subjects that greedy facility location takes" in caption
    measured = of_transfer.transfer
    put(of_transfer, transfer=TransferMatrix(("a", "b"), np.full((1, 2, 2), 0.5), np.array([4, 4]), measured.described))
    with pytest.raises(NotApplicableError, match="has 2 subjects; 3 are needed"):
        drawn("transfer_matrix", of_transfer)


def test_many_subjects_fit_without_names_below(of_transfer: Part) -> None:
    names = tuple(f"a_subject_with_a_long_name_{n}" for n in range(57))
    told, rng = of_transfer.transfer.described, np.random.default_rng(0)
    put(of_transfer, transfer=TransferMatrix(names, rng.random((2, 57, 57)), np.full(57, 9), told))
    for columns in ("one", "two"):
        with sheet(columns) as on:
            KINDS["transfer_matrix"].drawn(of_transfer, {}, on)
            assert not cut_off(on.figure)
            assert "in the same order" in on.figure.axes[0].get_xlabel()
