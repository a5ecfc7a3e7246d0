"""lm-eval's sample logs, read as runs: `samples_<task>_<time>.jsonl` with the `results_<time>.json` beside it.

A log has one row a document and filter (see `lm_eval_rows`). Read are all versions since 0.4: rows with and without
`filter`, `metrics` and hashes; logs that are one JSON list. The Open LLM Leaderboard v2 publishes the same rows.

The score is the user's metric, else `acc`, else `exact_match`, else the only metric there is; `acc_norm`, the headline
of some tasks, has to be asked for. Its mean must be the score that the results state, unless these are of another
number of documents. Not read are requests' contexts and generated texts, and results without samples, which say nothing
of single items.

One line is one row. A log whose rows run over several lines has been edited by hand, however complete it looks, and is
refused: nothing tells what else was changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import LONGEST_LINE, json_lines, open_plain
from anchoreval.importers.file_heads import FoundFile, head
from anchoreval.importers.imported import Imported, ReadOptions, Skipped
from anchoreval.importers.json_arrays import elements
from anchoreval.importers.lm_eval_files import (
    has_sample_logs,
    is_results,
    is_sample_log,
    results_beside,
    task_of,
    time_in_name,
)
from anchoreval.importers.lm_eval_results import checked_name
from anchoreval.importers.lm_eval_runs import TaskSamples, imported

AHEAD = 1 << 20
"""Bytes behind a damaged line that are looked at for what is wrong with it."""


class LmEvalLogs:
    """Importer of lm-eval's sample logs; units are logs, and results files, which are read together with their logs."""

    name = "lm_eval"

    def unit(self, file: FoundFile) -> Path | None:
        """Sample logs and results files, by what stands in them."""
        return file.path if is_sample_log(file) or is_results(file.head) else None

    def read(self, unit: Path, options: ReadOptions) -> Iterator[Imported]:
        """The run in a sample log; nothing of a results file, unless no log of its run lies beside it.

        Raises:
            ResponseDataError: naming the file and the line that is damaged, or both scores where the mean of the rows
                is not what the results state.
        """
        try:
            if is_sample_log(FoundFile(unit)):
                yield imported(_samples(unit), options)
            elif not has_sample_logs(unit):
                yield Skipped(str(unit), "results without a sample log beside them (was it run with --log_samples?)")
        except OSError as error:
            raise ResponseDataError(f"{error.filename or unit}: cannot be read: {error.strerror}") from error


IMPORTER = LmEvalLogs()


def _samples(path: Path) -> TaskSamples:
    results = results_beside(path)
    model = results.model if results is not None else None
    is_list = _is_list(path)
    return TaskSamples(
        task=task_of(path, results),
        model=model or checked_name(path.absolute().parent.name, f"{path}: the model's name"),
        rows=elements(path) if is_list else _lines(path),
        where=lambda number: f"{path}: {'byte' if is_list else 'line'} {number}",
        results=results,
        source=path,
        label=str(path),
        replicate=time_in_name(path),
    )


def _is_list(path: Path) -> bool:
    """Whether a log is one JSON list, as before 0.4.3."""
    return head(path).startswith(b"[")


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Rows with the numbers of their lines."""
    number = 0
    try:
        for number, row in json_lines(path):
            yield number, row
    except ResponseDataError as error:
        raise ResponseDataError(f"{error}{_explanation(path, number)}") from error


def _explanation(path: Path, good: int) -> str:
    """Why the line behind the last good one may be no JSON: its row goes on, or breaks off where the file ends."""
    with open_plain(path) as stream:
        for _ in range(good):
            stream.readline(LONGEST_LINE)
        ahead = stream.read(AHEAD).decode("utf-8", "replace")
    text = ahead.lstrip()
    try:
        _, end = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return " (of a run that was cut off?)" if "\n" not in text and len(ahead) < AHEAD else ""
    last = good + 1 + ahead[: len(ahead) - len(text) + end].count("\n")
    more = text[:end].count("\n")
    return f" (its row goes on to line {last}: the log was edited, lm-eval writes one row a line)" if more else ""
