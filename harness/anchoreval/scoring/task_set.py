"""lm-eval tasks, loaded once and shared by all the models that are scored on them."""

from __future__ import annotations

import copy
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from anchoreval.errors import ConfigurationError
from anchoreval.scoring.surroundings import dataset_cache, offline, quiet

TaskSpec: TypeAlias = str | Mapping[str, Any]
"""The name of a task, group or tag, the path of its YAML file, or its configuration."""

Documents: TypeAlias = Sequence[Mapping[str, Any]]

LOCAL_FORMATS = frozenset({"json", "csv", "parquet", "text", "arrow"})
"""Values of `dataset_path` under which `datasets` reads files."""


@dataclass(frozen=True, eq=False)
class TaskSet:
    """Leaf tasks, ready to run.

    Attributes:
        tasks: lm-eval's task objects by name, groups and tags taken apart.
        documents: the documents of each task in lm-eval's order.
        local: whether all data come from local files.
    """

    tasks: Mapping[str, Any]
    documents: Mapping[str, Documents]
    local: bool

    @property
    def sizes(self) -> dict[str, int]:
        """Number of documents of each task."""
        return {task: len(documents) for task, documents in self.documents.items()}


def load_tasks(
    tasks: Sequence[TaskSpec] | TaskSet,
    *,
    include_path: str | Path | None = None,
    task_manager: Any = None,
    network: bool = True,
    verbose: bool = False,
) -> TaskSet:
    """Load tasks through lm-eval; a set that is loaded already is returned as it is.

    lm-eval's own index of some 14,000 tasks costs several seconds and is read only where a name is not found without
    it. What `datasets` builds from local files goes to a temporary folder that vanishes with the set.

    Args:
        tasks: names, YAML paths or configurations.
        include_path: folder with the user's own task files.
        task_manager: an `lm_eval.tasks.TaskManager` to use instead.
        network: whether the models may need it; where not, and all data are local files, nothing is looked up.
        verbose: show what lm-eval logs.

    Raises:
        ConfigurationError: an unknown or broken task, named.
    """
    if isinstance(tasks, TaskSet):
        return tasks
    specs = [tasks] if isinstance(tasks, str | Mapping) else list(tasks)
    if not specs:
        raise ConfigurationError("no lm-eval tasks are given: name those that the items come from")
    if not network and all(isinstance(spec, Mapping) and _is_local(spec, {}) for spec in specs):
        offline()  # before the imports that read these variables
    manager = _task_manager(specs, include_path) if task_manager is None else task_manager
    local = all(_is_local(spec, manager.task_index) for spec in specs)
    folder = Path(tempfile.mkdtemp(prefix="anchoreval-tasks-")) if local else None
    try:
        with dataset_cache(folder), quiet(verbose):
            leaves, documents = _leaves(specs, manager)
    except BaseException:
        _remove(folder)
        raise
    loaded = TaskSet(leaves, documents, local)
    weakref.finalize(loaded, _remove, folder)
    return loaded


def _task_manager(specs: Iterable[TaskSpec], include_path: str | Path | None) -> Any:
    from lm_eval.tasks import TaskManager

    if include_path is not None and not Path(include_path).is_dir():
        raise ConfigurationError(f"include_path {str(include_path)!r} is not a folder")
    own = TaskManager(include_path=include_path, include_defaults=False)
    names = [spec for spec in specs if isinstance(spec, str) and not Path(spec).is_file()]
    return own if set(names) <= set(own.task_index) else TaskManager(include_path=include_path)


def _leaves(specs: Iterable[TaskSpec], manager: Any) -> tuple[dict[str, Any], dict[str, Documents]]:
    """Every task once, although groups may overlap; lm-eval itself refuses a task that it meets twice."""
    leaves: dict[str, Any] = {}
    documents: dict[str, Documents] = {}
    for spec in specs:
        found = _load(spec, manager)
        twice = sorted(set(found) & set(leaves))
        if twice and isinstance(spec, Mapping):
            raise ConfigurationError(f"task {twice[0]!r} is given twice, which leaves open what is meant")
        for name, (task, of_task) in found.items():
            leaves.setdefault(name, task)
            documents.setdefault(name, of_task)
    return leaves, documents


def _load(spec: TaskSpec, manager: Any) -> dict[str, tuple[Any, Documents]]:
    name = spec if isinstance(spec, str) else spec.get("group", spec.get("task"))
    try:
        # a copy, because lm-eval changes the configuration that it is given
        found = manager.load([spec if isinstance(spec, str) else copy.deepcopy(dict(spec))])["tasks"]
        return {str(leaf): (task, task.eval_docs) for leaf, task in found.items()}
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ConfigurationError(f"lm-eval task {name!r} does not load: {type(error).__name__}: {reason}") from error


def _is_local(spec: Any, index: Mapping[str, Any]) -> bool:
    """Whether all data of a task, group or tag are local files, as far as its configuration tells."""
    if isinstance(spec, str):
        return spec in index and _is_local_entry(index[spec], index)
    members = spec.get("task")
    if "group" in spec and isinstance(members, list):
        return all(_is_local(member, index) for member in members)
    if "dataset_path" in spec:
        path = str(spec["dataset_path"])
        return (path in LOCAL_FORMATS or Path(path).exists()) and "://" not in str(spec)
    # another task with a few things changed
    return (
        isinstance(members, str) and members in index and index[members].cfg is not spec and _is_local(members, index)
    )


def _is_local_entry(entry: Any, index: Mapping[str, Any]) -> bool:
    if entry.cfg is None:  # a tag: its tasks
        return all(_is_local(task, index) for task in entry.tags)
    return _is_local(entry.cfg, index)


def _remove(folder: Path | None) -> None:
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
