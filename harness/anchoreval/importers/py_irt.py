"""py-irt's JSON lines: `{"subject_id": <model>, "responses": {<item>: 0 or 1}}`, one line a model.

An item that a line does not name was not answered by that model, and neither was one whose response is null. Responses
between 0 and 1 are read as they are. A model that stands on two lines is an error, since py-irt would take it for one
that answered twice as much. In files for amortised models the items' ids are their texts; they stay ids here.
`anchoreval.exporters.py_irt_lines` writes such files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import json_lines
from anchoreval.importers.entries import label, mapping, score, shown
from anchoreval.importers.file_heads import FoundFile, keys
from anchoreval.importers.imported import Imported, ImportedRun, ReadOptions, Skipped
from anchoreval.importers.record_fields import refuse_other_metric, wording

METRIC = "response"
SUFFIXES = (".jsonl", ".jsonlines", ".ndjson")


class PyIrt:
    """Reader of files of many models; the task is called by the file."""

    name = "py_irt"

    def unit(self, file: FoundFile) -> Path | None:
        """Files whose first line is a model's."""
        return file.path if file.ends(*SUFFIXES) and keys(file.first_line) >= {"subject_id", "responses"} else None

    def read(self, unit: Path, options: ReadOptions) -> Iterator[Imported]:
        """A run for each line."""
        task = unit.stem
        if not options.wants(task):
            yield Skipped(str(unit), f"task {task} was not asked for")
            return
        refuse_other_metric(options, task, METRIC, unit)
        lines: dict[str, int] = {}
        tables: dict[tuple[str, ...], pd.DataFrame] = {}
        for number, content in json_lines(unit):
            where = f"{unit}: line {number}"
            row = mapping(content, where)
            model = label(row.get("subject_id"), f"{where}: subject_id")
            if lines.setdefault(model, number) != number:
                raise ResponseDataError(f"{where}: subject {shown(model)} stands on line {lines[model]} already")
            responses = mapping(row.get("responses"), f"{where}: responses")
            if responses:
                yield _run(unit, task, model, responses, tables, where)
            else:
                yield Skipped(where, "a subject without responses")


def _run(
    unit: Path, task: str, model: str, responses: Any, tables: dict[tuple[str, ...], pd.DataFrame], where: str
) -> ImportedRun:
    """The run of one line; models that answered the same items share one table."""
    ids = tuple(wording(key, f"{where}: item") for key in responses)
    scores = [score(value, f"{where}: item {shown(key)}") for key, value in responses.items()]
    if ids not in tables:
        tables[ids] = pd.DataFrame({"key": ids})
    return ImportedRun(
        model=model,
        task=task,
        items=tables[ids],
        scores=np.array(scores, dtype=np.float32),
        metric=METRIC,
        source=unit,
    )


IMPORTER = PyIrt()
