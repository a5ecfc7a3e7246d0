"""Results of SWE-bench and of what is shaped like it: which instances (issues of a repository) a system resolved.

Three shapes are read. *Lists of ids*: SWE-bench's reports (`resolved_ids`, `unresolved_ids`, `error_ids`,
`empty_patch_ids`, `submitted_ids`, `incomplete_ids` ... and counts `*_instances`), Multi-SWE-bench's (`resolved` for
`resolved_ids`), and `results/results.json` of the collected submissions (`resolved`, `no_generation`, `no_logs`, in
older ones `generated`, `applied` ...). *Flat maps* `{id: true or false}` (SWE-bench Pro's eval_results.json). *Maps of
objects* `{id: {"resolved": true, ...}}` (per_instance_details.json).

The denominator is what was submitted: a submitted instance that is not resolved is 0, one that was not submitted
(`incomplete_ids`) is missing, and one that is nowhere is no item of this run. A file that lists what was resolved, but
neither what was submitted nor what failed, would make any system look perfect: the ids are then taken from the
predictions of the submission (`all_preds.jsonl` or `preds.json` beside it or one folder up), and without these it is
left out with that reason. So are files of counts without ids. Ids in lists that exclude each other, and counts that
are not those of the lists, are errors.

The model is called by the file (`<model>.<run>.json` of SWE-bench's harness) or, where the file has one of the usual
names, by its folder. Subjects are repositories, where all ids tell theirs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import json_document
from anchoreval.importers.entries import label, mapping, shown
from anchoreval.importers.file_heads import FoundFile, keys
from anchoreval.importers.imported import Imported, ImportedRun, ReadOptions, Skipped
from anchoreval.importers.record_fields import refuse_other_metric
from anchoreval.importers.swe_bench_lists import Outcome, listed_outcome

TASK, METRIC = "swe_bench", "resolved"
RESOLVED = ("resolved_ids", "resolved")
COMPANIONS = {
    *("submitted_ids", "unresolved_ids", "unresolved", "error_ids", "completed_ids", "empty_patch_ids"),
    *("no_generation", "no_logs", "generated", "applied", "resolved_instances"),
}
"""Keys of which one at least stands beside the list of what was resolved."""
USUAL_NAMES = {"results", "eval_results", "report", "final_report", "per_instance_details", "evaluation_results"}
LONGEST_ID = 300
"""Characters of an id that is looked at for a repository."""
_INSTANCE = re.compile(
    r"(?:instance_)?(?P<owner>[^/\s]+?)__(?P<rest>\S+?)-(?:\d+|[0-9a-f]{40}\S*)|(?P<multi>\S+/\S+):\S+"
)
_RESOLVED_LIST = re.compile(rb'"resolved(?:_ids)?"\s*:\s*\[')
_FLAT = re.compile(rb'"((?:[^"\\]|\\.)+)"\s*:\s*(true|false)\s*[,}]')
_FIRST_OBJECT = re.compile(rb'\{\s*"((?:[^"\\]|\\.)+)"\s*:\s*\{')


class SweBench:
    """Reader of result files, each of one system."""

    name = "swe_bench"

    def unit(self, file: FoundFile) -> Path | None:
        """Files that begin as one of the three shapes does."""
        return file.path if file.ends(".json") and _is_result(file.head) else None

    def read(self, unit: Path, options: ReadOptions) -> Iterator[Imported]:
        """The run that the file holds."""
        if not options.wants(TASK):
            yield Skipped(str(unit), f"task {TASK} was not asked for")
            return
        refuse_other_metric(options, TASK, METRIC, unit)
        document = mapping(json_document(unit), str(unit))
        outcome = _outcome(unit, document)
        yield outcome if isinstance(outcome, Skipped) else _run(unit, document, outcome)


def _is_result(beginning: bytes) -> bool:
    if not beginning.startswith(b"{"):
        return False
    there = keys(beginning)
    if (_RESOLVED_LIST.search(beginning) and there & COMPANIONS) or there >= {"resolved_instances", "total_instances"}:
        return True
    if beginning[1:].lstrip().startswith(b"}"):
        return False
    if first := _FIRST_OBJECT.match(beginning):
        return _is_instance(first[1]) and "resolved" in there and "tests_status" not in there
    found = [_FLAT.match(beginning, beginning.index(b'"'))] if b'"' in beginning[:100] else []
    return bool(found and found[0] and _is_instance(found[0][1]))


def _is_instance(name: bytes) -> bool:
    return _repository(name.decode("utf-8", "replace")) is not None


def _outcome(unit: Path, document: Mapping[str, Any]) -> Outcome | Skipped:
    if any(key in document for key in (*RESOLVED, "resolved_instances")):
        return listed_outcome(unit, document)
    if not _is_instance(next(iter(document), "").encode()):
        return Skipped(str(unit), "neither lists instances nor maps them")
    return _mapped(unit, document)


def _mapped(unit: Path, document: Mapping[str, Any]) -> Outcome:
    """Outcomes of a map by instance."""
    scores: dict[str, float] = {}
    for key, value in document.items():
        where = f"{unit}: instance {shown(key)}"
        resolved = value.get("resolved") if isinstance(value, dict) else value
        if resolved is not None and not isinstance(resolved, bool):
            raise ResponseDataError(f"{where}: {shown(resolved)} is neither true nor false")
        scores[label(key, where)] = math.nan if resolved is None else float(resolved)
    return Outcome(scores)


def _run(unit: Path, document: Mapping[str, Any], outcome: Outcome) -> ImportedRun:
    model, run = _called(unit, document)
    ids = sorted(outcome.scores)
    items = pd.DataFrame({"key": ids})
    if all(subjects := [_repository(name) for name in ids]):
        items["subject"] = subjects
    return ImportedRun(
        model=model,
        task=TASK,
        items=items,
        scores=np.array([outcome.scores[name] for name in ids], dtype=np.float32),
        metric=METRIC,
        replicate=run,
        stated=outcome.stated,
        source=unit,
        provenance={"outcomes": dict(outcome.counts)},
    )


def _called(unit: Path, document: Mapping[str, Any]) -> tuple[str, str]:
    """The system's name, and the run's where SWE-bench's harness named the file."""
    if unit.stem in USUAL_NAMES:
        folder = unit.absolute().parent
        return (folder.parent if folder.name in ("results", "result") else folder).name, ""
    if "schema_version" in document and "." in unit.stem:
        model, run = unit.stem.rsplit(".", 1)
        return model, run
    return unit.stem, ""


def _repository(instance: str) -> str | None:
    """`owner/name` as far as an id tells it."""
    found = _INSTANCE.fullmatch(instance) if len(instance) <= LONGEST_ID else None
    if found is None:
        return None
    return found["multi"] or f"{found['owner']}/{found['rest']}"


IMPORTER = SweBench()
