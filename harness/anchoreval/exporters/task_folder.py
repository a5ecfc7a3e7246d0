"""A folder of lm-eval tasks that asks exactly the anchors: whoever runs it needs lm-eval and nothing of ours.

```
<folder>/README.md          what it is and how to run it
         export.json        which task stands for which; SHA-256 of the files below
         <group>.yaml       the group of all tasks
         <task>.yaml        one a task of the benchmark that has anchors
         <task>.jsonl       its anchors: item, task, doc_id, doc_hash, weight; prompt, options and target in full
         anchors_data.py    reads the JSONL beside it (lm-eval itself would look in the working directory)
         anchors/           the anchor set, for `anchoreval job=reconstruct`
```

Prompts are written out as a full run asks them, examples and description included; the tasks themselves have no
templates. Every export is loaded by lm-eval and compared with the original before it appears.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.atomic import replacing_folder, write_bytes, write_json, write_text
from anchoreval.errors import AnchorSetError, ConfigurationError
from anchoreval.exporters.guard import refuse_foreign_folder
from anchoreval.exporters.identity import anchors_digest, identity_table
from anchoreval.exporters.names import safe_name
from anchoreval.exporters.rendering import rendered
from anchoreval.exporters.task_check import check_exported, check_metric
from anchoreval.exporters.task_configuration import check_exportable, exported_configuration
from anchoreval.exporters.task_readme import task_readme
from anchoreval.exporters.task_rows import read_rows, rows_table, task_rows
from anchoreval.exporters.task_yaml import task_yaml
from anchoreval.schema import read_document, sealed
from anchoreval.scoring.asked import AskedItems
from anchoreval.scoring.plan import Plan
from anchoreval.scoring.settings import RunSettings
from anchoreval.scoring.task_set import TaskSet, TaskSpec, load_tasks

MARK, README, LOADER, ANCHORS = "export.json", "README.md", "anchors_data", "anchors"


def group_name(anchors: AnchorSet) -> str:
    """What the group is called where nothing else is asked for: `anchors_<benchmark>_<number>`."""
    return f"anchors_{safe_name(anchors.benchmark)}_{len(anchors.items)}"


def write_task_folder(
    anchors: AnchorSet,
    folder: Path | str,
    tasks: Sequence[TaskSpec] | TaskSet,
    *,
    include_path: str | Path | None = None,
    metric: str | Mapping[str, str] = "acc",
    filter_name: str | None = None,
    group: str | None = None,
    **settings: Any,
) -> bool:
    """Write the anchors as a folder of lm-eval tasks; a folder that is an export already is replaced.

    Args:
        anchors: with `task` and `doc_id`.
        folder: to write.
        tasks: the benchmark's own lm-eval tasks, as for `anchoreval.scoring.live.score_live`.
        include_path: folder with the user's own task files.
        metric: which metric is the score, or `{task: metric}`; kept for the reconstruction.
        filter_name: which filter counts; None: the only one, else `none`.
        group: name of the group; None: `group_name(anchors)`.
        **settings: of the full run, such as `num_fewshot` (see `RunSettings`).

    Returns:
        Whether the export is another than the one that stood there.

    Raises:
        ConfigurationError: a task cannot be exported, or the folder holds something else.
        AnchorSetError: an anchor that the tasks do not hold, or anchors that cannot be saved.
        ScoringError: a document is not the one that was recorded; names the item.
    """
    target, asked = Path(folder), RunSettings.of(settings)
    named = _checked_name(group or group_name(anchors))
    refuse_foreign_folder(target, MARK)
    if asked.apply_chat_template:
        raise ConfigurationError("a chat template is the model's, not the tasks': export.kind=samples works with one")
    identity_table(anchors)  # refuses anchors that no task holds
    loaded = load_tasks(tasks, include_path=include_path, network=False)
    plan = Plan.make(AskedItems.of_anchors(anchors), loaded, metric=metric, filter_name=filter_name, settings=asked)
    before = _mark(target)
    with replacing_folder(target) as new:
        _write(new, anchors, plan, named)
    return _mark(target) != before


def read_task_folder(folder: Path | str) -> pd.DataFrame:
    """The anchors that an exported folder asks, in the anchor set's order. Nothing in the folder is run.

    Returns:
        One row an anchor, indexed by item id; columns `task`, `doc_id`, `doc_hash`, `weight`.

    Raises:
        AnchorSetError: naming the file that is missing, damaged or edited.
    """
    root = Path(folder)
    document = read_document(root / MARK, "task_folder", AnchorSetError)
    digests = document["files"]
    parts = [part["file"] for part in document["tasks"].values()]
    return rows_table([row for file in parts for row in read_rows(root / file, digests.get(file, ""))])


def _write(new: Path, anchors: AnchorSet, plan: Plan, group: str) -> None:
    write_bytes(new / f"{LOADER}.py", resources.files("anchoreval").joinpath(f"exporters/{LOADER}.py").read_bytes())
    digest = anchors_digest(anchors)
    described = {
        f"{group}_{safe_name(task)}": _write_task(new, anchors, plan, task, f"{group}_{safe_name(task)}", digest)
        for task in plan.request
    }
    write_text(new / f"{group}.yaml", task_yaml({"group": group, "task": list(described), "metadata": {"version": 1}}))
    anchors.save(new / ANCHORS)
    write_text(new / README, task_readme(anchors, group, described))
    document = {
        "schema": 1,
        "group": group,
        "benchmark": {"name": anchors.benchmark, "items_digest": anchors.items_digest},
        "anchors_digest": digest,
        "lm_eval": version("lm_eval"),
        "settings": {name: value for name, value in vars(plan.settings).items() if value is not None},
        "tasks": described,
        "files": _digests(new),
    }
    write_json(new / MARK, sealed(document))


def _write_task(new: Path, anchors: AnchorSet, plan: Plan, task: str, exported: str, digest: str) -> dict[str, Any]:
    """Write and check one task; what `export.json` says of it."""
    original, file = plan.tasks.tasks[task], f"{exported}.jsonl"
    check_exportable(original, task)
    documents = rendered(plan, task)
    check_metric(original, documents[0], plan.settings, task, plan.metric_of(task))
    graded = {"metric": plan.metric_of(task), "filter": _filter(original, plan.filter_name)}
    write_text(new / file, task_rows(anchors, plan, task, documents, graded, digest))
    configuration = exported_configuration(original, exported, file, documents, plan.settings)
    write_text(new / f"{exported}.yaml", task_yaml(configuration, f"{LOADER}.load"))
    check_exported(new, exported, original, documents, plan.settings, task)
    return {"task": task, "file": file, "anchors": len(documents), **graded}


def _filter(task: Any, wanted: str | None) -> str:
    """The filter that counts; `Plan` has checked that it is there."""
    names = [ensemble.name for ensemble in task._filters]
    return wanted or (names[0] if len(names) == 1 else "none")


def _checked_name(group: str) -> str:
    if safe_name(group) != group:
        raise ConfigurationError(f"group name {group!r}: takes letters, digits, _ and - and begins with one of the two")
    return group


def _digests(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _mark(folder: Path) -> bytes | None:
    path = folder / MARK
    return path.read_bytes() if path.is_file() else None
