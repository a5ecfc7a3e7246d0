"""Text of others inside Markdown: shown as it is, whatever it holds."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|<>&~$-])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def one_line(text: object) -> str:
    """Text in one line; control characters and changes of direction become blanks."""
    return " ".join(_CONTROL.sub(" ", str(text)).split())


def escaped(text: object) -> str:
    """Text in one line in which nothing is markup."""
    return _MARKUP.sub(_shown, one_line(text))


def code(text: object) -> str:
    """Text as inline code in one line; backticks become apostrophes, because nothing can escape them there."""
    return "`{}`".format(one_line(text).replace("`", "'"))


def _shown(found: re.Match[str]) -> str:
    """HTML's own characters as entities: hosting sites read HTML inside Markdown."""
    character = found[1]
    return {"<": "&lt;", ">": "&gt;", "&": "&amp;"}.get(character, f"\\{character}")
