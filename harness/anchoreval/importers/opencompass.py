"""OpenCompass's output folders: `results/<model>/<dataset>.json`, and `predictions/<model>/<dataset>.json` beside.

Scores come from the `details` of a results file, which OpenCompass writes with `--dump-eval-details`: an object by the
items' numbers, or a list, whose entries say whether they are `correct`. The user may name another of their entries
(`model_extract_correct`). `accuracy`, in per cent, is what the file states. Predictions alone, generated or chosen by
perplexity, say nothing of being right, and are left out: nothing is graded here. They give items their prompts where
the details have none; of large data sets they lie in parts `_0`, `_1`, ..., each numbered from 0.

OpenCompass chooses by the options' perplexity, in truth the mean negative log-likelihood of a token: so option
probabilities are there only of log-likelihoods that are normalised by length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import ResponseDataError
from anchoreval.importers.entries import label, mapping, number, score
from anchoreval.importers.file_heads import FoundFile
from anchoreval.importers.imported import Imported, ImportedRun, ReadOptions, Skipped
from anchoreval.importers.json_arrays import members
from anchoreval.importers.opencompass_rows import likelihoods_of_entry, prompt_of_entry, prompts
from anchoreval.importers.option_shares import option_shares

RESULTS, PREDICTIONS = "results", "predictions"
CORRECT = "correct"
STATED = {CORRECT: "accuracy", "model_extract_correct": "model_postprocess_accuracy"}
"""By entry of the details the member that states its mean."""
_RESULT = re.compile(rb'\s*\{\s*"(?:accuracy|score)"\s*:|.*"details"\s*:\s*[\[{]', re.DOTALL)
_PREDICTION = re.compile(rb'\s*\{\s*"0"\s*:\s*\{')
_OTHERS = (b'"config_general"', b'"lm_eval_version"', b'"n-shot"')
_TIME = re.compile(r"\d{8}_\d{6}")


@dataclass
class _Rows:
    """What is kept of a results file."""

    keys: list[str] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)
    likelihoods: list[list[float] | None] = field(default_factory=list)
    stated: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class OpenCompass:
    """Reader of OpenCompass's results."""

    name: str = "opencompass"

    def unit(self, file: FoundFile) -> Path | None:
        """JSON files in `results/<model>` and `predictions/<model>` that begin as OpenCompass's do."""
        return file.path if file.ends(".json") and _is_ours(file) else None

    def read(self, unit: Path, options: ReadOptions) -> Iterator[Imported]:
        """The run of a results file.

        Raises:
            ResponseDataError: the file is damaged; names the byte or the item.
        """
        if _kind(unit) == PREDICTIONS:
            yield Skipped(str(unit), "holds predictions, which are not graded here; results are read where there are")
            return
        task = unit.stem
        if not options.wants(task):
            return
        metric = options.metric_of(task) or CORRECT
        rows = _read_rows(unit, metric, options.normalised)
        if not rows.keys:
            yield Skipped(str(unit), "has no details, only summed up scores (was it run with --dump-eval-details?)")
        elif metric not in rows.entries and metric == CORRECT:
            yield Skipped(str(unit), "its details do not say what is correct")
        elif metric not in rows.entries:
            there = ", ".join(rows.entries[:40])
            raise ResponseDataError(f"{unit}: its details have no {metric!r} (there are: {there})")
        else:
            yield _run(unit, task, metric, rows)


IMPORTER = OpenCompass()


def _is_ours(file: FoundFile) -> bool:
    kind = _kind(file.path)
    if kind == PREDICTIONS:
        return bool(_PREDICTION.match(file.head))
    return kind == RESULTS and bool(_RESULT.match(file.head)) and not any(mark in file.head for mark in _OTHERS)


def _kind(path: Path) -> str:
    return path.absolute().parent.parent.name


def _read_rows(unit: Path, metric: str, normalised: bool) -> _Rows:
    rows = _Rows()
    for member in members(unit, unfold={"details"}):
        where = f"{unit}: byte {member.byte}: {member.key}"
        if member.key == "details" and member.part is not None:
            if member.part != "type":
                _add(
                    rows,
                    str(member.part),
                    mapping(member.value, where),
                    f"{unit}: item {member.part}",
                    metric,
                    normalised,
                )
        elif member.key in STATED.values():
            rows.stated[member.key] = number(member.value, where)
    return rows


def _add(rows: _Rows, key: str, entry: dict[str, Any], where: str, metric: str, normalised: bool) -> None:
    rows.keys.append(label(key, where))
    if set(entry) - set(rows.entries):
        rows.entries += [name for name in entry if name not in rows.entries][: 1_000 - len(rows.entries)]
    rows.scores.append(score(entry.get(metric), f"{where}: {metric}"))
    rows.texts.append(prompt_of_entry(entry))
    rows.likelihoods.append(likelihoods_of_entry(entry) if normalised else None)


def _run(unit: Path, task: str, metric: str, rows: _Rows) -> ImportedRun:
    time = unit.absolute().parents[2].name
    percent = rows.stated.get(STATED.get(metric, ""), float("nan"))
    return ImportedRun(
        model=label(unit.absolute().parent.name, f"{unit}: model"),
        task=task,
        items=_items(unit, rows),
        scores=np.array(rows.scores, dtype=np.float32),
        metric=metric,
        probabilities=option_shares(rows.likelihoods),
        replicate=time if _TIME.fullmatch(time) else "",
        stated=percent / 100 if 0 <= percent <= 100 else None,
        source=unit,
        provenance={"format": "OpenCompass"},
    )


def _items(unit: Path, rows: _Rows) -> pd.DataFrame:
    items = pd.DataFrame({"key": pd.Series(rows.keys, dtype=object)})
    asked = rows.texts
    if all(text is None for text in asked):
        folder = unit.absolute().parents[2] / PREDICTIONS / unit.parent.name
        known = prompts(folder, unit.stem)
        asked = [known.get(key) for key in rows.keys]
    if any(text is not None for text in asked):
        items["text"] = pd.Series(asked, dtype=object)
    return items
