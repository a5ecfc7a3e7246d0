"""Reading records that were tampered with: each change is found and named."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import ConfigurationError, ScoringError
from anchoreval.scoring.records import chosen_filter, read_records
from anchoreval.scoring.task_set import TaskSet

ASKED = pd.DataFrame({"item": ["first", "second"]}, index=[2, 5])


def record(doc_id: int, **changes: Any) -> dict[str, Any]:
    document = {"question": f"what is {doc_id}?", "accents": "é"}
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return {
        "doc_id": doc_id,
        "doc": document,
        "doc_hash": hashlib.sha256(text.encode("utf-8")).hexdigest(),
        "filter": "none",
        "metrics": ["acc", "f1"],
        "resps": [[(-1.0, False)], [(-2.0, True)]],
        "acc": 1.0,
        "f1": (0, 1),
        **changes,
    }


def read(*records: dict[str, Any], asked: pd.DataFrame = ASKED, **options: Any) -> dict[str, Any]:
    return dict(read_records(records, asked, **{"task": "t", "metric": "acc", **options}))


def test_answers_come_by_item() -> None:
    answers = read(record(5, acc=0.25), record(2, resps=[[(-3.0, False)], [(-np.inf, False)]]))
    assert {item: answer.score for item, answer in answers.items()} == {"first": 1.0, "second": 0.25}
    assert answers["first"].loglikelihoods.tolist() == [-3.0, -np.inf]


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([record(2)], r"item 'second': lm-eval returned no answer \(1 of 2 lack one\)"),
        ([record(2), record(2), record(5)], "task 't': lm-eval returned document 2 twice"),
        ([record(2), record(5), record(6)], "task 't': lm-eval returned document 6, which was not asked"),
        (
            [record(2), record(5, doc_hash="0" * 64)],
            "item 'second': lm-eval graded another document .* instead of 0{64}",
        ),
        ([record(2), record(5, acc=1.5)], r"item 'second': metric 'acc' is 1.5, not a number in \[0, 1\]"),
        ([record(2), record(5, acc=float("nan"))], "item 'second': metric 'acc' is nan, not a number"),
        ([record(2), record(5, acc="1")], "item 'second': metric 'acc' is '1', not a number"),
        ([record(2), record(5, resps=[[(-np.inf, False)]])], r"item 'second': .*log-likelihoods \[-inf\]"),
    ],
)
def test_records_that_do_not_fit_are_refused(records: list[dict[str, Any]], reason: str) -> None:
    with pytest.raises(ScoringError, match=reason):
        read(*records)


def test_a_document_other_than_the_recorded_one_is_refused() -> None:
    known = [record(2)["doc_hash"], "f" * 64]
    found = record(5)["doc_hash"]
    with pytest.raises(ScoringError, match=f"item 'second': the task's data have changed .*{found} instead of f{{64}}"):
        read(record(2), record(5), asked=ASKED.assign(doc_hash=known))
    for unknown in (None, np.nan, ""):
        hashes = pd.Series([known[0], unknown], index=ASKED.index, dtype=object)
        assert read(record(2), record(5), asked=ASKED.assign(doc_hash=hashes))


def test_a_metric_that_is_not_there_is_named_beside_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match=r"item 'first': task 't' gave no metric 'em' \(there are: acc, f1\)"):
        read(record(2), record(5), metric="em")
    with pytest.raises(ScoringError, match=r"item 'first': metric 'f1' is \(0, 1\), .* \(numbers there: acc\)"):
        read(record(2), record(5), metric="f1")


def test_booleans_and_numpy_numbers_are_scores() -> None:
    answers = read(record(2, acc=np.bool_(True)), record(5, acc=np.float32(0.5)))
    assert [answer.score for answer in answers.values()] == [1.0, 0.5]


def test_the_records_of_one_filter_count() -> None:
    rows = [record(doc_id, filter=name, acc=float(name == "a")) for name in ("a", "b") for doc_id in (2, 5)]
    for name in ("a", "b"):
        answers = read(*rows, filter_name=name)
        assert {answer.score for answer in answers.values()} == {float(name == "a")}
    assert chosen_filter(["a"], None, "t") == "a"
    assert chosen_filter(["a", "none"], None, "t") == "none"
    with pytest.raises(ConfigurationError, match="several filters"):
        read(*rows)


def test_hashes_are_those_of_lm_eval(raw_run: Any, tasks: TaskSet) -> None:
    from anchoreval.scoring.records import document_hash

    from .doubles import HashLM

    for row in raw_run(HashLM())["beta"]:
        assert document_hash(row["doc"]) == row["doc_hash"] == document_hash(tasks.documents["beta"][row["doc_id"]])
