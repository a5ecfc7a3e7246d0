"""Numbers with their nouns, as people say them."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """`1 model`, `0 models`, `2,004 models`.

    Args:
        count: how many.
        noun: in the singular; its plural takes an s.
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
