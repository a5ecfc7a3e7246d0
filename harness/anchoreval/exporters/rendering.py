"""What a full lm-eval run asks about each anchor, as plain columns of text.

The requests are built by lm-eval itself on the original task, examples drawn as in a run over all documents (see
`anchoreval.scoring.examples`), and only then taken apart: so the exported task, which holds no template, no examples
and no code of its own, asks the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anchoreval.errors import ConfigurationError, ScoringError
from anchoreval.schema import one_line, plain
from anchoreval.scoring.examples import full_run_examples
from anchoreval.scoring.plan import MULTIPLE_CHOICE, Plan
from anchoreval.scoring.settings import configured, seeded
from anchoreval.scoring.surroundings import quiet

Arguments = list[tuple[Any, ...]]
"""The arguments of a document's requests, in order."""


@dataclass(frozen=True)
class Rendered:
    """One document as it is asked and graded.

    Attributes:
        document: the original one, for messages and checks.
        arguments: of its requests.
        columns: `context`, `choices`, `target` and, where every option has a prompt of its own, `prefix` and `gold`.
    """

    document: Mapping[str, Any]
    arguments: Arguments
    columns: Mapping[str, Any]


def rendered(plan: Plan, task: str) -> list[Rendered]:
    """The anchors of a task as its full run asks them, by ascending document id.

    Raises:
        ConfigurationError: a document cannot be taken apart into plain text; says why.
    """
    leaf, ids = plan.tasks.tasks[task], plan.request[task]
    documents = plan.tasks.documents[task]
    with seeded(plan.settings), configured(leaf, plan.settings):
        try:
            with full_run_examples(leaf, documents, ids):
                asked = request_arguments(leaf, ids, plan.settings.of_prompt)
        except ScoringError as error:
            raise refusal(task, one_line(error)) from error
        return [
            Rendered(documents[n], arguments, _columns(leaf, documents[n], arguments, task))
            for n, arguments in zip(ids, asked, strict=True)
        ]


def request_arguments(task: Any, ids: Sequence[int], of_prompt: Mapping[str, Any]) -> list[Arguments]:
    """The arguments of the requests that lm-eval builds, a list a document.

    Args:
        task: an lm-eval task, set up for a run.
        ids: sorted document ids.
        of_prompt: `system_instruction` and the like.
    """
    wanted = {key: of_prompt[key] for key in ("system_instruction", "apply_chat_template", "fewshot_as_multiturn")}
    everything = len(ids) == len(task.eval_docs)
    with quiet():
        task.build_all_requests(samples=None if everything else list(ids), **wanted)
    by_document: dict[int, Arguments] = {}
    for instance in task.instances:
        by_document.setdefault(instance.doc_id, []).append(tuple(instance.args))
    return list(by_document.values())


def refusal(task: str, reason: str) -> ConfigurationError:
    """The error for a task that cannot become a folder, with what works instead."""
    return ConfigurationError(
        f"task {task!r} cannot be exported as a task folder: {reason}; export.kind=samples works for it"
    )


def _columns(task: Any, document: Mapping[str, Any], arguments: Arguments, name: str) -> dict[str, Any]:
    target, context = task.doc_to_target(document), arguments[0][0]
    columns: dict[str, Any] = {"context": context, "target": target}
    if task.get_config("doc_to_choice") is not None:
        columns["choices"] = list(task.doc_to_choice(document))
    if task.OUTPUT_TYPE == MULTIPLE_CHOICE and task.multiple_input:
        del columns["context"]
        gold = task.doc_to_text(document)
        columns |= {"gold": gold, "prefix": _common_prefix(arguments, columns["choices"], name)}
    try:
        return {key: plain(value, key) for key, value in columns.items()}
    except (TypeError, ValueError) as error:
        raise refusal(name, one_line(error)) from error


def _common_prefix(arguments: Arguments, choices: Sequence[str], name: str) -> str:
    """What stands before every option where the options stand in the prompt."""
    prompts = [argument[0] for argument in arguments[: len(choices)]]
    prefixes = {
        prompt.removesuffix(choice) for prompt, choice in zip(prompts, choices, strict=True) if prompt.endswith(choice)
    }
    if len(prefixes) != 1 or not all(map(str.endswith, prompts, choices)):
        raise refusal(name, "its prompts do not end in its options")
    return str(prefixes.pop())
