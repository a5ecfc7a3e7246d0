"""One model's estimates as a record of Every Eval Ever, which says in plain words what kind of number they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.errors import ConfigurationError, MethodError
from anchoreval.exporters.eval_schema import complaint
from anchoreval.exporters.identity import anchors_digest
from anchoreval.responses import SCORE
from anchoreval.versions import installed_versions

VERSION = "0.2.1"
RELATIONSHIPS = ("first_party", "third_party", "collaborative", "other")


@dataclass(frozen=True)
class Evaluator:
    """Who says so.

    Attributes:
        organization: that ran the models.
        relationship: to those who made the models, one of `RELATIONSHIPS`.
        retrieved: seconds since 1970 at which the estimates were made.
    """

    organization: str
    retrieved: int
    relationship: str = "third_party"

    def __post_init__(self) -> None:
        if self.relationship not in RELATIONSHIPS:
            known = ", ".join(RELATIONSHIPS)
            raise ConfigurationError(f"relationship {self.relationship!r} is not one of {known}")
        if not self.organization:
            raise ConfigurationError("Every Eval Ever wants to know which organization ran the models")


def aggregate_record(
    model: str, estimate: pd.Series[Any], anchors: AnchorSet, evaluator: Evaluator, level: float
) -> dict[str, Any]:
    """One model's estimates as the format has them: the full score, then a result a subject.

    Raises:
        MethodError: the record breaks the format; says where.
    """
    versions = installed_versions()
    subjects = [name for name in _subjects(anchors) if name in estimate.index and _finite(estimate[name])]
    record = {
        "schema_version": VERSION,
        "evaluation_id": f"{anchors.benchmark}/{model}/{evaluator.retrieved}",
        "retrieved_timestamp": str(evaluator.retrieved),
        "source_metadata": {
            "source_type": "evaluation_run",
            "source_organization_name": evaluator.organization,
            "source_name": "anchoreval",
            "evaluator_relationship": evaluator.relationship,
        },
        "model_info": {"name": model, "id": model},
        "eval_library": {
            "name": "anchoreval",
            "version": versions.get("anchoreval", "unknown"),
            "additional_details": {name: number for name, number in versions.items() if name != "anchoreval"},
        },
        "evaluation_results": [
            _result(anchors, estimate, level),
            *(_subject_result(anchors, name, float(estimate[name])) for name in subjects),
        ],
    }
    if problem := complaint(record, "aggregate"):
        raise MethodError(f"model {model!r}: its estimate breaks the format: {problem}")
    return record


def in_plain_words(anchors: AnchorSet) -> str:
    """What kind of number an estimate is."""
    return (
        f"Reconstructed from {len(anchors.items)} anchors: an estimate of the score on the whole benchmark "
        f"{anchors.benchmark}, of which the model answered only these items."
    )


def _result(anchors: AnchorSet, estimate: pd.Series[Any], level: float) -> dict[str, Any]:
    details = {
        "estimate": in_plain_words(anchors),
        "anchors": str(len(anchors.items)),
        "selector": anchors.selector,
        "estimator": anchors.estimator or "auto",
        "anchors_digest": anchors_digest(anchors),
    }
    if "extrapolating" in estimate:
        details["extrapolating"] = str(bool(estimate["extrapolating"])).lower()
    if _finite(estimate.get("lower")):
        details["interval"] = (
            f"meant to hold the full score of a new model with probability {level:g}; sized by the errors on models "
            "whose full scores are known"
        )
    return {
        "evaluation_name": anchors.benchmark,
        **_described(anchors, anchors.benchmark),
        "score_details": {
            "score": float(estimate[SCORE]),
            "details": details,
            "uncertainty": _uncertainty(anchors, estimate, level),
        },
    }


def _subject_result(anchors: AnchorSet, subject: str, score: float) -> dict[str, Any]:
    details = {"estimate": in_plain_words(anchors), "subject": subject, "interval": "none: not known for subjects"}
    name = f"{anchors.benchmark}: {subject}"
    return {
        "evaluation_name": name,
        **_described(anchors, name),
        "score_details": {"score": min(max(score, 0.0), 1.0), "details": details},
    }


def _subjects(anchors: AnchorSet) -> list[str]:
    """The benchmark's subjects, as far as the anchor set knows them."""
    columns = [] if anchors.sources is None else list(map(str, anchors.sources.models))
    known = {name.removeprefix("full_score/") for name in columns if name.startswith("full_score/")}
    return sorted(known | (set(anchors.table["subject"].astype(str)) if "subject" in anchors.table else set()))


def _described(anchors: AnchorSet, what: str) -> dict[str, Any]:
    return {
        "source_data": {
            "dataset_name": anchors.benchmark,
            "source_type": "other",
            "additional_details": {"items_digest": anchors.items_digest},
        },
        "metric_config": {
            "evaluation_description": f"Estimated full score on {what}, as a share of 1.",
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": 0,
            "max_score": 1,
            "additional_details": {"estimate": in_plain_words(anchors)},
        },
    }


def _uncertainty(anchors: AnchorSet, estimate: pd.Series[Any], level: float) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if _finite(estimate.get("standard_error")):
        method = "root mean squared error of the reconstruction on models whose full scores are known"
        found["standard_error"] = {"value": float(estimate["standard_error"]), "method": method}
    if _finite(estimate.get("lower")) and _finite(estimate.get("upper")):
        found["confidence_interval"] = {
            "lower": float(estimate["lower"]),
            "upper": float(estimate["upper"]),
            "confidence_level": level,
            "method": f"conformal, from errors on models whose full scores are known (rule {anchors.intervals})",
        }
    return {**found, "num_samples": len(anchors.items)}


def _finite(value: Any) -> bool:
    return value is not None and bool(np.isfinite(float(value)))
