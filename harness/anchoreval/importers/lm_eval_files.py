"""lm-eval's files in folders: which are sample logs and which results, by what stands in them, and which go together.

A run leaves `samples_<task>_<time>.jsonl` for every task and one `results_<time>.json` beside them; both may have been
given other names since. Before 0.4.3 a sample log was one JSON list, and the results were called `results.json`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import json_document
from anchoreval.importers.file_heads import FoundFile, head
from anchoreval.importers.lm_eval_results import RunResults, checked_name

LONGEST_FIRST = 1 << 16
"""Bytes of a file without any line break that is still taken for one row."""
_TIME = r"\d{4}-\d\d-\d\dT\d\d[-:]\d\d[-:]\d\d(?:\.\d+)?"
_SAMPLES = re.compile(rf"(?:.*?_)??samples_(?P<task>.+)_(?P<time>{_TIME})\.jsonl?")
_TIMED = re.compile(rf".*?(?P<time>{_TIME})\.json")
_RESPONSES = frozenset(("resps", "filtered_resps", "arguments"))
_ROW_BEGINS = re.compile(rb'\s*\[?\s*\{\s*"doc_id"\s*:\s*\d+\s*,\s*"doc"\s*:')
_RESULTS_BEGIN = re.compile(rb'\s*\{\s*"results"\s*:\s*\{')
_RESULTS_HOLD = (b'"alias"', b"_stderr", b'"configs"', b'"versions"', b'"group_subtasks"')


def is_sample_log(file: FoundFile) -> bool:
    """Whether a file is called as lm-eval calls sample logs, and should, or begins as they do."""
    if _SAMPLES.fullmatch(file.path.name) or _ROW_BEGINS.match(file.head):
        return True
    first, newline, _ = file.head.partition(b"\n")
    try:
        row = json.loads(first) if newline or len(file.head) < LONGEST_FIRST else None
    except (ValueError, RecursionError):
        return False
    if not isinstance(row, Mapping):
        return False
    return len(_RESPONSES & row.keys()) >= (1 if "doc_id" in row else 2)


def is_results(beginning: bytes) -> bool:
    """Whether this is how results files begin."""
    return bool(_RESULTS_BEGIN.match(beginning)) and any(name in beginning for name in _RESULTS_HOLD)


def time_in_name(path: Path) -> str:
    """When the run of a sample log or results file was, as its name has it; empty where it has no time."""
    match = _SAMPLES.fullmatch(path.name) or _TIMED.fullmatch(path.name)
    return match["time"] if match else ""


def task_of(path: Path, results: RunResults | None) -> str:
    """A sample log's task: as its name has it, else the only one of its results, else its name as a whole.

    Raises:
        ResponseDataError: that cannot be a task's name.
    """
    match = _SAMPLES.fullmatch(path.name)
    known = results.tasks if results is not None else []
    ending = sorted((task for task in known if task and path.stem.endswith(task)), key=len)
    if match:
        name = match["task"]
    elif ending:
        name = ending[-1]
    else:
        name = known[0] if len(known) == 1 else path.stem
    return checked_name(name, f"{path}: the task's name")


def results_beside(samples: Path) -> RunResults | None:
    """The results of the run that a sample log is from.

    They are those of the same time, else the next in the folder that hold its task; where the log's name has no time,
    `results.json`, or the only results there are.

    Raises:
        ResponseDataError: the results of the same time are damaged.
    """
    match, folder = _SAMPLES.fullmatch(samples.name), samples.parent
    if not match:
        near = [path for path in _json_in(folder) if _is_results_file(path)]
        unnamed = [path for path in near if path.name == "results.json"] or near
        return read_results(unnamed[0]) if len(unnamed) == 1 else None
    for time, path in _timed_in(folder).items():
        if time >= match["time"] and _is_results_file(path):
            results = read_results(path)
            if time == match["time"] or match["task"] in results.tasks:
                return results
    return None


def read_results(path: Path) -> RunResults:
    """A results file.

    Raises:
        ResponseDataError: it is damaged.
    """
    state = path.stat()
    return _read_results(path, state.st_mtime_ns, state.st_size)


def has_sample_logs(results: Path) -> bool:
    """Whether a sample log lies beside a results file that is of its run."""
    time = time_in_name(results)
    near = (path for path in sorted(results.parent.iterdir()) if not time or time_in_name(path) in ("", time))
    return any(is_sample_log(FoundFile(path)) for path in near if path.is_file())


@lru_cache(maxsize=8)
def _read_results(path: Path, changed: int, size: int) -> RunResults:
    """One file states the scores of many tasks, and is asked for each; a file that has changed is another."""
    document = json_document(path)
    if not isinstance(document, Mapping):
        raise ResponseDataError(f"{path}: is not a JSON object, as results are")
    return RunResults(document, str(path))


def _timed_in(folder: Path) -> Mapping[str, Path]:
    """By time, oldest first, what may be a results file; of several of one time the first by name."""
    return _timed_when(folder, folder.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _timed_when(folder: Path, changed: int) -> Mapping[str, Path]:
    """A folder may hold thousands of logs, and is asked for each."""
    timed = [(match["time"], path) for path in _json_in(folder) if (match := _TIMED.fullmatch(path.name))]
    found: dict[str, Path] = {}
    for time, path in sorted(timed):
        found.setdefault(time, path)
    return found


def _json_in(folder: Path) -> Sequence[Path]:
    """What may be results, by name."""
    names = (name for name in os.listdir(folder) if name.endswith(".json") and not name.startswith(("samples_", ".")))
    return [folder / name for name in sorted(names)]


def _is_results_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and is_results(head(path))
