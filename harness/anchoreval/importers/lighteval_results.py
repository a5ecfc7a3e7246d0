"""What lighteval's results file says of a details file: the model's name, and the scores of its tasks.

Details lie in `details/<model>/<time>/details_<task>_<time>.parquet`, results in `results/<model>/results_<time>.json`;
on the hub, and in Open LLM Leaderboard v1, a repository `details_<org>__<model>` holds both, details in a folder a run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import json_document
from anchoreval.importers.entries import prose

TIME = r"\d{4}-\d\d-\d\dT\d\d[-:]\d\d[-:]\d\d(?:\.\d+)?"
_DETAILS = re.compile(rf"details_(?P<task>.+?)_(?P<time>{TIME})\.parquet")
_REPOSITORY = re.compile(r"(?:^|___)details_(?P<model>.+?)(?:_private)?$")
_LEVELS = 6


@dataclass(frozen=True)
class DetailsName:
    """What the path of a details file says.

    Attributes:
        task: `suite|task|shots`.
        time: of the run; empty where the name has none.
    """

    task: str
    time: str


@dataclass(frozen=True)
class Results:
    """What a results file says.

    Attributes:
        model: None where it does not name one.
        metrics: by task and metric the score.
        version: of the code.
    """

    model: str | None = None
    metrics: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    version: str | None = None

    def stated(self, metric: str, *tasks: str) -> float | None:
        """The score, in [0, 1], of the first of these tasks that is there; None where none is stated."""
        task = next((name for name in tasks if name in self.metrics), "")
        value = self.metrics.get(task, {}).get(metric)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            return None
        return float(value)


def details_name(path: Path) -> DetailsName:
    """Task and time from the name of a details file."""
    if match := _DETAILS.fullmatch(path.name):
        return DetailsName(match["task"], match["time"])
    return DetailsName(path.stem.removeprefix("details_"), "")


def find_results(path: Path, time: str) -> Results:
    """The results file that belongs to a details file, read; empty where there is none.

    Raises:
        ResponseDataError: the results file is damaged.
    """
    found = next((place for place in places_of_results(path, time) if place.is_file()), None)
    if found is None:
        return Results()
    document = json_document(found)
    if not isinstance(document, dict) or not isinstance(document.get("results"), dict):
        raise ResponseDataError(f"{found}: is no results file: it has no object 'results'")
    general = document.get("config_general")
    general = general if isinstance(general, dict) else {}
    metrics = {task: scores for task, scores in document["results"].items() if isinstance(scores, dict)}
    return Results(_model(general), metrics, prose(general.get("lighteval_sha")))


def places_of_results(path: Path, time: str) -> Iterator[Path]:
    """Where the results of a details file may lie: beside, above, or in `results` where the details are in `details`.

    Args:
        path: of the details file.
        time: of its run; without one there is no place.
    """
    if not time:
        return
    name = f"results_{time}.json"
    parents = list(path.absolute().parents)[:_LEVELS]
    yield from (folder / name for folder in parents[:3])
    for depth, folder in enumerate(parents):
        if folder.name == "details":
            below = parents[0].relative_to(folder)
            yield folder.parent / "results" / below / name
            if depth:
                yield folder.parent / "results" / below.parent / name


def model_of_path(path: Path, time: str) -> str:
    """The model's name as the folders have it."""
    below: list[str] = []
    for folder in path.absolute().parents:
        if match := _REPOSITORY.search(folder.name):
            return match["model"].replace("__", "/", 1)
        if folder.name == "details" and below:
            return "/".join(reversed(below))
        if folder.name not in ("", time) and not re.fullmatch(TIME, folder.name):
            below.append(folder.name)
    return below[0] if below else path.stem


def _model(general: Mapping[str, Any]) -> str | None:
    inner = general.get("model_config")
    return prose(general.get("model_name")) or (prose(inner.get("model_name")) if isinstance(inner, dict) else None)
