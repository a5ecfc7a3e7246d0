"""A place to refresh a leaderboard in: anchors with sources, local tasks, a list of models, and a model that counts."""

from __future__ import annotations

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

COUNTING = '''
"""Registers a slow model with lm-eval that notes down every request, then runs anchoreval."""
import hashlib, os, sys, time

from lm_eval.api.model import LM
from lm_eval.api.registry import register_model


@register_model("counting")
class Counting(LM):
    def __init__(self, salt="", log="", seconds=0.0, broken=False, **_):
        super().__init__()
        self.salt, self.log, self.seconds, self.broken = salt, log, float(seconds), broken

    def loglikelihood(self, requests):
        found = []
        for request in requests:
            if self.broken:
                raise RuntimeError("out of\\nmemory")
            with open(self.log, "ab", 0) as stream:
                stream.write((self.salt + "|" + "|".join(request.args).replace(chr(10), " ") + chr(10)).encode())
            time.sleep(self.seconds)
            digest = hashlib.sha256(chr(31).join([self.salt, *request.args]).encode()).hexdigest()
            answer = (-10.0 * int(digest[:12], 16) / 16**12, False)
            found.append(answer)
            self.cache_hook.add_partial("loglikelihood", request.args, answer)
        return found

    def loglikelihood_rolling(self, requests):
        raise NotImplementedError

    def generate_until(self, requests):
        raise NotImplementedError


if __name__ == "__main__":
    from anchoreval.cli import main

    sys.exit(main(sys.argv[1:]))
'''


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
            str(self.folder / "counting.py"),
            "job=leaderboard",
            f"anchors={self.folder / 'anchors'}",
            f"leaderboard.models={self.folder / 'models.yaml'}",
            f"leaderboard.into={self.folder / into}",
            "leaderboard.tasks=[alpha,beta]",
            f"leaderboard.include_path={self.folder / 'tasks'}",
            *overrides,
        ]

    def start(self, into: str = "board", *overrides: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(into, *overrides),
            cwd=self.folder,
            env={**os.environ, "HYDRA_FULL_ERROR": "0"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def refresh(self, into: str = "board", *overrides: str, status: int = 0) -> str:
        """Refresh to the end; what was printed, standard error last."""
        process = self.start(into, *overrides)
        out, err = process.communicate(timeout=300)
        assert process.returncode == status, err + out
        return out + err

    def table(self, into: str = "board") -> pd.DataFrame:
        return pd.read_csv(self.folder / into / "leaderboard.csv", index_col=0)

    def list_models(self, *models: dict[str, Any]) -> None:
        (self.folder / "models.yaml").write_text(json.dumps({"models": list(models)}), encoding="utf-8")


def counting(name: str, place: Place, **changes: Any) -> dict[str, Any]:
    """An entry of the list: a model that answers by a hash of its name."""
    arguments = {"salt": name, "log": str(place.log), "seconds": 0.0, **changes}
    return {"name": name, "model": "counting", "model_args": arguments}


def make_place(folder: Path) -> Place:
    """Tasks of 41 documents, 70 source models whose answers are known, 20 anchors with an estimator attached."""
    place = Place(folder)
    (folder / "tasks").mkdir()
    write_group(folder / "tasks")
    (folder / "counting.py").write_text(COUNTING, encoding="utf-8")
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
