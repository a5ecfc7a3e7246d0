"""In-context transferability, measured live: exemplars of one subject before questions of another.

For source i and target j: A_ij = mean score of a model on items of j with `shots` worked examples of i before each,
averaged over `draws` disjoint sets of examples (BenTo, arXiv 2410.13804, section 3). Everything goes through lm-eval:
the tasks write examples and questions, the model answers, the task's metric grades. The same items are asked under
every source and draw.

A model that takes little notice of its prompt gives columns that are constant but for the draws; see
`anchoreval.numerics.source_variation` before building anything on them. One model answers
subjects x subjects x draws x items questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from anchoreval.errors import ConfigurationError
from anchoreval.scoring.asked import AskedItems
from anchoreval.scoring.asking import Asking
from anchoreval.scoring.exemplars import Example, examples_text, leading
from anchoreval.scoring.limits import Limits
from anchoreval.scoring.memory.model_identity import Identity
from anchoreval.scoring.memory.request_memory import RequestMemory
from anchoreval.scoring.model_source import ModelSource, RegisteredModel, needs_no_network
from anchoreval.scoring.plan import Plan
from anchoreval.scoring.request import sample_request
from anchoreval.scoring.settings import RunSettings
from anchoreval.scoring.surroundings import quiet
from anchoreval.scoring.task_set import TaskSet, TaskSpec, load_tasks
from anchoreval.scoring.transfer_items import TransferItems
from anchoreval.scoring.transfer_matrix import TransferMatrix
from anchoreval.scoring.usage import Usage

NOT_HERE = {
    "num_fewshot": "shots= says how many exemplars there are",
    "apply_chat_template": "exemplars of another task cannot be put into a chat template",
    "system_instruction": "the prompt begins with the description of the exemplars' task",
}
"""Settings of an lm-eval run that have no meaning here, and why."""


def measure_transfer(
    model: ModelSource | str,
    items: pd.DataFrame,
    *,
    tasks: Sequence[TaskSpec] | TaskSet,
    name: str,
    shots: int = 5,
    draws: int = 3,
    items_per_subject: int = 40,
    apart: str | None = None,
    seed: int = 0,
    model_args: Mapping[str, Any] | str | None = None,
    include_path: str | Path | None = None,
    metric: str | Mapping[str, str] = "acc",
    filter_name: str | None = None,
    verbose: bool = False,
    memory: RequestMemory | None = None,
    identity: Identity | None = None,
    usage: Usage | None = None,
    limits: Limits | None = None,
    **settings: Any,
) -> TransferMatrix:
    """Measure how exemplars of every subject help one model on every subject.

    Args:
        model: as for `anchoreval.scoring.live.score_live`, like all arguments below that are not described here.
        items: a benchmark's items, indexed by id, with columns `task`, `doc_id` and `subject`.
        tasks: lm-eval tasks that hold the items.
        name: what to call the model.
        shots: exemplars before each question.
        draws: disjoint sets of exemplars a subject.
        items_per_subject: items asked of each subject; fewer where it has no more left.
        apart: column of items whose equal values keep items from being exemplar and question of one measurement
            (paraphrases of one fact).
        seed: decides which items are exemplars and which are asked.
        model_args: as for `score_live`.
        include_path: as for `score_live`.
        metric: as for `score_live`.
        filter_name: as for `score_live`.
        verbose: as for `score_live`.
        memory: as for `score_live`.
        identity: as for `score_live`.
        usage: as for `score_live`.
        limits: as for `score_live`.
        **settings: of lm-eval, except `num_fewshot`, `apply_chat_template` and `system_instruction`.

    Raises:
        AnchorSetError: an item that the tasks do not hold.
        ConfigurationError: a subject with too few items, or a setting that has no meaning here.
        ScoringError: the model failed, a limit is reached, or its answers are not those of the items.
        StoreError: the memory cannot be read or written.
    """
    chosen = _settings(settings)
    drawn = TransferItems.draw(items, shots=shots, draws=draws, per_subject=items_per_subject, apart=apart, seed=seed)
    source = RegisteredModel(model, model_args) if isinstance(model, str) else model
    loaded = load_tasks(tasks, include_path=include_path, network=not needs_no_network(source), verbose=verbose)
    used = _holding(loaded, items)
    sample_request(items, used.sizes)  # exemplars too must be documents of these tasks
    asked = AskedItems.of_anchors(items.loc[drawn.asked].drop(columns="share", errors="ignore"))
    plan = Plan.make(asked, used, metric=metric, filter_name=filter_name, settings=chosen, verbose=verbose)
    prompts = _prompts(used, items, drawn, verbose)
    scores = np.empty((draws, len(drawn.subjects), len(drawn.subjects)))
    with Asking(memory, usage, limits).model(source, plan, name, identity) as lm:
        for (draw, place), prefix in tqdm(prompts.items(), unit="prompt", desc="transfer", disable=None):
            with leading(used, prefix):
                answers = plan.answers(lm, name)
            scores[draw, place] = [np.mean([answers[item].score for item in ids]) for ids in drawn.queries.values()]
    return TransferMatrix(
        subjects=drawn.subjects,
        draws=scores,
        counts=np.array([len(ids) for ids in drawn.queries.values()], dtype=np.int64),
        described={
            "model": name,
            "shots": shots,
            "seed": seed,
            "apart": apart,
            "scorer": f"lm-eval {version('lm_eval')}",
            **plan.described(),
        },
    )


def _settings(given: Mapping[str, Any]) -> RunSettings:
    for name, reason in NOT_HERE.items():
        if given.get(name):
            raise ConfigurationError(f"lm-eval setting {name!r} cannot be used for transferability: {reason}")
    return RunSettings.of({**given, "num_fewshot": 0})


def _holding(tasks: TaskSet, items: pd.DataFrame) -> TaskSet:
    """The tasks without those that hold none of the items."""
    if missing := [column for column in ("task", "doc_id") if column not in items]:
        raise ConfigurationError(f"transferability needs items.{missing[0]}, and the items have no such column")
    held = set(items["task"].astype(str))
    documents = {task: of_task for task, of_task in tasks.documents.items() if task in held}
    return TaskSet({task: tasks.tasks[task] for task in documents}, documents, tasks.local)


def _prompts(tasks: TaskSet, items: pd.DataFrame, drawn: TransferItems, verbose: bool) -> dict[tuple[int, int], str]:
    """What stands before every question, by draw and place of the source subject."""
    numbers: dict[Any, Example] = {
        item: (str(task), int(doc_id))
        for item, task, doc_id in zip(items.index, items["task"], items["doc_id"], strict=True)
    }
    draws = len(next(iter(drawn.exemplars.values())))
    with quiet(verbose):
        return {
            (draw, place): examples_text(tasks, [numbers[item] for item in drawn.exemplars[subject].iloc[draw]])
            for draw, (place, subject) in product(range(draws), enumerate(drawn.subjects))
        }
