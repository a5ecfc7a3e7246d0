"""Facts that are computed with numbers: arithmetic, sequences, units."""

from __future__ import annotations

from anchoreval.pocket.fact import Fact

_SMALL = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

_ARITHMETIC = {
    "plus": (
        "{a} plus {b} is",
        "adding {b} to {a} gives",
        "{a} and {b} put together make",
        "the sum of {a} and {b} has the value",
        "with {a} pears here and {b} pears there we have",
    ),
    "minus": (
        "{a} minus {b} is",
        "taking {b} from {a} leaves",
        "from {a} apples {b} were eaten and this left",
        "the difference of {a} and {b} has the value",
    ),
    "times": (
        "{a} times {b} is",
        "{a} bags of {b} hold",
        "the product of {a} and {b} has the value",
        "in {a} rows of {b} seats there is room for",
    ),
}

_SEQUENCES = (
    "{s} and then",
    "{s} comes before",
    "{s} is followed by",
    "the series {s} goes on with",
    "after {s} the next number will be",
    "count {s} and now it is your turn to say",
)

_UNITS = (
    ("week", "days", 7),
    ("day", "hours", 24),
    ("hour", "minutes", 60),
    ("minute", "seconds", 60),
    ("year", "months", 12),
    ("century", "years", 100),
    ("decade", "years", 10),
    ("foot", "inches", 12),
    ("yard", "feet", 3),
    ("metre", "centimetres", 100),
    ("kilometre", "metres", 1000),
    ("kilogram", "grams", 1000),
    ("pound", "ounces", 16),
    ("gallon", "pints", 8),
    ("dozen", "eggs", 12),
    ("square", "corners", 4),
)
_UNIT_PROMPTS = (
    "in {n} {big} the number of {small} is",
    "{small} in {n} {big} :",
    "{n} {big} as {small} make",
    "turn {n} {big} into {small} and write",
    "{n} {big} are the same as so many {small} namely",
)
_PLURALS = {"century": "centuries", "foot": "feet", "dozen": "dozen"}


def number_word(value: int) -> str:
    """The English word for 0 to 99, hyphenated, so that it is one word for a language model."""
    if value < len(_SMALL):
        return _SMALL[value]
    tens, ones = divmod(value, 10)
    return _TENS[tens - 2] + (f"-{_SMALL[ones]}" if ones else "")


def arithmetic_facts() -> list[Fact]:
    """Sums, differences and products of small numbers; the usual mistake is a near miss."""
    sums = [("plus", a, b, a + b) for a in range(2, 13) for b in range(2, 10)]
    differences = [("minus", a, b, a - b) for a in range(8, 20) for b in range(2, 8)]
    products = [("times", a, b, a * b) for a in range(2, 10) for b in range(2, 10)]
    return [_arithmetic(*case) for case in sums + differences + products]


def _arithmetic(operation: str, a: int, b: int, value: int) -> Fact:
    words = {"a": number_word(a), "b": number_word(b)}
    prompts = tuple(template.format(**words) for template in _ARITHMETIC[operation])
    near = [
        value + shift for shift in (-20, -10, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 10, 20) if 0 <= value + shift < 100
    ]
    pool = tuple(number_word(n) for n in near)
    return Fact("arithmetic", f"{words['a']} {operation} {words['b']}", prompts, number_word(value), pool)


def sequence_facts() -> list[Fact]:
    """Arithmetic progressions of four numbers; the usual mistake repeats the wrong step."""
    cases = [(first, step) for step in (1, 2, 3, 4, 5, 6, 7, 10) for first in range(1, 14) if first + 4 * step < 60]
    return [_sequence(first, step) for first, step in cases]


def _sequence(first: int, step: int) -> Fact:
    shown = " ".join(number_word(first + step * i) for i in range(4))
    value = first + 4 * step
    last = value - step
    pool = tuple(number_word(last + other) for other in (*range(1, 9), 10, 15, 20) if other != step)
    return Fact("sequences", shown, tuple(p.format(s=shown) for p in _SEQUENCES), number_word(value), pool)


def unit_facts() -> list[Fact]:
    """Conversions from a larger unit; the usual mistake takes a round factor."""
    return [_unit(n, big, small, factor) for n in range(2, 9) for big, small, factor in _UNITS]


def _unit(n: int, big: str, small: str, factor: int) -> Fact:
    words = {"n": number_word(n), "big": _PLURALS.get(big, big + "s"), "small": small}
    pool = {n * other for other in (3, 7, 8, 10, 12, 16, 24, 60, 100, 1000)} | {(n + 1) * factor, (n - 1) * factor}
    prompts = tuple(template.format(**words) for template in _UNIT_PROMPTS)
    wrong = tuple(str(value) for value in sorted(pool - {n * factor}))
    return Fact("units", f"{words['n']} {words['big']}", prompts, str(n * factor), wrong)
