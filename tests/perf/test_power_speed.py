from __future__ import annotations

from time import process_time

import numpy as np
import pytest

from anchoreval.power.ranks.rank_sets import rank_sets
from anchoreval.power.report.power_report import power_report
from anchoreval.protocol.anchoring import reconstruct, select

from ..conftest import simulate

pytestmark = pytest.mark.perf


def test_rank_sets_of_400_models_from_10_000_draws_take_under_30_seconds() -> None:
    rng = np.random.default_rng(0)
    loadings = rng.normal(size=(400, 5))
    covariance = 1e-4 * (loadings @ loadings.T + np.eye(400))
    scores = rng.uniform(0.3, 0.8, 400)
    started = process_time()
    rank_sets(scores, covariance, draws=10_000)
    rank_sets(scores, covariance, draws=10_000, simultaneous=False)
    assert process_time() - started < 30.0


def test_the_report_of_100_targets_takes_under_60_seconds() -> None:
    matrix = simulate(400, 1000)
    sources, targets = (matrix.subset(models=matrix.models.index[part]) for part in (slice(300), slice(300, None)))
    anchors = select(sources, "optimal", k=100)
    made = reconstruct(sources, anchors, "auto")
    started = process_time()
    report = power_report(sources, anchors, targets=targets, reconstruction=made)
    assert process_time() - started < 60.0
    assert report.targets is not None
    assert len(report.targets.estimates) == 100
