"""A place to refresh a leaderboard in: anchors with sources, local tasks, a list of models, and a model that counts."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.responses import ResponseMatrix

from ..scoring.doubles import SIZES, write_group

COUNTING = Path(__file__).with_name("counting.py")


@dataclass(frozen=True)
class Place:
    """Where a leaderboard is refreshed."""

    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "asked.log"

    @property
    def asked(self) -> list[str]:
        """Every request that reached a model, in order."""
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []

    def command(self, into: str = "board", *overrides: str) -> list[str]:
        return [
            sys.executable,
            str(COUNTING),
            "job=leaderboard",
            f"anchors={self.folder / 'anchors'}",
            f"leaderboard.models={self.folder / 'models.yaml'}",
            f"leaderboard.into={self.folder / into}",
            "leaderboard.tasks=[alpha,beta]",
            f"leaderboard.include_path={self.folder / 'tasks'}",
            *overrides,
        ]

    def start(self, into: str = "board", *overrides: str, seconds: float = 0.0) -> subprocess.Popen[str]:
        """Begin a refresh in a process of its own, whose models take so long for a request."""
        return subprocess.Popen(
            self.command(into, *overrides),
            cwd=self.folder,
            env={**os.environ, "COUNTING_LOG": str(self.log), "COUNTING_SECONDS": str(seconds)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def refresh(self, into: str = "board", *overrides: str, status: int = 0) -> str:
        """Refresh to the end in this process; what was printed, standard error last."""
        from anchoreval.cli import main

        from . import counting

        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), counting.logging_to(self.log):
            found = main(self.command(into, *overrides)[2:])
        assert found == status, err.getvalue() + out.getvalue()
        return out.getvalue() + err.getvalue()

    def table(self, into: str = "board") -> pd.DataFrame:
        return pd.read_csv(self.folder / into / "leaderboard.csv", index_col=0)

    def list_models(self, *models: dict[str, Any]) -> None:
        (self.folder / "models.yaml").write_text(json.dumps({"models": list(models)}), encoding="utf-8")


def counting(name: str, **changes: Any) -> dict[str, Any]:
    """An entry of the list: a model that answers by a hash of its name."""
    return {"name": name, "model": "counting", "model_args": {"salt": name, **changes}}


def make_place(folder: Path) -> Place:
    """Tasks of 41 documents, 70 source models whose answers are known, 20 anchors with an estimator attached."""
    place = Place(folder)
    (folder / "tasks").mkdir()
    write_group(folder / "tasks")
    matrix = sources()
    anchors = select(matrix, "stratified_difficulty", k=20, seed=0)
    anchors.with_reconstruction(reconstruct(matrix, anchors, "bayes_linear", seed=0)).save(folder / "anchors")
    return place


def sources() -> ResponseMatrix:
    """Answers of 70 models by a logistic curve; subjects are the tasks."""
    rng = np.random.default_rng(0)
    documents = [(task, number) for task, size in SIZES.items() for number in range(size)]
    items = pd.DataFrame(documents, columns=["task", "doc_id"], index=[f"{t}/{n}" for t, n in documents])
    chance = 1 / (1 + np.exp(-(rng.normal(size=(70, 1)) - rng.normal(size=len(items)))))
    return ResponseMatrix.from_arrays(
        (rng.random(chance.shape) < chance).astype(np.float32),
        models=[f"source{n:02d}" for n in range(70)],
        items=items.assign(subject=items["task"]),
        name="letters",
    )
