"""Every Eval Ever: JSON lines of single answers, with the JSON document of aggregate scores that belongs to them.

A line is one model's answer to one sample (schema `instance_level_eval_0.2.x`, written as `0.2.x` by older
converters): `evaluation_id`, `model_id`, `evaluation_name`, `sample_id`, `sample_hash`, `input` (`raw`, `reference`,
`choices`), `output`, `evaluation` (`score`, `is_correct`), `error`, `metadata`. Only what names the sample and scores
the answer is kept. Rows of one `evaluation_name` are a task. A sample that stands several times was answered several
times (epochs), which the format does not number: the rows are replicates in their order. A row whose score is null is
missing, and so is one that has an error and no output, whatever score its writer gave it.

The aggregate is looked for beside the lines and one folder up, by the file name that it gives them. Its checksum and
its number of rows must be those of the file. Where it says that scores range over something other than 0 to 1, answers
are brought to that scale if that gives the score that it states, and left alone if that does. What it states must be
the mean of the answers where it counts the same samples; an estimate that anchoreval exported (made of more than the
mean of the anchors) is kept as provenance instead. An aggregate without lines holds no answers, and is left out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Float32Array, Float64Array
from anchoreval.counts import counted
from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import json_document, json_lines, open_plain
from anchoreval.importers.entries import label, mapping, number
from anchoreval.importers.every_eval_ever_aggregates import Aggregate, aggregate_of, details_of, is_aggregate
from anchoreval.importers.file_heads import FoundFile, keys
from anchoreval.importers.imported import Imported, ImportedRun, ReadOptions, Skipped
from anchoreval.importers.record_fields import listed_texts

KEYS = {"evaluation_id", "model_id", "evaluation_name", "sample_id", "evaluation"}
CHUNK = 1 << 20


@dataclass(frozen=True)
class Answer:
    """What is kept of one line."""

    where: str
    sample: str
    score: float
    facts: Mapping[str, Any]


class EveryEvalEver:
    """Reader of files of answers; a file may hold several models and evaluations."""

    name = "every_eval_ever"

    def unit(self, file: FoundFile) -> Path | None:
        """Files whose first line is an answer, and aggregates that name no file of answers which is there."""
        if file.ends(".jsonl"):
            return file.path if keys(file.first_line) >= KEYS else None
        alone = file.ends(".json") and is_aggregate(file.head) and _stands_alone(file.path)
        return file.path if alone else None

    def read(self, unit: Path, options: ReadOptions) -> Iterator[Imported]:
        """A run for each model, evaluation and replicate."""
        if unit.suffix.lower() == ".json":
            mapping(json_document(unit), str(unit))
            yield Skipped(str(unit), "aggregate scores without a file of answers")
            return
        aggregate = aggregate_of(unit)
        grouped: dict[tuple[str, str, int], list[Answer]] = {}
        occurrences: Counter[tuple[str, str, str]] = Counter()
        for model, task, answer in _answers(unit, aggregate):
            occurrences[model, task, answer.sample] += 1
            grouped.setdefault((model, task, occurrences[model, task, answer.sample]), []).append(answer)
        if aggregate is not None:
            _check_whole(unit, aggregate, sum(occurrences.values()))
        repeated = {(model, task) for model, task, turn in grouped if turn > 1}
        for (model, task, turn), answers in grouped.items():
            if options.wants(task):
                replicate = str(turn) if (model, task) in repeated else ""
                yield _run(unit, model, task, replicate, answers, options, aggregate)
            else:
                yield Skipped(str(unit), f"task {task} was not asked for")


def _stands_alone(aggregate: Path) -> bool:
    try:
        return details_of(aggregate) is None
    except ResponseDataError:  # reading it will say what is wrong
        return True


def _answers(unit: Path, aggregate: Aggregate | None) -> Iterator[tuple[str, str, Answer]]:
    for line, content in json_lines(unit):
        where = f"{unit}: line {line}"
        row = mapping(content, where)
        model, task, sample, evaluation = (
            label(row.get(key), f"{where}: {key}")
            for key in ("model_id", "evaluation_name", "sample_id", "evaluation_id")
        )
        if aggregate is not None and aggregate.is_foreign(evaluation, unit):
            raise ResponseDataError(f"{where}: is of evaluation {evaluation!r}, not of {aggregate.evaluation_id!r}")
        yield model, task, Answer(where, sample, _score(row, where), _facts(row, where))


def _score(row: Mapping[str, Any], where: str) -> float:
    score = number(mapping(row.get("evaluation"), f"{where}: evaluation").get("score"), f"{where}: score")
    return float("nan") if row.get("error") and not _has_output(row) else score


def _has_output(row: Mapping[str, Any]) -> bool:
    output = row.get("output")
    raw = output.get("raw") if isinstance(output, dict) else None
    return bool(row.get("messages")) or bool("".join(map(str, raw)) if isinstance(raw, list) else raw)


def _facts(row: Mapping[str, Any], where: str) -> dict[str, Any]:
    asked = row.get("input") or {}
    metadata = row.get("metadata") or {}
    known = mapping(metadata, f"{where}: metadata")
    given = mapping(asked, f"{where}: input")
    return {
        "doc_hash": row.get("sample_hash"),
        "subject": known.get("subject"),
        "text": given.get("raw"),
        "options": listed_texts(given.get("choices"), f"{where}: choices"),
    }


def _run(
    unit: Path,
    model: str,
    task: str,
    replicate: str,
    answers: Sequence[Answer],
    options: ReadOptions,
    aggregate: Aggregate | None,
) -> ImportedRun:
    scores = np.array([answer.score for answer in answers], dtype=np.float64)
    result = None if aggregate is None else aggregate.result(task, options.metric_of(task))
    if result is None and options.metric_of(task) is not None:
        raise ResponseDataError(f"{unit}: task {task!r} has no metric {options.metric_of(task)!r}")
    stated = None
    if result is not None:
        scores, stated = result.brought_to_one(scores, f"{unit}: {task}", whole=not replicate)
    return ImportedRun(
        model=model,
        task=task,
        items=_items(answers),
        scores=_narrow(scores),
        metric="score" if result is None else result.metric,
        replicate=replicate,
        stated=stated,
        source=unit,
        provenance={} if aggregate is None else aggregate.provenance,
    )


def _narrow(scores: Float64Array) -> Float32Array:
    with np.errstate(over="ignore"):  # what is too large is outside [0, 1], and refused as such
        return scores.astype(np.float32)


def _items(answers: Sequence[Answer]) -> pd.DataFrame:
    """Facts that every row has, as texts; options where any row has some."""
    items = pd.DataFrame({"key": [answer.sample for answer in answers]})
    for name in ("doc_hash", "subject", "text"):
        values = [answer.facts[name] for answer in answers]
        if all(isinstance(value, str) and value for value in values):
            items[name] = values
    options = [answer.facts["options"] for answer in answers]
    if any(options):
        items["options"] = pd.Series(options, dtype=object)
    return items


def _check_whole(unit: Path, aggregate: Aggregate, rows: int) -> None:
    if aggregate.rows is not None and aggregate.rows != rows:
        raise ResponseDataError(f"{unit}: holds {counted(rows, 'row')}, {aggregate.path.name} says {aggregate.rows}")
    if aggregate.checksum is not None and _sha256(unit) != aggregate.checksum:
        raise ResponseDataError(f"{unit}: damaged or edited: it does not match its checksum in {aggregate.path.name}")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open_plain(path) as stream:
        while block := stream.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


IMPORTER = EveryEvalEver()
