"""Live scoring: models answer the anchors, and nothing but the anchors, through lm-eval.

The answers are, item by item, those of a full lm-eval run of the same model with the same settings. Probabilities are
the softmax of the options' log-likelihoods. Everything that can be wrong with the request is found before a model is
loaded, and everything that can be wrong with the answers is an error and never a number.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from traceback import clear_frames
from typing import Any

from tqdm import tqdm

from anchoreval.errors import AnchorEvalError
from anchoreval.responses import ResponseMatrix
from anchoreval.scoring.answer_matrix import answer_matrix
from anchoreval.scoring.asked import Anchors, AskedItems
from anchoreval.scoring.asking import Asking, identity_of
from anchoreval.scoring.limits import Limits
from anchoreval.scoring.memory.model_identity import Identity
from anchoreval.scoring.memory.request_memory import RequestMemory
from anchoreval.scoring.model_source import ModelSource, RegisteredModel, needs_no_network
from anchoreval.scoring.plan import Plan
from anchoreval.scoring.records import Answer
from anchoreval.scoring.settings import RunSettings
from anchoreval.scoring.task_set import TaskSet, TaskSpec, load_tasks
from anchoreval.scoring.usage import Usage

Tasks = Sequence[TaskSpec] | TaskSet


@dataclass(frozen=True, eq=False)
class LiveScores:
    """The answers of several models.

    Attributes:
        responses: of the models that were scored; None where none was.
        failures: why each of the others was not, by model.
    """

    responses: ResponseMatrix | None
    failures: Mapping[str, AnchorEvalError]


def score_live(
    model: ModelSource | str,
    anchors: Anchors,
    *,
    tasks: Tasks,
    name: str,
    model_args: Mapping[str, Any] | str | None = None,
    include_path: str | Path | None = None,
    metric: str | Mapping[str, str] = "acc",
    filter_name: str | None = None,
    task_manager: Any = None,
    verbose: bool = False,
    memory: RequestMemory | None = None,
    identity: Identity | None = None,
    usage: Usage | None = None,
    limits: Limits | None = None,
    **settings: Any,
) -> ResponseMatrix:
    """Score one model on the anchors through lm-eval.

    Args:
        model: an `lm_eval.api.model.LM`, a function that makes one, or the name of a kind that lm-eval knows.
        anchors: an anchor set, a table of that shape, or `{task: document ids}`.
        tasks: lm-eval tasks, groups or tags that hold the anchors (names, YAML paths or configurations), or a set
            that `load_tasks` loaded before. Tasks without an anchor are not run.
        name: what to call the model.
        model_args: constructor arguments where `model` is a name.
        include_path: folder with the user's own task files.
        metric: which of lm-eval's metrics is the score, or `{task: metric}`.
        filter_name: which of a task's filters counts; None: the only one, else `none`.
        task_manager: an `lm_eval.tasks.TaskManager` to use.
        verbose: show what lm-eval logs.
        memory: open; what it knows is not asked again, and every answer is kept as it comes.
        identity: what tells this model's answers from others', for the memory; needed unless `model` is a name. To be
            changed when a server begins to serve another model under the same name.
        usage: what is asked is counted here.
        limits: on what is sent to servers.
        **settings: of lm-eval (`num_fewshot`, `batch_size`, `device`, `apply_chat_template` ...); see `RunSettings`.

    Returns:
        One model and the anchors, in the anchor set's order: scores, and probabilities of options, float32, NaN beyond
        an item's options, where at least one of the tasks is multiple choice.

    Raises:
        AnchorSetError: an anchor that the tasks do not hold.
        ConfigurationError: an unknown task, metric, filter, setting or kind of model, or a model that cannot be asked
            these tasks.
        ScoringError: the model failed, a limit is reached, or the answers are not those of the anchors.
        StoreError: the memory cannot be read or written.
        MissingExtraError: a package that the model needs is not installed.
    """
    source = _source(model, model_args)
    loaded = _loaded(tasks, [source], include_path, task_manager, verbose)
    plan = _plan(AskedItems.of_anchors(anchors), loaded, metric, filter_name, verbose, settings)
    return answer_matrix(plan, {name: Asking(memory, usage, limits).answers(source, plan, name, identity)})


def score_full(
    model: ModelSource | str,
    benchmark: ResponseMatrix | None = None,
    *,
    tasks: Tasks,
    name: str,
    model_args: Mapping[str, Any] | str | None = None,
    include_path: str | Path | None = None,
    metric: str | Mapping[str, str] = "acc",
    filter_name: str | None = None,
    task_manager: Any = None,
    verbose: bool = False,
    memory: RequestMemory | None = None,
    identity: Identity | None = None,
    usage: Usage | None = None,
    limits: Limits | None = None,
    **settings: Any,
) -> ResponseMatrix:
    """Score one model on every item, in the same way: the truth that a reconstruction is compared with.

    Args:
        model: as for `score_live`, like all arguments below that are not described here.
        benchmark: whose items are asked and whose weights make the full score; None: all documents of the tasks, each
            counting the same.
        tasks: as for `score_live`.
        name: as for `score_live`.
        model_args: as for `score_live`.
        include_path: as for `score_live`.
        metric: as for `score_live`.
        filter_name: as for `score_live`.
        task_manager: as for `score_live`.
        verbose: as for `score_live`.
        memory: as for `score_live`.
        identity: as for `score_live`.
        usage: as for `score_live`.
        limits: as for `score_live`.
        **settings: as for `score_live`.

    Returns:
        One model and all items; `full_scores` is its full score.
    """
    source = _source(model, model_args)
    loaded = _loaded(tasks, [source], include_path, task_manager, verbose)
    asked = AskedItems.of_tasks(loaded.sizes) if benchmark is None else AskedItems.of_benchmark(benchmark)
    plan = _plan(asked, loaded, metric, filter_name, verbose, settings)
    return answer_matrix(plan, {name: Asking(memory, usage, limits).answers(source, plan, name, identity)})


def score_models(
    models: Mapping[str, ModelSource],
    anchors: Anchors | ResponseMatrix,
    *,
    tasks: Tasks,
    include_path: str | Path | None = None,
    metric: str | Mapping[str, str] = "acc",
    filter_name: str | None = None,
    task_manager: Any = None,
    verbose: bool = False,
    memory: RequestMemory | None = None,
    identity: Mapping[str, Identity] | None = None,
    usage: Usage | None = None,
    limits: Limits | None = None,
    **settings: Any,
) -> LiveScores:
    """Score several models one after another; the tasks are loaded once, and a model that fails stops no other.

    Args:
        models: by name. A function or a `RegisteredModel` is opened when its turn comes and released after it.
        anchors: as for `score_live`, or a benchmark, all of whose items are asked.
        tasks: as for `score_live`.
        include_path: as for `score_live`.
        metric: as for `score_live`.
        filter_name: as for `score_live`.
        task_manager: as for `score_live`.
        verbose: as for `score_live`.
        memory: as for `score_live`.
        identity: by model, for those that are no `RegisteredModel`.
        usage: as for `score_live`.
        limits: as for `score_live`.
        **settings: as for `score_live`.

    Raises:
        AnchorEvalError: as for `score_live`, where no model could be scored because the request is wrong.
    """
    identities = {name: identity_of(identity, name) for name in models}
    loaded = _loaded(tasks, models.values(), include_path, task_manager, verbose)
    asked = AskedItems.of_benchmark(anchors) if isinstance(anchors, ResponseMatrix) else AskedItems.of_anchors(anchors)
    plan = _plan(asked, loaded, metric, filter_name, verbose, settings)
    asking = Asking(memory, usage, limits)
    answers: dict[str, Mapping[str, Answer]] = {}
    failures: dict[str, AnchorEvalError] = {}
    for name, source in tqdm(models.items(), unit="model", disable=None):
        try:
            answers[name] = asking.answers(source, plan, name, identities[name])
        except AnchorEvalError as error:
            failures[name] = _released(error)
        gc.collect()  # a model's memory is wanted for the next
    return LiveScores(answer_matrix(plan, answers) if answers else None, failures)


def _released(error: AnchorEvalError) -> AnchorEvalError:
    """The error with its story, but without the model that the frames of its traceback still hold."""
    link: BaseException | None = error
    while link is not None:
        clear_frames(link.__traceback__)
        link = link.__cause__ or link.__context__
    return error


def _source(model: ModelSource | str, model_args: Mapping[str, Any] | str | None) -> ModelSource:
    return RegisteredModel(model, model_args) if isinstance(model, str) else model


def _loaded(
    tasks: Tasks, sources: Iterable[ModelSource], include_path: str | Path | None, task_manager: Any, verbose: bool
) -> TaskSet:
    network = not all(map(needs_no_network, sources))
    return load_tasks(tasks, include_path=include_path, task_manager=task_manager, network=network, verbose=verbose)


def _plan(
    asked: AskedItems,
    loaded: TaskSet,
    metric: str | Mapping[str, str],
    filter_name: str | None,
    verbose: bool,
    settings: Mapping[str, Any],
) -> Plan:
    chosen = RunSettings.of(settings)
    return Plan.make(asked, loaded, metric=metric, filter_name=filter_name, settings=chosen, verbose=verbose)
