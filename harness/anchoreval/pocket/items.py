"""The items of pocket: 12 subjects x 167 four-option cloze items, built by seeded templates.

An item is one paraphrase of one fact with three wrong answers. Four traits make items differ, and with them the models:
how far back the key word stands (the order a model needs), how often the fact is talked about (its Zipf rank), how
often it is told wrongly (`wrong`, parts of 1,000: above 500 the more a model has read, the surer it is wrong), and
whether the wrong answers come from another subject (easy).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from anchoreval.pocket.fact import Fact
from anchoreval.pocket.knowledge import KNOWLEDGE, knowledge_facts
from anchoreval.pocket.language_facts import agreement_facts, calendar_facts, logic_facts, ordering_facts
from anchoreval.pocket.number_facts import arithmetic_facts, sequence_facts, unit_facts
from anchoreval.pocket.stream import Stream

ITEMS_PER_SUBJECT = 167
N_OPTIONS = 4

_COMPOSED = {
    "agreement": agreement_facts,
    "arithmetic": arithmetic_facts,
    "calendar": calendar_facts,
    "logic": logic_facts,
    "ordering": ordering_facts,
    "sequences": sequence_facts,
    "units": unit_facts,
}
SUBJECTS = tuple(sorted([*KNOWLEDGE, *_COMPOSED]))


@dataclass(frozen=True)
class Item:
    """One four-option item.

    Attributes:
        task: lm-eval task, `pocket_<subject>`.
        doc_id: 0-based position within the task.
        subject: one of SUBJECTS.
        fact: id of the fact; paraphrases share it.
        prompt: the stem; the answer is the next word.
        options: four answers; none is a prefix of another, so that no option's likelihood contains another's.
        gold: position of the right option.
        belief: position of the wrong option that training lines repeat.
        rank: the fact's place, from 0, in how often its subject talks about it.
        wrong: how often training lines tell the fact wrongly, in parts of 1,000.
        template: which of the subject's paraphrases it is.
    """

    task: str
    doc_id: int
    subject: str
    fact: str
    prompt: str
    options: tuple[str, ...]
    gold: int
    belief: int
    rank: int
    wrong: int
    template: int

    @property
    def id(self) -> str:
        """`task/doc_id`."""
        return f"{self.task}/{self.doc_id}"

    @property
    def document(self) -> dict[str, object]:
        """What the task's JSONL holds, in this order of keys."""
        return {"prompt": self.prompt, "choices": list(self.options), "answer": self.gold, "fact": self.fact}


@lru_cache(maxsize=1)
def all_items() -> tuple[Item, ...]:
    """The 2,004 items in benchmark order: by subject, then doc_id."""
    return tuple(item for subject in SUBJECTS for item in _subject_items(subject))


def subject_facts(subject: str) -> list[Fact]:
    """All facts of a subject, the most talked-about first."""
    facts = knowledge_facts(subject) if subject in KNOWLEDGE else _COMPOSED[subject]()
    return Stream("rank", subject).shuffled(facts)


def _subject_items(subject: str) -> list[Item]:
    stream = Stream("items", subject)
    asked = _questions(subject_facts(subject), stream)
    golds = stream.shuffled([place % N_OPTIONS for place in range(ITEMS_PER_SUBJECT)])
    wrongs = _wrongness(asked, stream)
    order = stream.shuffled(range(ITEMS_PER_SUBJECT))
    return [
        _item(subject, doc_id, asked[place], golds[doc_id], wrongs[asked[place][0].id], stream)
        for doc_id, place in enumerate(order)
    ]


def _questions(facts: list[Fact], stream: Stream) -> list[tuple[Fact, int, int]]:
    """(fact, rank, template) of each item: 2 to 4 paraphrases a fact, in order of rank, until there are enough."""
    asked: list[tuple[Fact, int, int]] = []
    for rank, fact in enumerate(facts):
        count = min(2 + stream.below(3), len(fact.prompts))
        asked += [(fact, rank, template) for template in stream.shuffled(range(len(fact.prompts)))[:count]]
    return asked[:ITEMS_PER_SUBJECT]


def _wrongness(asked: list[tuple[Fact, int, int]], stream: Stream) -> dict[str, int]:
    """Parts of 1,000 told wrongly, a fact: one in seven 520 to 760, the others 20 to 400."""
    facts = list(dict.fromkeys(fact.id for fact, _, _ in asked))
    mistaken = set(stream.shuffled(facts)[: len(facts) // 7])
    return {fact: 520 + stream.below(240) if fact in mistaken else 20 + stream.below(380) for fact in facts}


def _item(subject: str, doc_id: int, asked: tuple[Fact, int, int], gold: int, wrong: int, stream: Stream) -> Item:
    fact, rank, template = asked
    easy = stream.below(100) < 12
    pool = _foreign_answers(subject) if easy else fact.pool
    first = None if easy else fact.misconception
    distractors = _distractors(fact.answer, first, stream.shuffled(sorted(pool)))
    belief = distractors[0]
    options = stream.shuffled(distractors)
    options.insert(gold, fact.answer)
    return Item(
        task=f"pocket_{subject}",
        doc_id=doc_id,
        subject=subject,
        fact=fact.id,
        prompt=fact.prompts[template],
        options=tuple(options),
        gold=gold,
        belief=options.index(belief),
        rank=rank,
        wrong=wrong,
        template=template,
    )


def _distractors(answer: str, first: str | None, candidates: list[str]) -> list[str]:
    """Three wrong answers, the believed one first; nothing is a prefix of anything."""
    chosen: list[str] = []
    for word in ([first] if first else []) + candidates:
        if not any(word.startswith(other) or other.startswith(word) for other in [answer, *chosen]):
            chosen.append(word)
    return chosen[: N_OPTIONS - 1]


@cache
def _foreign_answers(subject: str) -> tuple[str, ...]:
    """Answers of the next subject in the list: wrong at a glance."""
    other = SUBJECTS[(SUBJECTS.index(subject) + 1) % len(SUBJECTS)]
    return tuple(sorted({fact.answer for fact in subject_facts(other)}))
