"""Parts of which every kind of figure can be drawn, made of numbers that are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.power.plans.plan_document import to_document
from anchoreval.power.plans.plan_points import Aim
from anchoreval.power.plans.planning import Prices, Subject, make_plan
from anchoreval.protocol.anchoring import select
from anchoreval.reporting.paper.part import Part
from anchoreval.responses import ResponseMatrix
from anchoreval.scoring.transfer_matrix import TransferMatrix

from .folders import by_sources, cells, compared, finished


@pytest.fixture
def comparison(tmp_path: Path) -> Callable[..., Part]:
    """A part of `job=compare`, of the arguments of `folders.cells`, and `peers`."""

    def make(peers: Any = (), **arguments: Any) -> Part:
        count = len(list(tmp_path.glob("compare*")))
        return Part.read(compared(tmp_path / f"compare{count}", cells(**arguments), peers))

    return make


@pytest.fixture
def of_run(tmp_path: Path, synthetic: Callable[..., ResponseMatrix], summary_of_run: Any) -> Part:
    """A part of `job=run`; what it would read of anchors and benchmark is put in its place."""
    matrix = synthetic(60, 200, n_subjects=4)
    part = Part.read(finished(tmp_path / "run", "run", {"result.json": summary_of_run.to_dict()}))
    anchors = select(matrix, "random", k=20)
    truth = np.linspace(0.3, 0.8, 12)
    put(part, matrix=matrix, anchors=anchors, residuals=pd.DataFrame({"truth": truth, "estimate": truth + 0.02}))
    gaps = [{"gap": n / 100, "power": 1 - 0.95**n, "population": 1 - 0.96**n, "full": 1 - 0.8**n} for n in range(1, 31)]
    design = {"benchmark": "bench", "anchors": 20, "items": 200, "selector": "random", "calibration_models": 18}
    put(part, power={"power_curve": gaps, "smallest_gap": 0.25, "alpha": 0.05, "power": 0.7, "design": design})
    return part


@pytest.fixture
def of_transfer(tmp_path: Path) -> Part:
    """A part of `job=transfer`: two groups of subjects that help alike."""
    rng = np.random.default_rng(0)
    near = np.kron(np.eye(2), np.ones((3, 3))) * 0.3 + 0.3
    draws = near + 0.02 * rng.random((2, 6, 6))
    names = tuple(f"subject_{n}" for n in range(6))
    told = {"model": "olive-3", "shots": 5}
    part = Part.read(finished(tmp_path / "transfer", "transfer", {}))
    put(part, transfer=TransferMatrix(names, draws, np.full(6, 40), told))
    return part


@pytest.fixture
def of_plan(tmp_path: Path, synthetic: Callable[..., ResponseMatrix]) -> Part:
    """A part of `job=plan` in which nothing was measured but the closed form."""
    matrix = synthetic(40, 400)
    subject = Subject("bench", 400, 40, 40, "auto")
    plan = make_plan(matrix, subject, Aim(0.1), Prices("items", 400.0), [], [25, 50, 100])
    return Part.read(finished(tmp_path / "plan", "plan", {"plan.json": to_document(plan)}))


@pytest.fixture
def of_sources(tmp_path: Path) -> Part:
    """A part of `job=sources`."""
    return Part.read(finished(tmp_path / "sources", "sources", {"sources.parquet": by_sources()}))


@pytest.fixture
def parts(comparison: Any, of_run: Part, of_transfer: Part, of_plan: Part, of_sources: Part) -> dict[str, Part]:
    """A part of each job, by the job's name."""
    found = [comparison(), of_run, of_transfer, of_plan, of_sources]
    return {part.job: part for part in found}


@pytest.fixture
def summary_of_run() -> Any:
    """What a run found on 30 targets, one with a long name and a `$`."""
    from ..test_run_report import estimates, summary

    truth = np.linspace(0.35, 0.85, 30)
    score = truth + 0.05 * np.sin(np.arange(30))
    index = [f"model{n:02d}" for n in range(29)] + ["a-very-long-organisation/with-a-model-that-costs-$5-or-$6"]
    table = pd.DataFrame({"score": score, "truth": truth}, index=pd.Index(index, name="model"))
    columns = estimates().columns.drop(["score", "truth", "lower", "upper", "algebra"])
    table = table.assign(lower=score - 0.08, upper=score + 0.08, **dict.fromkeys(columns, 0))
    return summary(estimates=table.assign(extrapolating=False, anchors=100))


def put(part: Part, **read: Any) -> None:
    """Put what a part would read in its place."""
    part.__dict__.update(read)
