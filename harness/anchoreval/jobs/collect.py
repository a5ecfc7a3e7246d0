"""`job=collect`: one tidy table of all complete runs, and a list of what failed.

Reads `results=<folder>` (or `path=<folder>`), and writes `into=<folder>` (default: `collected` inside of it):
`results.parquet` (a row is one number; see `anchoreval.collecting.measures`), `runs.parquet` (a row a run: its
configuration, seconds and versions), `times.parquet` (seconds), all of them as CSV too, and `failed.csv`. Runs that
are under way or were killed are passed over. Damaged ones are named and skipped, or refused with
`collect.on_damage=refuse`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from omegaconf import DictConfig

from anchoreval.collecting.failures import failures
from anchoreval.collecting.found import Damage, FoundRun, find_runs
from anchoreval.collecting.measures import SECONDS, joined, measures, seconds
from anchoreval.collecting.run_table import run_table
from anchoreval.collecting.writing import FAILED, Collected, write_collected
from anchoreval.errors import ConfigurationError, StoreError
from anchoreval.jobs import output
from anchoreval.jobs.export_keys import refuse_other_keys
from anchoreval.reporting.tables import text_table
from anchoreval.runs import Outcome

COLLECTED = "collected"
"""The folder inside of the results that is written unless `into` names another."""
SKIP, REFUSE = "skip", "refuse"


def run(config: DictConfig) -> Outcome:
    """Read every run below the folder, and write the tables.

    Raises:
        StoreError: there is no such folder, it holds no complete run, or a run is damaged and shall be refused; or
            what stands at `into` is none of ours.
        ConfigurationError: `collect.on_damage` is neither skip nor refuse.
    """
    refuse_other_keys(config, used=("path", "into"))
    refuse = _refuses(config.collect.on_damage)
    path = Path(config.path or config.results)
    into = Path(config.into) if config.into else path / COLLECTED
    found, damages = find_runs(path)
    tables = _measured(found, damages)
    if refuse and damages:
        raise StoreError(f"{damages[0].folder}: damaged: {damages[0].problem}")
    if not tables:
        raise StoreError(f"{path}: holds no complete run")
    for one in damages:
        output.note(f"{one.folder}: damaged and skipped: {one.problem}")
    whole = {run.name: run for run in found if run.name in tables}
    collected = _collected(path, [*whole.values()], tables, damages)
    changed = write_collected(into, collected)
    output.page(_page(collected), f"{'written to' if changed else 'was up to date:'} {into}")
    return Outcome(into, changed)


def _refuses(on_damage: str) -> bool:
    if on_damage not in (SKIP, REFUSE):
        raise ConfigurationError(f"collect.on_damage = {on_damage!r} is neither {SKIP} nor {REFUSE}")
    return on_damage == REFUSE


def _measured(runs: Sequence[FoundRun], damages: list[Damage]) -> dict[str, pd.DataFrame]:
    """The long table of each run by its name; a run of which a file turns out to be damaged joins the damages."""
    tables: dict[str, pd.DataFrame] = {}
    for one in runs:
        try:
            tables[one.name] = measures(one)
        except StoreError as error:
            damages.append(Damage(one.folder, str(error).removeprefix(f"{one.folder}/")))
    return tables


def _collected(
    path: Path, runs: Sequence[FoundRun], tables: Mapping[str, pd.DataFrame], damages: Sequence[Damage]
) -> Collected:
    everything = joined(tables.values())
    timed = everything["metric"].str.endswith(SECONDS)
    return Collected(
        results=everything[~timed].reset_index(drop=True),
        times=joined([everything[timed], *map(seconds, runs)]),
        runs=run_table(runs),
        failed=failures(path, runs, damages),
    )


def _page(collected: Collected) -> str:
    runs, numbers = Counter(collected.runs["job"]), Counter(collected.results["job"])
    rows = [(str(job), str(runs[job]), str(numbers[job])) for job in sorted(runs)]
    lines = [text_table(("job", "runs", "numbers"), rows, left=1)]
    if len(collected.failed):
        kinds = Counter(collected.failed["what"] + ": " + collected.failed["kind"])
        told = [f"{n} x {kind}" for kind, n in sorted(kinds.items())]
        lines += ["", f"what came to no results ({FAILED}.csv):", *told]
    return "\n".join(lines)
