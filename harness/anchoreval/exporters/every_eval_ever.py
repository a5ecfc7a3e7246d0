"""Every Eval Ever: estimates of full scores where others collect results, one JSON file a model.

The format (version 0.2.1) has places for a score, its standard error and its interval, and for notes in text. An
estimate goes in as what it is: every result says in plain words that it was reconstructed from a number of anchors and
not measured on all items. Where lm-eval's samples are at hand, the answers go beside it, one line an anchor.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.atomic import replacing_folder, write_json, write_text
from anchoreval.errors import ConfigurationError, ScoringError
from anchoreval.exporters.eval_instances import instance_rows
from anchoreval.exporters.eval_record import VERSION, Evaluator, aggregate_record
from anchoreval.exporters.eval_schema import complaint
from anchoreval.exporters.guard import refuse_foreign_folder
from anchoreval.exporters.identity import identity_table
from anchoreval.exporters.logged_answers import LoggedAnswers
from anchoreval.exporters.names import safe_name
from anchoreval.responses import SCORE

MARK = "_index.json"
"""The file by which an export is known, with every model's file; no model's file begins with `_`."""


def write_every_eval_ever(
    folder: Path | str,
    anchors: AnchorSet,
    estimates: pd.DataFrame,
    evaluator: Evaluator,
    *,
    level: float = 0.95,
    logged: LoggedAnswers | None = None,
) -> bool:
    """Write one JSON file a model, and its answers beside it where they are at hand.

    Args:
        folder: to write; an earlier export is replaced.
        anchors: the estimates come from.
        estimates: as `Reconstruction.predict` gives them; models without a score are left out.
        evaluator: who says so, and when.
        level: of the intervals.
        logged: answers of some or all of the models; None: estimates alone.

    Returns:
        Whether the export is another than the one that stood there.

    Raises:
        ConfigurationError: the folder holds something else, or no model has an estimate.
    """
    target = Path(folder)
    refuse_foreign_folder(target, MARK)
    known = estimates[estimates[SCORE].notna()]
    if known.empty:
        raise ConfigurationError(f"{target}: no model has an estimate to export")
    before = _read_bytes(target / MARK)
    with replacing_folder(target) as new:
        files = {}
        for model, row in known.iterrows():
            record = aggregate_record(str(model), row, anchors, evaluator, level)
            if logged is not None and model in logged.samples:
                record["detailed_evaluation_results"] = _write_instances(new, str(model), record, anchors, logged)
            files[str(model)] = _write_record(new, str(model), record)
        write_json(new / MARK, {"format": f"Every Eval Ever {VERSION}", "files": files})
    return _read_bytes(target / MARK) != before


def _write_instances(
    new: Path, model: str, record: Mapping[str, Any], anchors: AnchorSet, logged: LoggedAnswers
) -> dict[str, Any]:
    """Write the answers; what the model's file says of them."""
    assert logged.responses is not None
    row = logged.responses.models.index.get_loc(model)
    scores = dict(zip(logged.responses.items.index, map(float, logged.responses.scores[row]), strict=True))
    identity = {
        "evaluation_id": record["evaluation_id"],
        "model_id": model,
        "evaluation_name": anchors.benchmark,
    }
    rows = instance_rows(logged.samples[model], scores, identity_table(anchors), identity)
    for one in rows:
        if problem := complaint(one, "instance"):
            raise ScoringError(f"model {model!r}, item {one['sample_id']!r}: {problem}")
    text = "".join(json.dumps(one, ensure_ascii=False, allow_nan=False) + "\n" for one in rows)
    path = new / f"{safe_name(model)}_samples.jsonl"
    write_text(path, text)
    return {
        "format": "jsonl",
        "file_path": path.name,
        "hash_algorithm": "sha256",
        "checksum": hashlib.sha256(text.encode()).hexdigest(),
        "total_rows": len(rows),
    }


def _write_record(new: Path, model: str, record: Mapping[str, Any]) -> dict[str, str]:
    path = new / f"{safe_name(model)}.json"
    write_json(path, record)
    return {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def _read_bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
