"""`Fact`: something that can be asked in several ways."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """One fact, its paraphrases and the answers that could be confused with the right one.

    Attributes:
        subject: the subject it belongs to.
        key: what tells it from the subject's other facts.
        prompts: ways to ask for it; the answer is the next word.
        answer: the right answer.
        pool: wrong answers of the same kind, without the right one.
        misconception: the wrong answer that people believe; None lets the item draw one from the pool.
    """

    subject: str
    key: str
    prompts: tuple[str, ...]
    answer: str
    pool: tuple[str, ...]
    misconception: str | None = None

    @property
    def id(self) -> str:
        """Name of the paraphrase group, `subject/key`."""
        return f"{self.subject}/{self.key}"
