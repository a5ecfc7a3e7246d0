"""Inputs that once did what none may do, kept as `findings/<target>--<file>--<digest>`, with slashes as `+`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from .targets import Finding

FOLDER = Path(__file__).with_name("findings")


def keep(finding: Finding, folder: Path = FOLDER) -> Path:
    """Write a finding down."""
    digest = hashlib.sha256(finding.content).hexdigest()[:10]
    path = folder / f"{finding.target}--{digest}--{finding.file.replace('/', '+')}"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(finding.content)
    return path


def kept() -> Iterator[tuple[str, str, bytes]]:
    """Target, file and content of every finding."""
    for path in sorted(FOLDER.iterdir()):
        if path.name.count("--") >= 2:
            target, _, file = path.name.split("--", 2)
            yield target, file.replace("+", "/"), path.read_bytes()
