"""What rows of lm-eval say of their items, and option log-likelihoods turned into probabilities."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anchoreval.importers.lm_eval_items import (
    LONGEST_TEXT,
    MOST_OPTIONS,
    continuations,
    document_hash,
    options_of,
    requests_of,
    subject_of,
    text_of,
)
from anchoreval.importers.lm_eval_options import log_likelihoods, option_probabilities
from anchoreval.importers.lm_eval_results import subject_in

from .lm_eval_samples import choice_row, read_run, results_document, text_row, write_log, write_results

CHAT = {"gen_args_0": {"arg_0": ['[{"role": "user", "content": "Hello?"}]'], "arg_1": {"until": []}}}
CHOICE = {"gen_args_0": {"arg_0": "Q", "arg_1": " yes"}, "gen_args_1": {"arg_0": "Q", "arg_1": " no"}}


@pytest.mark.parametrize(
    ("doc", "text"),
    [
        ({"question": "Why?", "input": "other"}, "Why?"),
        ({"question": " ", "query": "What?"}, "What?"),
        ({"premise": "It rained.", "question": "effect"}, "It rained."),
        ({"sentence": "A _ b."}, "A _ b."),
        ({"question": 3, "goal": "Boil water"}, "Boil water"),
        ({"answer": 3}, "1 + 1 = ?"),
        ({}, "1 + 1 = ?"),
        ("the document is a text", "the document is a text"),
        (None, "1 + 1 = ?"),
    ],
)
def test_texts(doc: Any, text: str) -> None:
    assert text_of(doc, text_row(0)["arguments"]) == text


@pytest.mark.parametrize("arguments", [None, [], {}, {"gen_args_0": None}, {"gen_args_0": {}}, [[]], ["ab"], "text", 3])
def test_odd_requests_give_no_text(arguments: Any) -> None:
    assert text_of({}, arguments) == ""
    assert continuations(arguments, 2) is None


def test_endless_texts_are_cut() -> None:
    assert len(text_of({"question": "x" * 10**6}, None)) == LONGEST_TEXT
    assert text_of({}, CHAT) == '[{"role": "user", "content": "Hello?"}]'
    named = options_of({"choices": ["y" * 10**6, "z"]}, None, None)
    assert named is not None
    assert [len(option) for option in named] == [LONGEST_TEXT, 1]


@pytest.mark.parametrize(
    ("doc", "count", "options"),
    [
        ({"choices": ["a", "b"]}, 2, ["a", "b"]),
        ({"choices": ["a", "b"]}, None, ["a", "b"]),
        ({"choices": {"text": ["a", "b"], "label": ["A", "B"]}}, 2, ["a", "b"]),
        ({"options": {"A": "x", "B": "y"}}, 2, ["x", "y"]),
        ({"endings": ["a", "b"]}, 2, ["a", "b"]),
        ({"option1": "Ann", "option2": "Bob", "answer": "1"}, 2, ["Ann", "Bob"]),
        ({"alternative_1": "x", "alternative_2": "y"}, None, ["x", "y"]),
        ({"sol1": "x", "sol2": "y"}, 2, ["x", "y"]),
        ({"choices": ["a", "b", "c"]}, 2, ["yes", "no"]),
        ({"choices": ["a", 3]}, 2, ["yes", "no"]),
        ({"choices": "['a', 'b']"}, None, None),
        ({}, 2, ["yes", "no"]),
        ({}, None, None),
        ({"choices": ["a"] * (MOST_OPTIONS + 1)}, None, None),
    ],
)
def test_options(doc: Any, count: int | None, options: Any) -> None:
    assert options_of(doc, CHOICE, count) == options


def test_one_continuation_in_two_contexts_is_no_name_of_options() -> None:
    same = {"gen_args_0": {"arg_0": "Ann", "arg_1": " left."}, "gen_args_1": {"arg_0": "Bob", "arg_1": " left."}}
    assert options_of({}, same, 2) is None


def test_requests_in_memory_and_by_number() -> None:
    assert requests_of([("Q", " yes"), ("Q", " no")], 2) == [("Q", " yes"), ("Q", " no")]
    many = {f"gen_args_{n}": {"arg_0": "Q", "arg_1": f" {n}"} for n in sorted(range(12), key=str)}
    assert continuations(many, 12) == [str(n) for n in range(12)]
    assert continuations([("Q", "  two blanks"), ("Q", "none")], 2) == [" two blanks", "none"]


def test_subjects() -> None:
    assert subject_of({"subject": "anatomy"}) == "anatomy"
    assert subject_of({"category": "law", "subject": 3}) == "law"
    assert subject_of({"subject": ""}) is None
    assert subject_of(None) is None
    assert subject_in("mmlu_abstract_algebra") == "abstract_algebra"
    assert subject_in("leaderboard_bbh_navigate") == "navigate"
    assert subject_in("mmlu_pro_law") == "law"
    assert subject_in("mmlu_") is None
    assert subject_in("arc_easy") is None


def test_subjects_of_runs(tmp_path: Path) -> None:
    path = write_log(tmp_path, [choice_row(0)], task="toy_one")
    document = results_document(task="toy_one", acc__none=1.0)
    document["group_subtasks"] = {"toy": ["toy_one", "toy_two"], "toy_one": []}
    write_results(tmp_path, document)
    assert list(read_run(path).items["subject"]) == ["one"]
    rows = [choice_row(n, doc={"question": "?", "category": f"c{n}"}) for n in range(2)]
    path = write_log(tmp_path, rows, task="toy_one")
    write_results(tmp_path, document)
    assert list(read_run(path).items["subject"]) == ["c0", "c1"]
    del rows[1]["doc"]["category"]
    assert list(read_run(write_log(tmp_path, rows, task="toy_one")).items["subject"]) == ["one", "one"]
    assert "subject" not in read_run(write_log(tmp_path / "b", rows, task="arc")).items


def test_hashes() -> None:
    text = '{\n  "a": "é",\n  "b": [\n    1\n  ]\n}'
    assert document_hash({"a": "é", "b": [1]}) == hashlib.sha256(text.encode()).hexdigest()
    assert document_hash({"a": np.int64(3)}) == document_hash({"a": 3})
    assert len(document_hash({"a": "\ud800", "b": object})) == 64


# --- log-likelihoods -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resps", "values"),
    [
        ([[["-1.5", "False"]], [["-2", "True"]]], [-1.5, -2.0]),
        ([[(-1.5, False)], [(-2.0, True)]], [-1.5, -2.0]),
        ([[["-inf", "False"]], [["nan", "False"]]], [-math.inf, math.nan]),
        ([["text"]], None),
        ([["text"], ["two texts"]], None),
        ([["ab"], ["cd"]], None),
        ([[["-1.5", "False"]]], None),  # one likelihood, as of lambada
        ([], None),
        (None, None),
        ([[], []], None),
        ([[["-1", "maybe"]], [["-2", "False"]]], None),
        ([[["-1", "False"]]] * (MOST_OPTIONS + 1), None),
        ([[["-1", "False"]]] * 10**5, None),
    ],
)
def test_what_counts_as_likelihoods(resps: Any, values: Any) -> None:
    np.testing.assert_equal(log_likelihoods({"resps": resps}), values)


def test_with_mutual_information_the_first_half_counts() -> None:
    row = choice_row(0, lls=(-1.0, -2.0, -7.0, -8.0), acc_mutual_info=1.0)
    assert log_likelihoods(row) == [-1.0, -2.0]
    del row["acc_mutual_info"]
    assert log_likelihoods(row) == [-1.0, -2.0, -7.0, -8.0]


def test_probabilities_by_hand() -> None:
    found = option_probabilities([[math.log(1), math.log(3)], None, [math.log(2)] * 3, [-math.inf, -5.0]])
    assert found is not None
    third = [1 / 3] * 3
    expected = [[0.25, 0.75, np.nan], [np.nan] * 3, third, [0.0, 1.0, np.nan]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("row", [[math.nan, -1.0], [math.inf, -1.0], [-math.inf, -math.inf]])
def test_overflowing_numbers_make_no_distribution(row: list[float]) -> None:
    assert option_probabilities([row]) is None
    found = option_probabilities([row, [0.0, 0.0]])
    assert found is not None
    np.testing.assert_array_equal(found, [[np.nan, np.nan], [0.5, 0.5]])


def test_far_apart_likelihoods_do_not_overflow() -> None:
    found = option_probabilities([[-1e300, -1e308], [-1.0, -2.0]])
    assert found is not None
    assert found[0].tolist() == [1.0, 0.0]


def test_normalised_by_length_in_characters() -> None:
    found = option_probabilities([[-2.0, -6.0], [-1.0, -1.0], [-1.0, -2.0]], [[1, 3], [0, 1], None])
    assert found is not None
    np.testing.assert_allclose(found, [[0.5, 0.5], [np.nan] * 2, [np.nan] * 2])


def test_raw_and_normalised_of_a_log(tmp_path: Path) -> None:
    path = write_log(tmp_path, [choice_row(0, lls=(-7.0, -16.0)), choice_row(1, lls=(-7.0, -7.0, -18.0))])
    raw = read_run(path).probabilities
    run = read_run(path, normalised=True)
    assert raw is not None
    assert run.probabilities is not None
    np.testing.assert_allclose(raw[0], [1 / (1 + math.exp(-9)), 1 / (1 + math.exp(9)), np.nan], rtol=1e-6)
    # the options are "option " (7 characters) and "option x" (8): -1 against -2
    np.testing.assert_allclose(run.probabilities[0, :2], [1 / (1 + math.exp(-1)), 1 / (1 + math.exp(1))], rtol=1e-6)
    assert run.provenance["probabilities"] == "normalised"
    np.testing.assert_allclose(np.nansum(run.probabilities, axis=1), 1, rtol=1e-6)


def test_texts_give_no_probabilities(tmp_path: Path) -> None:
    run = read_run(write_log(tmp_path, [text_row(n) for n in range(2)]))
    assert run.probabilities is None
    assert "probabilities" not in run.provenance
