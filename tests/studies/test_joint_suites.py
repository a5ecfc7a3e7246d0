"""Joint against separate estimates of a suite, on simulations whose truth is known, and the tables of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anchoreval.protocol.suite_readings import JOINT, OWN
from anchoreval.protocol.suite_views import GRAND_MEAN
from anchoreval.responses import ResponseMatrix
from anchoreval.studies import joint_suites
from anchoreval.studies.joint_suites import (
    APART,
    BOTH,
    RANDOM,
    READINGS,
    RELATIVE,
    TOGETHER,
    budget_table,
    differences,
    error_table,
    main,
    one_split,
    ratio_table,
)
from anchoreval.suite import Suite


def suite_of(n_models: int, seed: int) -> Suite:
    """Two benchmarks of one ability; models differ much in x and little in y."""
    rng = np.random.default_rng(seed)
    ability = rng.normal(size=(n_models, 1))
    found = {}
    for name, slope in (("x", 2.0), ("y", 0.4)):
        scores = rng.logistic(size=(n_models, 60)) < slope * ability - rng.normal(size=60)
        found[name] = ResponseMatrix.from_arrays(scores, items=[f"i{n}" for n in range(60)], name=name)
    return Suite(found)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """One split of one suite."""
    return pd.DataFrame(one_split(suite_of(160, 0), [10], 0))


def test_every_way_is_measured_on_the_same_targets(rows: pd.DataFrame) -> None:
    assert len(rows) == 4 * sum(map(len, READINGS.values()))
    assert (rows["targets"] + rows["sources"] == 160).all()
    wide = rows.pivot(index=["seed", "anchors", "reading"], columns="output", values="mae")
    np.testing.assert_allclose(wide[BOTH], wide[["x", "y"]].mean(axis=1))
    assert (wide[GRAND_MEAN] <= wide[BOTH] + 1e-9).all(), "errors cancel or not, they never add to more"
    budget = rows[rows["output"].isin(["x", "y"])].pivot_table(index="anchors", columns="output", values="budget")
    np.testing.assert_array_equal(budget.sum(axis=1), 10.0)
    np.testing.assert_array_equal(budget.loc[[RANDOM, APART]], 5.0)
    assert float(budget["x"][TOGETHER]) > float(budget["x"][RELATIVE])


def test_answers_of_both_help_where_both_measure_the_same(rows: pd.DataFrame) -> None:
    weak = rows[(rows["output"] == "y") & (rows["anchors"] == RANDOM)].groupby("reading")["mae"].mean()
    assert weak[JOINT] < weak[OWN]


def test_differences_are_paired_by_split() -> None:
    part = pd.DataFrame(
        [
            {"anchors": "a", "reading": reading, "seed": seed, "mae": mae}
            for reading, errors in ((OWN, [4.0, 2.0, 3.0]), (JOINT, [3.0, 2.0, 1.0]))
            for seed, mae in zip([2, 0, 1], errors, strict=True)
        ]
    )
    found, ratio = differences(part.sample(frac=1.0, random_state=0), ("a", JOINT), ("a", OWN))
    assert found.tolist() == [0.0, -2.0, -1.0]
    assert ratio == pytest.approx(6 / 9)


def test_resolved_differences_are_marked(rows: pd.DataFrame) -> None:
    assert ") -" not in ratio_table(rows), "one split resolves nothing"
    assert ") +" not in ratio_table(rows)
    better = pd.concat([rows.assign(seed=n) for n in range(5)], ignore_index=True)
    better["mae"] = np.where(better["reading"] == JOINT, 1.0, 2.0) + 1e-3 * better["seed"]
    line = next(line for line in ratio_table(better).splitlines() if "random: joint reading" in line)
    assert line.count("0.50 (-1.00) -") == 4


def test_tables_hold_what_was_measured(rows: pd.DataFrame) -> None:
    part = rows[(rows["anchors"] == TOGETHER) & (rows["reading"] == OWN) & (rows["output"] == "x")]
    shown = f"{part['mae'].mean():.2f} / {100 * part['coverage'].mean():.0f} % / {part['width'].mean():.1f}"
    assert shown in error_table(rows)
    assert BOTH not in error_table(rows)
    counts = part["budget"]
    assert f"| 10 | x | {counts.mean():.1f} ({counts.min():.0f} to {counts.max():.0f}) |" in budget_table(rows)


def test_the_study_writes_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(joint_suites, "SUITES", {("x", "y"): (8,)})
    monkeypatch.setattr(joint_suites, "MOST_MODELS", 80)
    suite = suite_of(100, 1)
    monkeypatch.setattr(joint_suites, "read_benchmark", lambda folder, name: suite[name])
    main(["--repeats", "1", "--into", str(tmp_path)])
    text = (tmp_path / "joint_suites.md").read_text()
    assert text == capsys.readouterr().out
    assert "80 of 100 shared models, 60 items of x, 60 items of y; 60 sources" in text
