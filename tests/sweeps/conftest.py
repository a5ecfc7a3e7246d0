from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from anchoreval.responses import ResponseMatrix
from anchoreval.store import write_benchmark


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synthetic: Callable[..., ResponseMatrix]) -> Path:
    """A working directory with a stored benchmark, `bench`."""
    write_benchmark(synthetic(40, 60, n_subjects=3), tmp_path / "bench")
    monkeypatch.chdir(tmp_path)
    return tmp_path
