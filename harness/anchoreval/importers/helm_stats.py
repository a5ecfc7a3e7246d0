"""HELM's statistics: the scores of instances, and their means as HELM states them.

A statistic is `{name: {name, split, sub_split, perturbation}, count, sum, ...}`; what is null or NaN was left out by
HELM. Its value is `sum / count`; of a count of 0 there is none.
"""

from __future__ import annotations

import math
from collections.abc import Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anchoreval.errors import ResponseDataError
from anchoreval.importers.entries import label, mapping, number, score, sequence, shown
from anchoreval.importers.helm_metrics import USUAL
from anchoreval.importers.json_arrays import elements

STATS, STATED = "per_instance_stats.json", "stats.json"


@dataclass(frozen=True)
class SplitScores:
    """The instances of one split, unperturbed.

    Attributes:
        split: `test`, `valid`; empty where nothing is said.
        part: sub-split; empty where there is none.
        names: of every metric that is there.
        trials: by training trial and instance, the values of the metrics that were wanted.
    """

    split: str
    part: str
    names: set[str] = field(default_factory=set)
    trials: dict[int, dict[str, dict[str, float]]] = field(default_factory=dict)


def read_scores(path: Path, wanted: Set[str]) -> tuple[list[SplitScores], int]:
    """Scores by split, and how many perturbed copies of instances were left out.

    Args:
        path: of `per_instance_stats.json`.
        wanted: metrics to keep besides the usual ones.

    Raises:
        ResponseDataError: the file is damaged; names the byte or the instance.
    """
    splits: dict[tuple[str, str], SplitScores] = {}
    perturbed = 0
    for byte, value in elements(path):
        entry = mapping(value, f"{path}: byte {byte}")
        instance = label(entry.get("instance_id"), f"{path}: byte {byte}: instance_id")
        if entry.get("perturbation") is not None:
            perturbed += 1
            continue
        _add(entry, f"{path}: instance {instance!r}", instance, splits, wanted | USUAL)
    return list(splits.values()), perturbed


def read_stated(path: Path, metric: str, split: SplitScores) -> float | None:
    """The mean of a metric over a split's unperturbed instances as `stats.json` has it; None where it has none.

    Raises:
        ResponseDataError: the file is damaged; names the byte.
    """
    for byte, value in elements(path):
        where = f"{path}: byte {byte}"
        statistic = mapping(value, where)
        name = mapping(statistic.get("name"), f"{where}: name")
        if (
            name.get("name") == metric
            and name.get("perturbation") is None
            and _split(name) == (split.split, split.part)
        ):
            found = _value(statistic, f"{where}: {metric}")
            return None if math.isnan(found) else found
    return None


def _add(
    entry: dict[str, Any],
    where: str,
    instance: str,
    splits: dict[tuple[str, str], SplitScores],
    kept: Set[str],
) -> None:
    """Take the statistics of one instance in one trial."""
    statistics = [mapping(one, f"{where}: stats") for one in sequence(entry.get("stats"), f"{where}: stats")]
    names = [mapping(one.get("name"), f"{where}: stats: name") for one in statistics]
    plain = [n for n, name in enumerate(names) if name.get("perturbation") is None]
    key = _split(names[plain[0]]) if plain else ("", "")
    split = splits.setdefault(key, SplitScores(*key))
    answers = split.trials.setdefault(_trial(entry.get("train_trial_index", 0), where), {})
    if instance in answers:
        raise ResponseDataError(f"{where} stands twice")
    values = answers[instance] = {}
    for n in plain:
        metric = label(names[n].get("name"), f"{where}: stats: name")
        split.names.add(metric)
        if metric in kept:
            if metric in values:
                raise ResponseDataError(f"{where}: {metric} stands twice")
            values[metric] = _value(statistics[n], f"{where}: {metric}")


def _trial(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 31:
        raise ResponseDataError(f"{where}: train_trial_index {shown(value)} is not a number of a trial")
    return value


def _split(name: dict[str, Any]) -> tuple[str, str]:
    return str(name.get("split") or ""), str(name.get("sub_split") or "")


def _value(statistic: dict[str, Any], where: str) -> float:
    count, total = number(statistic.get("count"), f"{where}: count"), number(statistic.get("sum"), f"{where}: sum")
    if count < 0 or math.isnan(count):
        raise ResponseDataError(f"{where}: count {shown(statistic.get('count'))} is not a count")
    return score(total / count, where) if count else math.nan
