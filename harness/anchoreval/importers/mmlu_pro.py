"""MMLU-Pro's outputs, as the scripts of TIGER-AI-Lab/MMLU-Pro write them.

A file is a list of objects, one a question: `question_id`, `question`, `options`, `answer` (a letter), `answer_index`,
`cot_content`, `category`, `src`, what the model wrote (`model_outputs`, `response` in some files), and `pred`, the
letter that was read from it. `evaluate_from_api.py` writes `<folder>/<category>_result.json` with
`<category>_summary.json` beside it, `evaluate_from_local.py` `<model>/CoT/<subjects>/<category>.json`, and the
published archives hold one `model_outputs_<model>_5shots.json` a model. The model is called accordingly: by the folder
that category files lie in (above `CoT`), else by the file.

A question scores 1 where `pred` is the answer. Where no answer could be read (`pred` is null or empty) it scores 0: the
model did answer, wrongly. The scripts instead let a random guess with a fixed seed decide those, in their summaries
only; that is not imitated, so a summary is compared with the answers only where every answer could be read, and kept
as provenance elsewhere. A question whose object has no `pred` was not graded, and is missing.

Each category is a task of its own, `mmlu_pro_<category>`, and its questions' subject. Questions are known across
versions by the hash of text and options.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import json_document
from anchoreval.importers.entries import label, mapping, number, shown
from anchoreval.importers.file_heads import lists_of_objects
from anchoreval.importers.imported import Imported, ImportedRun, ReadOptions, Skipped
from anchoreval.importers.json_arrays import elements
from anchoreval.importers.record_fields import agreed, document_hash, listed_texts, refuse_other_metric, wording

METRIC = "accuracy"
KEYS = {"question_id", "question", "options", "answer", "answer_index", "category"}
KEPT = (*KEYS, "pred")
LETTERS = "ABCDEFGHIJKLMNOP"
_PUBLISHED = re.compile(r"model_outputs_(?P<model>.+?)(?:_(?P<shots>\d+)shots?)?", re.DOTALL)

Place = tuple[str, Mapping[str, Any]]
"""A question's object, and what to call it in messages."""


class MmluPro:
    """Reader of files of one model, with one category or several."""

    name = "mmlu_pro"

    def units(self, folder: Path) -> Iterator[Path]:
        """Files that begin as a list of questions does."""
        return lists_of_objects(folder, KEYS)

    def read(self, unit: Path, options: ReadOptions) -> Iterator[Imported]:
        """A run for each category."""
        categories: dict[str, list[Place]] = {}
        for where, question in _questions(unit):
            category = label(question.get("category"), f"{where}: category")
            categories.setdefault(category, []).append((where, question))
        model = _called(unit, list(categories))
        for category, questions in categories.items():
            task = f"mmlu_pro_{re.sub(r'[^A-Za-z0-9]+', '_', category)}"
            if not options.wants(task):
                yield Skipped(str(unit), f"task {task} was not asked for")
            elif not any("pred" in question for _, question in questions):
                yield Skipped(str(unit), f"task {task} was not graded: no question has a pred")
            else:
                refuse_other_metric(options, task, METRIC, unit)
                yield _run(unit, model, task, category, questions)


def places_of_summary(unit: Path) -> Sequence[Path]:
    """Where a summary of a file of questions may lie, likely places first."""
    name = unit.stem.removesuffix("_result")
    places = (unit.with_name(f"{name}_summary.json"), unit.with_name("summary.json"))
    return [path for path in places if path != unit]


def _questions(unit: Path) -> Iterator[Place]:
    for n, (_, entry) in enumerate(elements(unit), start=1):
        question = mapping(entry, f"{unit}: entry {n}")
        where = f"{unit}: question {label(question.get('question_id'), f'{unit}: entry {n}: question_id')}"
        yield where, {key: question[key] for key in KEPT if key in question}


def _run(unit: Path, model: str, task: str, category: str, questions: Sequence[Place]) -> ImportedRun:
    items = _items(category, questions)
    scores = np.array([_score(question, where) for where, question in questions], dtype=np.float32)
    unread = sum("pred" in question and not question["pred"] for _, question in questions)
    path, summary = _summary(unit, category)
    comparable = summary.get("questions") == len(scores) and not unread and not np.isnan(scores).any()
    mean = float(scores.mean(dtype=np.float64)) if comparable else math.nan
    return ImportedRun(
        model=model,
        task=task,
        items=items,
        scores=scores,
        metric=METRIC,
        stated=agreed(summary["accuracy"], mean, f"{path}: {category}") if comparable else None,
        source=unit,
        provenance={"answers_not_read": unread, "summary_with_random_guesses": summary},
    )


def _items(category: str, questions: Sequence[Place]) -> pd.DataFrame:
    wordings = [wording(question.get("question"), f"{where}: question") for where, question in questions]
    options = [listed_texts(question.get("options"), f"{where}: options") or [] for where, question in questions]
    return pd.DataFrame(
        {
            "key": [str(question["question_id"]) for _, question in questions],
            "doc_hash": [document_hash(text, listed) for text, listed in zip(wordings, options, strict=True)],
            "subject": category,
            "text": wordings,
            "options": pd.Series(options, dtype=object),
        }
    )


def _score(question: Mapping[str, Any], where: str) -> float:
    answer = _letter(question, where)
    predicted = question.get("pred", math.nan)
    if predicted is None or predicted == "":
        return 0.0
    if isinstance(predicted, str):
        return float(predicted.strip() == answer)
    if isinstance(predicted, float) and math.isnan(predicted):
        return math.nan
    raise ResponseDataError(f"{where}: pred {shown(predicted)} is not a letter")


def _letter(question: Mapping[str, Any], where: str) -> str:
    """The right answer, given twice."""
    answer, index = question.get("answer"), question.get("answer_index")
    if not isinstance(answer, str) or len(answer) != 1 or answer not in LETTERS:
        raise ResponseDataError(f"{where}: answer {shown(answer)} is not a letter")
    if index is not None and number(index, f"{where}: answer_index") != LETTERS.index(answer):
        raise ResponseDataError(f"{where}: answer {answer} is not option {shown(index)}, as answer_index says")
    return answer


def _called(unit: Path, categories: Sequence[str]) -> str:
    name, folder = unit.stem.removesuffix("_result"), unit.absolute().parent
    if published := _PUBLISHED.fullmatch(unit.stem):
        return published["model"]
    if name not in categories:
        return name
    return folder.parent.parent.name if folder.parent.name == "CoT" else folder.name


def _summary(unit: Path, category: str) -> tuple[Path, dict[str, float]]:
    """Accuracy and number of questions of a category, by the summary beside the file; nothing where there is none."""
    for path in places_of_summary(unit):
        entry = mapping(json_document(path), str(path)).get(category) if path.is_file() else None
        if isinstance(entry, dict) and {"corr", "wrong", "acc"} <= entry.keys():
            right, wrong, accuracy = (
                number(entry[key], f"{path}: {category}: {key}") for key in ("corr", "wrong", "acc")
            )
            return path, {"questions": right + wrong, "accuracy": accuracy}
    return unit, {}


IMPORTER = MmluPro()
