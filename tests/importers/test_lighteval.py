"""lighteval's details and those of Open LLM Leaderboard v1, on files written in their shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anchoreval.errors import ResponseDataError
from anchoreval.importers import lighteval, open_llm_v1
from anchoreval.importers.imported import ImportedRun, ReadOptions, Skipped
from anchoreval.importers.recognising import units_of

TIME = "2025-03-01T10-20-30.123456"


def read(importer: Any, path: Path, **options: Any) -> tuple[list[ImportedRun], list[Skipped]]:
    found = [one for unit in units_of(importer, path) for one in importer.read(unit, ReadOptions(**options))]
    return [r for r in found if isinstance(r, ImportedRun)], [s for s in found if isinstance(s, Skipped)]


def put(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def softmax(*values: float) -> list[float]:
    shares = np.exp(np.array(values))
    return list(shares / shares.sum())


def results(path: Path, metrics: dict[str, dict[str, float]], general: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"config_general": general, "results": metrics}))


# --- lighteval -------------------------------------------------------------------------------------------------------


def row(n: int, metric: dict[str, Any], logprobs: list[float], key: str | None = None) -> dict[str, Any]:
    doc = {"query": f"ask {n}", "choices": [" red", " magenta"], "gold_index": [0], "id": key or str(10 + n)}
    response = {"text": ["x"], "logprobs": logprobs, "input_tokens": [[1, 2]]}
    return {"doc": {**doc, "task_name": "suite|colour|0"}, "model_response": response, "metric": metric}


ROWS = [
    row(0, {"acc": 1.0, "acc_norm": 1.0}, [-1.0, -2.0]),
    row(1, {"acc": 1.0, "acc_norm": 0.0}, [-3.0, -7.0]),
    row(2, {"acc": 0.0, "acc_norm": None}, [-3.0]),
]


def details(folder: Path, rows: list[dict[str, Any]] = ROWS) -> Path:
    return put(folder / "details" / "lab" / "m" / TIME / f"details_suite|colour|0_{TIME}.parquet", rows)


def test_a_run_with_its_results(tmp_path: Path) -> None:
    stated = {"suite|colour|0": {"acc": 2 / 3, "acc_stderr": 0.1, "acc_norm": 0.5}, "all": {"acc": 0.1}}
    results(tmp_path / "results" / "lab" / "m" / f"results_{TIME}.json", stated, {"model_name": "lab/m-chat"})
    details(tmp_path)
    ((run,), _) = read(lighteval.IMPORTER, tmp_path)
    assert (run.model, run.task, run.metric, run.replicate) == ("lab/m-chat", "suite|colour|0", "acc_norm", TIME)
    np.testing.assert_array_equal(run.scores, np.float32([1, 0, np.nan]))
    assert run.stated == run.mean == 0.5
    assert run.items["key"].tolist() == ["10", "11", "12"]
    assert run.items["text"].tolist() == ["ask 0", "ask 1", "ask 2"]
    assert run.items["options"].tolist() == [[" red", " magenta"]] * 3
    assert run.probabilities is not None
    np.testing.assert_allclose(run.probabilities[:2], [softmax(-1, -2), softmax(-3, -7)], rtol=1e-6)
    assert np.isnan(run.probabilities[2]).all(), "not one log-likelihood an option"
    ((other,), _) = read(lighteval.IMPORTER, tmp_path, metric="acc", normalised=True)
    assert other.stated == pytest.approx(other.mean) == pytest.approx(2 / 3)
    assert other.probabilities is not None
    np.testing.assert_allclose(other.probabilities[1], softmax(-3 / 3, -7 / 7), rtol=1e-6)


def test_a_run_without_results_is_named_by_its_folders(tmp_path: Path) -> None:
    details(tmp_path)
    ((run,), _) = read(lighteval.IMPORTER, tmp_path)
    assert (run.model, run.stated) == ("lab/m", None)


def test_the_model_of_newer_configurations(tmp_path: Path) -> None:
    path = details(tmp_path)
    results(path.with_name(f"results_{TIME}.json"), {}, {"model_config": {"model_name": "lab/new"}})
    assert read(lighteval.IMPORTER, path)[0][0].model == "lab/new"


def test_items_without_ids_are_numbered(tmp_path: Path) -> None:
    rows = [row(n, {"em": 1.0}, [], key="same") for n in range(3)]
    ((run,), _) = read(lighteval.IMPORTER, details(tmp_path, rows))
    assert run.items["key"].tolist() == ["0", "1", "2"]
    assert run.metric == "em"
    assert run.probabilities is None


def test_metrics_to_choose_from(tmp_path: Path) -> None:
    rows = [row(n, {"rouge": 0.5, "bleu": 0.25, "long": 7.0}, []) for n in range(2)]
    path = details(tmp_path, rows)
    with pytest.raises(ResponseDataError, match=r"has several metrics; name one \(there are: rouge, bleu, long\)"):
        read(lighteval.IMPORTER, path)
    with pytest.raises(ResponseDataError, match="has no metric 'acc'"):
        read(lighteval.IMPORTER, path, metric="acc")
    with pytest.raises(ResponseDataError, match="row 1: long: 7 is outside"):
        read(lighteval.IMPORTER, path, metric="long")
    assert read(lighteval.IMPORTER, path, metric="bleu")[0][0].mean == 0.25
    assert read(lighteval.IMPORTER, path, tasks=("other",)) == ([], [])


def test_scores_that_are_none(tmp_path: Path) -> None:
    rows = [row(0, {"em": "1"}, [])]
    with pytest.raises(ResponseDataError, match="row 1: em: '1' is not a number"):
        read(lighteval.IMPORTER, details(tmp_path, rows))
    with pytest.raises(ResponseDataError, match="row 2: em: inf is not a finite number"):
        read(lighteval.IMPORTER, details(tmp_path, [row(0, {"em": 1.0}, []), row(1, {"em": float("inf")}, [])]))


def test_damaged_results_are_refused(tmp_path: Path) -> None:
    path = details(tmp_path)
    beside = path.with_name(f"results_{TIME}.json")
    for content, message in (("{", "is not JSON"), ("[]", "is no results file")):
        beside.write_text(content)
        with pytest.raises(ResponseDataError, match=message) as caught:
            read(lighteval.IMPORTER, path)
        assert str(caught.value).startswith(str(beside))


# --- Open LLM Leaderboard v1 -----------------------------------------------------------------------------------------

OLD = "2023-07-19T15:58:12.174583"


def first(n: int, likelihoods: list[float], **metrics: float) -> dict[str, Any]:
    return {"example": f"id{n}", "query": f"ask {n}", "predictions": likelihoods, "gold": 0, "truncated": 0, **metrics}


def second(n: int, **more: Any) -> dict[str, Any]:
    return {
        "example": f"ask {n}",
        "full_prompt": f"shots\nask {n}",
        "predictions": ["a", "b"],
        "pred_logits": [-1.0 - n, -2.0],
        "choices": ["one", "second"],
        "gold_index": 0,
        "metrics": {"acc": 1.0, "acc_norm": float(n % 2)},
        "hashes": {"example": f"{n:016x}", "full_prompt": "0" * 16},
        **more,
    }


def board(folder: Path, task: str, rows: list[dict[str, Any]], time: str = OLD) -> Path:
    return put(folder / "details_lab__m__x" / time / f"details_{task}_{time}.parquet", rows)


def test_the_first_generation(tmp_path: Path) -> None:
    rows = [first(0, [-1.0, -2.0, -3.0], acc=0.0, acc_norm=1.0), first(1, [-1.0, -2.0], acc=0.0, acc_norm=0.0)]
    path = board(tmp_path, "harness|arc:challenge|25", rows)
    stated = {"harness|arc:challenge|25": {"acc": 0.0, "acc_norm": 0.5}}
    results(path.parents[1] / f"results_{OLD}.json", stated, {"model_name": "lab/m__x"})
    ((run,), _) = read(open_llm_v1.IMPORTER, tmp_path)
    assert (run.model, run.task, run.metric, run.replicate) == ("lab/m__x", "harness|arc:challenge|25", "acc_norm", OLD)
    assert run.stated == run.mean == 0.5
    assert run.items["key"].tolist() == ["0", "1"]
    assert run.items["text"].tolist() == ["ask 0", "ask 1"]
    assert run.probabilities is not None
    np.testing.assert_allclose(run.probabilities[0], softmax(-1, -2, -3), rtol=1e-6)
    np.testing.assert_allclose(run.probabilities[1, :2], softmax(-1, -2), rtol=1e-6)
    assert np.isnan(run.probabilities[1, 2])
    assert read(open_llm_v1.IMPORTER, tmp_path, normalised=True)[0][0].probabilities is None, "no texts to divide by"


def test_the_second_generation(tmp_path: Path) -> None:
    board(tmp_path, "harness|hendrycksTest-us_foreign_policy|5", [second(n) for n in range(3)], TIME)
    ((run,), _) = read(open_llm_v1.IMPORTER, tmp_path)
    assert (run.model, run.metric, run.stated, run.mean) == ("lab/m__x", "acc", None, 1.0)
    assert run.items["doc_hash"].tolist() == [f"{n:016x}" for n in range(3)]
    assert run.items["doc_id"].tolist() == [0, 1, 2]
    assert set(run.items["subject"]) == {"us_foreign_policy"}
    assert run.probabilities is not None
    np.testing.assert_allclose(run.probabilities[1], softmax(-2, -2), rtol=1e-6)
    ((run,), _) = read(open_llm_v1.IMPORTER, tmp_path, metric="acc_norm", normalised=True)
    assert run.scores.tolist() == [0, 1, 0]
    assert run.probabilities is not None
    np.testing.assert_allclose(run.probabilities[2], softmax(-3 / 3, -2 / 6), rtol=1e-6)


@pytest.mark.parametrize(
    ("task", "metric"),
    [
        ("harness|arc:challenge|25", "acc_norm"),
        ("harness|hellaswag|10", "acc_norm"),
        ("harness|truthfulqa:mc|0", "mc2"),
        ("harness|winogrande|5", "acc"),
        ("harness|gsm8k|5", "acc"),
        ("harness|hendrycksTest-anatomy|5", "acc"),
    ],
)
def test_the_leaderboards_metric(tmp_path: Path, task: str, metric: str) -> None:
    metrics = {"acc": 0.1, "acc_norm": 0.2, "mc1": 0.3, "mc2": 0.4}
    for rows in ([first(0, [-1.0, -2.0], **metrics)], [second(0, metrics=metrics)]):
        ((run,), _) = read(open_llm_v1.IMPORTER, board(tmp_path, task, rows))
        assert run.metric == metric
        assert run.mean == pytest.approx(metrics[metric])
        assert (run.probabilities is None) == ("truthfulqa" in task)


def test_generated_answers_have_no_probabilities(tmp_path: Path) -> None:
    rows = [second(0, predictions=["The answer is 3"], pred_logits=None, choices=["3"], metrics={"acc": 1.0})]
    ((run,), _) = read(open_llm_v1.IMPORTER, board(tmp_path, "harness|gsm8k|5", rows))
    assert run.probabilities is None
    assert "options" not in run.items


def test_other_tables_are_not_taken(tmp_path: Path) -> None:
    put(tmp_path / "tidy.parquet", [{"model": "m", "item": "i", "score": 1.0}])
    put(tmp_path / "predictions.parquet", [{"predictions": [1.0], "acc": 1.0}])
    details(tmp_path)
    board(tmp_path, "harness|gsm8k|5", [second(0)])
    (tmp_path / "no.parquet").write_text("no")
    assert [unit.name[:14] for unit in units_of(lighteval.IMPORTER, tmp_path)] == ["details_suite|"]
    assert [unit.name[:16] for unit in units_of(open_llm_v1.IMPORTER, tmp_path)] == ["details_harness|"]


def test_files_without_rows_are_skipped(tmp_path: Path) -> None:
    for importer, one in ((lighteval.IMPORTER, ROWS[0]), (open_llm_v1.IMPORTER, second(0))):
        path = tmp_path / "details_t.parquet"
        pq.write_table(pa.Table.from_pylist([one]).slice(0, 0), path)
        assert [skipped.reason for skipped in read(importer, path)[1]] == ["holds no rows"]
