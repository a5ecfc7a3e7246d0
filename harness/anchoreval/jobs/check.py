"""`job=check`: say whether what anchoreval wrote is still as it was written, and name every file that is not.

`path` is a stored benchmark, an anchor set, a run, a leaderboard, exported tasks or records, a memory of requests, or a
folder that holds any of these. Nothing is written unless `check.repair=true` (a stored benchmark of an older version is
put in today's form) or `check.clean=true` (what killed writes left behind is removed once it is a day old).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from anchoreval.errors import StoreError, WorkError
from anchoreval.jobs import output
from anchoreval.jobs.check_artifacts import Artifact, check_artifacts
from anchoreval.jobs.check_leftovers import leftovers, remove_old
from anchoreval.jobs.export_keys import refuse_other_keys, required
from anchoreval.reporting.tables import text_table
from anchoreval.runs import Outcome
from anchoreval.store.items import DOCUMENT
from anchoreval.store.rewriting import outdated_files, rewrite_store


def run(config: DictConfig) -> Outcome:
    """Check what is at `path`.

    Raises:
        StoreError: there is nothing at the path that anchoreval writes, or something cannot be rewritten or removed.
        WorkError: something is damaged; every file at fault was named on standard output.
    """
    refuse_other_keys(config, used=("path",))
    path = Path(required(config, "path", "folder or file that anchoreval wrote", "check"))
    artifacts = check_artifacts(path)
    left, removed = _left(path, clean=config.check.clean)
    rewritten, outdated = _rewritten(artifacts, repair=config.check.repair)
    faults = [fault for artifact in artifacts for fault in artifact.faults]
    notes = [
        *(f"{one}: left behind by a write that was killed" for one in left),
        *(f"{one}: was left behind by a killed write, removed" for one in removed),
        *(f"{one}: of an older version, still readable (check.repair=true rewrites it)" for one in outdated),
        *(f"{one}: rewritten in today's form" for one in rewritten),
    ]
    wrong = f"{len(faults)} {'things are' if len(faults) > 1 else 'thing is'} wrong"
    output.page(_page(artifacts, notes), f"{path}: {wrong if faults else 'whole'}")
    if faults:
        raise WorkError(f"{path}: {wrong}; first: {faults[0].path}: {faults[0].problem}")
    return Outcome(path, changed=bool(removed or rewritten))


def _left(path: Path, clean: bool) -> tuple[Sequence[Path], Sequence[Path]]:
    """What killed writes left behind and is there still, and what was removed of it."""
    try:
        found = leftovers(path)
        removed = remove_old(found) if clean else []
    except OSError as error:
        raise StoreError(f"{error.filename or path}: cannot be removed: {error.strerror}") from error
    return [one for one in found if one not in removed], removed


def _rewritten(artifacts: Sequence[Artifact], repair: bool) -> tuple[Sequence[Path], Sequence[Path]]:
    """Files of whole stores that were rewritten, and those that are of an older version still."""
    stores = [one.path for one in artifacts if (one.path / DOCUMENT).is_file() and not one.faults]
    outdated = [path for folder in stores for path in outdated_files(folder)]
    if not repair:
        return (), outdated
    return [path for folder in stores for path in rewrite_store(folder)], ()


def _page(artifacts: Sequence[Artifact], notes: Sequence[str]) -> str:
    header = ("what", "state", "where")
    rows = [(one.kind, f"{len(one.faults)} wrong" if one.faults else "whole", _shown(one.path)) for one in artifacts]
    wrong = [f"{_shown(fault.path)}: {fault.problem}" for one in artifacts for fault in one.faults]
    return "\n".join([text_table(header, rows, left=3), *([""] if wrong or notes else []), *wrong, *map(_shown, notes)])


def _shown(text: Path | str) -> str:
    """A name as a terminal may show it: control characters would move its cursor."""
    return "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in str(text))
