"""lm-eval's sample logs as they lie on disk: which files answer what, and their rows as lm-eval had them in memory.

`lm-eval run --log_samples --output_path out` writes `out/<model>/samples_<task>_<time>.jsonl` beside
`results_<time>.json`. On disk every response is text: here log-likelihoods become numbers again, so that the rows
pass the same checks as those of live scoring (see `anchoreval.scoring.records`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anchoreval.errors import StoreError
from anchoreval.schema import one_line

TIME = r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?"
_SAMPLES = re.compile(rf"samples_(?P<task>.+)_(?P<time>{TIME})\.jsonl")
_RESULTS = re.compile(rf"(?:.*_)?(?P<time>{TIME})\.json")
_KEYS: Mapping[str, type] = {"doc_id": int, "doc": dict, "doc_hash": str, "resps": list, "metrics": list, "filter": str}


@dataclass(frozen=True, order=True)
class SampleLog:
    """One file of samples.

    Attributes:
        time: of the run, as lm-eval writes it: later ones sort behind.
        task: as the file's name has it.
        path: of the file.
    """

    time: str
    task: str
    path: Path


def find_sample_logs(paths: Iterable[Path]) -> dict[Path, list[SampleLog]]:
    """The sample logs in files and folders, by the folder they lie in (one a model), oldest first.

    Raises:
        StoreError: a path is not there, or holds no sample log.
    """
    found: dict[Path, set[SampleLog]] = {}
    for path in paths:
        files = [path] if path.is_file() else sorted(path.rglob("samples_*.jsonl"))
        logs = [log for log in map(_sample_log, files) if log is not None]
        if not logs:
            problem = "holds no samples_<task>_<time>.jsonl (was it run with --log_samples?)"
            raise StoreError(f"{path}: {problem if path.exists() else 'there is no such file or folder'}")
        for log in logs:
            found.setdefault(log.path.parent, set()).add(log)
    return {folder: sorted(found[folder]) for folder in sorted(found)}


def model_name(folder: Path) -> str:
    """What the newest results file in a folder calls the model; the folder's name where there is none."""
    dated = sorted((match["time"], path) for path in folder.glob("*.json") if (match := _RESULTS.fullmatch(path.name)))
    for _, path in reversed(dated):
        try:
            name = json.loads(path.read_text(encoding="utf-8"))["model_name"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(name, str) and name:
            return name
    return folder.absolute().name


def read_sample_log(path: Path) -> list[dict[str, Any]]:
    """The rows of a sample log, one a document and filter.

    Raises:
        StoreError: naming the file and the line that is not a sample.
    """
    try:
        with path.open(encoding="utf-8", newline="\n") as stream:  # a full run's log may be large
            return [_row(path, number, line) for number, line in enumerate(stream, start=1) if line.strip()]
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise StoreError(f"{path}: is not UTF-8: {one_line(error)}") from error


def _sample_log(path: Path) -> SampleLog | None:
    match = _SAMPLES.fullmatch(path.name)
    return SampleLog(match["time"], match["task"], path) if match else None


def _row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise StoreError(
            f"{path}: line {number} is not JSON, as of a run that was cut off: {one_line(error)}"
        ) from error
    if not isinstance(row, dict):
        raise StoreError(f"{path}: line {number} is not a sample")
    for key, kind in _KEYS.items():
        if not isinstance(row.get(key), kind) or isinstance(row[key], bool):
            raise StoreError(f"{path}: line {number} is not a sample: its {key!r} is not as lm-eval writes it")
    if not row["resps"]:
        raise StoreError(f"{path}: line {number} is not a sample: it holds no response")
    try:
        return {**row, "resps": [_response(response) for response in row["resps"]]}
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise StoreError(f"{path}: line {number}: resps are not as lm-eval writes them: {one_line(error)}") from error


def _response(repeats: Any) -> list[Any]:
    """The repeats of one response: texts as they are, pairs of a log-likelihood and whether it is greedy as numbers."""
    if not isinstance(repeats, list):
        raise TypeError(f"{str(repeats)[:40]!r} is not a list")
    return [(float(one[0]), one[1] == "True") if isinstance(one, list) else one for one in repeats]
