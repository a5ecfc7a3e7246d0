"""How a process says what it measured: one JSON object on the last line of its output. Standard library alone."""

from __future__ import annotations

import json
import os
import platform
import resource
import time
from importlib.metadata import version
from types import TracebackType


class Watch:
    """Wall and processor seconds of a `with` block."""

    def __enter__(self) -> Watch:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.seconds, self.cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu

    @property
    def facts(self) -> dict[str, float]:
        """Both, by name."""
        return {"seconds": self.seconds, "cpu": self.cpu}


def say(**facts: object) -> None:
    """Print the facts, with the process's peak resident memory in GiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({**facts, "peak_gib": round(peak, 3)}))  # noqa: T201


def machine(*packages: str) -> dict[str, str]:
    """Processor cores, Python and the versions of packages."""
    facts = {"cores": str(os.cpu_count()), "python": platform.python_version()}
    return {**facts, **{package: version(package) for package in packages}}
