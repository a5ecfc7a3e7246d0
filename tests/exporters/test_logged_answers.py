"""Answers read back from lm-eval's logs: those of live scoring, and every gap or change named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anchoreval.anchors import AnchorSet, load_anchors
from anchoreval.errors import StoreError
from anchoreval.exporters.lm_eval_samples import samples_of
from anchoreval.exporters.logged_answers import read_logged_answers
from anchoreval.exporters.task_folder import write_task_folder
from anchoreval.importers.exported_task_logs import find_sample_logs, model_name
from anchoreval.scoring.live import score_live
from anchoreval.scoring.task_set import TaskSet

from ..scoring.doubles import HashLM
from .runs import run_lm_eval
from .sets import anchors_of

Row = dict[str, Any]


@pytest.fixture(scope="module")
def anchors(tasks: TaskSet) -> AnchorSet:
    return anchors_of(tasks, 8, fitted=True)


@pytest.fixture(scope="module")
def finished(anchors: AnchorSet, tasks: TaskSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported folder and, in `out`, what a run of it by the model `one` logged."""
    folder = tmp_path_factory.mktemp("finished")
    write_task_folder(anchors, folder / "export", tasks)
    run_lm_eval(HashLM("one"), ["anchors_letters_8"], folder / "out", folder / "export")
    return folder


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """A copy of the logs, to be damaged."""
    return Path(shutil.copytree(finished / "out", tmp_path / "out"))


def edited(out: Path, change: Callable[[list[Row]], list[Row]], task: str = "alpha") -> None:
    """Change the rows of a task's log."""
    (path,) = out.rglob(f"samples_*{task}_*.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text("".join(json.dumps(row) + "\n" for row in change(rows)), encoding="utf-8")


def failure(out: Path, anchors: AnchorSet, **options: Any) -> str:
    """Why the only model could not be read."""
    found = read_logged_answers([out], anchors, **options)
    assert found.responses is None
    return str(found.failures["one"])


def test_an_exported_run_reads_back_as_live_scoring(finished: Path, anchors: AnchorSet, tasks: TaskSet) -> None:
    saved = load_anchors(finished / "export" / "anchors")
    read = read_logged_answers([finished / "out"], saved).responses
    live = score_live(HashLM("one"), anchors, tasks=tasks, name="one")
    assert read is not None
    assert list(read.models.index) == ["one"]
    assert list(read.items.index) == list(live.items.index)
    np.testing.assert_array_equal(read.scores, live.scores)
    np.testing.assert_allclose(read.probabilities, live.probabilities, atol=1e-6)
    np.testing.assert_allclose(read.weights, live.weights)
    ours, theirs = (saved.reconstruction().predict(matrix) for matrix in (read, live))
    assert ours.equals(theirs)


def test_a_samples_run_and_a_full_run_of_the_original_tasks_read_alike(
    anchors: AnchorSet, tasks: TaskSet, tmp_path: Path
) -> None:
    originals = list(tasks.tasks.values())
    run_lm_eval(HashLM("one"), originals, tmp_path / "some", samples=samples_of(anchors))
    run_lm_eval(HashLM("one"), originals, tmp_path / "full")
    for metric in ("acc", "acc_norm"):
        live = score_live(HashLM("one"), anchors, tasks=tasks, name="one", metric=metric)
        for folder in ("some", "full"):
            read = read_logged_answers([tmp_path / folder], anchors, metric=metric).responses
            assert read is not None
            np.testing.assert_array_equal(read.scores, live.scores)


def test_several_models_and_the_newest_log_of_each_task(
    finished: Path, out: Path, anchors: AnchorSet, tasks: TaskSet
) -> None:
    run_lm_eval(HashLM("two"), ["anchors_letters_8"], out, finished / "export")
    (old,) = (out / "one").glob("samples_*alpha*.jsonl")
    (new,) = (out / "two").glob("samples_*alpha*.jsonl")
    shutil.copy(new, old.with_name(old.name[: -len("0000-00-00T00-00-00.000000.jsonl")] + "2099-01-01T00-00-00.jsonl"))
    read = read_logged_answers([out], anchors).responses
    assert read is not None
    assert list(read.models.index) == ["one", "two"]
    alpha = (anchors.table["task"] == "alpha").to_numpy()
    np.testing.assert_array_equal(read.scores[0][alpha], read.scores[1][alpha])
    one = score_live(HashLM("one"), anchors, tasks=tasks, name="one").scores[0]
    np.testing.assert_array_equal(read.scores[0][~alpha], one[~alpha])
    assert not np.array_equal(read.scores[0][alpha], one[alpha])


def test_one_bad_model_does_not_stop_the_others(finished: Path, out: Path, anchors: AnchorSet) -> None:
    edited(out, lambda rows: rows[1:])
    run_lm_eval(HashLM("two"), ["anchors_letters_8"], out, finished / "export")
    found = read_logged_answers([out], anchors)
    assert found.responses is not None
    assert list(found.responses.models.index) == ["two"]
    assert set(found.failures) == {"one"}


def test_a_missing_anchor_is_named(out: Path, anchors: AnchorSet) -> None:
    first = anchors.items[0]
    edited(out, lambda rows: [row for row in rows if row["doc"]["item"] != first])
    assert f"item {first!r}: lm-eval returned no answer (1 of" in failure(out, anchors)


def test_a_missing_task_is_named(out: Path, anchors: AnchorSet) -> None:
    next(out.rglob("samples_*beta*.jsonl")).unlink()
    first = anchors.table.index[anchors.table["task"] == "beta"][0]
    assert f"model 'one': anchor {first!r} is not answered: no log of task 'beta'" in failure(out, anchors)


def with_document(**changes: Any) -> Callable[[list[Row]], list[Row]]:
    def change(rows: list[Row]) -> list[Row]:
        return [{**rows[0], "doc": {**rows[0]["doc"], **changes}}, *rows[1:]]

    return change


def rehashed(change: Callable[[list[Row]], list[Row]]) -> Callable[[list[Row]], list[Row]]:
    """The same with document hashes that fit, as a forger would write them."""
    from anchoreval.scoring.records import document_hash

    return lambda rows: [{**row, "doc_hash": document_hash(row["doc"])} for row in change(rows)]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (with_document(target=1, context="other"), "the log shows another document than the model was asked"),
        (rehashed(with_document(doc_hash="0" * 64)), "the task's data have changed"),
        (rehashed(with_document(doc_id=23)), "is not document 23 of an anchor's task"),
        (rehashed(with_document(doc_id=[1])), "a row is not of an exported task"),
        (rehashed(with_document(context="edited")), "was asked otherwise than it was exported"),
        (lambda rows: [*rows, rows[0]], "returned document 0 twice"),
        (lambda rows: [{**rows[0], "acc": 7.0}, *rows[1:]], "metric 'acc' is 7.0, not a number in"),
        (lambda rows: [{**rows[0], "resps": []}, *rows[1:]], "line 1 is not a sample: it holds no response"),
        (lambda rows: [{**rows[0], "resps": [[]]}, *rows[1:]], "a row is not of an exported task"),
        (lambda rows: [{**rows[0], "resps": rows[0]["resps"][1:]}, *rows[1:]], "1 responses are not those to its"),
        (lambda rows: [{**rows[0], "resps": [[["x", "True"]]]}, *rows[1:]], "resps are not as lm-eval writes them"),
        (lambda rows: [{**rows[0], "doc_id": True}, *rows[1:]], "its 'doc_id' is not as lm-eval writes it"),
        (lambda rows: [{"doc_id": 1}], "its 'doc' is not as lm-eval writes it"),
    ],
)
def test_changed_rows_are_refused(
    out: Path, anchors: AnchorSet, change: Callable[[list[Row]], list[Row]], problem: str
) -> None:
    edited(out, change)
    assert problem in failure(out, anchors)


def test_a_system_instruction_shows(finished: Path, tmp_path: Path, anchors: AnchorSet) -> None:
    run_lm_eval(
        HashLM("one"), ["anchors_letters_8"], tmp_path / "out", finished / "export", system_instruction="Be wrong."
    )
    assert "was asked otherwise than it was exported" in failure(tmp_path / "out", anchors)


def test_the_log_of_other_anchors_does_not_count(out: Path, tasks: TaskSet) -> None:
    assert "is not answered: no log of task 'alpha'" in failure(out, anchors_of(tasks, 7))


def test_a_log_that_was_cut_off_is_named(out: Path, anchors: AnchorSet) -> None:
    (path,) = out.rglob("samples_*alpha*.jsonl")
    path.write_bytes(path.read_bytes()[:-20])
    assert "is not JSON, as of a run that was cut off" in failure(out, anchors)


def test_what_holds_no_samples_is_an_error(tmp_path: Path, anchors: AnchorSet) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match="was it run with --log_samples"):
        read_logged_answers([tmp_path / "empty"], anchors)
    with pytest.raises(StoreError, match="no such file or folder"):
        read_logged_answers([tmp_path / "nowhere"], anchors)


def test_names_of_models(out: Path, anchors: AnchorSet) -> None:
    folder = out / "one"
    (folder / "results_2099-01-01T00-00-00.json").write_text('{"model_name": "org/newer"}', encoding="utf-8")
    assert model_name(folder) == "org/newer"
    (folder / "results_2099-01-02T00-00-00.json").write_text('{"model_name": 3}', encoding="utf-8")
    (folder / "results_2099-01-03T00-00-00.json").write_text("broken", encoding="utf-8")
    assert model_name(folder) == "org/newer"
    for path in folder.glob("results_*.json"):
        path.unlink()
    assert model_name(folder) == "one"
    shutil.copytree(folder, out / "deeper" / "one")
    read = read_logged_answers([out], anchors).responses
    assert read is not None
    assert sorted(read.models.index) == sorted(f"one ({path})" for path in (folder, out / "deeper" / "one"))


def test_files_can_be_named_one_by_one(out: Path, anchors: AnchorSet) -> None:
    files = sorted(out.rglob("samples_*.jsonl"))
    assert list(find_sample_logs(files)) == [out / "one"]
    assert read_logged_answers(files, anchors).responses is not None
