"""What a finished run left behind, read when a figure asks for it.

A part is the run folder of one job, as it stands (`anchoreval.runs`). Its benchmark is found by the run's own
configuration and compared with the digest of what was read then, so that no figure mixes two states of a benchmark.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf

from anchoreval.anchors import AnchorSet, load_anchors
from anchoreval.errors import StoreError
from anchoreval.power.plans.plan_document import from_document
from anchoreval.power.plans.planning import Plan
from anchoreval.protocol.digests import content_digest
from anchoreval.reporting.item_plane import item_plane
from anchoreval.reporting.run_summary import RunSummary
from anchoreval.responses import ResponseMatrix
from anchoreval.runs import DONE
from anchoreval.schema import read_document
from anchoreval.scoring.transfer_matrix import TransferMatrix
from anchoreval.store import load_benchmark

JOBS = ("compare", "run", "plan", "transfer", "sources")
"""Jobs that leave behind what figures are drawn from."""


@dataclass(frozen=True)
class Part:
    """A finished run.

    Attributes:
        folder: of the run.
        done: what its `done.json` says.
        name: of the part in a study; empty for a run by itself.
        benchmark_path: where the benchmark is now; None: where the run's configuration says.
    """

    folder: Path
    done: Mapping[str, Any]
    name: str = ""
    benchmark_path: str | None = None

    @classmethod
    def read(cls, folder: Path, name: str = "", benchmark_path: str | None = None) -> Part:
        """The part in a run folder.

        Raises:
            StoreError: there is no run, it is not complete, or no figure is drawn from what its job leaves behind.
        """
        done = _done(folder)
        if (job := done["identity"].get("job")) not in JOBS:
            raise StoreError(f"{folder}: figures are drawn from job={', job='.join(JOBS)}; this is a run of job={job}")
        return cls(folder, done, name, benchmark_path)

    @property
    def job(self) -> str:
        """Name of the job."""
        return str(self.done["identity"]["job"])

    @property
    def benchmark(self) -> str:
        """Name of the benchmark."""
        return str(self.done["identity"]["benchmark"]["name"])

    @property
    def gives(self) -> frozenset[str]:
        """What figures may ask of it (see `anchoreval.reporting.paper.kind.NEEDS`)."""
        return frozenset({self.job, "matrix"})

    @cached_property
    def config(self) -> Any:
        """The run's resolved configuration."""
        return OmegaConf.load(self._file("config.yaml"))

    @cached_property
    def cells(self) -> pd.DataFrame:
        """The table of `anchoreval.compare`."""
        return pd.read_parquet(self._file("cells.parquet"))

    @cached_property
    def ok(self) -> pd.DataFrame:
        """The cells that have figures."""
        return self.cells[self.cells["status"] == "ok"]

    @cached_property
    def resolution(self) -> pd.DataFrame:
        """What `anchoreval.protocol.marks.marks` says of the comparison."""
        return pd.read_parquet(self._file("resolution.parquet"))

    @cached_property
    def sources(self) -> pd.DataFrame:
        """Errors by number of source models, as `job=sources` writes them."""
        return pd.read_parquet(self._file("sources.parquet"))

    @cached_property
    def summary(self) -> RunSummary:
        """What `job=run` found."""
        return RunSummary.from_dict(self._json("result.json"))

    @cached_property
    def residuals(self) -> pd.DataFrame:
        """The models that size the errors: columns `estimate` and `truth`; may be empty."""
        return pd.read_csv(self._file("calibration.csv"))

    @cached_property
    def anchors(self) -> AnchorSet:
        """The anchors that `job=run` chose."""
        return load_anchors(self.folder / "anchors")

    @cached_property
    def power(self) -> Mapping[str, Any] | None:
        """The power report of `job=run`; None where no model sizes the errors."""
        path = self.folder / "power.json"
        return read_document(path, "power", StoreError) if path.exists() else None

    @cached_property
    def plan(self) -> Plan:
        """What `job=plan` found."""
        return from_document(read_document(self._file("plan.json"), "plan", StoreError))

    @cached_property
    def transfer(self) -> TransferMatrix:
        """What `job=transfer` measured."""
        return TransferMatrix.load(self._file("transfer.csv"))

    @cached_property
    def matrix(self) -> ResponseMatrix:
        """The benchmark that the run read.

        Raises:
            StoreError: it is not there any more, or not as it was.
        """
        where = self.config.benchmark
        path = self.benchmark_path or where.path
        found = load_benchmark(Path(path) if path else where.name)
        if content_digest(found) != self.done["identity"]["benchmark"]["content"]:
            raise StoreError(
                f"{path or where.name}: is not the benchmark that {self.folder} read, or has changed since"
            )
        return found

    @cached_property
    def chosen(self) -> ResponseMatrix:
        """The benchmark with the models that chose the anchors of a run; with all its models for other jobs."""
        if self.job != "run":
            return self.matrix
        models, roles = self.matrix.models.index, self.anchors.roles
        if roles is None:
            return self.matrix.subset(models=models.difference(self.summary.estimates.index, sort=False))
        return self.matrix.subset(models=models.intersection(roles.index[roles == "select"], sort=False))

    @cached_property
    def plane(self) -> pd.DataFrame:
        """Every item's difficulty, discrimination and weight as an anchor of the run."""
        return item_plane(self.chosen, self.anchors)

    def _file(self, name: str) -> Path:
        path = self.folder / name
        if not path.is_file():
            raise StoreError(f"{path}: there is no such file")
        return path

    def _json(self, name: str) -> Any:
        path = self._file(name)
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise StoreError(f"{path}: is not a JSON document") from error


def _done(folder: Path) -> Mapping[str, Any]:
    """What `done.json` says, its files being there in full."""
    path = folder / DONE
    try:
        done = json.loads(path.read_text(encoding="utf-8"))
        sizes = {str(name): int(size) for name, size in done["files"].items()}
        done["identity"]["benchmark"]["name"]
    except FileNotFoundError:
        raise StoreError(f"{folder}: holds no finished run ({DONE} is not there)") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{path}: does not say what was done") from error
    for name, size in sizes.items():
        if not (folder / name).is_file() or (folder / name).stat().st_size != size:
            raise StoreError(f"{folder / name}: is not there as the run wrote it")
    return dict(done)
