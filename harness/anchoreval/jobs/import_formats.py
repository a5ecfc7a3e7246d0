"""The work of `job=import` on what other harnesses write: recognise, read, merge, gather, and say what was done.

Reading goes through a folder beside the benchmark (`.<name>.import.tmp`), from which an import that was killed goes on.
So does one that was refused for a damaged file or for runs that contradict each other, once the file is mended or a
policy is given, because reading takes longest; its message says so. The folder is removed when the benchmark is
written, and where no run could be read.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from anchoreval.counts import counted
from anchoreval.errors import ConfigurationError, ResponseDataError, StoreError
from anchoreval.importers.companions import companions
from anchoreval.importers.gathering import gather
from anchoreval.importers.imported import ImportedRun, ReadOptions, Skipped
from anchoreval.importers.merging import Policies, merged
from anchoreval.importers.recognising import Unit
from anchoreval.importers.staging import Staged, stage, staged_runs
from anchoreval.responses import ResponseMatrix

ON_DAMAGE = ("refuse", "skip")
LISTED = 8
"""Reasons and files of a kind that a summary names."""


@dataclass(frozen=True, eq=False)
class Read:
    """What was read.

    Attributes:
        matrix: the benchmark.
        lines: what was read, skipped and why, and what was done to bring runs together; a line each.
    """

    matrix: ResponseMatrix
    lines: Sequence[str]


def staging_folder(into: Path) -> Path:
    """Where runs are set down while a benchmark is made."""
    return into.absolute().with_name(f".{into.absolute().name}.import.tmp")


def read_units(
    units: Sequence[Unit],
    left: Sequence[Path],
    into: Path,
    name: str,
    aggregation: str,
    options: ReadOptions,
    policies: Policies,
    workers: int,
    on_damage: str = "refuse",
) -> Read:
    """Read all units and put them together; a damaged one is refused, or skipped with its reason.

    Raises:
        ConfigurationError: `on_damage` is neither.
        ResponseDataError: a file is damaged, nothing could be read, or runs contradict each other.
        StoreError: the folder beside the benchmark cannot be written.
    """
    if on_damage not in ON_DAMAGE:
        raise ConfigurationError(f"reading.on_damage={on_damage} is not one of {', '.join(ON_DAMAGE)}")
    staged = _staged(units, staging_folder(into), options, workers)
    if not any(one.runs for one in staged):
        forget(into)
    damaged = [one.failure for one in staged if one.failure]
    if damaged and on_damage == "refuse":
        others = f"; {counted(len(damaged) - 1, 'more file')} could not be read" if len(damaged) > 1 else ""
        raise ResponseDataError(f"{damaged[0]} (reading.on_damage=skip leaves such files out{others})")
    runs = staged_runs(staged)
    skipped = [entry for one in staged for entry in one.skipped]
    if not runs:
        raise ResponseDataError(_nothing(units, skipped))
    together, notes = merged(runs, policies)
    matrix = gather(together, name, aggregation)
    return Read(
        matrix,
        [
            *_read_lines(staged, runs),
            *(f"damaged, left out: {why}" for why in damaged),
            *_skipped_lines(skipped),
            *_left_lines(left, companions(units, left)),
            *notes,
        ],
    )


@contextmanager
def another_try(into: Path) -> Iterator[None]:
    """Say with a refusal where the runs are kept that were read, so that nobody reads them twice; none, none are kept.

    Raises:
        RequestError: what was raised inside.
    """
    try:
        yield
    except (ResponseDataError, StoreError) as error:
        folder = staging_folder(into)
        if not folder.is_dir():
            raise
        kept = f"what was read is kept in {into.parent / folder.name}, from which another try goes on"
        raise type(error)(f"{error}; {kept}") from error


def forget(into: Path) -> None:
    """Remove what was set down."""
    shutil.rmtree(staging_folder(into), ignore_errors=True)


def _staged(units: Sequence[Unit], folder: Path, options: ReadOptions, workers: int) -> list[Staged]:
    """All units in their own order, with a bar over their bytes."""
    done: dict[Unit, Staged] = {}
    total = sum(unit.size for unit in units)
    with tqdm(total=total, unit="B", unit_scale=True, desc="reading", disable=None) as bar:
        for one in stage(units, folder, options, workers):
            done[one.unit] = one
            bar.update(one.unit.size)
    return [done[unit] for unit in units]


def _read_lines(staged: Sequence[Staged], runs: Sequence[ImportedRun]) -> list[str]:
    """How much was read, and from what; files that gave no run, such as results beside logs, do not count."""
    models = {run.model for run in runs}
    sources = Counter(_kind(one.unit) for one in staged if one.runs)
    listed = ", ".join(counted(count, kind) for kind, count in sorted(sources.items()))
    lines = [f"read {counted(len(runs), 'run')} of {counted(len(models), 'model')} from {listed}"]
    stated = sum(run.stated is not None for run in runs)
    if stated:
        agree = "states a score, and it agrees" if stated == 1 else "state a score, and all of these agree"
        lines.append(f"{stated:,} of them {agree} with {'its' if stated == 1 else 'their'} items")
    return lines


def _kind(unit: Unit) -> str:
    return f"{unit.importer} {'folder' if unit.path.is_dir() else 'file'}"


def _skipped_lines(skipped: Sequence[Skipped]) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for one in skipped:
        by_reason.setdefault(one.reason, []).append(one.source)
    return [
        f"skipped: {reason}: {_some(sources)}"
        for reason, sources in sorted(by_reason.items(), key=lambda e: -len(e[1]))
    ]


def _left_lines(left: Sequence[Path], known: Collection[Path]) -> list[str]:
    """Files that are no answers: those that belong to what was recognised, and strangers."""
    along = [str(path) for path in left if path in known]
    strange = [str(path) for path in left if path not in known]
    lines = [f"along with these, without answers of single items: {_some(along)}"] if along else []
    return lines + ([f"not recognised: {_some(strange)}"] if strange else [])


def _some(names: Sequence[str]) -> str:
    more = len(names) - LISTED
    return ", ".join(names[:LISTED]) + (f" and {more:,} more" if more > 0 else "")


def _nothing(units: Sequence[Unit], skipped: Sequence[Skipped]) -> str:
    where = str(units[0].path) if units else "the path"
    why = f": {skipped[0].source}: {skipped[0].reason}" if skipped else ""
    return f"{where}: no run could be read{why}"
