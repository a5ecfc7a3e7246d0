"""Every Eval Ever's aggregate documents: what they state of a file of answers, and on which scale."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from anchoreval.arrays import Float64Array
from anchoreval.errors import ResponseDataError
from anchoreval.importers.bounded import json_document
from anchoreval.importers.entries import label, mapping, number, shown
from anchoreval.importers.file_heads import head, keys
from anchoreval.importers.record_fields import ROUNDING
from anchoreval.importers.walking import files_below

KEYS = {"evaluation_id", "model_info", "evaluation_results", "schema_version"}
UNIT_RANGE = (0.0, 1.0)
SLACK = 1e-9
"""How far beyond the scale a score may come by its conversion."""
OURS = "anchoreval"


@dataclass(frozen=True)
class Result:
    """One stated score.

    Attributes:
        evaluation: its name.
        metric: what it is a score of.
        score: as stated.
        low: least score of the scale.
        high: greatest score of the scale.
        lower_is_better: whether the scale is upside down.
        samples: number of samples that it was made of; None where it does not say.
    """

    evaluation: str
    metric: str
    score: float
    low: float
    high: float
    lower_is_better: bool
    samples: int | None

    def brought_to_one(self, scores: Float64Array, where: str, whole: bool) -> tuple[Float64Array, float | None]:
        """Scores of answers on a scale from 0 to 1, and what is stated of them on it, where it can be compared.

        Args:
            scores: (answers,) as the rows have them.
            where: to call them by in messages.
            whole: whether these are all the rows of the evaluation.

        Raises:
            ResponseDataError: on neither scale is their mean what is stated, or they lie outside both.
        """
        known = scores[~np.isnan(scores)]
        with np.errstate(all="ignore"):  # what is too large is outside the scale, and refused as such
            scaled, stated = self._to_unit(scores), float(self._to_unit(np.float64(self.score)))
        comparable = (
            whole and not math.isnan(stated) and self.samples in (None, len(scores)) and known.size == len(scores)
        )
        if (self.low, self.high) == UNIT_RANGE and not self.lower_is_better:
            chosen = [scores]
        else:
            chosen = [values for values in (scaled, scores) if self._fits(values, stated, comparable)]
        if comparable and not (chosen and self._fits(chosen[0], stated, comparable)):
            with np.errstate(all="ignore"):
                mean = float(scores.mean())
            raise ResponseDataError(f"{where}: states a score of {self.score:g}, its answers have a mean of {mean:.4f}")
        if not chosen:
            raise ResponseDataError(f"{where}: has scores outside the scale from {self.low:g} to {self.high:g}")
        return chosen[0], stated if comparable else None

    def _to_unit(self, values: Any) -> Any:
        share = (values - self.low) / (self.high - self.low)
        unit = 1.0 - share if self.lower_is_better else share
        return np.where(np.abs(unit - 0.5) <= 0.5 + SLACK, np.clip(unit, 0.0, 1.0), unit)

    def _fits(self, values: Float64Array, stated: float, comparable: bool) -> bool:
        known = values[~np.isnan(values)]
        inside = bool(np.all((known >= 0.0) & (known <= 1.0)))
        return inside and (not comparable or abs(float(known.mean()) - stated) <= ROUNDING)


@dataclass(frozen=True)
class Aggregate:
    """An aggregate document.

    Attributes:
        path: of the file.
        evaluation_id: that rows carry.
        results: stated scores; none where they are estimates.
        rows: number of rows of the file of answers; None where it does not say.
        checksum: SHA-256 of the file of answers; None where it gives none.
        provenance: plain data.
    """

    path: Path
    evaluation_id: str
    results: Sequence[Result]
    rows: int | None
    checksum: str | None
    provenance: Mapping[str, Any]

    def is_foreign(self, evaluation_id: str, answers: Path) -> bool:
        """Whether a row is of another evaluation; older converters call it by the file, which the checksum ties."""
        return self.checksum is None and evaluation_id not in (self.evaluation_id, answers.stem)

    def result(self, evaluation: str, metric: str | None) -> Result | None:
        """The one result of an evaluation (and metric); None where there is none, or no telling which."""
        named = [one for one in self.results if one.evaluation == evaluation]
        found = [one for one in named or self.results if metric in (None, one.metric)]
        return found[0] if len(found) == 1 else None


def is_aggregate(beginning: bytes) -> bool:
    """Whether a file begins as an aggregate does."""
    return beginning.startswith(b"{") and keys(beginning) >= KEYS


def details_of(path: Path) -> Path | None:
    """The file of answers that an aggregate names, if it is there: beside it, or in a folder beside it."""
    details = mapping(json_document(path), str(path)).get("detailed_evaluation_results")
    named = details.get("file_path") if isinstance(details, dict) else None
    name = Path(named).name if isinstance(named, str) and "\0" not in named else ""
    if not name:
        return None
    return next((found for found in files_below(path.parent, ".jsonl") if found.name == name), None)


def aggregate_of(answers: Path) -> Aggregate | None:
    """The aggregate that names a file of answers; None where there is none beside it or one folder up.

    Raises:
        ResponseDataError: the document breaks the format; says where.
    """
    for path in _neighbours(answers):
        document = json_document(path) if is_aggregate(head(path)) else None
        if document is not None and _names(document, answers.name):
            return _read(path, document)
    return None


def _neighbours(answers: Path) -> Iterator[Path]:
    """JSON files beside a file of answers and one folder up that may belong to it, likely ones first."""
    for stem in (answers.stem.removesuffix("_samples"), answers.stem):
        yield answers.with_name(f"{stem}.json")
    for folder in (answers.parent, answers.absolute().parent.parent):
        yield from (path for path in sorted(folder.glob("*.json")) if answers.name.encode() in head(path))


def _names(document: Mapping[str, Any], name: str) -> bool:
    details = document.get("detailed_evaluation_results")
    named = details.get("file_path") if isinstance(details, dict) else None
    return isinstance(named, str) and named.replace("\\", "/").rpartition("/")[2] == name


def _read(path: Path, document: Mapping[str, Any]) -> Aggregate:
    details = document["detailed_evaluation_results"]
    results = document.get("evaluation_results")
    if not isinstance(results, list):
        raise ResponseDataError(f"{path}: evaluation_results: {shown(results)} is not a list")
    stated = [_result(entry, f"{path}: evaluation_results[{n}]") for n, entry in enumerate(results)]
    library = document.get("eval_library")
    estimated = isinstance(library, dict) and library.get("name") == OURS
    checksum, rows = details.get("checksum"), details.get("total_rows")
    return Aggregate(
        path=path,
        evaluation_id=label(document.get("evaluation_id"), f"{path}: evaluation_id"),
        results=[] if estimated else stated,
        rows=rows if isinstance(rows, int) and not isinstance(rows, bool) else None,
        checksum=checksum if isinstance(checksum, str) and details.get("hash_algorithm") == "sha256" else None,
        provenance={
            "aggregate": path.name,
            "estimates" if estimated else "stated": {one.evaluation: one.score for one in stated},
        },
    )


def _result(entry: Any, where: str) -> Result:
    result = mapping(entry, where)
    config = mapping(result.get("metric_config") or {}, f"{where}.metric_config")
    details = mapping(result.get("score_details"), f"{where}.score_details")
    source = result.get("source_data")
    uncertainty = details.get("uncertainty")
    low, high = (number(config.get(key), f"{where}.{key}") for key in ("min_score", "max_score"))
    metric = config.get("metric_name") or config.get("evaluation_description") or "score"
    samples = (uncertainty if isinstance(uncertainty, dict) else {}).get("num_samples")
    listed = (source if isinstance(source, dict) else {}).get("sample_ids")
    return Result(
        evaluation=label(result.get("evaluation_name"), f"{where}.evaluation_name"),
        metric=label(metric, f"{where}.metric_config"),
        score=number(details.get("score"), f"{where}.score"),
        low=low if low < high else UNIT_RANGE[0],
        high=high if low < high else UNIT_RANGE[1],
        lower_is_better=config.get("lower_is_better") is True,
        samples=samples if isinstance(samples, int) else len(listed) if isinstance(listed, list) else None,
    )
