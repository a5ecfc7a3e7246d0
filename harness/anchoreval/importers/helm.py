"""HELM's run folders: one model on one scenario, as `helm-run` leaves it.

Read are `run_spec.json` (what was run), `per_instance_stats.json` (a score an instance), and where they are
`scenario_state.json` (texts, options and their log-likelihoods) and `stats.json` (the scores that HELM states). HELM
sums up every split by itself, so each is a task of its own, named as the run without its model:
`mmlu:subject=philosophy,method=multiple_choice_joint,split=test`. Training trials are replicates. Perturbed copies of
instances are left out and counted. Versions from 0.2 to 0.5 are known.

The score is the user's metric, else the one that HELM's own leaderboards show (`anchoreval.importers.helm_metrics`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import json_document
from anchoreval.importers.entries import label, mapping
from anchoreval.importers.file_heads import FoundFile
from anchoreval.importers.helm_instances import Instances, read_instances
from anchoreval.importers.helm_metrics import usual_metric
from anchoreval.importers.helm_stats import STATED, STATS, SplitScores, read_scores, read_stated
from anchoreval.importers.imported import Imported, ImportedRun, ReadOptions, Skipped
from anchoreval.importers.option_shares import option_shares

SPEC, STATE = "run_spec.json", "scenario_state.json"
_MARKS = (b'"adapter_spec"', b'"scenario_spec"')


@dataclass(frozen=True)
class _Run:
    """What `run_spec.json` says."""

    folder: Path
    name: str
    model: str
    method: str
    groups: tuple[str, ...]
    subject: str | None
    facts: Mapping[str, Any]

    def task(self, split: SplitScores) -> str:
        """The run's name without the model, with the split."""
        scenario, _, arguments = self.name.partition(":")
        kept = [part for part in arguments.split(",") if part and not part.startswith(("model=", "model_deployment="))]
        kept += [f"{name}={value}" for name, value in (("split", split.split), ("sub_split", split.part)) if value]
        return f"{scenario}:{','.join(kept)}" if kept else scenario


@dataclass(frozen=True)
class Helm:
    """Reader of HELM run folders."""

    name: str = "helm"

    def unit(self, file: FoundFile) -> Path | None:
        """The folder of a run specification in HELM's form."""
        ours = file.path.name == SPEC and all(mark in file.head for mark in _MARKS)
        return file.path.parent if ours else None

    def read(self, unit: Path, options: ReadOptions) -> Iterator[Imported]:
        """A run a split and training trial.

        Raises:
            ResponseDataError: a file of the run is damaged; names it and the place.
        """
        folder = unit.parent if unit.is_file() else unit
        run = _read_spec(folder / SPEC)
        if not (folder / STATS).is_file():
            yield Skipped(str(folder), f"has no {STATS}: the run was not finished")
            return
        splits, perturbed = read_scores(folder / STATS, _wanted_metrics(options))
        if perturbed:
            yield Skipped(str(folder / STATS), f"perturbed copies of instances, which are left out: {perturbed:,}")
        if not splits:
            yield Skipped(str(folder / STATS), "holds no instance as it was asked")
        chosen = [split for split in splits if options.wants(run.task(split))]
        if chosen:
            yield from _runs(run, chosen, options)


IMPORTER = Helm()


def _read_spec(path: Path) -> _Run:
    spec = mapping(json_document(path), str(path))
    adapter = mapping(spec.get("adapter_spec"), f"{path}: adapter_spec")
    scenario = mapping(spec.get("scenario_spec"), f"{path}: scenario_spec")
    arguments = scenario.get("args")
    subject = arguments.get("subject") if isinstance(arguments, dict) else None
    groups = spec.get("groups")
    return _Run(
        folder=path.parent,
        name=label(spec.get("name"), f"{path}: name"),
        model=label(adapter.get("model"), f"{path}: adapter_spec.model"),
        method=str(adapter.get("method", "")),
        groups=tuple(map(str, groups)) if isinstance(groups, list) else (),
        subject=subject if isinstance(subject, str) and subject else None,
        facts={
            "format": "HELM",
            "scenario": scenario.get("class_name"),
            "deployment": adapter.get("model_deployment"),
            "shots": adapter.get("max_train_instances"),
        },
    )


def _wanted_metrics(options: ReadOptions) -> frozenset[str]:
    if isinstance(options.metric, str):
        return frozenset([options.metric])
    return frozenset((options.metric or {}).values())


def _runs(run: _Run, splits: list[SplitScores], options: ReadOptions) -> Iterator[ImportedRun]:
    state = run.folder / STATE
    known = read_instances(state, run.method, options.normalised) if state.is_file() else Instances()
    for split in splits:
        task = run.task(split)
        metric = _metric(run, split, options.metric_of(task))
        stated = read_stated(run.folder / STATED, metric, split) if (run.folder / STATED).is_file() else None
        for trial in split.trials:
            yield _one(run, split, trial, metric, stated, known)


def _metric(run: _Run, split: SplitScores, wanted: str | None) -> str:
    metric = wanted or usual_metric(split.names, run.groups, run.method)
    if metric is None or metric not in split.names:
        problem = f"has no metric {wanted!r}" if wanted else "has none of the usual metrics; name one"
        there = ", ".join(sorted(split.names)[:40])
        raise ResponseDataError(f"{run.folder / STATS}: {problem} (there are: {there})")
    return metric


def _one(run: _Run, split: SplitScores, trial: int, metric: str, stated: float | None, known: Instances) -> ImportedRun:
    answers = split.trials[trial]
    keys = list(answers)
    several = len(split.trials) > 1
    facts = {**run.facts, "run": run.name, "split": split.split}
    if several and stated is not None:
        facts["stated_over_trials"] = stated
    return ImportedRun(
        model=run.model,
        task=run.task(split),
        items=_items(keys, run.subject, known),
        scores=np.array([answers[key].get(metric, np.nan) for key in keys], dtype=np.float32),
        metric=metric,
        probabilities=option_shares([known.likelihoods.get((key, trial)) for key in keys]),
        replicate=f"trial {trial}" if several else "",
        stated=None if several else stated,
        source=run.folder,
        provenance=facts,
    )


def _items(keys: list[str], subject: str | None, known: Instances) -> pd.DataFrame:
    items = pd.DataFrame({"key": pd.Series(keys, dtype=object)})
    if subject is not None:
        items["subject"] = subject
    if known.texts:
        items["text"] = pd.Series([known.texts.get(key) for key in keys], dtype=object)
    if known.options:
        items["options"] = pd.Series([known.options.get(key) for key in keys], dtype=object)
    return items
