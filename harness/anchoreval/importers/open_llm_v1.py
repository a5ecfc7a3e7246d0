"""Details of Open LLM Leaderboard v1 (2023 and 2024): a Parquet file a task, in repositories `details_<org>__<model>`.

There are two generations of columns. The first has a column a metric (`acc`, `acc_norm`, `mc1`, `mc2`) and the options'
log-likelihoods in `predictions`; the second has the struct `metrics`, the options' log-likelihoods in `pred_logits` or
`predictions`, and `hashes.example`, by which items are known across versions. Items are numbered as they stand. The
score is the one that the leaderboard showed, unless the user names another. TruthfulQA has no probabilities: its
options are those of two questions put together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import ResponseDataError
from anchoreval.importers.entries import label, prose, score, texts
from anchoreval.importers.file_heads import FoundFile
from anchoreval.importers.imported import Imported, ImportedRun, ReadOptions, Skipped
from anchoreval.importers.lighteval import chosen_metric, likelihoods_of
from anchoreval.importers.lighteval_results import details_name, find_results, model_of_path
from anchoreval.importers.option_shares import option_shares
from anchoreval.importers.parquet_footer import Footer
from anchoreval.importers.parquet_rows import describe, parquet_rows

METRICS = "metrics"
TOP_LEVEL = ("acc", "acc_norm", "mc1", "mc2", "em", "f1", "acc_stderr")
"""Metrics that are columns of the first generation."""
BY_TASK = {"arc": "acc_norm", "hellaswag": "acc_norm", "truthfulqa": "mc2", "drop": "f1"}
"""What the leaderboard showed, by how the task's name begins; all other tasks: `acc`."""
_SUBJECT = re.compile(r"(?:hendrycksTest-|mmlu:)(?P<subject>[^|]+)")
_SECOND = ("hashes.example", "example", "choices", "pred_logits", "predictions", METRICS)
_FIRST = ("hashes.example", "example", "query", "choices", "pred_logits", "predictions", *TOP_LEVEL)


@dataclass
class _Rows:
    """What is kept of each row."""

    hashes: list[str | None] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)
    options: list[list[str] | None] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    likelihoods: list[list[float] | None] = field(default_factory=list)


@dataclass(frozen=True)
class OpenLlmV1:
    """Reader of the details of Open LLM Leaderboard v1."""

    name: str = "open_llm_v1"

    def unit(self, file: FoundFile) -> Path | None:
        """Parquet files with the columns of either generation."""
        return file.path if file.ends(".parquet") and _is_details(file.path) else None

    def read(self, unit: Path, options: ReadOptions) -> Iterator[Imported]:
        """The run of a details file.

        Raises:
            ResponseDataError: the file is damaged, or the metric is not there; names the row.
        """
        described, name = describe(unit), details_name(unit)
        if not described.rows:
            yield Skipped(str(unit), "holds no rows")
            return
        if not options.wants(name.task):
            return
        there = _metrics(described)
        metric = chosen_metric(there, options.metric_of(name.task), str(unit), (_usual(name.task), "acc"))
        rows = _read_rows(unit, name.task, metric, options.normalised)
        results = find_results(unit, name.time)
        yield ImportedRun(
            model=label(results.model or model_of_path(unit, name.time), f"{unit}: model"),
            task=name.task,
            items=_items(rows, name.task),
            scores=np.array(rows.scores, dtype=np.float32),
            metric=metric,
            probabilities=option_shares(rows.likelihoods),
            replicate=name.time,
            stated=results.stated(metric, name.task),
            source=unit,
            provenance={"format": "Open LLM Leaderboard v1", "time": name.time, "version": results.version},
        )


IMPORTER = OpenLlmV1()


def _is_details(path: Path) -> bool:
    try:
        described = describe(path)
    except ResponseDataError:
        return False
    columns = set(described.columns)
    return (
        "predictions" in columns and bool({"example", "full_prompt", "query"} & columns) and bool(_metrics(described))
    )


def _metrics(described: Footer) -> list[str]:
    """Names of the metrics, in either generation's place."""
    return described.below(METRICS) or [name for name in TOP_LEVEL if name in described.columns]


def _short(task: str) -> str:
    """`harness|arc:challenge|25` without suite and shots."""
    parts = task.split("|")
    return parts[1] if len(parts) > 1 else task.removeprefix("harness_")


def _usual(task: str) -> str:
    return next((metric for start, metric in BY_TASK.items() if _short(task).startswith(start)), "acc")


def _read_rows(unit: Path, task: str, metric: str, normalised: bool) -> _Rows:
    rows = _Rows()
    second = METRICS in describe(unit).columns
    options_fit = not _short(task).startswith("truthfulqa")
    for number, row in enumerate(parquet_rows(unit, _SECOND if second else _FIRST), start=1):
        metrics = row.get(METRICS) if second else row
        value = metrics.get(metric) if isinstance(metrics, dict) else None
        choices, hashes = texts(row.get("choices")), row.get("hashes")
        rows.scores.append(score(value, f"{unit}: row {number}: {metric}"))
        rows.hashes.append(prose(hashes.get("example")) if isinstance(hashes, dict) else None)
        rows.texts.append(prose(row.get("query")) or prose(row.get("example")))
        rows.options.append(choices if choices and len(choices) > 1 else None)
        rows.likelihoods.append(_likelihoods(row, choices, normalised) if options_fit else None)
    return rows


def _likelihoods(row: Mapping[str, Any], choices: Sequence[str] | None, normalised: bool) -> list[float] | None:
    """From either column; the first generation may have no texts of options, which then cannot be normalised by."""
    for column in ("pred_logits", "predictions"):
        values = row.get(column)
        if choices is None and isinstance(values, list) and not normalised:
            found = likelihoods_of(values, [""] * len(values), False)
        else:
            found = likelihoods_of(values, choices, normalised)
        if found is not None:
            return found
    return None


def _items(rows: _Rows, task: str) -> pd.DataFrame:
    numbers = range(len(rows.scores))
    items = pd.DataFrame({"key": pd.Series([str(n) for n in numbers], dtype=object), "doc_id": list(numbers)})
    if None not in rows.hashes:
        items["doc_hash"] = pd.Series(rows.hashes, dtype=object)
    if match := _SUBJECT.search(task):
        items["subject"] = match["subject"]
    for column, values in (("text", rows.texts), ("options", rows.options)):
        if any(value is not None for value in values):
            items[column] = pd.Series(values, dtype=object)
    return items
