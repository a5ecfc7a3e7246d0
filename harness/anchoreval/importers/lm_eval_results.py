"""What lm-eval's results say of a run: stated scores, how many documents they are of, model, settings, groups.

The document is the same on disk (`results_<time>.json`) and in memory (what `simple_evaluate` returns). Its versions
differ in the keys of scores (`acc,none`; before 0.4 `acc`), in the counts of documents (`n-samples`, or `sample_len`
with the scores, or none) and in the model's name (`model_name`, or within `config`'s arguments); nothing is taken for
granted, because it comes from strangers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from anchoreval.errors import ResponseDataError

MODEL_ARGUMENTS = ("peft", "delta", "pretrained", "model", "path", "engine")
"""Arguments of a model that name it, in the order in which lm-eval takes them."""
GROUPS = ("mmlu", "mmlu_pro", "bbh", "leaderboard_bbh", "leaderboard_musr", "leaderboard_math", "leaderboard_gpqa")
"""Groups whose tasks are called after them, for results that do not list groups."""
LONGEST = 200
"""Characters of a setting that is kept."""
LONGEST_NAME = 1000
LARGEST = 1e9
"""A stated score that is larger states nothing."""
_SETTINGS = (
    "lm_eval_version",
    "git_hash",
    "date",
    "fewshot_as_multiturn",
    "chat_template_sha",
    "system_instruction_sha",
)
_CONFIG = ("limit", "model_revision", "model_sha", "model_dtype", "random_seed", "numpy_seed", "fewshot_seed")
_EXACT = 1e-6
_ROUNDED = 5.1e-5


@dataclass(frozen=True)
class Stated:
    """A score that the results state.

    Attributes:
        value: as it stands there.
        filter_name: that it belongs to; empty where the results name none.
    """

    value: float
    filter_name: str

    def agrees(self, mean: float) -> bool:
        """Whether it is this mean, up to rounding: to four digits where it shows no more of them."""
        tolerance = _ROUNDED if round(self.value, 4) == self.value else _EXACT
        return abs(self.value - mean) <= tolerance


@dataclass(frozen=True, eq=False)
class RunResults:
    """The results of a run.

    Attributes:
        document: as lm-eval writes it.
        label: the file, or what stands for it.
    """

    document: Mapping[str, Any]
    label: str

    @property
    def tasks(self) -> list[str]:
        """Everything that has results, groups included."""
        return list(self._part("results"))

    @property
    def model(self) -> str | None:
        """The model's name; None where the results do not say.

        Raises:
            ResponseDataError: it cannot be a name.
        """
        config = self._part("config")
        name = self.document.get("model_name") or _named_in(config.get("model_args")) or config.get("model")
        if not isinstance(name, str) or not name:
            return None
        return checked_name(name, f"{self.label}: the model's name")

    def stated(self, task: str, metric: str, filter_name: str | None) -> Stated | None:
        """What is stated of a task's metric; None where nothing is, or the filter is unknown and there are several."""
        scores = self._part("results", task).items()
        found = {_filter_of(key): value for key, value in scores if key == metric or key.startswith(f"{metric},")}
        if filter_name is None and len(found) == 1:
            filter_name = next(iter(found))
        if filter_name in ("none", None) and filter_name not in found:
            filter_name = ""
        value = found.get(filter_name or "")
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LARGEST:
            return None
        return Stated(float(value), filter_name or "")

    def filters(self, task: str, metric: str) -> list[str]:
        """Names of the filters by which a metric is stated."""
        return [_filter_of(key) for key in self._part("results", task) if key.startswith(f"{metric},")]

    def documents(self, task: str) -> int | None:
        """How many documents the stated scores are of; None where the results do not say."""
        count = self._part("n-samples", task).get("effective", self._part("results", task).get("sample_len"))
        return count if isinstance(count, int) and not isinstance(count, bool) else None

    def is_mean(self, task: str, metric: str) -> bool:
        """Whether a score is stated as the mean over documents: unless the task's configuration says otherwise."""
        entries = self._part("configs", task).get("metric_list")
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, Mapping) and entry.get("metric") == metric:
                return bool(entry.get("aggregation", "mean") == "mean")
        return True

    def lower_is_better(self, task: str, metric: str) -> bool:
        """Whether a metric is said to be the better the lower it is."""
        return self._part("higher_is_better", task).get(metric) is False

    def subject(self, task: str) -> str | None:
        """What is left of a task's name behind the name of its group; None for a task of no such group."""
        listed = self._part("group_subtasks")
        groups = [name for name, members in listed.items() if members] or GROUPS
        return subject_in(task, groups)

    def settings(self, task: str) -> dict[str, Any]:
        """Versions, times and settings of the run, as plain data."""
        config = self._part("config")
        found = {name: self.document.get(name) for name in _SETTINGS} | {name: config.get(name) for name in _CONFIG}
        found["n_shot"] = self._part("n-shot").get(task)
        found["task_version"] = self._part("versions").get(task)
        return {name: value for name, value in found.items() if _is_plain(value)}

    def _part(self, *names: str) -> Mapping[str, Any]:
        """An object inside the document; empty where it is not there or is something else."""
        found: Any = self.document
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        return (
            {key: value for key, value in found.items() if isinstance(key, str)} if isinstance(found, Mapping) else {}
        )


def subject_in(task: str, groups: Any = GROUPS) -> str | None:
    """What is left of a task's name behind the longest of the groups' names that it begins with."""
    fitting = [name for name in groups if task.startswith(f"{name}_") and len(task) > len(name) + 1]
    return task[len(max(fitting, key=len)) + 1 :] if fitting else None


def checked_name(name: str, what: str) -> str:
    """The name.

    Raises:
        ResponseDataError: it is far too long, or holds characters that cannot be shown.
    """
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or name.isspace():
        raise ResponseDataError(f"{what}, {name[:40]!r}, is blank, too long or holds control characters")
    return name


def _named_in(arguments: Any) -> str | None:
    """The name among a model's arguments, which are an object, or text: `pretrained=org/model,dtype=float16`."""
    if isinstance(arguments, str):
        pairs = [entry.partition("=") for entry in arguments.split(",")]
        arguments = {key.strip(): value.strip() for key, _, value in pairs}
    if not isinstance(arguments, Mapping):
        return None
    names = (arguments.get(key) for key in MODEL_ARGUMENTS)
    return next((name for name in names if isinstance(name, str) and name), None)


def _filter_of(key: str) -> str:
    return key.partition(",")[2]


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= LONGEST
    return isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value))
