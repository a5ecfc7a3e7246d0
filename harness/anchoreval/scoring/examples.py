"""Few-shot examples for a few documents as a run over all documents draws them.

lm-eval draws the examples of one document after another from a single random stream. A run over anchors only would
draw them from the stream's beginning, so that the same document is asked with other examples than in the full runs
that the anchors were chosen from. Here the stream is first moved on past the documents that are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from anchoreval.errors import ScoringError

Document = Mapping[str, Any]


class FullRunSampler:
    """Stands in for a task's sampler of few-shot examples during one run over some documents."""

    def __init__(self, sampler: Any, documents: Sequence[Document], ids: Sequence[int]) -> None:
        self.sampler = sampler
        self.documents = documents
        self._ids = iter(ids)
        self._next = 0

    def sample(self, n: int, eval_doc: Document | None = None, **options: Any) -> Sequence[Document]:
        """The n examples of the next document asked."""
        wanted = next(self._ids)
        for left_out in range(self._next, wanted):
            self.sampler.sample(n, eval_doc=None if eval_doc is None else self.documents[left_out], **options)
        self._next = wanted + 1
        examples: Sequence[Document] = self.sampler.sample(n, eval_doc=eval_doc, **options)
        return examples


@contextmanager
def full_run_examples(task: Any, documents: Sequence[Document], ids: Sequence[int]) -> Iterator[None]:
    """Give each document the examples of a full run in one process.

    Args:
        task: an lm-eval task whose few-shot seed is set.
        documents: all documents of the task.
        ids: sorted ids of the documents that this process will ask.

    Raises:
        ScoringError: the task draws examples in a way of its own.
    """
    from lm_eval.api.samplers import FirstNSampler

    sampler = getattr(task, "sampler", None)
    if not task.get_config("num_fewshot") or isinstance(sampler, FirstNSampler) or len(ids) == len(documents):
        yield
        return
    if sampler is None:
        raise ScoringError(
            f"task {task.task_name!r} draws few-shot examples in a way of its own, and a run over"
            " a few documents would draw others than a full run"
        )
    task.sampler = FullRunSampler(sampler, documents, ids)
    try:
        yield
    finally:
        task.sampler = sampler
