"""Anchors as the JSON that lm-eval takes for `--samples`: the document ids of each task.

The smallest export: whoever has the benchmark's own tasks runs the anchors with
`lm-eval run ... --samples samples.json --log_samples`. lm-eval trusts what it is given (see
`anchoreval.scoring.request`), so ids are written sorted and without repetition, by leaf task, and no list is empty.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from anchoreval.anchors import AnchorSet
from anchoreval.atomic import write_text
from anchoreval.errors import AnchorSetError
from anchoreval.exporters.guard import refuse_foreign_file
from anchoreval.exporters.identity import identity_table
from anchoreval.schema import one_line

Samples = dict[str, list[int]]
"""Sorted document ids by task."""


def samples_of(anchors: AnchorSet) -> Samples:
    """The document ids of each task, tasks by name.

    Raises:
        AnchorSetError: the anchors have no `task` and `doc_id`, an id is negative, or two are the same document.
    """
    table = identity_table(anchors)
    samples = {str(task): sorted(map(int, rows["doc_id"])) for task, rows in sorted(table.groupby("task"))}
    for task, ids in samples.items():
        if problem := _problem(ids):
            raise AnchorSetError(f"anchors of {anchors.benchmark!r}, task {task!r}: {problem}")
    return samples


def write_samples(anchors: AnchorSet, path: Path | str) -> None:
    """Write `samples_of` the anchors as one JSON object.

    Raises:
        AnchorSetError: as for `samples_of`; or the file is there and holds something else.
    """
    samples, target = samples_of(anchors), Path(path)
    refuse_foreign_file(target, _is_samples)
    lines = [f"  {json.dumps(task)}: {json.dumps(ids)}" for task, ids in samples.items()]
    write_text(target, "{\n" + ",\n".join(lines) + "\n}\n")


def read_samples(path: Path | str) -> Samples:
    """The document ids of each task from a `--samples` file.

    Raises:
        AnchorSetError: naming the file and the task: not there, not JSON, or not what lm-eval reads as it is meant
            (ids out of order, repeated, negative, not whole numbers, or none).
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise AnchorSetError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise AnchorSetError(f"{path}: is not a JSON document: {one_line(error)}") from error
    if not isinstance(document, dict) or not document:
        raise AnchorSetError(f"{path}: is not an object of tasks")
    for task, ids in document.items():
        if problem := _problem(ids):
            raise AnchorSetError(f"{path}: task {task!r}: {problem}")
    return document


def samples_difference(samples: Mapping[str, list[int]], anchors: AnchorSet) -> str | None:
    """The first document in which samples and anchors differ; None: they are the same."""
    known = samples_of(anchors)
    for task in sorted({*known, *samples}):
        lacking = sorted(set(known.get(task, ())) - set(samples.get(task, ())))
        foreign = sorted(set(samples.get(task, ())) - set(known.get(task, ())))
        if lacking or foreign:
            return f"task {task!r}: document {[*lacking, *foreign][0]} is {'missing' if lacking else 'no anchor'}"
    return None


def _problem(ids: object) -> str | None:
    if not isinstance(ids, list) or not ids:
        return "has no list of document ids (lm-eval would ask every document)"
    if wrong := [n for n in ids if isinstance(n, bool) or not isinstance(n, int) or n < 0]:
        return f"{wrong[0]!r} is no document id"
    if ids != sorted(set(ids)):
        return "document ids are not sorted and unique (lm-eval would label the answers wrongly)"
    return None


def _is_samples(path: Path) -> bool:
    try:
        read_samples(path)
    except AnchorSetError:
        return False
    return True
