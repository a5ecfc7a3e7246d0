"""AlpacaEval's annotations: which of two answers an annotator preferred, for each instruction.

`results/<model>/<annotator>/annotations.json` is a list of objects: `instruction`, `output_1` and `generator_1` (the
reference), `output_2` and `generator_2` (the model), `annotator`, `dataset`, and `preference`, which is 1 where the
reference is better, 2 where the model is, anything between for weighted annotators, and 1.5 for a tie (0 in
annotations of the first versions). The score is the preference less 1. A preference that is null or NaN is an answer
that was not judged, and missing, as it is in AlpacaEval's own figures.

Annotators differ in what they prefer, so each is a task of its own, called by its name. An item is known by the hash of
its instruction, which is all that files of different versions share. `leaderboard.csv` beside the file states a win
rate, which must be the mean of the scores; length-controlled win rates are made from more than the annotations, and are
kept as provenance alone. Outputs and raw completions are not kept.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import open_plain
from anchoreval.importers.entries import label, mapping, number
from anchoreval.importers.file_heads import lists_of_objects
from anchoreval.importers.imported import Imported, ImportedRun, ReadOptions, Skipped
from anchoreval.importers.json_arrays import elements
from anchoreval.importers.record_fields import agreed, document_hash, refuse_other_metric, wording

TASK, METRIC = "alpaca_eval", "preference"
"""The task is so called where a file names no annotator."""
KEYS = {"instruction", "preference", "generator_2"}
KEPT = (*KEYS, "generator_1", "annotator", "dataset")
TIE, OLD_TIE = 1.5, 0.0
SLACK = 1e-6
"""How far beyond [1, 2] a preference may be by rounding."""
LEADERBOARD = "leaderboard.csv"
LARGEST_LEADERBOARD = 1 << 20


class AlpacaEval:
    """Reader of annotation files, each of one model or several."""

    name = "alpaca_eval"

    def units(self, folder: Path) -> Iterator[Path]:
        """Files that begin as a list of annotations does."""
        return lists_of_objects(folder, KEYS)

    def read(self, unit: Path, options: ReadOptions) -> Iterator[Imported]:
        """A run for each model and annotator."""
        grouped: dict[tuple[str, str], list[tuple[str, Mapping[str, Any]]]] = {}
        for where, annotation in _annotations(unit):
            model = label(annotation.get("generator_2"), f"{where}: generator_2")
            annotator = annotation.get("annotator")
            task = TASK if annotator is None else label(annotator, f"{where}: annotator")
            grouped.setdefault((model, task), []).append((where, annotation))
        for (model, task), own in grouped.items():
            if options.wants(task):
                refuse_other_metric(options, task, METRIC, unit)
                yield _run(unit, model, task, own)
            else:
                yield Skipped(str(unit), f"task {task} was not asked for")


def _annotations(unit: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for n, (_, entry) in enumerate(elements(unit), start=1):
        where = f"{unit}: annotation {n}"
        annotation = mapping(entry, where)
        yield where, {key: annotation[key] for key in KEPT if key in annotation}


def _run(unit: Path, model: str, task: str, annotations: list[tuple[str, Mapping[str, Any]]]) -> ImportedRun:
    instructions = [wording(one.get("instruction"), f"{where}: instruction") for where, one in annotations]
    hashes = [document_hash(text) for text in instructions]
    _refuse_repeats(annotations, hashes)
    items = pd.DataFrame({"key": [digest[:16] for digest in hashes], "doc_hash": hashes, "text": instructions})
    subjects = [one.get("dataset") for _, one in annotations]
    if all(isinstance(subject, str) and subject for subject in subjects):
        items["subject"] = subjects
    scores = np.array([_score(one, where) for where, one in annotations], dtype=np.float32)
    row = _leaderboard_row(unit.parent / LEADERBOARD, model)
    known = scores[~np.isnan(scores)].astype(np.float64)
    stated = _win_rate(unit.parent / LEADERBOARD, row, len(known))
    references = {str(one.get("generator_1")) for _, one in annotations}
    return ImportedRun(
        model=model,
        task=task,
        items=items,
        scores=scores,
        metric=METRIC,
        stated=agreed(stated, float(known.mean()) if known.size else math.nan, f"{unit.parent / LEADERBOARD}"),
        source=unit,
        provenance={
            "reference": sorted(references),
            "ties": int(np.count_nonzero(known == np.float32(TIE - 1.0))),
            "leaderboard": row,
        },
    )


def _score(annotation: Mapping[str, Any], where: str) -> float:
    preference = number(annotation.get("preference"), f"{where}: preference")
    if preference == OLD_TIE:
        return TIE - 1.0
    if preference < 1.0 - SLACK or preference > 2.0 + SLACK:
        raise ResponseDataError(f"{where}: preference {preference:g} is neither in [1, 2] nor 0, a tie of old")
    return min(max(preference - 1.0, 0.0), 1.0) if preference == preference else math.nan


def _refuse_repeats(annotations: list[tuple[str, Mapping[str, Any]]], hashes: list[str]) -> None:
    seen: dict[str, str] = {}
    for (where, _), digest in zip(annotations, hashes, strict=True):
        if digest in seen:
            raise ResponseDataError(f"{where}: its instruction stands in {seen[digest].rpartition(': ')[2]} already")
        seen[digest] = where


def _leaderboard_row(path: Path, model: str) -> dict[str, str]:
    """What the leaderboard says of a model; nothing where there is none, or it does not name the model."""
    if not path.is_file():
        return {}
    try:
        with open_plain(path) as stream:
            text = stream.read(LARGEST_LEADERBOARD).decode("utf-8-sig")
        header, *rows = list(csv.reader(text.splitlines()))
    except (OSError, ValueError, csv.Error) as error:
        raise ResponseDataError(f"{path}: is no leaderboard that can be read") from error
    found = [row for row in rows if row and row[0] == model]
    return dict(zip(header[1:], found[0][1:], strict=False)) if found else {}


def _win_rate(path: Path, row: Mapping[str, str], judged: int) -> float | None:
    """The stated win rate as a share, where it is that of as many annotations."""
    try:
        total, rate = float(row.get("n_total", judged)), float(row["win_rate"])
    except KeyError:
        return None
    except ValueError:
        raise ResponseDataError(f"{path}: win_rate or n_total is not a number") from None
    return rate / 100.0 if total == judged and math.isfinite(rate) else None


IMPORTER = AlpacaEval()
