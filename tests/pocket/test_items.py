"""The items: what every one must satisfy, and that the answers are true."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise, permutations

import pytest

from anchoreval.pocket.fact import Fact
from anchoreval.pocket.items import ITEMS_PER_SUBJECT, N_OPTIONS, SUBJECTS, all_items, subject_facts
from anchoreval.pocket.number_facts import number_word

NUMBERS = {number_word(value): value for value in range(100)}


def facts(subject: str) -> list[Fact]:
    return sorted(subject_facts(subject), key=lambda fact: fact.id)


def test_there_are_twelve_subjects_of_167_items() -> None:
    assert len(SUBJECTS) == 12
    assert set(Counter(item.subject for item in all_items()).values()) == {ITEMS_PER_SUBJECT}


def test_ids_and_stems_are_unique() -> None:
    items = all_items()
    assert len({item.id for item in items}) == len({item.prompt for item in items}) == 2004
    for subject in SUBJECTS:
        assert [i.doc_id for i in items if i.subject == subject] == list(range(ITEMS_PER_SUBJECT))


def test_gold_positions_are_balanced() -> None:
    counts = Counter(item.gold for item in all_items())
    assert max(counts.values()) - min(counts.values()) <= len(SUBJECTS)


def test_no_option_is_a_prefix_of_another() -> None:
    for item in all_items():
        assert len(item.options) == N_OPTIONS, item.id
        assert not [pair for pair in permutations(item.options, 2) if pair[1].startswith(pair[0])], item.id


def test_the_believed_option_is_a_wrong_one() -> None:
    assert not [item.id for item in all_items() if item.belief == item.gold]


def test_paraphrases_share_fact_answer_and_wrongness() -> None:
    groups: dict[str, list[tuple[str, int, int]]] = {}
    for item in all_items():
        groups.setdefault(item.fact, []).append((item.options[item.gold], item.wrong, item.rank))
    assert all(len(set(group)) == 1 for group in groups.values())
    sizes = Counter(len(group) for group in groups.values())
    assert set(sizes) <= {1, 2, 3, 4}
    assert sizes[1] <= len(SUBJECTS)  # only where a subject's quota cut the last fact short


def test_about_a_seventh_of_the_facts_is_told_wrongly() -> None:
    wrong = {item.fact: item.wrong for item in all_items()}
    assert 0.11 < sum(value > 500 for value in wrong.values()) / len(wrong) < 0.15


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_stem_names_what_it_asks_for(subject: str) -> None:
    for fact in facts(subject):
        assert len(set(fact.prompts)) == len(fact.prompts) >= 4
        assert fact.answer not in fact.pool
        assert not [prompt for prompt in fact.prompts if "{" in prompt]


def test_arithmetic_is_right() -> None:
    operations = {"plus": int.__add__, "minus": int.__sub__, "times": int.__mul__}
    for fact in facts("arithmetic"):
        a, operation, b = fact.key.split()
        assert NUMBERS[fact.answer] == operations[operation](NUMBERS[a], NUMBERS[b]), fact.key


def test_sequences_go_on_by_the_same_step() -> None:
    for fact in facts("sequences"):
        shown = [NUMBERS[word] for word in [*fact.key.split(), fact.answer]]
        assert len({b - a for a, b in pairwise(shown)}) == 1, fact.key


def test_calendar_is_right() -> None:
    import calendar

    cycles = [[n.lower() for n in calendar.day_name], [n.lower() for n in calendar.month_name][1:]]
    for fact in facts("calendar"):
        start, steps = fact.key.split()
        cycle = next(c for c in cycles if start in c)
        assert cycle.index(fact.answer) == (cycle.index(start) + int(steps)) % len(cycle), fact.key


def test_agreement_follows_the_subject() -> None:
    forms = {("today", False): "is", ("today", True): "are", ("yesterday", False): "was", ("yesterday", True): "were"}
    for fact in facts("agreement"):
        time, noun = fact.key.split()[:2]
        assert fact.answer == forms[time, noun.endswith("s") or noun == "children"], fact.key


def test_numbers_are_single_words() -> None:
    assert [number_word(n) for n in (0, 13, 20, 21, 99)] == ["zero", "thirteen", "twenty", "twenty-one", "ninety-nine"]
    assert len(NUMBERS) == 100
    assert not [word for word in NUMBERS if " " in word]
