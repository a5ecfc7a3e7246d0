"""lm-eval's sample logs of every version: what is read, what is left out, and that faults name file and line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchoreval.errors import AnchorEvalError, ResponseDataError
from anchoreval.importers.imported import ReadOptions, Skipped
from anchoreval.importers.lm_eval_logs import IMPORTER
from anchoreval.importers.recognising import FORMATS, find_units, units_of

from .lm_eval_samples import TIME, choice_row, read, read_run, results_document, text_row, write_log, write_results


def refused(path: Path, **options: Any) -> str:
    """What is said of a log that is refused."""
    with pytest.raises(ResponseDataError) as caught:
        list(IMPORTER.read(path, ReadOptions(**options)))
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 700
    return message.replace(str(path), "LOG")


# --- what is read ----------------------------------------------------------------------------------------------------


def test_scores_items_and_where_they_come_from(tmp_path: Path) -> None:
    rows = [choice_row(n, acc=acc) for n, acc in enumerate([1.0, 0.0, 1.0, 1.0])]
    path = write_log(tmp_path / "org__model", rows)
    write_results(path.parent, results_document(count=4, acc__none=0.75, acc_stderr__none=0.25))
    run = read_run(path)
    assert (run.model, run.task, run.metric, run.replicate) == ("org/model", "toy", "acc", TIME)
    assert run.scores.tolist() == [1.0, 0.0, 1.0, 1.0]
    assert run.stated == 0.75
    assert list(run.items.columns) == ["key", "doc_id", "doc_hash", "text", "options"]
    assert list(run.items["key"]) == ["0", "1", "2", "3"]
    assert run.items["text"][2] == "Which is number 2?"
    assert run.items["options"][2] == ["option ", "option x"]
    assert run.provenance["n_shot"] == 5
    assert run.source == path


@pytest.mark.parametrize(
    ("value", "meant"),
    [(1, 1.0), (True, 1.0), (False, 0.0), ("1.0", 1.0), ("True", 1.0), (0.25, 0.25), (None, np.nan), ("nan", np.nan)],
)
def test_values_of_a_metric(tmp_path: Path, value: Any, meant: float) -> None:
    row = choice_row(1) | {"acc": value}
    np.testing.assert_equal(read_run(write_log(tmp_path, [choice_row(0), row])).scores[1], np.float32(meant))


@pytest.mark.parametrize("text", ["NaN", "null"])
def test_what_was_not_judged_is_missing_and_not_wrong(tmp_path: Path, text: str) -> None:
    path = write_log(tmp_path, [choice_row(0), choice_row(1), choice_row(2, acc=0.0)])
    path.write_text(path.read_text().replace('"acc": 1.0', f'"acc": {text}', 1))
    write_results(tmp_path, results_document(acc__none=0.5))
    run = read_run(path)
    assert np.isnan(run.scores[0])
    assert run.mean == 0.5
    assert run.stated is None
    assert "not judged" in run.provenance["stated"]


def test_old_rows_without_filter_metrics_and_hashes(tmp_path: Path) -> None:
    bare = {"filter": None, "metrics": None, "doc_hash": None, "prompt_hash": None, "target_hash": None}
    path = write_log(tmp_path, [text_row(n, **bare) for n in range(3)])
    write_results(tmp_path, results_document(exact_match__strict_by_match=1.0))
    run = read_run(path)
    assert run.provenance["filter"] == "strict-match"
    assert run.stated == 1.0
    # printf '{\n  "problem": "1 + 1 = ?",\n  "solution": "?"\n}' | sha256sum
    assert run.items["doc_hash"][1] == "ea709ce1085f7556c76d981bd9a297a869bae0ca369349819c5995b6be14d5cd"


def test_scores_of_before_0_4_have_no_filter(tmp_path: Path) -> None:
    path = write_log(tmp_path, [choice_row(0, filter=None), choice_row(1, acc=0.0, filter=None)])
    write_results(tmp_path, results_document(acc=0.5))
    assert read_run(path).stated == 0.5


def test_a_log_that_is_one_list(tmp_path: Path) -> None:
    rows = [choice_row(n, filter=None, metrics=None) for n in range(3)]
    for row in rows:
        row["resps"] = [[[-1.0, False]], [[-2.0, True]]]
        row["arguments"] = [["Q", " option "], ["Q", " option x"]]
    path = tmp_path / "pretrained__org__model_toy.jsonl"
    path.write_text(json.dumps(rows, indent=2))
    (tmp_path / "results.json").write_text(json.dumps(results_document(acc=1.0)))
    assert list(units_of(IMPORTER, tmp_path)) == [path, tmp_path / "results.json"]
    run = read_run(path)
    assert (run.task, run.model, run.stated) == ("toy", "org/model", 1.0)
    assert run.probabilities is not None
    del rows[1]["doc_id"]
    path.write_text(json.dumps(rows))
    assert refused(path) == f"LOG: byte {len(json.dumps(rows[0])) + 4}: has no doc_id"
    path.write_text(json.dumps(rows)[:-50])
    assert refused(path).startswith("LOG: ")


def test_byte_order_mark_crlf_and_blank_lines(tmp_path: Path) -> None:
    path = write_log(tmp_path, [choice_row(n) for n in range(3)])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert len(read_run(path).scores) == 3


def test_names_without_results(tmp_path: Path) -> None:
    run = read_run(write_log(tmp_path / "org__model", [choice_row(0)]))
    assert (run.model, run.task, run.stated) == ("org__model", "toy", None)
    assert run.provenance["results"] == "none beside the samples"


# --- recognising -----------------------------------------------------------------------------------------------------


def test_files_are_recognised_by_what_stands_in_them(tmp_path: Path) -> None:
    log = write_log(tmp_path, [choice_row(0)])
    renamed = log.rename(tmp_path / "answers of Tuesday.txt")
    bare = tmp_path / "deep" / "rows.json"
    bare.parent.mkdir()
    bare.write_text(json.dumps({"resps": [["a"]], "filtered_resps": ["a"], "acc": 1.0}) + "\n")
    long = tmp_path / "long.jsonl"
    long.write_text(json.dumps(choice_row(0, doc={"question": "x" * 100_000})))
    results = write_results(tmp_path, results_document(acc__none=1.0))
    others = {
        "tidy.jsonl": '{"model": "m", "item": "i", "score": 1}\n',
        "other.jsonl": '{"doc_id": 0, "native_id": 3, "metrics": {}}\n',
        "results.json": '{"results": [1, 2]}',
        ".hidden.jsonl": renamed.read_text(),
        "notes.txt": "doc_id resps",
    }
    for name, text in others.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "link.jsonl").symlink_to(renamed)
    assert set(units_of(IMPORTER, tmp_path)) == {renamed, bare, long, results}
    assert list(units_of(IMPORTER, renamed)) == [renamed]
    assert FORMATS["lm_eval"] == "anchoreval.importers.lm_eval_logs"
    assert {unit.path for unit in find_units(tmp_path, "lm_eval")[0]} == {renamed, bare, long, results}


def test_damaged_logs_are_recognised_and_not_passed_over(tmp_path: Path) -> None:
    whole = json.dumps(choice_row(0))
    cut = tmp_path / "cut.jsonl"
    cut.write_text(whole[:300])
    named = tmp_path / f"samples_toy_{TIME}.jsonl"
    named.write_text("")
    assert set(units_of(IMPORTER, tmp_path)) == {cut, named}
    assert refused(cut).endswith("(of a run that was cut off?)")
    assert refused(named) == "LOG: holds no samples"


def test_results_of_another_time(tmp_path: Path) -> None:
    """Those of the same time count, else the next that hold the task; older ones never do."""
    path = write_log(tmp_path, [choice_row(0), choice_row(1, acc=0.0)], time="2025-03-04T00-00-00")
    write_results(tmp_path, results_document(acc__none=0.1), time="2025-03-03T00-00-00")
    write_results(tmp_path, results_document(task="other", acc__none=0.2), time="2025-03-05T00-00-00")
    assert read_run(path).stated is None
    write_results(tmp_path, results_document(acc__none=0.5), time="2025-03-06T00-00-00")
    assert read_run(path).stated == 0.5
    write_results(tmp_path, results_document(acc__none=0.3), time="2025-03-04T00-00-00")
    assert "states 0.3" in refused(path)


def test_a_renamed_log_takes_task_and_score_from_the_only_results(tmp_path: Path) -> None:
    path = write_log(tmp_path, [choice_row(0)]).rename(tmp_path / "renamed.jsonl")
    results = write_results(tmp_path, results_document(task="arc", acc__none=1.0)).rename(tmp_path / "scores.json")
    assert (read_run(path).task, read_run(path).stated) == ("arc", 1.0)
    results.unlink()
    assert read_run(path).task == "renamed"


def test_results_without_logs_are_told_of(tmp_path: Path) -> None:
    found = read(write_results(tmp_path, results_document(acc__none=1.0)))
    assert isinstance(found, Skipped)
    assert "--log_samples" in found.reason


# --- filters and metrics ---------------------------------------------------------------------------------------------


def two_filters(folder: Path, *names: str) -> Path:
    rows = [text_row(n, exact_match=float(k), filter=name) for k, name in enumerate(names) for n in range(3)]
    return write_log(folder, rows)


def test_filters(tmp_path: Path) -> None:
    path = two_filters(tmp_path, "strict-match", "flexible-extract")
    assert refused(path) == "LOG: has several filters, name the one that counts: 'flexible-extract', 'strict-match'"
    assert read_run(path, filter_name="strict-match").mean == 0
    assert read_run(path, filter_name="flexible-extract").mean == 1
    assert refused(path, filter_name="x") == "LOG: has no filter 'x' (it has 'flexible-extract', 'strict-match')"
    document = results_document(exact_match__strict_by_match=0.0, exact_match__flexible_by_extract=1.0)
    write_results(tmp_path, document)
    assert read_run(path, filter_name="flexible-extract").stated == 1.0
    assert read_run(two_filters(tmp_path / "b", "first", "none")).mean == 1


def test_the_users_filter_decides_where_there_are_several(tmp_path: Path) -> None:
    """One name for a whole folder: tasks with a single filter have no choice."""
    assert read_run(two_filters(tmp_path, "none", "strict-match"), filter_name="strict-match").mean == 1
    assert read_run(write_log(tmp_path / "b", [text_row(0)]), filter_name="strict-match").provenance["filter"] == "none"


def test_rows_without_filter_take_the_name_that_the_results_have(tmp_path: Path) -> None:
    path = write_log(tmp_path, [text_row(0, filter=None)])
    write_results(tmp_path, results_document(exact_match__strict_by_match=0.0, exact_match__flexible_by_extract=1.0))
    run = read_run(path)
    assert (run.stated, run.provenance["stated"]) == (None, "no score of this metric and filter")
    run = read_run(path, filter_name="flexible-extract")
    assert (run.stated, run.provenance["filter"]) == (1.0, "flexible-extract")
    assert "states 0" in refused(path, filter_name="strict-match")


@pytest.mark.parametrize(
    ("metrics", "usual"),
    [
        ({"acc_norm": 0.0, "acc": 1.0}, "acc"),
        ({"f1": 0.5, "exact_match": 1.0}, "exact_match"),
        ({"pass@1": 1.0, "perplexity": 33.0, "likelihood": [-1.0, 2]}, "pass@1"),
    ],
)
def test_the_usual_metric(tmp_path: Path, metrics: dict[str, Any], usual: str) -> None:
    row = {**choice_row(0, acc=None), "metrics": list(metrics), **metrics}
    assert read_run(write_log(tmp_path, [row])).metric == usual
    del row["metrics"]
    assert read_run(write_log(tmp_path / "old", [row])).metric == usual


def test_the_users_metric(tmp_path: Path) -> None:
    path = write_log(tmp_path, [choice_row(n, metrics=["acc", "acc_norm"], acc_norm=0.0) for n in range(2)])
    assert read_run(path, metric="acc_norm").mean == 0.0
    assert read_run(path, metric={"toy": "acc_norm", "other": "f1"}).metric == "acc_norm"
    assert read_run(path, metric={"other": "f1"}).metric == "acc"
    assert refused(path, metric="f1") == "LOG: line 1: has no metric 'f1' (it has 'acc', 'acc_norm')"


def test_several_metrics_of_which_none_is_usual(tmp_path: Path) -> None:
    row = choice_row(
        0, acc=None, metrics=["loose", "strict", "by_part"], strict=True, loose=True, by_part=[True, False]
    )
    path = write_log(tmp_path, [row])
    assert refused(path) == "LOG: line 1: has several metrics, name the one that is the score: 'loose', 'strict'"
    assert "by_part" in refused(path, metric="by_part")


@pytest.mark.parametrize("metrics", [{}, {"word_perplexity": [-20.0, 7]}, {"bypass": 999}])
def test_tasks_without_a_score_are_left_out_with_the_reason(tmp_path: Path, metrics: dict[str, Any]) -> None:
    found = read(write_log(tmp_path, [{**choice_row(0, acc=None), "metrics": list(metrics), **metrics}]))
    assert isinstance(found, Skipped)
    assert all(name in found.reason for name in metrics)


def test_what_is_better_the_lower_it_is_is_no_score(tmp_path: Path) -> None:
    path = write_log(tmp_path, [choice_row(0, acc=None, metrics=["loss"], loss=0.5)])
    write_results(tmp_path, results_document(loss__none=0.5) | {"higher_is_better": {"toy": {"loss": False}}})
    assert isinstance(found := read(path), Skipped)
    assert "lower" in found.reason


def test_tasks_that_are_not_wanted(tmp_path: Path) -> None:
    path = write_log(tmp_path, [choice_row(0)])
    assert isinstance(read(path, tasks=("other",)), Skipped)
    assert read_run(path, tasks=("toy",)).task == "toy"


# --- stated scores ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "fits"), [(2 / 3, True), (0.6667, True), (0.67, False), (0.66, False), (0.5, False)])
def test_the_mean_must_be_what_is_stated(tmp_path: Path, value: float, fits: bool) -> None:
    path = write_log(tmp_path, [choice_row(n, acc=float(n > 0)) for n in range(3)])
    write_results(tmp_path, results_document(count=3, acc__none=value))
    if fits:
        assert read_run(path).stated == value
    else:
        message = refused(path)
        assert "its 3 rows is 0.666667 on average" in message
        assert f"states {value:g}" in message


def test_scores_of_another_number_of_documents_are_not_compared(tmp_path: Path) -> None:
    path = write_log(tmp_path, [choice_row(0)])
    write_results(tmp_path, results_document(count=2, acc__none=0.5))
    run = read_run(path)
    assert run.stated is None
    assert run.provenance["stated"] == "0.5 of 2 documents, and 1 are here"


def test_scores_that_are_no_mean_are_not_compared(tmp_path: Path) -> None:
    path = write_log(tmp_path, [choice_row(0, acc=None, metrics=["f1"], f1=1.0), choice_row(1, acc=None, f1=0.0)])
    document = results_document(count=2, f1__none=0.9)
    document["configs"]["toy"]["metric_list"] = [{"metric": "f1", "aggregation": "f1"}]
    write_results(tmp_path, document)
    assert read_run(path).provenance["stated"] == "0.9 is not a mean over documents"


@pytest.mark.parametrize("stated", ["N/A", None, True, [1.0], {"a": 1}])
def test_stated_scores_that_are_no_numbers_state_nothing(tmp_path: Path, stated: Any) -> None:
    path = write_log(tmp_path, [choice_row(0)])
    write_results(tmp_path, results_document(acc__none=stated))
    assert read_run(path).stated is None


@pytest.mark.parametrize(
    "document", ['{"results": {"alias"', '{"results": {}, "versions": 1} x', '{"results": {"toy": {"alias": "\xff"}}}']
)
def test_damaged_results_are_named(tmp_path: Path, document: str) -> None:
    path = write_log(tmp_path, [choice_row(0)])
    results = tmp_path / f"results_{TIME}.json"
    results.write_bytes(document.encode("latin-1"))
    assert str(results) in refused(path)


@pytest.mark.parametrize("key", ["results", "configs", "config", "n-samples", "n-shot", "group_subtasks", "versions"])
@pytest.mark.parametrize("value", [None, 3, "text", [1], {"toy": 3}, {"toy": None}, {"toy": {"acc,none": "x"}}])
def test_results_of_any_shape_break_nothing(tmp_path: Path, key: str, value: Any) -> None:
    path = write_log(tmp_path, [choice_row(0)])
    document = results_document(acc__none=1.0) | {key: value}
    if key != "results":  # else it is not recognised
        write_results(tmp_path, document)
    assert read_run(path).mean == 1.0


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"model_name": "org/named"}, "org/named"),
        ({"config": {"model_args": {"pretrained": "org/dict"}}}, "org/dict"),
        ({"config": {"model_args": "dtype=float16, model=gpt"}}, "gpt"),
        ({"config": {"model_args": "pretrained=base,peft=tuned"}}, "tuned"),
        ({"config": {"model": "dummy", "model_args": ""}}, "dummy"),
        ({"config": {}}, "folder"),
        ({"model_name": ["list"], "config": None}, "folder"),
    ],
)
def test_names_of_models(tmp_path: Path, changes: dict[str, Any], name: str) -> None:
    path = write_log(tmp_path / "folder", [choice_row(0)])
    write_results(path.parent, results_document(acc__none=1.0) | changes)
    assert read_run(path).model == name


@pytest.mark.parametrize("name", ["a\nb", "\u202eevil", "x" * 2000, " "])
def test_names_that_cannot_be_shown_are_refused(tmp_path: Path, name: str) -> None:
    path = write_log(tmp_path, [choice_row(0)])
    write_results(tmp_path, results_document(acc__none=1.0) | {"model_name": name})
    assert "the model's name" in refused(path)


# --- damage ----------------------------------------------------------------------------------------------------------

ODD: list[tuple[dict[str, Any], str]] = [
    ({"doc_id": None}, "has no doc_id"),
    ({"doc_id": "1"}, "doc_id '1' is no number of a document"),
    ({"doc_id": True}, "doc_id True is no number"),
    ({"doc_id": -1}, "doc_id -1 is no number"),
    ({"doc_id": 1.5}, "doc_id 1.5 is no number"),
    ({"doc_id": 10**30}, "doc_id 10+ is no number"),
    ({"doc_id": 0}, r"doc_id 0 stands twice, first at LOG: line 1"),
    ({"acc": None}, "has no metric 'acc'"),
    ({"acc": "right"}, r"'acc' 'right' is not a number in \[0, 1\]"),
    ({"acc": 1.5}, r"'acc' 1.5 is outside \[0, 1\]"),
    ({"acc": -0.1}, r"'acc' -0.1 is outside"),
    ({"acc": 10**400}, "'acc' 10+.* is not a number"),
    ({"acc": "1e400"}, "is outside"),
    ({"acc": [1.0]}, "is not a number"),
    ({"acc": {"a": 1}}, "is not a number"),
    ({"filter": 3}, "filter 3 is not a name"),
    ({"doc_hash": 5}, "doc_hash 5 is not a hash"),
    ({"doc_hash": "a b"}, "doc_hash 'a b' is not a hash"),
    ({"doc_hash": None, "doc": None}, "has neither doc nor doc_hash"),
    ({"resps": [[["x", "False"]], [["-1", "False"]]]}, "log-likelihood 'x' is not a number"),
    ({"resps": [[[None, "False"]], [["-1", "False"]]]}, "log-likelihood None is not a number"),
    ({"resps": [[[True, "False"]], [["-1", "False"]]]}, "log-likelihood True is not a number"),
]


@pytest.mark.parametrize(("changes", "complaint"), ODD)
def test_an_odd_row_is_named(tmp_path: Path, changes: dict[str, Any], complaint: str) -> None:
    row = {key: value for key, value in {**choice_row(1), **changes}.items() if not (value is None and key in changes)}
    message = refused(write_log(tmp_path, [choice_row(0), row, choice_row(2)]))
    assert message.startswith("LOG: line 2: ")
    assert re.search(complaint, message), message


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("[1, 2]", "line 2: is not a sample but [1, 2]"),
        ("null", "line 2: is not a sample but None"),
        ('{"doc_id": 1, "doc_id": 2}', "line 2: "),
        ('{"doc_id": 1', "line 2: is not JSON"),
        ("[" * 100_000, "line 2: is nested too deeply"),
        ("1" * 5000, "line 2: "),
        ('{"doc_id": 1,\n"doc": {}}', "(its row goes on to line 3: the log was edited"),
        ('\n\n{"doc_id": 1,\n"doc":\n {}}', "(its row goes on to line 6: the log was edited"),
        ('{"doc_id": 1, "doc": {"question": "broken\nline"}}', "(its row goes on to line 3: the log was edited"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    path = write_log(tmp_path, [choice_row(0)])
    path.write_text(path.read_text() + line + "\n" + json.dumps(choice_row(5)) + "\n")
    assert complaint in refused(path)


def test_a_log_that_was_cut_off_says_so(tmp_path: Path) -> None:
    path = write_log(tmp_path, [choice_row(n) for n in range(3)])
    path.write_bytes(path.read_bytes()[:-100])
    assert "line 3: is not JSON" in (message := refused(path))
    assert message.endswith("(of a run that was cut off?)")


def test_a_second_run_in_the_same_file(tmp_path: Path) -> None:
    message = refused(write_log(tmp_path, [choice_row(n) for n in (0, 1, 0, 1)]))
    assert message == "LOG: line 3: doc_id 0 stands twice, first at LOG: line 1 (of two runs or filters?)"


def test_some_rows_have_a_filter_and_others_have_not(tmp_path: Path) -> None:
    path = write_log(tmp_path, [choice_row(0), choice_row(1, filter=None)])
    assert refused(path) == "LOG: line 2: has no filter, other rows have"


def test_not_utf_8(tmp_path: Path) -> None:
    path = write_log(tmp_path, [choice_row(0), choice_row(1, target="\xff")])
    path.write_bytes(path.read_text("utf-8").encode("latin-1"))
    assert "line 2: is not JSON in UTF-8" in refused(path)
    path.write_bytes(path.read_text("latin-1").encode("utf-16"))
    assert "line 1" in refused(path)


def test_half_of_a_surrogate_pair_can_be_stored(tmp_path: Path) -> None:
    path = write_log(tmp_path, [choice_row(0, doc_hash=None)])
    path.write_text(path.read_text().replace("Which is", "\\ud800 is").replace("option x", "\\udfff"))
    run = read_run(path)
    run.items["text"][0].encode("utf-8")
    "".join(run.items["options"][0]).encode("utf-8")


WHOLE = "".join(
    json.dumps(row) + "\n" for row in [choice_row(0), choice_row(1, acc=0.0), text_row(2, acc=1.0)]
).encode()
PIECES = st.sampled_from(
    [
        b"",
        b"NaN",
        b"1e400",
        b"null",
        b"true",
        b"-1",
        b'""',
        b"[]",
        b"{}",
        b"\x00",
        b"\xff",
        b"\\ud800",
        b"\n",
        b"]",
        b'"',
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 40), PIECES), min_size=1, max_size=3))
def test_whatever_is_changed_only_our_errors_escape(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, bytes]]
) -> None:
    content = WHOLE
    for start, length, piece in edits:
        content = content[:start] + piece + content[start + length :]
    path = tmp_path_factory.getbasetemp() / f"samples_fuzzed_{TIME}.jsonl"
    path.write_bytes(content)
    try:
        found = list(IMPORTER.read(path, ReadOptions(normalised=len(edits) == 2)))
    except AnchorEvalError as error:
        assert str(path) in str(error)  # noqa: PT017
    else:
        assert len(found) == 1
