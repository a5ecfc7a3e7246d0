"""lighteval's details: a Parquet file a task, with the structs `doc`, `model_response` and `metric` (0.10 and later).

The score is the user's metric, else the only one, else the first of the usual ones. Items are known by the document's
id, or by their number where documents have none. Of multiple choice the log-likelihoods become probabilities. The
results file that lighteval writes beside (`anchoreval.importers.lighteval_results`) names the model and states scores.
"""

from __future__ import annotations

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
from anchoreval.importers.lighteval_results import details_name, find_results, model_of_path
from anchoreval.importers.option_shares import finite_numbers, option_shares
from anchoreval.importers.parquet_rows import describe, is_parquet_with, parquet_rows

DOC, RESPONSE, METRIC = "doc", "model_response", "metric"
USUAL = (
    "acc_norm",
    "loglikelihood_acc_norm",
    "loglikelihood_acc_norm_nospace",
    "acc",
    "loglikelihood_acc",
    "extractive_match",
    "qem",
    "em",
)
"""Of several metrics the one that counts where the user names none: as Open LLM Leaderboards have it."""
_NEEDED = ("doc.query", "doc.choices", "doc.id", "doc.task_name", "model_response.logprobs", METRIC)


@dataclass
class _Rows:
    """What is kept of each row."""

    ids: list[str | None] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)
    options: list[list[str] | None] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    likelihoods: list[list[float] | None] = field(default_factory=list)
    task: str | None = None


@dataclass(frozen=True)
class Lighteval:
    """Reader of lighteval's details."""

    name: str = "lighteval"

    def unit(self, file: FoundFile) -> Path | None:
        """Parquet files with lighteval's three structs."""
        ours = file.ends(".parquet") and is_parquet_with(file.path, DOC, RESPONSE, METRIC)
        return file.path if ours else None

    def read(self, unit: Path, options: ReadOptions) -> Iterator[Imported]:
        """The run of a details file.

        Raises:
            ResponseDataError: the file is damaged, or the user has to choose a metric; names the row.
        """
        described, name = describe(unit), details_name(unit)
        if not described.rows:
            yield Skipped(str(unit), "holds no rows")
            return
        if not options.wants(name.task):
            return
        metric = chosen_metric(described.below(METRIC), options.metric_of(name.task), str(unit))
        rows = _read_rows(unit, metric, options.normalised)
        results = find_results(unit, name.time)
        yield ImportedRun(
            model=label(results.model or model_of_path(unit, name.time), f"{unit}: model"),
            task=name.task,
            items=_items(rows),
            scores=np.array(rows.scores, dtype=np.float32),
            metric=metric,
            probabilities=option_shares(rows.likelihoods),
            replicate=name.time,
            stated=results.stated(metric, name.task, rows.task or ""),
            source=unit,
            provenance={"format": "lighteval", "time": name.time, "version": results.version},
        )


IMPORTER = Lighteval()


def chosen_metric(there: Sequence[str], wanted: str | None, where: str, usual: Sequence[str] = USUAL) -> str:
    """The user's metric, else the only one, else the first of the usual ones.

    Raises:
        ResponseDataError: there is none of that name, or several of which none is usual; lists them.
    """
    listed = f"(there are: {', '.join(there[:40])})"
    if wanted is not None:
        if wanted not in there:
            raise ResponseDataError(f"{where}: has no metric {wanted!r} {listed}")
        return wanted
    metric = there[0] if len(there) == 1 else next((name for name in usual if name in there), None)
    if metric is None:
        raise ResponseDataError(f"{where}: has several metrics; name one {listed}")
    return metric


def likelihoods_of(values: Any, choices: Sequence[str] | None, normalised: bool) -> list[float] | None:
    """The options' log-likelihoods where there is one for each, divided by their characters if that is wanted."""
    found = finite_numbers(values)
    if found is None or choices is None or len(found) != len(choices):
        return None
    if not normalised:
        return found
    lengths = [len(choice.strip()) for choice in choices]
    return [value / length for value, length in zip(found, lengths, strict=True)] if all(lengths) else None


def _read_rows(unit: Path, metric: str, normalised: bool) -> _Rows:
    rows = _Rows()
    for number, row in enumerate(parquet_rows(unit, _NEEDED), start=1):
        where = f"{unit}: row {number}"
        doc, response, metrics = (_struct(row, name) for name in (DOC, RESPONSE, METRIC))
        choices = texts(doc.get("choices"))
        rows.task = rows.task or prose(doc.get("task_name"))
        rows.ids.append(prose(doc.get("id")))
        rows.texts.append(prose(doc.get("query")))
        rows.options.append(choices if choices and len(choices) > 1 else None)
        rows.scores.append(score(metrics.get(metric), f"{where}: {metric}"))
        rows.likelihoods.append(likelihoods_of(response.get("logprobs"), choices, normalised))
    return rows


def _struct(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def _items(rows: _Rows) -> pd.DataFrame:
    known = [key for key in rows.ids if key is not None]
    unique = len(set(known)) == len(rows.ids)
    items = pd.DataFrame({"key": pd.Series(known if unique else [str(n) for n in range(len(rows.ids))], dtype=object)})
    for column, values in (("text", rows.texts), ("options", rows.options)):
        if any(value is not None for value in values):
            items[column] = pd.Series(values, dtype=object)
    return items
