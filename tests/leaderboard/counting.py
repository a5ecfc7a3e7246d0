"""A slow model for lm-eval that notes down every request; as a script, anchoreval with that model registered."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.api.registry import register_model

LOG, SECONDS = "COUNTING_LOG", "COUNTING_SECONDS"


@register_model("counting")
class Counting(LM):  # type: ignore[misc]
    """Answers by a hash of `salt` and the request, and reports each answer as lm-eval's own models do."""

    def __init__(self, salt: str = "", broken: bool = False, **_: Any) -> None:
        super().__init__()
        self.salt, self.broken = salt, broken

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        return [self._answer(request.args) for request in requests]

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        raise NotImplementedError

    def generate_until(self, requests: list[Instance]) -> list[str]:
        raise NotImplementedError

    def _answer(self, arguments: tuple[str, str]) -> tuple[float, bool]:
        if self.broken:
            raise RuntimeError("out of\nmemory")
        with Path(os.environ[LOG]).open("ab", buffering=0) as stream:
            stream.write(("|".join([self.salt, *arguments]).replace("\n", " ") + "\n").encode())
        time.sleep(float(os.environ.get(SECONDS, "0")))
        digest = hashlib.sha256("\x1f".join([self.salt, *arguments]).encode()).hexdigest()
        answer = (-10.0 * int(digest[:12], 16) / 16**12, False)
        self.cache_hook.add_partial("loglikelihood", arguments, answer)
        return answer


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Note requests down in this file."""
    before = os.environ.get(LOG)
    os.environ[LOG] = str(path)
    try:
        yield
    finally:
        if before is None:
            del os.environ[LOG]
        else:
            os.environ[LOG] = before


if __name__ == "__main__":
    from anchoreval.cli import main

    sys.exit(main(sys.argv[1:]))
