"""Our own artifacts as seeds of mutations; a forger puts right the digests that would give a change away at once."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from anchoreval.anchors import AnchorSet, load_anchors
from anchoreval.errors import AnchorEvalError
from anchoreval.exporters.every_eval_ever_reading import read_every_eval_ever
from anchoreval.exporters.lm_eval_samples import read_samples, write_samples
from anchoreval.exporters.logged_answers import read_logged_answers
from anchoreval.exporters.task_folder import read_task_folder
from anchoreval.importers.tidy import read_tidy
from anchoreval.jobs.check_artifacts import check_artifacts
from anchoreval.leaderboard.entries import read_entries
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.responses import ResponseMatrix
from anchoreval.schema import DIGEST, sealed
from anchoreval.scoring.memory.request_memory import RequestMemory
from anchoreval.scoring.records import document_hash
from anchoreval.store import read_benchmark, write_benchmark
from anchoreval.store.answers import ModelAnswers, _row_text

from ..conftest import simulate
from .formats import put


@cache
def small() -> ResponseMatrix:
    return simulate(3, 8, n_subjects=2, options=2, seed=1)


def question(number: int) -> dict[str, str]:
    """The document of that number in the anchors' task."""
    return {"question": f"{number}?"}


@cache
def anchors() -> AnchorSet:
    made = simulate(70, 12, n_subjects=2, options=2, seed=2)
    items = made.items.assign(task="toy", doc_id=range(12), doc_hash=[document_hash(question(n)) for n in range(12)])
    matrix = ResponseMatrix.from_arrays(
        made.scores, models=made.models, items=items, probabilities=made.probabilities, name="toy"
    )
    found = select(matrix, "stratified", k=4, seed=0)
    return found.with_reconstruction(reconstruct(matrix, found, "bayes_linear", seed=0))


def make_benchmark(folder: Path) -> None:
    write_benchmark(small(), folder)


def make_anchors(folder: Path) -> None:
    anchors().save(folder)


def make_tidy(folder: Path) -> None:
    matrix = small()
    rows = pd.DataFrame(matrix.scores, index=matrix.models.index, columns=matrix.items.index)
    long = rows.rename_axis("model").reset_index().melt("model", var_name="item", value_name="score")
    folder.mkdir(parents=True, exist_ok=True)
    long.to_csv(folder / "responses.csv", index=False)
    long.to_parquet(folder / "responses.parquet", index=False)
    put(folder / "responses.jsonl", long.to_dict(orient="records"))
    for name in ("responses.csv", "responses.jsonl"):
        put(folder / f"{name}.gz", gzip.compress((folder / name).read_bytes()))
    items = pd.DataFrame({"item": matrix.items.index, "subject": matrix.items["subject"].to_numpy()})
    items.assign(options=[["a", "b"]] * 8).to_parquet(folder / "items.parquet", index=False)
    put(folder / "models.jsonl", [{"model": model, "family": "x", "released": "2024-01-01"} for model in rows.index])
    logits = long.assign(logit_0=0.5, logit_1=-1.0).drop(columns="score")
    logits.to_parquet(folder / "logits.parquet", index=False)


def read_all_tidy(folder: Path) -> None:
    """Every responses table, the last one with the tables beside it; the first refusal waits for the others."""
    refused: AnchorEvalError | None = None
    paths = sorted(folder.glob("responses.*"))
    beside: dict[str, Any] = {"items": "items.parquet", "models": "models.jsonl", "logits": "logits.parquet"}
    for path in paths:
        try:
            read_tidy(path, **({name: folder / file for name, file in beside.items()} if path == paths[-1] else {}))
        except AnchorEvalError as error:
            refused = error
    if refused is not None:
        raise refused


def make_tasks(folder: Path) -> None:
    made = anchors()
    rows = [
        {"item": str(item), "position": n, "task": "toy", "doc_id": int(made.table["doc_id"].iloc[n]),
         "doc_hash": "x", "weight": 0.25, "metric": "acc", "filter": "none", "anchors": "0" * 64, "context": "?"}
        for n, item in enumerate(made.items)
    ]  # fmt: skip
    put(folder / "toy_4_toy.jsonl", rows)
    made.save(folder / "anchors")
    put(
        folder / "export.json",
        {
            "schema": 1, "group": "toy_4", "benchmark": {"name": "toy", "items_digest": made.items_digest},
            "anchors_digest": "0" * 64, "lm_eval": "0.4", "settings": {},
            "tasks": {"toy_4_toy": {"task": "toy", "file": "toy_4_toy.jsonl", "anchors": 4, "metric": "acc",
                                    "filter": "none"}},
            "files": {},
        },
    )  # fmt: skip
    forge_tasks(folder)


ATTRIBUTION = {
    "turn_idx": 0, "source": "output.raw", "extracted_value": "a", "extraction_method": "x", "is_terminal": True
}  # fmt: skip


def make_records(folder: Path) -> None:
    rows = [
        {
            "schema_version": "instance_level_eval_0.2.1",
            "evaluation_id": "e/1",
            "model_id": "org/one",
            "evaluation_name": "toy",
            "sample_id": f"s{n}",
            "interaction_type": "single_turn",
            "input": {"raw": "?", "reference": ["a"]},
            "output": {"raw": ["a"]},
            "answer_attribution": [ATTRIBUTION],
            "evaluation": {"score": 1.0, "is_correct": True},
        }
        for n in range(3)
    ]
    put(folder / "one_samples.jsonl", rows)
    put(folder / "one.json", {
        "schema_version": "0.2.1", "evaluation_id": "e/1", "retrieved_timestamp": "1.0",
        "source_metadata": {"source_type": "evaluation_run", "source_organization_name": "x",
                            "evaluator_relationship": "third_party"},
        "eval_library": {"name": "anchoreval", "version": "1"},
        "model_info": {"id": "org/one", "name": "one"},
        "evaluation_results": [{
            "evaluation_name": "toy", "source_data": {"source_type": "other", "dataset_name": "toy"},
            "metric_config": {"evaluation_description": "x", "lower_is_better": False, "score_type": "continuous",
                              "min_score": 0, "max_score": 1},
            "score_details": {"score": 0.5, "details": {}, "uncertainty": {"num_samples": 3, "confidence_interval": {
                "lower": 0.1, "upper": 0.9, "confidence_level": 0.9, "method": "x"}}},
        }],
        "detailed_evaluation_results": {"format": "jsonl", "file_path": "one_samples.jsonl", "hash_algorithm": "sha256",
                                        "checksum": "", "total_rows": 3},
    })  # fmt: skip
    forge_records(folder)


def make_logs(folder: Path) -> None:
    rows = [
        {
            "doc_id": number,
            "doc": question(number),
            "doc_hash": document_hash(question(number)),
            "target": "0",
            "arguments": {f"gen_args_{m}": {"arg_0": "?", "arg_1": t} for m, t in enumerate("ab")},
            "resps": [[["-1.0", "False"]], [["-2.0", "False"]]],
            "filtered_resps": [["-1.0", "False"], ["-2.0", "False"]],
            "filter": "none",
            "metrics": ["acc"],
            "acc": 1.0,
        }
        for number in anchors().table["doc_id"].astype(int).tolist()
    ]
    put(folder / "one" / "samples_toy_2025-03-04T05-06-07.891011.jsonl", rows)
    put(folder / "one" / "results_2025-03-04T05-06-07.891011.json", {"model_name": "org/one"})


def read_logs(folder: Path) -> None:
    logged = read_logged_answers([folder], anchors())
    if logged.failures:
        raise next(iter(logged.failures.values()))


def make_memory(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with RequestMemory(folder / "requests.sqlite") as memory:
        for n in range(20):
            memory.keep(f"key{n}", n % 2, [-1.5 * n, True])


def read_memory(folder: Path) -> None:
    with RequestMemory(folder / "requests.sqlite") as memory:
        memory.recall((f"key{n}", n % 2) for n in range(20))
        len(memory)


def make_entries(folder: Path) -> None:
    put(folder / "models.yaml", {
        "defaults": {"settings": {"num_fewshot": 5}},
        "models": [{"name": "tiny", "model": "hf", "model_args": {"pretrained": "x"}, "family": "f", "full_score": 0.5,
                    "released": "2024-01-01"}, {"model": "pocket", "name": "p"}],
    })  # fmt: skip


def make_samples(folder: Path) -> None:
    write_samples(anchors(), folder / "samples.json")


def make_checked(folder: Path) -> None:
    """A folder of several artifacts, for what checks them all."""
    make_anchors(folder / "anchors")
    make_benchmark(folder / "board" / "answers")
    make_memory(folder / "board")
    put(folder / "board" / "leaderboard.json", sealed({
        "schema": 1, "benchmark": {"name": "x", "items_digest": "x"}, "updated": "x", "inputs": "x", "level": 0.9,
        "anchors": {"items": 1, "selector": "x", "estimator": "x"}, "models": [], "failures": {},
        "staleness": None, "files": {},
    }))  # fmt: skip
    put(folder / "run" / "done.json", sealed({"hash": "x", "files": {"a.json": 2}, "digests": {}}))
    put(folder / "run" / "a.json", b"{}")


def _rewritten(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a JSON object on disk, if it is one still."""
    try:
        document = json.loads(path.read_bytes())
        change(document)
        path.write_text(json.dumps(document))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass


def _reseal(document: dict[str, Any]) -> None:
    document[DIGEST] = sealed({key: value for key, value in document.items() if key != DIGEST})[DIGEST]


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def forge_anchors(folder: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["files"].update({name: _sha(folder / name) for name in document["files"] if (folder / name).is_file()})
        _reseal(document)

    _rewritten(folder / "anchors.json", change)


def forge_benchmark(folder: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["items"]["sha256"] = _sha(folder / "items.parquet")
        _reseal(document)

    _rewritten(folder / "benchmark.json", change)
    for path in (folder / "responses").glob("*.parquet"):
        _forge_answers(path)


def _forge_answers(path: Path) -> None:
    try:
        table = pq.read_table(path)
        metadata = dict(table.schema.metadata)
        row = json.loads(metadata[b"anchoreval.model"])
        scores = table.column("score").to_numpy()
        columns = [table.column(name).to_numpy() for name in table.column_names if name.startswith("probability_")]
        answers = ModelAnswers(
            row, metadata[b"anchoreval.items"].decode(), scores, np.stack(columns, axis=1) if columns else None
        )
        if answers.digest.encode() != metadata[b"anchoreval.data"] and _row_text(row):
            metadata[b"anchoreval.data"] = answers.digest.encode()
            pq.write_table(table.replace_schema_metadata(metadata), path)
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass


def forge_tasks(folder: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["files"] = {
            p.relative_to(folder).as_posix(): _sha(p)
            for p in folder.rglob("*")
            if p.is_file() and p.name != "export.json"
        }
        _reseal(document)

    _rewritten(folder / "export.json", change)


def forge_records(folder: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["detailed_evaluation_results"]["checksum"] = _sha(folder / "one_samples.jsonl")

    _rewritten(folder / "one.json", change)


def nothing(folder: Path) -> None:
    """No digests to put right."""


ARTIFACTS: dict[str, tuple[Callable[[Path], None], Callable[[Path], Any], Callable[[Path], None]]] = {
    "benchmark": (make_benchmark, read_benchmark, forge_benchmark),
    "anchors": (make_anchors, lambda folder: load_anchors(folder).reconstruction(), forge_anchors),
    "tidy": (make_tidy, read_all_tidy, nothing),
    "task_folder": (make_tasks, read_task_folder, forge_tasks),
    "records": (make_records, read_every_eval_ever, forge_records),
    "logs": (make_logs, read_logs, nothing),
    "memory": (make_memory, read_memory, nothing),
    "entries": (make_entries, lambda folder: read_entries(folder / "models.yaml"), nothing),
    "samples": (make_samples, lambda folder: read_samples(folder / "samples.json"), nothing),
    "check": (make_checked, check_artifacts, nothing),
}
"""By name: what makes it, what reads it, and what puts its digests right."""
