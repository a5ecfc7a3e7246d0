"""Names that are safe in a file name, a shell command, a YAML document and lm-eval's patterns."""

from __future__ import annotations

import hashlib
import re

LONGEST = 80
"""Characters of a name that are kept; systems refuse file names above 255 bytes."""


def safe_name(name: str) -> str:
    """A name of letters, digits, `_` and `-` that begins with a letter or digit.

    A name that has to change ends in eight digits of its hash, so that different names stay different; one that is
    safe already stays as it is.
    """
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name).lstrip("_-")[:LONGEST]
    return plain if plain == name else f"{plain or 'x'}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
