"""From lm-eval's sample logs to answers on the anchors: what an exported folder, or a `--samples` run, came back with.

Every anchor must have been answered, asked as it was exported, and be the document that the anchor set recorded. What
is missing is named and never counts as wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from anchoreval.anchors import AnchorSet
from anchoreval.arrays import Float32Array
from anchoreval.errors import AnchorEvalError, ScoringError
from anchoreval.exporters.identity import anchors_digest
from anchoreval.exporters.logged_tasks import Row, TaskLog, newest_logs
from anchoreval.importers.exported_task_logs import SampleLog, find_sample_logs, model_name
from anchoreval.responses import ResponseMatrix
from anchoreval.scoring.asked import AskedItems
from anchoreval.scoring.records import Answer, read_records

DEFAULT_METRIC = "acc"


@dataclass(frozen=True, eq=False)
class LoggedAnswers:
    """The answers that sample logs hold.

    Attributes:
        responses: of the models that answered every anchor; None where none did.
        failures: what is wrong with each of the others, by model.
        samples: by model and item, the sample that counts, as lm-eval had it in memory.
    """

    responses: ResponseMatrix | None
    failures: Mapping[str, AnchorEvalError]
    samples: Mapping[str, Mapping[str, Row]]


def read_logged_answers(
    paths: Sequence[Path | str],
    anchors: AnchorSet,
    *,
    metric: str | Mapping[str, str] | None = None,
    filter_name: str | None = None,
) -> LoggedAnswers:
    """Read the answers of one or several models from lm-eval's sample logs.

    Where a task was run several times, its newest log counts.

    Args:
        paths: output folders of lm-eval, or sample files; each folder of samples is one model.
        anchors: that were asked, exported or with `--samples`, or as part of a full run.
        metric: of original tasks; None: what the anchor set's sources were scored by where it is known, else `acc`.
            An exported task says itself what its score is.
        filter_name: which filter of original tasks counts; None: the only one, else `none`.

    Raises:
        StoreError: a path is not there or holds no sample log.
        AnchorSetError: the anchors do not say which documents they are.
    """
    reading = _Reading(
        AskedItems.of_anchors(anchors).numbered(),
        anchors_digest(anchors),
        metric or _known_metric(anchors),
        filter_name,
    )
    answers: dict[str, dict[str, Answer]] = {}
    samples: dict[str, dict[str, Row]] = {}
    failures: dict[str, AnchorEvalError] = {}
    for name, logs in _by_model(find_sample_logs([Path(path) for path in paths])):
        try:
            answers[name], samples[name] = reading.model(logs, name)
        except AnchorEvalError as error:
            failures[name] = error
    return LoggedAnswers(reading.responses(answers) if answers else None, failures, samples)


@dataclass(frozen=True, eq=False)
class _Reading:
    asked: AskedItems
    digest: str
    metric: str | Mapping[str, str]
    filter_name: str | None

    def model(self, logs: Sequence[SampleLog], name: str) -> tuple[dict[str, Answer], dict[str, Row]]:
        """Answers and samples by item of one model."""
        newest = newest_logs(logs, self.asked, self.digest)
        answers: dict[str, Answer] = {}
        samples: dict[str, Row] = {}
        for task in self.asked.table["task"].unique():
            if task not in newest:
                first = self.asked.of_task(task)["item"].iloc[0]
                raise ScoringError(f"model {name!r}: anchor {first!r} is not answered: no log of task {task!r}")
            try:
                found, counting = self._task(newest[task], task)
            except (KeyError, TypeError, IndexError) as error:
                raise ScoringError(f"model {name!r}, task {task!r}: not samples as lm-eval writes them") from error
            answers |= found
            samples |= counting
        return answers, samples

    def responses(self, answers: Mapping[str, Mapping[str, Answer]]) -> ResponseMatrix:
        """(models, items) the answers as a part of the benchmark."""
        items = self.asked.table.index
        scores = [[given[item].score for item in items] for given in answers.values()]
        probabilities = option_shares([[given[item] for item in items] for given in answers.values()])
        return self.asked.responses(answers, scores, probabilities, {"scorer": "lm-eval sample logs"})

    def _task(self, log: TaskLog, task: str) -> tuple[dict[str, Answer], dict[str, Row]]:
        asked = self.asked.of_task(task)
        wanted = log.filter_name if log.exported else self.filter_name
        answers = read_records(
            log.rows,
            asked.drop(columns="doc_hash", errors="ignore") if log.exported else asked,
            task=task,
            metric=log.metric or self._metric_of(task),
            filter_name=wanted,
            options=any(len(row["resps"]) > 1 and isinstance(row["resps"][0][0], tuple) for row in log.rows),
        )
        rows = {row["doc_id"]: row for row in log.rows if wanted in (None, row["filter"])}
        return answers, {item: rows[doc_id] for doc_id, item in zip(asked.index, asked["item"], strict=True)}

    def _metric_of(self, task: str) -> str:
        return self.metric if isinstance(self.metric, str) else self.metric.get(task, DEFAULT_METRIC)


def option_shares(answers: Sequence[Sequence[Answer]]) -> Float32Array | None:
    """(models, items, options) softmax of log-likelihoods, NaN beyond an item's options; None without any."""
    widest = max(len(one.loglikelihoods) for given in answers for one in given)
    if not widest:
        return None
    values = np.full((len(answers), len(answers[0]), widest), np.nan)
    for row, given in enumerate(answers):
        for column, one in enumerate(given):
            values[row, column, : len(one.loglikelihoods)] = one.loglikelihoods
    odds = np.exp(values - np.fmax.reduce(values, axis=2, keepdims=True))
    return np.asarray(odds / np.nansum(odds, axis=2, keepdims=True), dtype=np.float32)


def _by_model(folders: Mapping[Path, list[SampleLog]]) -> Iterator[tuple[str, list[SampleLog]]]:
    """The logs of each model; where two folders call theirs the same, the folder is added to the name."""
    names = {folder: model_name(folder) for folder in folders}
    for folder, logs in folders.items():
        twice = list(names.values()).count(names[folder]) > 1
        yield f"{names[folder]} ({folder})" if twice else names[folder], logs


def _known_metric(anchors: AnchorSet) -> str | Mapping[str, str]:
    """What the sources were scored by, where the anchor set tells."""
    known = None if anchors.sources is None else anchors.sources.provenance.get("metric")
    return known if isinstance(known, str | Mapping) and known else DEFAULT_METRIC
