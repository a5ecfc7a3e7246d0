"""What a notebook shows of an object that stands alone in a cell: one line that says what it is."""

from __future__ import annotations

from collections.abc import Callable

import anchoreval as ae
from anchoreval.responses import ResponseMatrix


def test_results_say_in_one_line_what_they_are(synthetic: Callable[..., ResponseMatrix]) -> None:
    matrix = synthetic(120, 200)
    anchors = ae.select(matrix, "stratified_difficulty", k=40, seed=0)
    reconstruction = ae.reconstruct(matrix, anchors, "signature")
    error = f"{100 * (reconstruction.expected_error or 0.0):.1f}"
    judges = len(reconstruction.residuals)
    assert repr(reconstruction) == (
        f"Reconstruction('simulated': 40 anchors read by signature, expected error {error} points by {judges} models)"
    )
    report = ae.power_report(matrix, anchors, reconstruction=reconstruction)
    gap = f"{100 * report.smallest:.1f} points"
    assert repr(report) == f"PowerReport('simulated': 40 of 200 items, {gap} found with 80% power at alpha = 0.05)"


def test_the_estimator_that_auto_chose_is_named(synthetic: Callable[..., ResponseMatrix]) -> None:
    matrix = synthetic(80, 100)
    made = ae.reconstruct(matrix, ae.select(matrix, "random", k=30), "auto")
    assert f"read by auto -> {made.estimator.chosen}," in repr(made)  # type: ignore[attr-defined]


def test_what_is_not_known_is_called_so(synthetic: Callable[..., ResponseMatrix]) -> None:
    matrix = synthetic(80, 100)
    made = ae.reconstruct(matrix, ae.select(matrix, "random", k=30, calibration=0.0), "signature")
    assert repr(made).endswith("read by signature, errors unknown)")
