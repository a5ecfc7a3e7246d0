"""The study against the literature: who is named on which repeats, and that nothing of ours is picked on targets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from anchoreval.protocol.comparison import COLUMNS, Comparison
from anchoreval.protocol.records import TrialRecord, packed
from anchoreval.studies.adaptive_form import LABEL, READING, with_adaptive
from anchoreval.studies.literature import ADAPTIVE, cells, full_table, pooled, report

MODELS = tuple(f"m{n}" for n in range(30))


def made(levels: Mapping[tuple[str, str], tuple[float, float]], repeats: int = 6) -> Comparison:
    """Methods with the given mean absolute errors (points) on even and on odd repeats, benchmark `arc`, k = 20."""
    rng, rows, errors = np.random.default_rng(0), [], []
    for (selector, estimator), by_half in levels.items():
        for repeat in range(repeats):
            values = by_half[repeat % 2] * (1 + 0.1 * rng.normal(size=len(MODELS))) / 100
            facts = {"benchmark": "arc", "split": "iid", "repeat": repeat, "k": 20, "status": "ok", "reason": ""}
            methods = {"selector": selector, "estimator": estimator, "n_source": 90, "n_target": len(MODELS)}
            rows.append({**facts, **methods, "mae": float(np.abs(values).mean() * 100)})
            errors.append(packed(values))
    targets = {("arc", "iid", n): TrialRecord(f"t{n}", MODELS, MODELS) for n in range(repeats)}
    return Comparison(pd.DataFrame(rows, columns=list(COLUMNS)), tuple(errors), targets)


LEVELS = {
    ("optimal", "auto"): (2.0, 2.0),
    ("essence", "published"): (2.4, 3.0),
    ("essence", "auto"): (9.0, 2.5),
    ("mrmr", "auto"): (1.0, 4.0),
    ("random", "signature"): (0.5, 0.5),
}


def test_the_rival_is_named_on_odd_repeats_and_measured_on_even_ones() -> None:
    """mrmr would win on the even ones, and random anchors are no rival."""
    (cell,) = cells(made(LEVELS), ["arc"])
    assert (cell.rival.selector, cell.rival.estimator) == ("essence", "auto")
    assert cell.paired.ratio == pytest.approx(2.0 / 9.0, rel=0.05)
    assert cell.error == pytest.approx(2.0, rel=0.05)
    assert cell.paired.resolved == -1


def test_the_pooled_ratio_of_one_cell_is_its_own() -> None:
    found = made(LEVELS)
    shown = list(cells(found, ["arc"]))
    assert pooled(found, shown).ratio == pytest.approx(shown[0].paired.ratio)


def test_the_adaptive_form_is_compared_on_the_targets_that_sat_it() -> None:
    found = made(LEVELS)
    sat = pd.DataFrame(
        [{"benchmark": "arc", "repeat": r, "k": 20, "model": m, "error": 0.01} for r in range(6) for m in MODELS[:10]]
    )
    joined = with_adaptive(found, sat)
    rows = joined.table[joined.table["selector"] == LABEL]
    assert (rows["n_target"] == 10).all()
    assert rows["mae"].to_numpy() == pytest.approx(1.0)
    (cell,) = cells(joined, ["arc"], ADAPTIVE)
    assert cell.ours.estimator == READING
    rival = joined.errors_of(int(joined.table.index[(joined.table["selector"] == "essence")][0]))
    assert np.isfinite(rival).all()
    assert cell.paired.ratio == pytest.approx(1.0 / 9.0, rel=0.05)


def test_the_page_shows_every_method() -> None:
    found = made(LEVELS)
    assert "mrmr" in full_table(found.table)
    text = report(found)
    assert "essence + auto" in text
    assert "Few base models" not in text
