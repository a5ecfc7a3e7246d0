from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from anchoreval.responses import ResponseMatrix
from anchoreval.studies.planted_drift import PLANTS, planted
from anchoreval.studies.staleness_power import BENCHMARKS, SIGNALS, report

Synthetic = Callable[..., ResponseMatrix]


@pytest.mark.parametrize("name", list(PLANTS))
def test_truth_counts_the_planted_answers(synthetic: Synthetic, name: str) -> None:
    targets = synthetic(30, 60, n_subjects=3, aggregation="macro")
    anchors = targets.items.index[::3]
    changed, truth = planted(targets, anchors, PLANTS[name], np.random.default_rng(0))
    scores = np.array(targets.scores)
    scores[:, ::3] = changed.scores
    whole = ResponseMatrix.from_arrays(
        scores, models=list(targets.models.index), items=targets.items, aggregation="macro"
    )
    np.testing.assert_allclose(truth, whole.full_scores, atol=1e-6)
    assert not np.array_equal(scores, targets.scores)


def test_plants_do_what_they_say(synthetic: Synthetic) -> None:
    answers = synthetic(200, 50).scores.astype(np.float64)
    rng = np.random.default_rng(1)
    learnt = PLANTS["10 % leaked"](answers, rng).mean(axis=0) - answers.mean(axis=0)
    assert (learnt > 0.01).sum() == 5
    keys = PLANTS["10 % wrong keys"](answers, rng)
    exchanged = np.flatnonzero((keys != answers).any(axis=0))
    assert len(exchanged) == 5
    assert not keys[:, exchanged][answers[:, exchanged] == 1.0].any()
    lost = PLANTS["another prompt"](answers, rng)
    assert lost.sum() / answers.sum() == pytest.approx(0.85, abs=0.02)
    clicking = PLANTS["a third click"](answers, rng)
    assert (clicking != answers).any(axis=1).sum() == 67
    assert clicking[:67].mean() == pytest.approx(0.25, abs=0.02)
    lent = PLANTS["answers of better models"](answers, rng)
    assert {row.tobytes() for row in lent} <= {row.tobytes() for row in answers}
    assert (lent.mean(axis=1) >= answers.mean(axis=1)).all()


def test_the_page_counts_verdicts() -> None:
    rows = pd.DataFrame(
        [
            {
                "what": what,
                "size": size,
                "controls": controls,
                "benchmark": benchmark,
                "verdict": verdict,
                **dict.fromkeys(SIGNALS, "watch"),
            }
            for what in ("fresh", "gap")
            for size in (5, 20)
            for controls in (False, True)
            for benchmark in BENCHMARKS
            for verdict in ("re-select", "watch", "fresh", "unknown")
        ]
    )
    page = report(rows)
    assert "| arc | 5 | no | 25 (25) | 25 (25) | 25 (25) | 4 |" in page
    assert "| gap | 20 | 25 (10) | 50 (11) | 25 (10) | 50 (11) | 20 |" in page
    assert "| gap | 100 | 100 | 100 | 100 | 100 | 100 |" in page
