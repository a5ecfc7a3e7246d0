"""Small valid files of every format that an importer reads, as seeds of mutations."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

TIME = "2025-03-04T05-06-07.891011"
MODELS = ("org/one", "org/two")


def put(path: Path, content: Any) -> None:
    """Write bytes, or anything else as JSON (a list in .jsonl as lines)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in content))
    else:
        path.write_text(json.dumps(content))


def parquet(rows: list[dict[str, Any]]) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), stream)
    return stream.getvalue()


def lm_eval(folder: Path) -> None:
    rows = [
        {
            "doc_id": n,
            "doc": {"question": f"Number {n}?", "choices": ["a", "bb"], "answer": 0},
            "target": "0",
            "arguments": {f"gen_args_{m}": {"arg_0": f"Number {n}?", "arg_1": f" {t}"} for m, t in enumerate("ab")},
            "resps": [[["-1.0", "False"]], [["-2.0", "True"]]],
            "filtered_resps": [["-1.0", "False"], ["-2.0", "True"]],
            "filter": "none",
            "metrics": ["acc", "acc_norm"],
            "doc_hash": f"{n:064d}",
            "prompt_hash": "b" * 64,
            "target_hash": "c" * 64,
            "acc": float(n % 2),
            "acc_norm": 1.0,
        }
        for n in range(4)
    ]
    results = {
        "results": {"toy": {"alias": "toy", "acc,none": 0.5, "acc_stderr,none": 0.1, "acc_norm,none": 1.0}},
        "configs": {"toy": {"task": "toy"}},
        "versions": {"toy": 1.0},
        "n-shot": {"toy": 5},
        "config": {"model": "hf", "model_args": "pretrained=org/one,dtype=float16", "limit": None},
        "n-samples": {"toy": {"original": 4, "effective": 4}},
    }
    put(folder / "org__one" / f"samples_toy_{TIME}.jsonl", rows)
    put(folder / "org__one" / f"results_{TIME}.json", results)


def helm(folder: Path) -> None:
    run = folder / "runs" / "v1" / "toy:model=org_one"
    name = {"name": "exact_match", "split": "test"}
    stats = [
        {
            "instance_id": f"id{n}",
            "train_trial_index": 0,
            "stats": [
                {"name": name, "count": 1, "sum": float(n % 2), "sum_squared": 1.0, "min": 0, "max": 1, "mean": 0}
            ],
        }
        for n in range(4)
    ]
    states = [
        {
            "instance": {
                "id": f"id{n}",
                "split": "test",
                "input": {"text": f"Number {n}?"},
                "references": [{"output": {"text": t}, "tags": ["correct"] if t == "a" else []} for t in "ab"],
            },
            "train_trial_index": 0,
            "request": {"prompt": "x"},
            "result": {"completions": [{"text": "a"}]},
        }
        for n in range(4)
    ]
    put(run / "run_spec.json", {"name": "toy:model=org_one", "adapter_spec": {"model": "org/one", "method": "joint"},
                                "metric_specs": [{"class_name": "x.Exact", "args": {"names": ["exact_match"]}}],
                                "scenario_spec": {"class_name": "x.Toy", "args": {}}})  # fmt: skip
    put(run / "per_instance_stats.json", stats)
    put(run / "scenario_state.json", {"adapter_spec": {}, "request_states": states})
    put(run / "scenario.json", {"name": "toy"})
    put(run / "stats.json", [{"name": name, "count": 1, "sum": 0.5, "mean": 0.5}])


def inspect_log() -> dict[str, Any]:
    return {
        "version": 2,
        "status": "success",
        "eval": {"task": "toy", "model": "org/one", "run_id": "r", "created": "2025-03-04T05:06:07+00:00",
                 "dataset": {"name": "toy", "samples": 3}, "config": {"epochs": 1}, "packages": {"inspect_ai": "0.3"}},
        "plan": {"steps": []},
        "results": {"total_samples": 3, "completed_samples": 3, "scores": [{"name": "match", "scorer": "match",
                    "metrics": {"accuracy": {"name": "accuracy", "value": 2 / 3, "options": {}}}}]},
        "samples": [
            {"id": n + 1, "epoch": 1, "input": f"Number {n}?", "choices": ["a", "b"], "target": "A", "messages": [],
             "output": {"choices": []}, "scores": {"match": {"value": "I" if n == 2 else "C", "answer": "A"}}}
            for n in range(3)
        ],
    }  # fmt: skip


def inspect(folder: Path) -> None:
    log = inspect_log()
    put(folder / "json" / "log.json", log)
    samples = log.pop("samples")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_journal/start.json", json.dumps({k: log[k] for k in ("version", "eval", "plan")}))
        for sample in samples:
            archive.writestr(f"samples/{sample['id']}_epoch_1.json", json.dumps(sample))
        archive.writestr("summaries.json", json.dumps([]))
        archive.writestr("header.json", json.dumps({**log, "eval": {**log["eval"], "model": "org/two"}}))
    put(folder / "zip" / "log.eval", stream.getvalue())


def lighteval(folder: Path) -> None:
    rows = [
        {
            "doc": {"query": f"Number {n}?", "choices": ["a", "b"], "id": str(n), "task_name": "suite|toy|0"},
            "model_response": {"logprobs": [-1.0, -2.0], "text": ["a"]},
            "metric": {"acc": float(n % 2), "acc_norm": 1.0},
        }
        for n in range(4)
    ]
    put(folder / "details" / "org" / "one" / TIME / f"details_suite|toy|0_{TIME}.parquet", parquet(rows))
    put(
        folder / "results" / "org" / "one" / f"results_{TIME}.json",
        {"config_general": {"model_name": "org/one"}, "results": {"suite|toy|0": {"acc": 0.5, "acc_norm": 1.0}}},
    )


def open_llm_v1(folder: Path) -> None:
    second = [
        {
            "example": f"Number {n}?",
            "choices": ["a", "b"],
            "pred_logits": [-1.0, -2.0],
            "full_prompt": "x",
            "predictions": ["a"],
            "metrics": {"acc": float(n % 2), "acc_norm": 1.0},
            "hashes": {"example": f"h{n}"},
        }
        for n in range(4)
    ]
    first = [
        {"query": f"Number {n}?", "choices": ["a", "b"], "predictions": [-1.0, -2.0], "acc": 1.0, "acc_norm": n / 4}
        for n in range(4)
    ]  # fmt: skip
    put(folder / "details_org__one" / TIME / f"details_harness|arc:challenge|25_{TIME}.parquet", parquet(second))
    put(folder / "details_org__two" / f"details_harness|arc:challenge|25_{TIME}.parquet", parquet(first))


def opencompass(folder: Path) -> None:
    details = {str(n): {"prompt": f"Number {n}?", "pred": "a", "refr": "a", "correct": n % 2 == 0} for n in range(4)}
    base = folder / "20250304_050607"
    put(base / "results" / "one" / "toy.json", {"accuracy": 50.0, "details": {"type": "GEN", **details}})


def every_eval_ever(folder: Path) -> None:
    rows = [
        {
            "schema_version": "0.2.2",
            "evaluation_id": "e/1",
            "model_id": "org/one",
            "evaluation_name": "toy",
            "sample_id": str(n),
            "sample_hash": f"h{n}",
            "interaction_type": "single_turn",
            "input": {"raw": f"Number {n}?", "reference": ["a"], "choices": ["a", "b"]},
            "output": {"raw": ["a"]},
            "evaluation": {"score": float(n % 2), "is_correct": n % 2 == 1},
            "answer_attribution": [],
            "metadata": {"subject": "s"},
        }
        for n in range(4)
    ]
    put(folder / "one_samples.jsonl", rows)
    config = {"lower_is_better": False, "score_type": "continuous", "min_score": 0.0, "max_score": 1.0}
    put(
        folder / "one.json",
        {
            "schema_version": "0.2.2",
            "evaluation_id": "e/1",
            "retrieved_timestamp": "1.0",
            "model_info": {"id": "org/one", "name": "one"},
            "evaluation_results": [
                {"evaluation_name": "toy", "metric_config": config, "score_details": {"score": 0.5}},
            ],
            "detailed_evaluation_results": {"format": "jsonl", "file_path": "one_samples.jsonl", "total_rows": 4},
        },
    )


def alpaca_eval(folder: Path) -> None:
    rows = [
        {
            "instruction": f"Say {n}",
            "output_1": "x",
            "generator_1": "reference",
            "output_2": "y",
            "generator_2": "one",
            "annotator": "judge",
            "dataset": "toy",
            "preference": 1.0 + n / 4,
        }
        for n in range(4)
    ]
    put(folder / "one" / "judge" / "annotations.json", rows)
    put(folder / "one" / "judge" / "leaderboard.csv", b",win_rate,n_total\none,37.5,4\n")


def swe_bench(folder: Path) -> None:
    ids = [f"django__django-{n}" for n in range(4)]
    put(folder / "one.run.json", {"total_instances": 4, "submitted_instances": 4, "resolved_instances": 2,
                                  "unresolved_instances": 2, "submitted_ids": ids, "resolved_ids": ids[:2],
                                  "unresolved_ids": ids[2:], "error_ids": [], "schema_version": 2})  # fmt: skip
    put(folder / "two" / "eval_results.json", {name: n % 2 == 0 for n, name in enumerate(ids)})
    put(folder / "three" / "results" / "results.json", {"resolved": ids[:1], "no_generation": ids[1:2], "no_logs": []})
    put(folder / "three" / "all_preds.jsonl", [{"instance_id": name, "model_patch": "x"} for name in ids])


def mmlu_pro(folder: Path) -> None:
    rows = [
        {
            "question_id": n,
            "question": f"Number {n}?",
            "options": ["a", "b", "c"],
            "answer": "A",
            "answer_index": 0,
            "category": "math",
            "src": "x",
            "cot_content": "",
            "model_outputs": "A",
            "pred": "A" if n else None,
        }
        for n in range(4)
    ]
    put(folder / "one" / "math_result.json", rows)
    put(folder / "one" / "math_summary.json", {"math": {"corr": 3, "wrong": 1, "acc": 0.75}, "total": {"acc": 0.75}})


def py_irt(folder: Path) -> None:
    answers = {f"q{n}": n % 2 for n in range(4)}
    put(folder / "toy.jsonl", [{"subject_id": model, "responses": answers} for model in MODELS])


FORMATS: dict[str, Callable[[Path], None]] = {
    made.__name__: made
    for made in (
        *(lm_eval, helm, inspect, lighteval, open_llm_v1, opencompass, every_eval_ever, alpaca_eval, swe_bench),
        *(mmlu_pro, py_irt),
    )
}
"""By the importer's name what makes a folder of its files."""

ORIGINALS: dict[str, tuple[str, ...]] = {
    "lm_eval": (
        "lm_eval/LGAI-EXAONE__EXAONE-3.0-7.8B-Instruct",
        "lm_eval/_edge_cases/odd_short_samples_leaderboard_bbh_tracking_shuffled_objects_seven_objects_2024-11-21T16-28-31"
        ".022190.jsonl",
    ),
    "helm": ("helm/mmlu-subject=philosophy,method=multiple_choice_joint,model=openai_gpt2",),
    "inspect": (
        "inspect/inspect_ai__log__test_eval_log__log_formats.eval",
        "inspect/inspect_ai__log__test_eval_log__log_formats.json",
    ),
}
"""Small originals below the folder of real data, to be mutated where they are at hand."""


def copy_originals(name: str, raw: Path, folder: Path) -> None:
    """Put the originals of a format into a folder."""
    for original in ORIGINALS[name]:
        source, target = raw / original, folder / Path(original).name
        if source.is_dir():
            shutil.copytree(source, target, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(source, target)
