"""Names that are safe in a file name, a shell command, a YAML document and lm-eval's patterns."""

from __future__ import annotations

import hashlib
import re

LONGEST, KEPT = 100, 50
"""Characters of a name that stays as it is, and of one that has to change: lm-eval's log of a task is named by the
group, the task and the time, and systems refuse file names above 255 bytes."""
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def safe_name(name: str) -> str:
    """A name of letters, digits, `_` and `-` that begins with a letter or digit.

    A name that is safe already stays. Another one ends in eight digits of its hash, so that different names stay
    different.
    """
    if len(name) <= LONGEST and _SAFE.fullmatch(name):
        return name
    readable = re.sub(r"[^A-Za-z0-9_-]+", "_", name).lstrip("_-")[:KEPT]
    return f"{readable or 'x'}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
