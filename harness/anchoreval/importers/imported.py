"""What every reader gives: one model's answers to the items of one task, as arrays, with where they come from.

Readers know formats and nothing else. They give `ImportedRun`s one after another, and `Skipped` for what they leave
out, with the reason; putting runs of many models together is done once, in `anchoreval.importers.gathering`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import pandas as pd

from anchoreval.arrays import Float32Array
from anchoreval.errors import ResponseDataError
from anchoreval.importers.file_heads import FoundFile


@dataclass(frozen=True, eq=False)
class ImportedRun:
    """One model's answers to the items of one task, from one run.

    Attributes:
        model: its name.
        task: the benchmark's part that the items belong to, as the source calls it.
        items: one row an item, in the source's order. Column `key`, unique within the task, by which the source knows
            the item (a document's number, an id); where known `doc_hash`, `subject`, `text`, `options` (list of texts),
            `doc_id`, `cost`.
        scores: (items,) in [0, 1]; NaN where an item was not answered.
        metric: what the score is.
        probabilities: (items, options), rows summing to 1, NaN beyond an item's options; None without any.
        replicate: what tells this run from others of the same model on the same items (a seed, an epoch, a time); empty
            where the source says nothing.
        stated: the mean score that the source itself states of these items, in [0, 1]; None where it states none.
        model_facts: known columns of the model table (`base_model`, `family`, `released`, `prompt`, `full_score`).
        source: the file or folder.
        provenance: plain data about the run (versions, times, settings).
    """

    model: str
    task: str
    items: pd.DataFrame
    scores: Float32Array
    metric: str
    probabilities: Float32Array | None = None
    replicate: str = ""
    stated: float | None = None
    model_facts: Mapping[str, Any] = field(default_factory=dict)
    source: Path = Path()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.scores) != len(self.items):
            raise ResponseDataError(f"{self.source}: {len(self.scores)} scores for {len(self.items)} items")
        outside = np.flatnonzero((self.scores < 0) | (self.scores > 1))
        if outside.size:
            key, score = self.items["key"].iloc[outside[0]], self.scores[outside[0]]
            raise ResponseDataError(f"{self.source}: item {key!r}: {self.metric} {score:g} is outside [0, 1]")
        if not self.items["key"].is_unique:
            key = self.items["key"][self.items["key"].duplicated()].iloc[0]
            raise ResponseDataError(f"{self.source}: item {key!r} of task {self.task!r} stands twice")

    @property
    def mean(self) -> float:
        """Mean of the scores that are there; NaN without any."""
        known = self.scores[~np.isnan(self.scores)]
        return float(known.mean(dtype=np.float64)) if known.size else float("nan")


@dataclass(frozen=True)
class Skipped:
    """Something that was recognised and left out.

    Attributes:
        source: the file, or the part of it.
        reason: why, in a clause.
    """

    source: str
    reason: str


Imported: TypeAlias = "ImportedRun | Skipped"


@dataclass(frozen=True)
class ReadOptions:
    """What a user may choose of what a source offers.

    Attributes:
        metric: name of the metric that is the score, or that by task; None: the format's usual one.
        filter_name: which filter's answers count, where there are several (lm-eval).
        tasks: only these tasks; None: all.
        normalised: option log-likelihoods divided by the options' lengths before they become probabilities.
    """

    metric: str | Mapping[str, str] | None = None
    filter_name: str | None = None
    tasks: tuple[str, ...] | None = None
    normalised: bool = False

    def metric_of(self, task: str) -> str | None:
        """The metric that is wanted of a task; None for the usual one."""
        return self.metric if self.metric is None or isinstance(self.metric, str) else self.metric.get(task)

    def wants(self, task: str) -> bool:
        """Whether a task is to be read."""
        return self.tasks is None or task in self.tasks


class Importer(Protocol):
    """Reader of one format. Modules of formats offer an instance called `IMPORTER`."""

    name: str
    """As `importer=` has it."""

    def unit(self, file: FoundFile) -> Path | None:
        """What is read as one where this file is of the format: the file, or its folder (a HELM run); None otherwise.

        Tells formats by content, and looks at no more of a file than its beginning.
        """
        ...

    def read(self, unit: Path, options: ReadOptions) -> Iterator[Imported]:
        """The runs in one unit.

        Raises:
            ResponseDataError: one line that names the file, and the line or the place in it, that is damaged.
        """
        ...
