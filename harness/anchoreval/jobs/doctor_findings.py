"""What `job=doctor` found about one thing: whether it is well, in words, and what to do where it is not."""

from __future__ import annotations

from dataclasses import dataclass

OK, NOTE, PROBLEM = "ok", "note", "problem"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        state: `ok`, `note` (it works; worth knowing) or `problem` (something will fail).
        topic: what was looked at, in a word or two.
        text: what was found.
        remedy: what to do about it; empty where there is nothing to do.
    """

    state: str
    topic: str
    text: str
    remedy: str = ""


def printable(text: str) -> str:
    """A text in one line as a terminal may show it: control characters would move its cursor."""
    return "".join(one if one.isprintable() else "?" for one in " ".join(text.split()))


def gibibytes(count: float) -> str:
    """A number of bytes in words."""
    return f"{count / 2**30:.1f} GiB"
