"""The figures of a power report, each with its caption, by path relative to the folder of the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from anchoreval.power.report.power_report import PowerReport
from anchoreval.power.report.target_models import TargetModels
from anchoreval.reporting.figure_pairs import pair_matrix_figure
from anchoreval.reporting.figure_power import power_curve_figure
from anchoreval.reporting.figure_ranks import rank_sets_figure
from anchoreval.reporting.figure_reliability import reliability_figure


def power_figures(folder: Path, report: PowerReport) -> dict[str, str]:
    """Draw those that there is something to show for."""
    drawn: dict[str, str] = {}
    if len(report.curve):
        path = "figures/power.png"
        drawn[path] = power_curve_figure(folder / path, report.curve, report.alpha, report.power, report.smallest)
    if report.targets is not None and len(report.targets.estimates) > 1:
        drawn |= _target_figures(folder, report.targets)
    if report.reliability is not None and report.reliability.pairs:
        path = "figures/reliability.png"
        drawn[path] = reliability_figure(folder / path, report.reliability.table, report.intervals)
    return drawn


def _target_figures(folder: Path, targets: TargetModels) -> dict[str, str]:
    matrix, ranks = "figures/pairs.png", "figures/ranks.png"
    models = [str(name) for name in targets.estimates.index]
    place = {name: n for n, name in enumerate(targets.estimates.index)}
    first, second = (targets.pairs[side].map(place).to_numpy() for side in ("first", "second"))
    better = np.full((len(models), len(models)), 0.5)
    better[first, second] = targets.pairs["p_first_better"]
    better[second, first] = 1.0 - targets.pairs["p_first_better"]
    resolved = np.zeros(better.shape, dtype=np.bool_)
    resolved[first, second] = resolved[second, first] = targets.pairs["resolved"]
    return {
        matrix: pair_matrix_figure(folder / matrix, models, better, resolved),
        ranks: rank_sets_figure(folder / ranks, targets.places, targets.ranks.level),
    }
