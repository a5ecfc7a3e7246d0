"""Finished cells: kept, found again, exported, and the same whoever computed them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import active_children
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from anchoreval.errors import ConfigurationError, MethodError, StoreError
from anchoreval.groups import model_groups
from anchoreval.methods import Selection
from anchoreval.protocol.cell_export import export_cells
from anchoreval.protocol.cell_files import records_in, table_of
from anchoreval.protocol.cell_store import CellStore
from anchoreval.protocol.cells import Request, Workplace
from anchoreval.protocol.compare import compare, comparison
from anchoreval.protocol.comparison import COLUMNS, SECONDS
from anchoreval.protocol.method_specs import labelled_estimators, labelled_selectors
from anchoreval.protocol.records import (
    FIGURES,
    ReadingRecord,
    SelectionRecord,
    TrialRecord,
    packed,
    unpacked,
)
from anchoreval.protocol.sweep import Grid, Sweep
from anchoreval.protocol.trial import Conditions
from anchoreval.protocol.workers import work_off
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]
TIMELESS = [c for c in COLUMNS if c not in SECONDS]
CONDITIONS = Conditions(0.8, 0.3, None, "refuse")
CALLS: list[tuple[int, int]] = []


@dataclass
class Counted:
    """A random selector that counts its calls, and stops the whole comparison after some."""

    option: int = 0
    stop_after: ClassVar[int] = 10**9
    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset()

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        if len(CALLS) >= self.stop_after:
            raise KeyboardInterrupt
        CALLS.append((sources.n_models, k))
        drawn = sources.items.index[rng.choice(sources.n_items, k, replace=False)]
        return Selection(items=drawn, weights=rng.random(k), details={"drawn": (1, np.int64(2)), "none": None})


@dataclass
class Fatal:
    """A selector that ends its process."""

    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset()

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        os._exit(1)


@dataclass
class Slow(Counted):
    """Takes a minute for k = 6."""

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        time.sleep(60 * (k == 6))
        return super().select(sources, k, rng)


@pytest.fixture(autouse=True)
def no_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    CALLS.clear()
    monkeypatch.setattr(Counted, "stop_after", 10**9)


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one[TIMELESS], other[TIMELESS], check_exact=True)


def test_a_second_run_computes_only_what_the_first_was_stopped_before(
    synthetic: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = synthetic(50, 60)
    grid: dict[str, Any] = {"k": [5, 10], "repeats": 3, "seed": 1}
    whole = compare(made, Counted(), ["signature", "weighted"], **grid)
    assert len(CALLS) == 6
    CALLS.clear()
    monkeypatch.setattr(Counted, "stop_after", 4)
    with pytest.raises(KeyboardInterrupt):
        compare(made, Counted(), ["signature", "weighted"], **grid, cells=tmp_path)
    assert len(CALLS) == 4
    monkeypatch.setattr(Counted, "stop_after", 10**9)
    same(compare(made, Counted(), ["signature", "weighted"], **grid, cells=tmp_path), whole)
    assert len(CALLS) == 6
    resumed = compare(made, Counted(), ["signature", "weighted"], **grid, cells=tmp_path)
    assert len(CALLS) == 6
    pd.testing.assert_frame_equal(
        resumed, compare(made, Counted(), ["signature", "weighted"], **grid, cells=tmp_path), check_exact=True
    )


def test_another_estimator_or_level_reads_the_same_selection(synthetic: Simulator, tmp_path: Path) -> None:
    made = synthetic(50, 60)
    compare(made, Counted(), "weighted", k=5, repeats=2, cells=tmp_path)
    both = compare(made, Counted(), ["signature", "weighted"], k=5, repeats=2, cells=tmp_path)
    other = compare(made, Counted(), "weighted", k=5, repeats=2, level=0.5, cells=tmp_path)
    assert len(CALLS) == 2
    same(both, compare(made, Counted(), ["signature", "weighted"], k=5, repeats=2))
    assert (other["interval_width"] < both["interval_width"].max()).all()


def test_all_that_decides_a_cell_decides_its_key(synthetic: Simulator, tmp_path: Path) -> None:
    made = synthetic(50, 60)
    scores = made.scores.copy()
    scores[0, 0] = 1 - scores[0, 0]
    changed = ResponseMatrix.from_arrays(scores, models=made.models, items=made.items, name=made.name)
    compare(made, Counted(), "weighted", k=5, repeats=1, cells=tmp_path)
    variants: list[tuple[ResponseMatrix, dict[str, Any]]] = [
        (changed, {}),
        (made, {"selectors": Counted(1)}),
        (made, {"k": 6}),
        (made, {"seed": 1}),
        (made, {"splits": "gap"}),
        (made, {"test_share": 0.4}),
        (made, {"calibration": 0.2}),
        (made, {"missing": "allow"}),
    ]
    for n, (matrix, options) in enumerate(variants):
        given = {"selectors": Counted(), "estimators": "weighted", "k": 5, "repeats": 1, **options}
        compare(matrix, **given, cells=tmp_path)
        assert len(CALLS) == 2 + n, options


def test_rows_are_the_same_whatever_the_number_of_workers(synthetic: Simulator, tmp_path: Path) -> None:
    made = {"one": synthetic(40, 60, n_subjects=3), "two": synthetic(40, 50, seed=1)}
    asked: dict[str, Any] = {"selectors": ["random", "stratified"], "estimators": ["mean", "signature", "weighted"]}
    asked |= {"k": [5, 55], "splits": ["iid", "gap"], "repeats": 2, "level": 0.8}
    one = comparison(made, **asked)
    two = comparison(made, **asked, workers=2, cells=tmp_path)
    assert {"ok", "not applicable"} == set(one.table["status"])
    same(one.table, two.table)
    for left, right in zip(one.errors, two.errors, strict=True):
        assert (left is None) == (right is None)
        assert left is None or (left == right).all()
    again = comparison(made, **asked, cells=tmp_path)
    pd.testing.assert_frame_equal(again.table, two.table, check_exact=True)
    assert {name: trial.models for name, trial in again.targets.items()} == {
        name: trial.models for name, trial in one.targets.items()
    }


def test_errors_on_targets_make_up_the_row(synthetic: Simulator) -> None:
    made = synthetic(40, 60, variants=2)
    found = comparison(made, ["random", "disco"], "signature", k=10, repeats=2)
    groups = model_groups(made)
    for row, line in enumerate(found.table.itertuples()):
        if line.status != "ok":
            assert found.errors[row] is None
            with pytest.raises(KeyError, match="disco"):
                found.errors_of(row)
            continue
        errors = found.errors_of(row)
        assert np.abs(errors).mean() == pytest.approx(line.mae, abs=0.005)
        assert errors.mean() == pytest.approx(line.bias, abs=0.005)
        trial = found.targets["simulated", "iid", line.repeat]
        assert len(trial.models) == line.n_target == len(errors)
        assert trial.groups == tuple(groups[list(trial.models)])
    odd = found.where(found.table["repeat"] == 1)
    assert len(odd.table) == len(odd.errors) == 2


def test_an_export_is_all_that_a_later_run_needs(synthetic: Simulator, tmp_path: Path) -> None:
    made = {"my bench": synthetic(40, 60), "other": synthetic(40, 50, seed=1)}
    asked: dict[str, Any] = {"selectors": {"s": Counted(), "disco": "disco"}, "estimators": "weighted", "k": [5, 8]}
    kept = comparison(made, **asked, repeats=2, cells=tmp_path / "cells")
    compare(made, Counted(7), "weighted", k=5, repeats=1, cells=tmp_path / "cells")
    files = export_cells(tmp_path / "cells", tmp_path / "published", kept.keys)
    assert [path.name for path in files] == ["my-bench.parquet", "other.parquet"]
    first = [path.read_bytes() for path in files]
    calls = len(CALLS)
    resumed = comparison(made, **asked, repeats=2, cells=[tmp_path / "new", tmp_path / "published"])
    assert len(CALLS) == calls
    pd.testing.assert_frame_equal(resumed.table, kept.table, check_exact=True)
    assert not (tmp_path / "new").exists()
    assert resumed.keys == kept.keys
    export_cells([tmp_path / "cells", tmp_path / "published"], tmp_path / "published", kept.keys)
    assert [path.read_bytes() for path in files] == first
    rows = pq.read_table(files[0]).num_rows
    everything = export_cells(tmp_path / "cells", tmp_path / "all")
    assert pq.read_table(everything[0]).num_rows > rows


def test_an_export_is_parted_where_it_is_large(synthetic: Simulator, tmp_path: Path) -> None:
    made = synthetic(40, 60)
    kept = compare(made, "random", ["weighted", "signature"], k=[5, 8, 12], repeats=4, cells=tmp_path / "cells")
    (whole,) = export_cells(tmp_path / "cells", tmp_path / "into")
    parts = export_cells(tmp_path / "cells", tmp_path / "into", largest=len(whole.read_bytes()) * 2 // 3)
    assert len(parts) > 1
    assert {path.name for path in (tmp_path / "into").iterdir()} == {path.name for path in parts}
    again = compare(made, "random", ["weighted", "signature"], k=[5, 8, 12], repeats=4, cells=tmp_path / "into")
    pd.testing.assert_frame_equal(again, kept, check_exact=True)
    assert export_cells(tmp_path / "into", tmp_path / "into") == [whole]
    assert [path.name for path in (tmp_path / "into").iterdir()] == [whole.name]


def test_records_survive_the_file() -> None:
    rng = np.random.default_rng(0)
    items = pd.Index(["b", "a", "c"], dtype=object, name="item")
    chosen = Selection(items, rng.random(3), None, {"tried": {"a": [1.5, None]}, "name": "é"})
    figures = dict(zip(FIGURES, [*rng.random(len(FIGURES) - 1).tolist(), float("nan")], strict=True))
    records = [
        TrialRecord("t", ("m1", "m2"), ("g", "g")),
        SelectionRecord("s", "ok", "", 0.1, chosen),
        SelectionRecord("n", "not applicable", "it | needs"),
        ReadingRecord("r", "s", "ok", "remark", 0.2, figures, np.array([1, -2], dtype=np.int16)),
        ReadingRecord("q", "s", "not applicable", "because"),
    ]
    found = records_in(table_of(records, {"t": "about"}), {"t", "s", "n", "r", "q", "unknown"})
    assert set(found) == {"t", "s", "n", "r", "q"}
    trial, selected, refused, reading, unread = (found[key] for key in "tsnrq")
    assert vars(trial) == vars(records[0])
    assert isinstance(selected, SelectionRecord)
    assert selected.selection is not None
    pd.testing.assert_index_equal(selected.selection.items, items)
    np.testing.assert_array_equal(selected.selection.weights, chosen.weights)
    assert selected.selection.inclusion is None
    assert selected.selection.details == chosen.details
    assert isinstance(refused, SelectionRecord)
    assert (refused.selection, refused.reason) == (None, "it | needs")
    assert isinstance(reading, ReadingRecord)
    np.testing.assert_equal(dict(reading.figures), figures)
    assert reading.errors is not None
    assert reading.errors.tolist() == [1, -2]
    assert isinstance(unread, ReadingRecord)
    assert (dict(unread.figures), unread.errors, unread.reason) == ({}, None, "because")


def test_errors_are_kept_to_a_hundredth_of_a_point() -> None:
    errors = np.array([-1.0, 1.0, 0.123456, 0.0, np.nan])
    np.testing.assert_array_equal(unpacked(packed(errors)), [-100, 100, 12.35, 0, np.nan])


def test_a_damaged_file_is_named(synthetic: Simulator, tmp_path: Path) -> None:
    made = synthetic(40, 60)
    compare(made, "random", "weighted", k=5, repeats=1, cells=tmp_path)
    victim = next(path for path in (tmp_path / "simulated").iterdir() if "-" in path.name)
    victim.write_bytes(victim.read_bytes()[:100])
    with pytest.raises(StoreError, match=victim.name):
        compare(made, "random", "weighted", k=5, repeats=1, cells=tmp_path)


def test_what_failed_is_tried_again(synthetic: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = synthetic(40, 60)

    def broken(*_: Any) -> Selection:
        raise MemoryError("not today")

    with monkeypatch.context() as patch:
        patch.setattr(Counted, "select", broken)
        row = compare(made, Counted(), "weighted", k=5, repeats=1, cells=tmp_path).iloc[0]
        assert (row["status"], row["reason"]) == ("failed", "MemoryError: not today")
    assert compare(made, Counted(), "weighted", k=5, repeats=1, cells=tmp_path)["status"].tolist() == ["ok"]


def test_a_worker_that_dies_is_told(synthetic: Simulator) -> None:
    with pytest.raises(MethodError, match="a worker process died"):
        compare(synthetic(40, 30), {"a": Fatal(), "b": Fatal()}, "weighted", k=[5, 6], repeats=1, workers=2)
    with pytest.raises(ConfigurationError, match="0 workers"):
        compare(synthetic(40, 30), workers=0)


def test_workers_end_with_the_run_and_what_they_finished_is_kept(synthetic: Simulator, tmp_path: Path) -> None:
    made = synthetic(40, 30)
    request = Request({"b": made}, labelled_selectors(Slow()), labelled_estimators("weighted"), CONDITIONS, 0)
    units = list(Sweep(request, Grid([5, 6, 6], ["iid"], 1), None).units())
    begun, before = time.monotonic(), set(active_children())
    work = work_off(Workplace(request, CellStore.at(tmp_path)), units, workers=2)
    assert next(work).unit.k == 5
    work.close()
    assert time.monotonic() - begun < 50
    assert set(active_children()) <= before
    assert len(list(tmp_path.rglob("*.parquet"))) == 3, "who was held out, the selection and its reading"
