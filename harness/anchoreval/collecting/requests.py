"""What a run was asked for, told apart from where and how it was done.

A job that failed leaves no run. By the digest of its request it is found out whether the same was done later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anchoreval.protocol.digests import digest_of

SURROUNDINGS = frozenset({"results", "exit_code", "verbose", "workers", "cells"})
"""Keys, at any depth, that say where results go and how they are made, not what they are."""


def request_digest(config: Any) -> str:
    """Digest of a resolved configuration, the same in whatever folder and with however many processes it is done."""
    return digest_of(_asked(config))


def _asked(config: Any) -> Any:
    if not isinstance(config, Mapping):
        return config
    return {str(key): _asked(value) for key, value in config.items() if key not in SURROUNDINGS}
