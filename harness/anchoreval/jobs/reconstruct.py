"""`job=reconstruct`: from lm-eval's sample logs of anchors to estimates of full scores.

The second half of an exported task folder: whoever ran it with plain lm-eval gets full scores and intervals from the
anchor set in the folder alone.
"""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path

import pandas as pd
from omegaconf import DictConfig

from anchoreval.anchors import AnchorSet, load_anchors
from anchoreval.atomic import write_bytes
from anchoreval.errors import AnchorEvalError, ConfigurationError, ScoringError
from anchoreval.exporters.guard import refuse_foreign_file
from anchoreval.exporters.logged_answers import LoggedAnswers, read_logged_answers
from anchoreval.exporters.markdown import one_line
from anchoreval.jobs import output
from anchoreval.jobs.export_estimates import read_estimates
from anchoreval.jobs.export_keys import plain_settings, refuse_other_keys, required
from anchoreval.jobs.request import check_level
from anchoreval.reconstruction import IntervalWarning
from anchoreval.reporting.tables import interval, points, text_table
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.runs import Outcome
from anchoreval.schema import plain

FORMATS = (".csv", ".json", ".parquet")
NOTE = "reconstructed from anchors; scores in [0, 1]"
"""How a JSON file of estimates is known again."""


def run(config: DictConfig) -> Outcome:
    """Reconstruct the models whose samples are at `path` from the anchor set `anchors`; write them `into` a file.

    Raises:
        RequestError: a key or file is missing or wrong.
        ScoringError: a model did not answer every anchor; the others are estimated and written all the same.
    """
    refuse_other_keys(config, used=("path", "into"))
    check_level(config.level)
    into = _target(config)
    anchors = load_anchors(Path(required(config, "anchors", "folder of an anchor set", "reconstruct")))
    paths = _paths(required(config, "path", "output folder of lm-eval, or sample files", "reconstruct"))
    asked = config.reconstruct
    logged = read_logged_answers(paths, anchors, metric=plain_settings(asked.metric), filter_name=asked.filter_name)
    if logged.responses is None:
        _raise_for(logged)
        raise ScoringError(f"{config.path}: holds no answers")
    estimates = _estimated(anchors, logged.responses, config.level)
    changed = into is None or _write(into, estimates, config.level, anchors)
    output.page(estimates_table(estimates, config.level), _closing(estimates, anchors, into))
    _raise_for(logged)
    return Outcome(into or Path(paths[0]), changed)


def estimates_table(estimates: pd.DataFrame, level: float) -> str:
    """The estimates as a table for a terminal, best first, in percentage points."""
    ordered = estimates.sort_values(SCORE, ascending=False, kind="stable")
    rows = [
        [
            one_line(model),
            points(row[SCORE]),
            interval(row["lower"], row["upper"]),
            points(row["standard_error"]),
            "yes" if row["extrapolating"] else "",
        ]
        for model, row in ordered.iterrows()
    ]
    return text_table(["model", "full score", f"{level:.0%} interval", "standard error", "extrapolates"], rows)


def _estimated(anchors: AnchorSet, answers: ResponseMatrix, level: float) -> pd.DataFrame:
    """The estimates; what is to be said about their intervals goes to standard error."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", IntervalWarning)
        estimates = anchors.reconstruction().predict(answers, level=level)
    for warning in told:
        output.note(str(warning.message))
    return estimates


def _target(config: DictConfig) -> Path | None:
    if not config.into:
        return None
    path = Path(config.into)
    if path.suffix not in FORMATS:
        raise ConfigurationError(f"into={path}: takes a file that ends in {', '.join(FORMATS)}")
    refuse_foreign_file(path, _is_estimates)
    return path


def _paths(given: str) -> list[Path]:
    """The path, or the files that a pattern such as `out/*/samples_*.jsonl` means."""
    path = Path(given)
    if path.exists() or not any(mark in given for mark in "*?["):
        return [path]
    pattern = path.relative_to(path.anchor)
    found = sorted(Path(path.anchor or ".").glob(str(pattern)))
    return found or [path]


def _write(path: Path, estimates: pd.DataFrame, level: float, anchors: AnchorSet) -> bool:
    """Write the file; whether it is another than the one that stood there."""
    before = path.read_bytes() if path.is_file() else None
    data = _encoded(path.suffix, estimates, level, anchors)
    write_bytes(path, data)
    return data != before


def _encoded(suffix: str, estimates: pd.DataFrame, level: float, anchors: AnchorSet) -> bytes:
    if suffix == ".csv":
        return estimates.to_csv(lineterminator="\n").encode()
    if suffix == ".parquet":
        stream = io.BytesIO()
        estimates.to_parquet(stream)
        return stream.getvalue()
    rows = plain(estimates.reset_index().to_dict(orient="records"), "estimates")
    facts = {"benchmark": anchors.benchmark, "items_digest": anchors.items_digest, "anchors": len(anchors.items)}
    document = {"note": NOTE, **facts, "level": float(level), "estimates": rows}
    return (json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2) + "\n").encode()


def _is_estimates(path: Path) -> bool:
    try:
        if path.suffix == ".json":
            return bool(json.loads(path.read_bytes())["note"] == NOTE)
        read_estimates(path)
    except (OSError, ValueError, KeyError, TypeError, AnchorEvalError):
        return False
    return True


def _closing(estimates: pd.DataFrame, anchors: AnchorSet, into: Path | None) -> str:
    models = f"{len(estimates)} model{'s' if len(estimates) != 1 else ''}"
    where = "" if into is None else f", written to {into}"
    return (
        f"{models} reconstructed from {len(anchors.items)} anchors of {anchors.benchmark}, in percentage points{where}"
    )


def _raise_for(logged: LoggedAnswers) -> None:
    """Make a model that could not be estimated an error, after the others have been."""
    told = [f"{one_line(model)}: {failure}" for model, failure in logged.failures.items()]
    for line in told[1:]:
        output.note(line)
    if told:
        total = len(told) + len(logged.samples)
        raise ScoringError(f"{len(told)} of {total} models could not be estimated; {told[0]}")
