"""Parts: only a complete run of a known job is read, and only with the benchmark that it read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from anchoreval.errors import StoreError
from anchoreval.protocol.digests import content_digest
from anchoreval.reporting.paper.part import Part
from anchoreval.responses import ResponseMatrix
from anchoreval.store import load_benchmark, write_benchmark

from .folders import cells, compared, finished


def test_what_is_no_finished_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no finished run"):
        Part.read(tmp_path)
    folder = compared(tmp_path / "run", cells())
    (folder / "cells.parquet").write_bytes(b"cut")
    with pytest.raises(StoreError, match=r"cells\.parquet: is not there as the run wrote it"):
        Part.read(folder)
    (folder / "done.json").write_text(json.dumps({"files": {}}), encoding="utf-8")
    with pytest.raises(StoreError, match="does not say what was done"):
        Part.read(folder)
    with pytest.raises(StoreError, match="this is a run of job=check"):
        Part.read(finished(tmp_path / "check", "check", {}))


def test_the_benchmark_is_the_one_that_was_read(tmp_path: Path, synthetic: Callable[..., ResponseMatrix]) -> None:
    write_benchmark(synthetic(20, 30), tmp_path / "bench")
    content = content_digest(load_benchmark(tmp_path / "bench"))
    config = f"benchmark:\n  name: null\n  path: {tmp_path / 'bench'}\n"
    folder = finished(tmp_path / "run", "compare", {"config.yaml": config}, content)
    assert Part.read(folder).matrix.n_models == 20
    (tmp_path / "bench").rename(tmp_path / "moved")
    assert Part.read(folder, benchmark_path=str(tmp_path / "moved")).matrix.n_models == 20
    write_benchmark(synthetic(21, 30), tmp_path / "moved")
    with pytest.raises(StoreError, match=r"is not the benchmark that .* read, or has changed since"):
        _ = Part.read(folder, benchmark_path=str(tmp_path / "moved")).matrix
