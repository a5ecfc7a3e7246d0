"""Fenced blocks of Markdown pages, and how a page's blocks are run: in order, in one process and one folder.

What a reader would do with a block is done to it. `sh`: every line is run; `anchoreval ...` in this process, which
saves its start. `python`: run, all blocks of a page in one namespace. `yaml` and whatever else has a title: written to
the file that the title names. A block that the tests cannot run carries the class `no-run` and says why in its title:

    ``` { .sh .no-run title="not run by the tests: needs a cluster with Slurm" }
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLAIN = r"(?P<language>[\w-]+)(?: title=\"(?P<title>[^\"]*)\")?"
NOT_RUN = r"\{ \.(?P<unrun>\w+) \.no-run title=\"(?P<reason>[^\"]*)\" \}"
FENCE = re.compile(rf"^``` ?(?:{PLAIN}|{NOT_RUN})\n(?P<text>.*?)^```$", flags=re.MULTILINE | re.DOTALL)
RUN = ("sh", "python", "yaml", "toml")
SHELL = f'anchoreval() {{ {shlex.quote(sys.executable)} -m anchoreval "$@"; }}'
"""For lines that need a shell: the command, wherever it is installed."""


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        language: its first word.
        text: what stands inside, with the last line break.
        title: the file that it is, if any.
        reason: why it is not run; None where it is.
    """

    language: str
    text: str
    title: str | None = None
    reason: str | None = None

    @property
    def lines(self) -> list[str]:
        """Lines of a shell, joined where one goes on, without comments and empty ones."""
        joined = self.text.replace("\\\n", " ").splitlines()
        return [line.strip() for line in joined if line.strip() and not line.lstrip().startswith("#")]


def blocks(page: str, language: str | None = None) -> list[Block]:
    """All fenced blocks of a page, or those of one language that are run."""
    found = [_block(match) for match in FENCE.finditer(page)]
    return [one for one in found if language is None or (one.language == language and one.reason is None)]


def commands(page: str) -> list[list[str]]:
    """Every `anchoreval ...` command of a page that is run, in order, comments removed."""
    lines = [line for block in blocks(page, "sh") for line in block.lines]
    return [shlex.split(line, comments=True) for line in lines if line.startswith("anchoreval ")]


def run_page(page: str) -> None:
    """Run all blocks of a page in the current folder.

    Raises:
        RuntimeError: a command failed; names it.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in _to_run(page):
        if block.title is not None:
            Path(block.title).parent.mkdir(parents=True, exist_ok=True)
            Path(block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            exec(compile(block.text, "<python block>", "exec"), namespace)
        elif block.language == "sh":
            for line in block.lines:
                run_line(line)


def run_line(line: str) -> None:
    """Run one line of a shell block."""
    from anchoreval.cli import main

    words = shlex.split(line, comments=True)
    sys.stdout.write(f"$ {line}\n")
    sys.stdout.flush()
    plain = not set(line) & set("|<>&;$`")
    if words[0] == "anchoreval" and plain:
        status = main(words[1:])
    else:
        status = subprocess.run(["bash", "-euo", "pipefail", "-c", f"{SHELL}\n{line}"], check=False).returncode
    if status:
        raise RuntimeError(f"exit status {status}: {line}")


def _block(match: re.Match[str]) -> Block:
    language = match["language"] or match["unrun"]
    return Block(language, match["text"], match["title"], match["reason"])


def _to_run(page: str) -> Iterator[Block]:
    for block in blocks(page):
        if block.reason is None and block.language in RUN:
            yield block


if __name__ == "__main__":
    warnings.simplefilter("error", UserWarning)
    run_page(Path(sys.argv[1]).read_text(encoding="utf-8"))
