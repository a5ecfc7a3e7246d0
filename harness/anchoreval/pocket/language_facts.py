"""Facts that are composed from sentences: calendar, agreement, ordering, simple logic."""

from __future__ import annotations

from itertools import permutations

from anchoreval.pocket.fact import Fact
from anchoreval.pocket.number_facts import number_word
from anchoreval.pocket.stream import Stream

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_CALENDAR = (
    "{n} {unit} {way} {x} is",
    "if now is {x} then {n} {unit} {way} is",
    "go {n} {unit} {way} {x} and you arrive at",
    "{x} is the start and {n} {unit} {way} it lies",
    "the {unit} {x} stands on the page but {n} {way} it stands",
)

_NOUNS = (
    "dog",
    "key",
    "book",
    "child",
    "letter",
    "horse",
    "lamp",
    "car",
    "house",
    "flower",
    "picture",
    "river",
    "boat",
    "clock",
    "window",
    "cloud",
    "stone",
)
_PLURAL = {"child": "children"}
_PLACES = ("near the {m}", "behind the old {m}", "beside the large red {m}", "with the picture of the {m}")
_TIMES = {"today": ("is", "are"), "yesterday": ("was", "were")}
_AGREEMENT = (
    "{t} the {s} {p}",
    "{t} as she says the {s} {p} in the garden",
    "{t} the {s} {p} that we like",
    "tell me where {t} the {s} {p} really",
)

_PEOPLE = ("ann", "bob", "eve", "tom", "kim", "max", "lea", "joe", "ida", "sam")
_RELATIONS = (
    ("taller", "tallest"),
    ("older", "oldest"),
    ("faster", "fastest"),
    ("stronger", "strongest"),
)
_ORDERING = (
    "{c} is less {r} than {b} and {b} less than {a} so the {s} is",
    "{a} is {r} than {b} and {b} {r} than {c} so first is",
    "{b} is {r} than {c} but not {r} than {a} which means the {s} one is",
    "the {s} of {b} {c} and {a} who leads is",
    "{c} then {b} then {a} by rising rank hence the {s} of all is clearly",
)

_COLOURS = ("red", "green", "blue", "white", "black", "yellow", "grey", "brown")
_OBJECTS = ("lamp", "flag", "door", "sign", "card", "light", "ball", "cup")
_EVENTS = ("it rains", "it snows", "the bell rings", "the sun shines", "a guest comes", "the clock strikes")
_LOGIC = (
    "if {e} the {o} is {c} and if {f} it is {d} and now {e} so it is",
    "the {o} turns {d} when {f} and {c} when {e} and {e} so we see",
    "when {e} the {o} turns {c} else it stays {d} now {e} and it is",
    "{o} : {f} means {d} and {e} means {c} and today {e} which makes it",
)


def calendar_facts() -> list[Fact]:
    """Days and months a few steps before or after another; the usual mistake counts one too many."""
    cycles = (("days", _DAYS), ("months", _MONTHS))
    return [
        _calendar(unit, cycle, start, steps)
        for unit, cycle in cycles
        for start in range(len(cycle))
        for steps in (1, 2, 3, -1, -2, -3)
    ]


def _calendar(unit: str, cycle: tuple[str, ...], start: int, steps: int) -> Fact:
    answer, wrong = cycle[(start + steps) % len(cycle)], cycle[(start + steps + 1) % len(cycle)]
    words = {"n": number_word(abs(steps)), "way": "after" if steps > 0 else "before", "x": cycle[start]}
    words["unit"] = unit if abs(steps) > 1 else unit.removesuffix("s")
    prompts = tuple(template.format(**words) for template in _CALENDAR)
    return Fact("calendar", f"{cycle[start]} {steps:+d}", prompts, answer, _without(cycle, answer), wrong)


def _without(words: tuple[str, ...], answer: str) -> tuple[str, ...]:
    return tuple(word for word in words if word != answer)


def agreement_facts() -> list[Fact]:
    """Number and time agreement across a phrase; the usual mistake follows the nearer noun."""
    cases = [(time, subject, plural) for time in _TIMES for subject in _NOUNS for plural in (False, True)]
    return [_agreement(*case, stream=Stream("agreement", *case)) for case in cases]


def _agreement(time: str, subject: str, plural: bool, stream: Stream) -> Fact:
    other = stream.pick([noun for noun in _NOUNS if noun != subject])
    place = stream.pick(_PLACES).format(m=other if plural else _many(other))
    noun = _many(subject) if plural else subject
    prompts = tuple(template.format(t=time, s=noun, p=place) for template in _AGREEMENT)
    answer, attracted = _TIMES[time][plural], _TIMES[time][not plural]
    pool = _without(("is", "are", "was", "were"), answer)
    return Fact("agreement", f"{time} {noun} {place}", prompts, answer, pool, attracted)


def _many(noun: str) -> str:
    return _PLURAL.get(noun, f"{noun}s")


def ordering_facts() -> list[Fact]:
    """Who comes first of three; the usual mistake names the one in the middle."""
    stream = Stream("ordering")
    cases = [(people, relation) for people in permutations(_PEOPLE, 3) for relation in _RELATIONS]
    return [_ordering(people, *relation) for people, relation in stream.shuffled(cases)[:80]]


def _ordering(people: tuple[str, ...], comparative: str, superlative: str) -> Fact:
    first, middle, last = people
    words = {"a": first, "b": middle, "c": last, "r": comparative, "s": superlative}
    prompts = tuple(template.format(**words) for template in _ORDERING)
    return Fact("ordering", f"{superlative} {first} {middle} {last}", prompts, first, _without(_PEOPLE, first), middle)


def logic_facts() -> list[Fact]:
    """A rule with two branches and which one applies; the usual mistake takes the other branch."""
    stream = Stream("logic")
    cases = [
        (thing, events, colours)
        for thing in _OBJECTS
        for events in permutations(_EVENTS, 2)
        for colours in permutations(_COLOURS, 2)
    ]
    return [_logic(*case) for case in stream.shuffled(cases)[:80]]


def _logic(thing: str, events: tuple[str, ...], colours: tuple[str, ...]) -> Fact:
    words = {"o": thing, "e": events[0], "f": events[1], "c": colours[0], "d": colours[1]}
    prompts = tuple(template.format(**words) for template in _LOGIC)
    key = f"{thing} {events[0]} {colours[0]} {colours[1]}"
    return Fact("logic", key, prompts, colours[0], _without(_COLOURS, colours[0]), colours[1])
