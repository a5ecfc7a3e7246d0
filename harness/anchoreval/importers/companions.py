"""Files that no reader takes for answers, and that belong to something that one did take.

They state scores of runs, or sum runs up: some are read together with their unit, some only lie where the same program
wrote both. Either way they are no strangers, and hold nothing of single items. What belongs together is told from
places and names, once units are known, so that nobody looks for companions of what is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from anchoreval.importers.alpaca_eval import LEADERBOARD
from anchoreval.importers.every_eval_ever_aggregates import details_of, is_aggregate
from anchoreval.importers.lighteval_results import details_name, places_of_results
from anchoreval.importers.mmlu_pro import places_of_summary
from anchoreval.importers.recognising import Unit

HELM_SUMMARIES = frozenset(
    f"{name}.json"
    for name in (
        *("runs", "run_specs", "runs_to_run_suites", "groups", "groups_metadata"),
        *("schema", "summary", "costs"),
    )
)
"""What `helm-run` and `helm-summarize` write beside the runs of a suite; tables lie below `groups`."""
OPENCOMPASS_FOLDERS = ("summary", "configs", "logs")
"""Beside `results` and `predictions`, in the folder of one run."""

Finder: TypeAlias = "Callable[[Sequence[Path], Sequence[Path]], Iterator[Path]]"
"""From the units of a format and the files that are left, those of these that belong to one of those."""


def companions(units: Sequence[Unit], left: Sequence[Path]) -> set[Path]:
    """Of the files that are no units those that belong to one.

    Args:
        units: that were found.
        left: files beside them (`anchoreval.importers.recognising.find_units`).
    """
    found: set[Path] = set()
    for name, finder in FINDERS.items():
        own = [unit.path for unit in units if unit.importer == name]
        if own and left:
            found.update(finder(own, left))
    return found


def _where(places: Callable[[Path], Iterable[Path]]) -> Finder:
    """Files that lie where a unit looks for them."""

    def find(units: Sequence[Path], left: Sequence[Path]) -> Iterator[Path]:
        looked = {place.absolute() for unit in units for place in places(unit)}
        return (file for file in left if file.absolute() in looked)

    return find


def _aggregates(units: Sequence[Path], left: Sequence[Path]) -> Iterator[Path]:
    """Every Eval Ever's documents that name a file of answers."""
    answers = set(units)
    documents = (file for file in left if file.suffix.lower() == ".json" and is_aggregate(file))
    return (file for file in documents if details_of(file) in answers)


def _helm_summaries(units: Sequence[Path], left: Sequence[Path]) -> Iterator[Path]:
    suites = {unit.absolute().parent for unit in units}
    tables = {suite / "groups" for suite in suites}
    for file in left:
        place = file.absolute()
        if (place.name in HELM_SUMMARIES and place.parent in suites) or not tables.isdisjoint(place.parents):
            yield file


def _opencompass_folders(units: Sequence[Path], left: Sequence[Path]) -> Iterator[Path]:
    """What lies in the folder of a run, which holds `<kind>/<model>/<dataset>.json`."""
    folders = {unit.absolute().parents[2] / name for unit in units for name in OPENCOMPASS_FOLDERS}
    return (file for file in left if not folders.isdisjoint(file.absolute().parents))


_RESULTS_OF_DETAILS = _where(lambda unit: places_of_results(unit, details_name(unit).time))

FINDERS: Mapping[str, Finder] = {
    "helm": _helm_summaries,
    "open_llm_v1": _RESULTS_OF_DETAILS,
    "lighteval": _RESULTS_OF_DETAILS,
    "opencompass": _opencompass_folders,
    "every_eval_ever": _aggregates,
    "alpaca_eval": _where(lambda unit: [unit.with_name(LEADERBOARD)]),
    "mmlu_pro": _where(places_of_summary),
}
"""By format; the others have no companions, or take theirs for units (lm_eval)."""
