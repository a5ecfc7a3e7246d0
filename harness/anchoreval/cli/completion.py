"""What the shell is told beyond Hydra's own completion: files and folders after `=`, and names of plug-ins.

Hydra completes groups, their choices and keys (`anchoreval -sc install=bash` prints what to put into a shell's start-up
file), and files only where they begin with `/` or `./`. Keys that hold a path take any here, folders with a slash.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from anchoreval.registry import estimators, policies, selectors

PATH_KEYS = (
    "anchors",
    "benchmark.path",
    "export.estimates",
    "export.include_path",
    "into",
    "items",
    "leaderboard.include_path",
    "leaderboard.into",
    "leaderboard.memory",
    "leaderboard.models",
    "logits",
    "models",
    "path",
    "results",
    "scorer.include_path",
)
NAMES: Mapping[str, Callable[[], Sequence[str]]] = {
    "selector.name": selectors,
    "estimator.name": estimators,
    "policy.name": policies,
}
SEPARATORS = {"query=bash": " ", "query=fish": "\n"}
"""How the answers to a shell's question are told apart (zsh asks as bash does)."""


def answer(overrides: Sequence[str]) -> str | None:
    """The answer to a shell's question (`-sc query=bash`), or None where it is Hydra's to give."""
    separator = SEPARATORS.get(overrides[0]) if len(overrides) == 1 else None
    found = None if separator is None else matches(os.environ.get("COMP_LINE", ""))
    return None if found is None else str(separator).join(found)


def matches(line: str) -> list[str] | None:
    """The words that may stand where the last one of the line stands; None where Hydra knows them.

    Args:
        line: as it was typed up to now.
    """
    word = line.split(" ")[-1]
    key, equals, value = word.lstrip("+").partition("=")
    if not equals:
        return None
    before = word[: len(word) - len(value)]
    if key in NAMES:
        return [f"{before}{name}" for name in NAMES[key]() if name.startswith(value)]
    if key in PATH_KEYS:
        return [f"{before}{path}" for path in paths(value)]
    return None


def paths(start: str) -> list[str]:
    """Files and folders whose path begins so; hidden ones where their dot was typed.

    Names with blanks are left out: shells take answers apart there.
    """
    folder, _, name = start.rpartition("/")
    above = f"{folder}/" if "/" in start else ""
    try:
        entries = sorted(Path(above or ".").iterdir())
    except OSError:
        return []
    shown = [one for one in entries if one.name.startswith(name) and (name or not one.name.startswith("."))]
    return [f"{above}{one.name}{'/' if one.is_dir() else ''}" for one in shown if not set(one.name) & set(" \t\n")]
