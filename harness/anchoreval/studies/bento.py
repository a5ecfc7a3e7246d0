"""BenTo measured: lists of tasks from transferability and from source scores, beside random lists and random items.

Run `python -m anchoreval.studies.bento --data <folder>`. Transferability between pocket's subjects is measured live
once and kept as `bento_transfer_pocket.csv` (with `.json`) in the folder that `--into` names, beside `bento.md`.
The number of tasks is fixed beforehand: no best k is quoted anywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from anchoreval.atomic import write_text
from anchoreval.jobs.transfer import summary
from anchoreval.jobs.transfer_source import PocketModel
from anchoreval.numerics.facility_location import lazy_greedy
from anchoreval.numerics.task_similarity import TaskSimilarity, task_kernel
from anchoreval.reporting.tables import markdown_table
from anchoreval.responses import ResponseMatrix
from anchoreval.scoring.transfer_matrix import TransferMatrix
from anchoreval.store import load_benchmark
from anchoreval.studies.benchmarks import read_benchmark, study_arguments
from anchoreval.studies.task_lists import ITEMS, READINGS, TASKS, Measured, measure

TRANSFER = "bento_transfer_pocket.csv"
REPEATS = 5
BENCHMARKS = ("mmlu_pro_cot", "livebench", "pythia_tasks")
BY_SCORES: Mapping[str, Mapping[str, Any]] = {
    "scores, sim": {},
    "scores, le": {"form": "le"},
    "residuals, sim": {"residual": True},
}
CHANCE = 0.05
"""A list is said to beat random orders where no more than this share of them does as well."""
CAPTION = """# BenTo: whole tasks instead of items

NRMSE (root mean square error over models in units of the root mean square score) on held-out models, mean over
{repeats} random splits; a quarter of the models is held out, all variants of a base model on one side. The number of
tasks k is fixed beforehand, and the source models choose the list and fit its reading. Readings of the chosen tasks:
*size*, the mean weighted by benchmark weight (the paper's); *cluster*, each task weighing as much as those it stands
for; *ridge*, a regression on the task means. Lists: by the source models' *scores*, by their *residuals* (without model
and task means), or by in-context transferability (*ICT*, on pocket); from distances (*sim*) or Laplacian eigenmaps
(*le*). *As good*: the share of 1,000 random orders of tasks whose NRMSE, averaged over the same splits, is at most the
list's, both by size; *over all k* compares the mean over the numbers of tasks. *Random items*: as many items as the
list's tasks hold, drawn from the whole benchmark, read by their mean.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study, print it and write it; returns the exit status."""
    parser = study_arguments("BenTo: lists of tasks beside random lists and random items.")
    parser.add_argument("--into", type=Path, default=Path("results/published"), help="folder for bento.md")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="random splits of the models")
    options = parser.parse_args(arguments)
    text = study(options.data, options.into, options.repeats)
    write_text(options.into / "bento.md", text)
    print(text)  # noqa: T201
    return 0


def study(data: Path, into: Path, repeats: int = REPEATS) -> str:
    """The whole study as Markdown."""
    pocket = load_benchmark("pocket")
    transfer = transferability(pocket, into / TRANSFER)
    by_transfer = {f"ICT, {form}": {"transfer": str(into / TRANSFER), "form": form} for form in ("sim", "le")}
    found = {"pocket": measure(pocket, {**BY_SCORES, **by_transfer}, repeats)}
    for name in BENCHMARKS:
        found[name] = measure(prepared(read_benchmark(data, name)), BY_SCORES, repeats)
    parts = [CAPTION.format(repeats=repeats), verdict(found), _transfer_part(transfer)]
    return "\n".join([*parts, *(benchmark_part(name, measured) for name, measured in found.items())])


def transferability(pocket: ResponseMatrix, path: Path) -> TransferMatrix:
    """Pocket's transferability: as kept at `path`, or measured and put there."""
    if not path.is_file():
        how = {"shots": 5, "draws": 3, "items_per_subject": 40, "apart": None, "seed": 0}
        PocketModel().measure(pocket, **how).save(path)
    return TransferMatrix.load(path)


def prepared(matrix: ResponseMatrix) -> ResponseMatrix:
    """Checkpoints of one size of Pythia are one base model, and every task there is its own subject."""
    if matrix.name != "pythia_tasks":
        return matrix
    sizes = matrix.models["series"].str.split("-").str[1]
    return ResponseMatrix.from_arrays(
        matrix.scores,
        models=matrix.models.assign(base_model=sizes),
        items=matrix.items.drop(columns="subject"),
        name=matrix.name,
    )


def verdict(found: Mapping[str, Measured]) -> str:
    """A table of every list over all numbers of tasks, and a sentence that counts what it shows."""
    rows = [_verdict_row(name, measured, label) for name, measured in found.items() for label in measured.lists]
    every = [(measured, label) for measured in found.values() for label in measured.lists]
    shares = [measured.as_good(label)[0] for measured, label in every]
    better, worse = sum(share <= CHANCE for share in shares), sum(share >= 1 - CHANCE for share in shares)
    compared = [(measured, label) for measured, label in every if "items" in _of(measured, label, "size")]
    behind = sum(_behind_items(measured, label) for measured, label in compared)
    untold = len(shares) - better - worse
    sentence = (
        f"Of {len(shares)} lists read by size, {better} beat random orders of tasks (at most {CHANCE:.0%} of these do "
        f"as well over all k), {worse} are worse than nearly all of them, and {untold} cannot be told from them. As "
        f"many items drawn at random have the smaller error at every k for {behind} of the {len(compared)} lists whose "
        "tasks have items."
    )
    header = ["benchmark", "list", *READINGS, "random tasks, size", "random tasks, ridge", "as good", "by size"]
    table = markdown_table(header, rows, left=2)
    return f"## What came out\n\n{sentence}\n\nNRMSE, mean over all k:\n\n{table}\n"


def _verdict_row(name: str, measured: Measured, label: str) -> list[str]:
    share = measured.as_good(label)[0]
    word = "beats random" if share <= CHANCE else "worse than random" if share >= 1 - CHANCE else "not told from random"
    own = [_of(measured, label, reading)["nrmse"].mean() for reading in READINGS]
    chance = [measured.by_chance.mean(), _of(measured, TASKS, "ridge")["nrmse"].mean()]
    return [name, label, *map(_three, [*own, *chance]), f"{share:.1%}", word]


def _behind_items(measured: Measured, label: str) -> bool:
    """Whether random items have the smaller error at every k short of all tasks."""
    rows = _of(measured, label, "size")
    if "random_items" not in rows:
        return False
    means = rows[rows["k"] < measured.tasks].groupby("k")[["nrmse", "random_items"]].mean()
    return bool((means["random_items"] < means["nrmse"]).all())


def benchmark_part(name: str, measured: Measured) -> str:
    """Lists and errors of one benchmark."""
    lists = [f"* {label}: {', '.join(order)}" for label, order in measured.lists.items()]
    header = ["list", "reading", *(f"k={k}" for k in range(1, measured.by_chance.shape[1] + 1))]
    tables = markdown_table(header, list(_rows(measured)), left=2)
    title = f"## {name}: {measured.tasks} tasks, {measured.models} models"
    return "\n\n".join([title, "Tasks in the order of choice, on all models:", "\n".join(lists), tables]) + "\n"


def _rows(measured: Measured) -> Iterator[list[str]]:
    for label in measured.lists:
        for reading in READINGS:
            yield [label, reading, *_errors(measured, label, reading)]
        yield [label, "as good", *(f"{share:.0%}" for share in measured.as_good(label)[1])]
        rows = _of(measured, label, "size")
        if "random_items" in rows:
            yield [label, "as many random items", *map(_three, rows.groupby("k")["random_items"].mean())]
    for label in (TASKS, ITEMS):
        for reading in ("size", "ridge"):
            if not _of(measured, label, reading).empty:
                yield [label, reading, *_errors(measured, label, reading)]


def _errors(measured: Measured, label: str, reading: str) -> list[str]:
    return [_three(value) for value in _of(measured, label, reading).groupby("k")["nrmse"].mean()]


def _of(measured: Measured, label: str, reading: str) -> Any:
    cells = measured.cells
    return cells[(cells["list"] == label) & (cells["reading"] == reading)].dropna(axis=1, how="all")


def _transfer_part(transfer: TransferMatrix) -> str:
    whole, single = _first_four(transfer.draws.mean(axis=0)), [_first_four(draw) for draw in transfer.draws]
    paragraphs = summary(transfer).replace("\n", "\n\n")
    shared = ", ".join(str(len(whole & one)) for one in single)
    return (
        f"## Transferability on pocket\n\n{paragraphs}\n\n"
        f"Of the first four subjects by *ICT, sim*, lists from a single draw share {shared} (one number a draw).\n"
    )


def _first_four(scores: Any) -> set[int]:
    similarity = TaskSimilarity.of_kernel(task_kernel(np.asarray(scores, dtype=np.float64)))
    return set(lazy_greedy(similarity, np.ones(len(scores)), 4).items.tolist())


def _three(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


if __name__ == "__main__":
    sys.exit(main())
