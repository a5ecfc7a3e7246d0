"""Our named studies, small: every part composes, runs or is left out for a reason, and every figure is drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anchoreval.cli import main
from anchoreval.errors import StoreError
from anchoreval.responses import ResponseMatrix
from anchoreval.schema import read_document
from anchoreval.store import write_benchmark

pytestmark = pytest.mark.slow

SMALL = {
    "main": [
        *("compare.k=[8]", "compare.estimators=[published]", "plan.k=[10,20]", "plan.repeats=1", "power.budgets=[5]"),
        *("sources.sizes=[20,30]", "sources.repeats=1", "k=10"),
    ],
    "disco": ["compare.k=[8]", "k=10"],
    "essencebench": ["compare.k=[8]", "k=10", "estimator=published"],
    "metabench": ["compare.k=[16]", "k=10"],
    "bento": ["compare.k=[1,2]", "k=2"],
    "power": ["k=10", "plan.k=[10,20]", "plan.repeats=1", "power.budgets=[5]", "estimator=signature"],
}
WITHOUT = {"disco": {"readings", "anchors"}}
"""Parts that say nothing without option probabilities and subjects."""


def arranged(here: Path, matrix: ResponseMatrix, name: str) -> list[str]:
    """The command line of a small version of a study."""
    write_benchmark(matrix, here / "bench")
    return [f"experiment={name}", "benchmark.path=bench", "compare.repeats=1", *SMALL[name]]


def document(here: Path) -> dict[str, Any]:
    (folder,) = (here / "results" / "runs").glob("study-*")
    return read_document(folder / "study.json", "study", StoreError)


@pytest.mark.parametrize("name", SMALL)
def test_on_a_benchmark_that_has_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synthetic: Callable[..., ResponseMatrix], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = arranged(tmp_path, synthetic(70, 60, n_subjects=4, options=4), name)
    assert main(asked) == 0
    found = document(tmp_path)
    live = {"transfer", "chosen", "errors_by_transfer"} if name == "bento" else set()
    assert set(found["left_out"]) == live, "a model that answers live is at hand for pocket alone"
    assert main([*asked, "job=figures"]) == 0
    drawn = {path.stem for path in (tmp_path / "results" / "figures" / f"{name}-simulated").glob("*.png")}
    assert len(drawn) == len(found["figures"]) > 0


@pytest.mark.parametrize("name", SMALL)
def test_without_probabilities_and_subjects(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    synthetic: Callable[..., ResponseMatrix],
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = arranged(tmp_path, synthetic(70, 60), name)
    if name == "bento":
        assert main(asked) == 2
        assert "no part applies" in capsys.readouterr().err
        return
    assert main(asked) == 0
    assert set(document(tmp_path)["left_out"]) == WITHOUT.get(name, set())
