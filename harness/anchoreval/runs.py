"""Run folders: named by a hash of what was asked and read, written as a whole, skipped when complete.

The hash covers the resolved request without paths, the content digests of what it reads, and the versions of
anchoreval and of the methods used. So a sweep that was killed resumes by skipping what is complete, and a benchmark
that was refreshed is never answered from an old run.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anchoreval.atomic import replacing_folder, write_json, write_text
from anchoreval.protocol.digests import canonical
from anchoreval.schema import sealed
from anchoreval.versions import installed_versions

DONE = "done.json"
"""Written last: a folder without it is not a complete run. It holds the size and the SHA-256 of every file."""


@dataclass(frozen=True)
class Outcome:
    """What a job did.

    Attributes:
        folder: where its results are.
        changed: False if everything was complete already and nothing was written.
        objective: the expected error (percentage points), for sweepers that minimise something.
    """

    folder: Path
    changed: bool = True
    objective: float | None = None


@dataclass(frozen=True)
class Run:
    """One run: where it goes and what identifies it."""

    root: Path
    job: str
    benchmark: str
    identity: Mapping[str, Any]
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of the identity in canonical JSON."""
        return hashlib.sha256(canonical(self.identity).encode()).hexdigest()

    @property
    def folder(self) -> Path:
        """`<root>/runs/<job>-<benchmark>-<first 12 digits of the hash>`."""
        readable = re.sub(r"[^A-Za-z0-9_.]+", "-", self.benchmark).strip("-.")[:60] or "benchmark"
        return self.root / "runs" / f"{self.job}-{readable}-{self.digest[:12]}"

    def is_complete(self) -> bool:
        """Whether the folder holds this very run with every file that it was written with."""
        try:
            done = json.loads((self.folder / DONE).read_text(encoding="utf-8"))
            sizes = {str(name): int(size) for name, size in done["files"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False
        if done.get("hash") != self.digest:
            return False
        return all(p.is_file() and p.stat().st_size == size for p, size in self._paths(sizes))

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Record how many seconds a part of the work takes."""
        begin = time.perf_counter()
        yield
        self.timings[part] = round(time.perf_counter() - begin, 3)

    @contextmanager
    def writing(self, config_yaml: str) -> Iterator[Path]:
        """A temporary folder to write results in, which becomes the run's folder if all goes well.

        If not, nothing stays behind, no empty folder either.
        """
        missing = [parent for parent in self.folder.parents if not parent.exists()]
        try:
            with replacing_folder(self.folder) as folder:
                yield folder
                write_text(folder / "config.yaml", config_yaml)
                write_json(folder / DONE, self._record(folder))
        except BaseException:
            for parent in missing:
                with suppress(OSError):  # not empty: somebody else writes there too
                    parent.rmdir()
            raise

    def _record(self, folder: Path) -> dict[str, Any]:
        paths = {p.relative_to(folder).as_posix(): p for p in sorted(folder.rglob("*")) if p.is_file()}
        files = {name: path.stat().st_size for name, path in paths.items()}
        digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths.items()}
        identity = json.loads(canonical(self.identity))
        made = {"versions": installed_versions(), "timings": self.timings}
        return sealed({"hash": self.digest, "identity": identity, **made, "files": files, "digests": digests})

    def _paths(self, sizes: Mapping[str, int]) -> list[tuple[Path, int]]:
        return [(self.folder / name, size) for name, size in sizes.items()]
