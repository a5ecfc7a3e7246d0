"""MMLU-Pro's outputs: what counts as right, what as wrong, and what is not graded; models' names; summaries."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import ResponseDataError
from anchoreval.importers.imported import ReadOptions
from anchoreval.importers.mmlu_pro import IMPORTER
from anchoreval.responses import ResponseMatrix

from .written import runs_of, scores_of, skipped_of, write_json


def question(number: int, pred: Any = "B", category: str = "law", **more: Any) -> dict[str, Any]:
    return {
        "question_id": number,
        "question": f"What is {number}?",
        "options": ["one", "two", "three"],
        "answer": "B",
        "answer_index": 1,
        "cot_content": "",
        "category": category,
        "src": "ori_mmlu",
        "model_outputs": 'The answer is (B). "category": "x"',
        "pred": pred,
        **more,
    }


def test_only_the_answer_is_right(tmp_path: Path) -> None:
    rows = [question(1), question(2, "A"), question(3, None), question(4, ""), question(5)]
    del rows[4]["pred"]
    (run,) = runs_of(IMPORTER, write_json(tmp_path / "gpt4o" / "law_result.json", rows))
    assert (run.model, run.task, run.metric) == ("gpt4o", "mmlu_pro_law", "accuracy")
    np.testing.assert_array_equal(run.scores, np.float32([1, 0, 0, 0, np.nan]))
    assert list(run.items["key"]) == list("12345")
    assert run.items["options"][0] == ["one", "two", "three"]
    assert set(run.items["subject"]) == {"law"}
    assert run.provenance["answers_not_read"] == 2


def test_the_hash_knows_the_question_and_not_its_number(tmp_path: Path) -> None:
    same = question(1) | {"question_id": 9}
    other = question(1, options=["one", "two", "four"]) | {"question_id": 10}
    (run,) = runs_of(IMPORTER, write_json(tmp_path / "x" / "law.json", [question(1), same, other]))
    hashes = list(run.items["doc_hash"])
    assert hashes[0] == hashes[1] != hashes[2]


def test_categories_are_tasks(tmp_path: Path) -> None:
    rows = [question(1), question(2, category="computer science"), question(3)]
    path = write_json(tmp_path / "model_outputs_Llama-2-7b-hf_5shots.json", rows)
    law, computing = runs_of(IMPORTER, path)
    assert (law.task, computing.task) == ("mmlu_pro_law", "mmlu_pro_computer_science")
    assert scores_of(law) == {"1": 1.0, "3": 1.0}
    assert set(computing.items["subject"]) == {"computer science"}
    assert skipped_of(IMPORTER, path, ReadOptions(tasks=("mmlu_pro_law",))) == [
        "task mmlu_pro_computer_science was not asked for"
    ]


@pytest.mark.parametrize(
    ("place", "model"),
    [
        ("model_outputs_Llama-2-7b-hf_5shots.json", "Llama-2-7b-hf"),
        ("model_outputs_gpt-4o.json", "gpt-4o"),
        ("eval_results/gpt4o/law_result.json", "gpt4o"),
        ("results/Qwen2-7B/CoT/all/law.json", "Qwen2-7B"),
        ("downloads/my model.json", "my model"),
    ],
)
def test_what_the_model_is_called(tmp_path: Path, place: str, model: str) -> None:
    (run,) = runs_of(IMPORTER, write_json(tmp_path / place, [question(1)]))
    assert run.model == model


def test_a_summary_states_the_mean_where_nothing_was_guessed(tmp_path: Path) -> None:
    write_json(tmp_path / "m" / "law_result.json", [question(1), question(2, "A")])
    summary = {"corr": 1.0, "wrong": 1.0, "acc": 0.5}
    path = write_json(tmp_path / "m" / "law_summary.json", {"law": summary, "total": summary})
    (run,) = runs_of(IMPORTER, tmp_path)
    assert run.stated == 0.5
    write_json(path, {"law": {"corr": 2.0, "wrong": 0.0, "acc": 1.0}})
    with pytest.raises(
        ResponseDataError, match=r"law_summary.json: law: states a score of 1\.0000, its answers .* 0\.5000"
    ):
        runs_of(IMPORTER, tmp_path)
    write_json(tmp_path / "m" / "law_result.json", [question(1), question(2, None)])
    (guessed,) = runs_of(IMPORTER, tmp_path)
    assert guessed.stated is None
    assert guessed.mean == 0.5
    assert guessed.provenance["summary_with_random_guesses"] == {"questions": 2.0, "accuracy": 1.0}


def test_a_summary_of_other_questions_states_nothing(tmp_path: Path) -> None:
    write_json(tmp_path / "m" / "law.json", [question(1)])
    write_json(tmp_path / "m" / "summary.json", {"law": {"corr": 3, "wrong": 5, "acc": 0.375}})
    (run,) = runs_of(IMPORTER, tmp_path)
    assert run.stated is None


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (question(2, answer="C"), "question 2: answer C is not option 1, as answer_index says"),
        (question(2, answer=1), "question 2: answer 1 is not a letter"),
        (question(2, answer="BC"), "question 2: answer 'BC' is not a letter"),
        (question(2, answer_index="1"), "question 2: answer_index: '1' is not a number"),
        (question(2, 1), "question 2: pred 1 is not a letter"),
        (question(2, ["B"]), "question 2: pred a list of 1 is not a letter"),
        (question(2, options="one"), "question 2: options: 'one' is not a list"),
        (question(2, options=[["one"]]), "question 2: options: a list of 1 is not a text"),
        (question(2, question=None), "question 2: question: None is not a text"),
        (question(2, category=None), "question 2: category: None is not a name"),
        (question(2) | {"question_id": None}, "entry 2: question_id: None is not a name"),
        (question(1), "item '1' of task 'mmlu_pro_law' stands twice"),
        ("x", "entry 2: 'x' is not an object"),
    ],
)
def test_faults_name_the_question(tmp_path: Path, row: Any, message: str) -> None:
    path = write_json(tmp_path / "m" / "law.json", [question(1), row])
    with pytest.raises(ResponseDataError) as caught:
        runs_of(IMPORTER, path)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_a_damaged_summary_is_named(tmp_path: Path) -> None:
    write_json(tmp_path / "m" / "law.json", [question(1)])
    (tmp_path / "m" / "law_summary.json").write_text("[1, 2]")
    with pytest.raises(ResponseDataError, match=r"law_summary\.json: a list of 2 is not an object"):
        runs_of(IMPORTER, tmp_path)


def test_outputs_that_were_not_graded_are_left_out(tmp_path: Path) -> None:
    row = question(1)
    del row["pred"]
    path = write_json(tmp_path / "m" / "law.json", [row])
    assert skipped_of(IMPORTER, path) == ["task mmlu_pro_law was not graded: no question has a pred"]


@pytest.mark.real_data
def test_real_answers_come_back(tmp_path: Path, real: Callable[[str], ResponseMatrix], data_folder: Path) -> None:
    items = pd.read_parquet(data_folder / "mmlu_pro_cot" / "items.parquet").iloc[::40].set_index("item")
    rows = pd.read_parquet(data_folder / "mmlu_pro_cot" / "responses.parquet")
    matrix = real("mmlu_pro_cot")
    for model in ("DeepSeek-Coder-V2", "Llama-2-13b-hf"):
        answers = rows[rows["model"] == model].set_index("item")["pred"].astype(object)
        document = [
            question(
                int(item.removeprefix("mmlupro:")),
                None if pd.isna(answers[item]) else answers[item],
                str(facts["subject"]),
                question=str(facts["text"]),
                options=json.loads(facts["options"]),
                answer=facts["answer"],
                answer_index="ABCDEFGHIJ".index(facts["answer"]),
            )
            for item, facts in items.iterrows()
            if item in answers.index
        ]
        write_json(tmp_path / f"model_outputs_{model}_5shots.json", document)
    for model in ("DeepSeek-Coder-V2", "Llama-2-13b-hf"):
        runs = [run for run in runs_of(IMPORTER, tmp_path) if run.model == model]
        assert {run.items["subject"][0] for run in runs} == set(items["subject"])
        read = {f"mmlupro:{key}": score for run in runs for key, score in scores_of(run).items()}
        expected = pd.Series(matrix.scores[matrix.models.index.get_loc(model)], index=matrix.items.index)
        known = expected[items.index].dropna()
        assert read == known.astype(float).to_dict()
