"""Inspect's logs: one model on one task, as `inspect eval` writes them, `.eval` (a ZIP archive) or `.json`.

An `.eval` archive holds `header.json` (what was run, its status and the scores that Inspect states) and a member a
sample, packed in Zstandard or deflated; one whose run was killed has `_journal/start.json` alone. A `.json` log is the
header with a list `samples`. Epochs are replicates. Of several scorers the user names one, `choice`, or a part of one,
`grader/style`. Samples that were not scored (an error, a value of NaN, invalidated) have no score. A log of another
status than `success` is read as far as it goes, and says so in its provenance. Versions 2 and 3 of the format are
known, and those before, which say no version.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Float32Array
from anchoreval.importers.entries import label, mapping, prose
from anchoreval.importers.file_heads import FoundFile
from anchoreval.importers.imported import Imported, ImportedRun, ReadOptions, Skipped
from anchoreval.importers.inspect_files import Header, archived_samples, listed_samples, read_header
from anchoreval.importers.inspect_samples import Sample, chosen_scorer, read_sample, values
from anchoreval.importers.inspect_scores import stated_mean

_LOG = re.compile(rb'\s*\{\s*(?:"version"\s*:\s*\d+\s*,\s*)?"status"\s*:\s*"\w+"\s*,\s*"eval"\s*:\s*\{')


@dataclass(frozen=True)
class Inspect:
    """Reader of Inspect logs."""

    name: str = "inspect"

    def unit(self, file: FoundFile) -> Path | None:
        """Archives by their ending, which nothing else has; JSON by how it begins."""
        ours = file.ends(".eval") or (file.ends(".json") and _LOG.match(file.head))
        return file.path if ours else None

    def read(self, unit: Path, options: ReadOptions) -> Iterator[Imported]:
        """A run an epoch.

        Raises:
            ResponseDataError: the log is damaged, or the user has to choose a scorer; names the sample.
        """
        header = read_header(unit)
        task = label(header.eval.get("task"), f"{unit}: eval.task")
        if not options.wants(task):
            return
        source = archived_samples(unit) if header.archive else listed_samples(unit)
        samples = [read_sample(value, where) for where, value in source]
        if not samples:
            yield Skipped(str(unit), f"holds no samples{_of_status(header)}")
        elif not any(sample.scores for sample in samples):
            yield Skipped(str(unit), f"holds no scores{_of_status(header)}; was it scored?")
        else:
            yield from _runs(unit, header, task, samples, options.metric_of(task))


IMPORTER = Inspect()


def _of_status(header: Header) -> str:
    return "" if header.status == "success" else f" (its status is {header.status!r})"


def _runs(
    unit: Path, header: Header, task: str, samples: Sequence[Sample], wanted: str | None
) -> Iterator[ImportedRun]:
    """A run an epoch, in their order."""
    scorer, part = chosen_scorer(samples, wanted, str(unit))
    scores = values(samples, scorer, part)
    epochs = sorted({sample.epoch for sample in samples})
    stated = _stated(header, samples, scores, scorer, part)
    facts = _facts(header, samples)
    if stated is not None and len(epochs) > 1:
        facts["stated_over_epochs"] = stated
    for epoch in epochs:
        own = [n for n, sample in enumerate(samples) if sample.epoch == epoch]
        yield ImportedRun(
            model=label(header.eval.get("model"), f"{unit}: eval.model"),
            task=task,
            items=_items([samples[n] for n in own]),
            scores=scores[own],
            metric=f"{scorer}/{part}" if part else scorer,
            replicate=_replicate(header, epoch, len(epochs)),
            stated=stated if len(epochs) == 1 else None,
            source=unit,
            provenance=facts,
        )


def _stated(header: Header, samples: Sequence[Sample], scores: Float32Array, scorer: str, part: str) -> float | None:
    """The mean of all samples that the log states; None where it is of others than are there."""
    found = stated_mean(header.results, scorer, part)
    known = int((~np.isnan(scores)).sum())
    completed = sum(not sample.failed for sample in samples)
    return found.mean if found is not None and found.of_all(known, completed, len(samples)) else None


def _replicate(header: Header, epoch: int, epochs: int) -> str:
    """The time of the run, and the epoch where there are several."""
    created = prose(header.eval.get("created")) or ""
    return created if epochs == 1 else f"{created} epoch {epoch}".strip()


def _items(samples: Sequence[Sample]) -> pd.DataFrame:
    items = pd.DataFrame({"key": pd.Series([sample.key for sample in samples], dtype=object)})
    for column in ("text", "options", "subject"):
        known = [getattr(sample, column) for sample in samples]
        if any(value is not None for value in known) and (column != "subject" or None not in known):
            items[column] = pd.Series(known, dtype=object)
    return items


def _facts(header: Header, samples: Sequence[Sample]) -> dict[str, Any]:
    packages, dataset = header.eval.get("packages"), header.eval.get("dataset")
    facts: dict[str, Any] = {
        "format": "Inspect",
        "status": header.status,
        "run": prose(header.eval.get("run_id")),
        "created": prose(header.eval.get("created")),
        "version": prose(mapping(packages, "packages").get("inspect_ai")) if isinstance(packages, dict) else None,
        "dataset": prose(dataset.get("name")) if isinstance(dataset, dict) else None,
    }
    failed = sum(sample.failed for sample in samples)
    if header.status != "success" or failed:
        facts["note"] = f"status {header.status!r}: {len(samples)} samples are there, {failed} of them failed"
    return _known(facts)


def _known(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
