"""lm-eval's answers and results put together as one imported run, its score checked against the one that is stated."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.counts import counted
from anchoreval.errors import ResponseDataError
from anchoreval.importers.imported import Imported, ImportedRun, ReadOptions, Skipped
from anchoreval.importers.lm_eval_metrics import listed, shortened
from anchoreval.importers.lm_eval_options import option_probabilities
from anchoreval.importers.lm_eval_results import RunResults, Stated, subject_in
from anchoreval.importers.lm_eval_rows import FilterAnswers, RowReader


@dataclass(frozen=True, eq=False)
class TaskSamples:
    """The samples of one task of one run.

    Attributes:
        task: its name.
        model: its name.
        rows: with their numbers.
        where: of a row by its number, for messages.
        results: of the run; None where there are none.
        source: the file.
        label: the file, or what stands for it.
        replicate: what tells the run from others.
    """

    task: str
    model: str
    rows: Iterable[tuple[int, Any]]
    where: Callable[[int], str]
    results: RunResults | None
    source: Path
    label: str
    replicate: str = ""


def imported(samples: TaskSamples, options: ReadOptions) -> Imported:
    """The run that samples make, or why they make none.

    Raises:
        ResponseDataError: naming the row that is damaged, or the score that is stated and the mean of the rows.
    """
    if not options.wants(samples.task):
        return Skipped(samples.label, "its task is not among those that were asked for")
    reader = RowReader(samples.where, options.metric_of(samples.task), options.filter_name, options.normalised)
    answers = reader.read(samples.rows, samples.label)
    if answers.metric is None:
        held = f"its metrics are {listed(answers.metrics)}" if answers.metrics else "it was run without metrics"
        return Skipped(samples.label, f"no metric is one number in [0, 1] a document: {held}")
    if samples.results is not None and samples.results.lower_is_better(samples.task, answers.metric):
        return Skipped(samples.label, f"its metric {answers.metric!r} is the better the lower it is")
    return _run(samples, answers, answers.metric, options)


def _run(samples: TaskSamples, answers: FilterAnswers, metric: str, options: ReadOptions) -> ImportedRun:
    scores = np.array(answers.scores, dtype=np.float64)
    stated, notes = _checked(samples, answers, metric, scores, options)
    probabilities = option_probabilities(answers.log_likelihoods, answers.lengths if options.normalised else None)
    if any(answers.log_likelihoods):
        without = len(scores) if probabilities is None else int(np.isnan(probabilities[:, 0]).sum())
        notes |= {
            "probabilities": "normalised" if options.normalised else "raw",
            "items_without_probabilities": without,
        }
    return ImportedRun(
        model=samples.model,
        task=samples.task,
        items=_items(samples, answers),
        scores=scores.astype(np.float32),
        metric=metric,
        probabilities=probabilities,
        replicate=samples.replicate,
        stated=stated,
        source=samples.source,
        provenance=notes,
    )


def _checked(
    samples: TaskSamples, answers: FilterAnswers, metric: str, scores: Float64Array, options: ReadOptions
) -> tuple[float | None, dict[str, Any]]:
    """The stated score, checked, and the run's provenance, which says what could not be checked."""
    notes: dict[str, Any] = {"harness": "lm_eval", "filter": answers.filter_name}
    results = samples.results
    if results is None:
        return None, notes | {"results": "none beside the samples"}
    notes |= {"results": Path(results.label).name, **results.settings(samples.task)}
    unnamed = answers.filter_name is None and options.filter_name in results.filters(samples.task, metric)
    stated = results.stated(samples.task, metric, options.filter_name if unnamed else answers.filter_name)
    if stated is None:
        return None, notes | {"stated": "no score of this metric and filter"}
    notes["filter"] = stated.filter_name or notes["filter"]
    if reason := _beyond_checking(results, samples.task, metric, scores):
        return None, notes | {"stated": f"{stated.value!r} {reason}"}
    _compare(samples, metric, scores, stated, results)
    return stated.value, notes


def _beyond_checking(results: RunResults, task: str, metric: str, scores: Float64Array) -> str | None:
    """Why the stated score need not be the mean of these rows."""
    count = results.documents(task)
    if count is not None and count != len(scores):
        return f"of {count:,} documents, and {len(scores):,} are here"
    if not results.is_mean(task, metric):
        return "is not a mean over documents"
    return "counts documents that were not judged" if np.isnan(scores).any() else None


def _compare(samples: TaskSamples, metric: str, scores: Float64Array, stated: Stated, results: RunResults) -> None:
    mean = float(scores.mean())
    if not stated.agrees(mean):
        raise ResponseDataError(
            f"{samples.label}: {shortened(metric)} of its {counted(len(scores), 'row')} is {mean:.6g} on average, "
            f"but {results.label} states {stated.value:.6g}"
        )


_TABLES: OrderedDict[Any, pd.DataFrame] = OrderedDict()
"""Item tables that were made last, by the documents and what was said of them: models are asked the same items."""
MOST_ROWS = 60_000
"""Of these tables together."""


def _items(samples: TaskSamples, answers: FilterAnswers) -> pd.DataFrame:
    """The item table, which is that of another run where this says the same of the same documents."""
    said = (answers.texts, answers.subjects, answers.options)
    known = samples.task, _task_subject(samples), tuple(answers.places), tuple(answers.hashes), hash(repr(said))
    if known in _TABLES:
        _TABLES.move_to_end(known)
        return _TABLES[known]
    made = _TABLES[known] = _item_table(samples, answers)
    while len(_TABLES) > 1 and sum(map(len, _TABLES.values())) > MOST_ROWS:
        _TABLES.popitem(last=False)
    return made


def _item_table(samples: TaskSamples, answers: FilterAnswers) -> pd.DataFrame:
    doc_ids = list(answers.places)
    columns: dict[str, Any] = {"key": [str(doc_id) for doc_id in doc_ids], "doc_id": np.array(doc_ids, dtype=np.int64)}
    columns["doc_hash"] = answers.hashes
    columns["text"] = answers.texts
    if any(answers.options):
        columns["options"] = answers.options
    if None not in answers.subjects:
        columns["subject"] = answers.subjects
    elif (subject := _task_subject(samples)) is not None:
        columns["subject"] = [subject] * len(doc_ids)
    return pd.DataFrame(columns)


def _task_subject(samples: TaskSamples) -> str | None:
    return subject_in(samples.task) if samples.results is None else samples.results.subject(samples.task)
