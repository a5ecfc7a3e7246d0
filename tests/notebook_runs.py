"""Running the notebooks from top to bottom in a fresh kernel, and keeping them free of what differs from run to run.

`python -m tests.notebook_runs [name ...]` runs those under `notebooks/` in empty folders and puts their outputs in
place, so that a rerun of an unchanged notebook leaves its file as it was.
"""

from __future__ import annotations

import copy
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
NAMES = ("tutorial", "methods_compared", "planning", "cheaper_leaderboard")
LONGEST = 1200
"""Seconds that a cell may take, on a machine that is busy with other things."""
SETTINGS = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "COLUMNS": "100",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
SECONDS = re.compile(r"\b\d+(\.\d+)?(?= s\b)")
RUN_FOLDER = re.compile(r"(?<=-)[0-9a-f]{12}\b")
"""The digest in a run folder's name, which changes with the version of anchoreval."""
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?")


def read(name: str) -> Any:
    """The notebook of that name as it is stored."""
    import nbformat

    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def executed(notebook: Any, folder: Path) -> Any:
    """The notebook with the outputs of a run in `folder`, from top to bottom in a kernel of its own.

    Raises:
        CellExecutionError: a cell raised.
    """
    from nbclient import NotebookClient
    from traitlets.config import Config

    run = copy.deepcopy(notebook)
    with tempfile.TemporaryDirectory(prefix="anchoreval-kernel-") as private:
        manager = {"connection_file": f"{private}/kernel.json", "transport": "ipc" if os.name == "posix" else "tcp"}
        client = NotebookClient(
            run,
            timeout=LONGEST,
            kernel_name=KERNEL["name"],
            resources={"metadata": {"path": str(folder)}},
            coalesce_streams=True,
            record_timing=False,
            config=Config(KernelManager=manager),
        )
        client.execute(env={**os.environ, **SETTINGS, "IPYTHONDIR": private})
    return tidied(run)


def tidied(notebook: Any) -> Any:
    """The same without what says on which machine, or when, it was run."""
    notebook.metadata = type(notebook.metadata)(kernelspec=KERNEL, language_info={"name": "python"})
    for number, cell in enumerate(code_cells(notebook), start=1):
        cell.metadata = type(cell.metadata)()
        cell.execution_count = number
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
    return notebook


def code_cells(notebook: Any) -> list[Any]:
    """Cells that are run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell: Any) -> str:
    """What a cell's outputs say in plain text, without seconds and digests of run folders."""
    parts = []
    for output in cell.get("outputs", ()):
        said = output.text if output.output_type == "stream" else output.get("data", {}).get("text/plain", "")
        parts.append(said)
    return RUN_FOLDER.sub("digest", SECONDS.sub("some", "\n".join(parts)))


def pictures(cell: Any) -> list[str]:
    """Base64 of the PNGs that a cell shows."""
    data: Iterator[Mapping[str, str]] = (output.get("data", {}) for output in cell.get("outputs", ()))
    return [entry["image/png"] for entry in data if "image/png" in entry]


def same_text(one: str, other: str) -> bool:
    """Whether two texts say the same, numbers to within one in the last digit that is printed.

    Machines round differently in the last bit, which can turn a printed digit; words, order and spacing between words
    other than its width must agree.
    """
    words = [NUMBER.sub(" ", text).split() for text in (one, other)]
    numbers = [NUMBER.findall(text) for text in (one, other)]
    if words[0] != words[1] or len(numbers[0]) != len(numbers[1]):
        return False
    return all(_close(a, b) for a, b in zip(*numbers, strict=True))


def _close(one: str, other: str) -> bool:
    if one == other:
        return True
    if "." not in one or "." not in other:
        return False
    digits = min(len(text.partition(".")[2].partition("e")[0]) for text in (one, other))
    return abs(float(one.replace(",", "")) - float(other.replace(",", ""))) <= 1.01 * 10.0**-digits


def write(name: str, notebook: Any) -> None:
    """Put a notebook in place, always with the same bytes for the same content."""
    import nbformat

    nbformat.validate(notebook)
    (FOLDER / f"{name}.ipynb").write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def main(names: Sequence[str]) -> None:
    """Run these notebooks and put their outputs in place."""
    for name in names:
        with tempfile.TemporaryDirectory(prefix=f"anchoreval-{name}-") as folder:
            write(name, executed(read(name), Path(folder)))
        print(f"notebooks/{name}.ipynb")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:] or NAMES)
