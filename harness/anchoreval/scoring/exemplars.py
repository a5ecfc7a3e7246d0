"""Prompts whose worked examples come from another subject, written by lm-eval itself.

lm-eval takes a task's examples from that task. Here the prompt of a document is the text of given examples, each
written by its own task, followed by the document as its own task asks it without any. The description stands once, at
the beginning, and is that of the first example's task.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from anchoreval.scoring.task_set import TaskSet

Example = tuple[str, int]
"""A document by its task and its number in the task."""


class GivenSampler:
    """Stands in for a task's sampler of examples: hands out the documents that it was given."""

    def __init__(self, documents: Sequence[Mapping[str, Any]]) -> None:
        self.documents = documents

    def sample(self, n: int, **_: Any) -> Sequence[Mapping[str, Any]]:
        """The given documents, whatever is asked about."""
        return self.documents


def examples_text(tasks: TaskSet, examples: Sequence[Example]) -> str:
    """Description, questions and answers of examples, as they stand before what is asked."""
    texts = [_example_text(tasks.tasks[task], tasks.documents[task][number]) for task, number in examples]
    task, number = examples[0]
    return _description(tasks.tasks[task], tasks.documents[task][number]) + "".join(texts)


@contextmanager
def leading(tasks: TaskSet, prefix: str) -> Iterator[None]:
    """Put a text before every document that is asked of these tasks, and leave their own descriptions out."""
    with ExitStack() as stack:
        for task in tasks.tasks.values():
            stack.enter_context(_led(task, prefix))
        yield


@contextmanager
def _led(task: Any, prefix: str) -> Iterator[None]:
    original = task.fewshot_context

    def prompt(doc: Any, num_fewshot: int = 0, **options: Any) -> str | list[str]:
        with _undescribed(task):
            asked: str | list[str] = original(doc, num_fewshot=0, **options)
        return prefix + asked if isinstance(asked, str) else [prefix + text for text in asked]

    task.fewshot_context = prompt
    try:
        yield
    finally:
        del task.fewshot_context


def _example_text(task: Any, document: Mapping[str, Any]) -> str:
    """What lm-eval writes for one example: the prompt with it less the prompt without."""
    with _undescribed(task), _given(task, document):
        return _first(task.fewshot_context(document, 1)).removesuffix(_first(task.fewshot_context(document, 0)))


def _description(task: Any, document: Mapping[str, Any]) -> str:
    described = _first(task.fewshot_context(document, 0))
    with _undescribed(task):
        return described.removesuffix(_first(task.fewshot_context(document, 0)))


def _first(prompt: str | Sequence[str]) -> str:
    """A task that puts its options into the question has a prompt an option; they begin alike."""
    return prompt if isinstance(prompt, str) else prompt[0]


@contextmanager
def _undescribed(task: Any) -> Iterator[None]:
    before = task.get_config("description")
    task.set_config(key="description", value="")
    try:
        yield
    finally:
        task.set_config(key="description", value=before)


@contextmanager
def _given(task: Any, document: Mapping[str, Any]) -> Iterator[None]:
    before = getattr(task, "sampler", None)
    task.sampler = GivenSampler([document])
    try:
        yield
    finally:
        if before is None:
            del task.sampler
        else:
            task.sampler = before
