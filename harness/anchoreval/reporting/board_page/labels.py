"""Names of models and items as the page shows them, whatever they hold.

A name comes from a stranger: the script writes it as text and never as markup. What is left to guard against is text
that cannot stand in a page (control characters, halves of surrogate pairs), marks that turn the direction of writing
round so that a name reads as another, and two names that look the same once those are gone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

HIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's categories of control characters, surrogates, and separators of lines and paragraphs."""
TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Bidirectional classes of marks that embed, override or isolate."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def readable(text: str) -> str:
    """The text with a replacement character for every control character (line ends and tabs too) and turning mark."""
    return "".join(REPLACEMENT if _is_hidden(letter) else letter for letter in text)


def labels(names: Iterable[object]) -> list[str]:
    """A readable label a name, in order, no two the same; blanks at the ends, which fields drop, do not count."""
    found: dict[str, None] = {}
    for name in names:
        wanted = readable(str(name)).strip() or "(no name)"
        label, copy = wanted, 1
        while label in found:
            copy += 1
            label = f"{wanted} ({copy})"
        found[label] = None
    return list(found)


def _is_hidden(letter: str) -> bool:
    return unicodedata.category(letter) in HIDDEN or unicodedata.bidirectional(letter) in TURNING
