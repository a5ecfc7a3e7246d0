"""Inspect's logs: the real ones score as they say, and what is not a score is never taken for one."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from anchoreval.errors import ResponseDataError
from anchoreval.importers import inspect_files
from anchoreval.importers.imported import ImportedRun, ReadOptions, Skipped
from anchoreval.importers.inspect_logs import IMPORTER
from anchoreval.importers.recognising import units_of

EEE, ANALYSIS = "every_eval_ever__data_", "inspect_ai__analysis__test_logs"
LOG, LIST, SCORER = (
    "inspect_ai__log__test_eval_log__log_",
    "inspect_ai__log__test_list_logs__",
    "inspect_ai__scorer__logs__",
)
REAL: list[tuple[str, str | list[int], float | None]] = [
    (f"{EEE}arc_qwen.json", [3], 1 / 3),
    (f"{EEE}pubmedqa_gpt4o_mini.json", [2], 1.0),
    (f"{EEE}with_llm_scoring.json", "holds no samples", None),
    (f"{ANALYSIS}__2025-05-12T20-28-13-04-00_no-samples.json", "holds no samples (its status is 'cancelled')", None),
    (f"{ANALYSIS}__2025-05-12T20-28-13-04-00_popularity.json", [3], 2 / 3),
    (f"{ANALYSIS}__2025-05-12T20-28-26-04-00_security-guide.json", [3], 1.0),
    (f"{ANALYSIS}_choices__mmlu-no-summary-choices.eval", [1], 0.0),
    (f"{ANALYSIS}_choices__mmlu-summary-choices.eval", [1], 0.0),
    (f"{LOG}formats.eval", [1], 0.0),
    (f"{LOG}formats.json", [1], 0.0),
    (f"{LOG}message_deduplication.eval", [1], 0.0),
    (f"{LOG}read_sample.eval", [1], 1.0),
    (f"{LOG}read_sample.json", [1], 1.0),
    (f"{LOG}streaming.eval", [2, 2], 0.75),
    (f"{LIST}2024-11-05T13-32-37-05-00_input-task_hxs4q9azL3ySGkjJirypKZ.eval", [1], 1.0),
    (f"{LIST}custom.eval", [1], 1.0),
    (f"{SCORER}2025-02-11T15-17-00-05-00_popularity_dPiJifoWeEQBrfWsAopzWr.eval", "holds no scores; was it scored?",
     None),
    (f"{SCORER}2025-02-11T15-18-04-05-00_popularity_mj7khqpMM4GBCfVQozKgzB.eval", [10], 0.8),
]  # fmt: skip
"""File, items of each epoch or the reason why it is skipped, and the accuracy that its results state."""


def read(path: Path, **options: Any) -> tuple[list[ImportedRun], list[Skipped]]:
    found = [one for unit in units_of(IMPORTER, path) for one in IMPORTER.read(unit, ReadOptions(**options))]
    return [r for r in found if isinstance(r, ImportedRun)], [s for s in found if isinstance(s, Skipped)]


def stated_by(path: Path) -> float:
    """The accuracy, looked up with nothing of ours."""
    if path.suffix == ".eval":
        with zipfile.ZipFile(path) as archive:
            header = json.loads(archive.read("header.json"))
    else:
        header = json.loads(path.read_text())
    return float(header["results"]["scores"][0]["metrics"]["accuracy"]["value"])


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "outcome", "accuracy"), REAL, ids=[case[0] for case in REAL])
def test_real_logs_score_what_they_state(
    data_folder: Path, name: str, outcome: str | list[int], accuracy: float | None
) -> None:
    path = data_folder / "raw" / "inspect" / name
    runs, skipped = read(path)
    if accuracy is None:
        assert not runs
        assert [one.reason for one in skipped] == [outcome]
        return
    assert not skipped
    assert [len(run.scores) for run in runs] == outcome
    assert stated_by(path) == pytest.approx(accuracy)
    assert np.mean([run.mean for run in runs]) == pytest.approx(accuracy, abs=1e-6)
    stated = runs[0].stated if len(runs) == 1 else runs[0].provenance["stated_over_epochs"]
    assert stated == pytest.approx(accuracy)
    assert all(run.items["text"].map(bool).all() for run in runs)


@pytest.mark.real_data
def test_every_real_log_is_in_the_table(data_folder: Path) -> None:
    folder = data_folder / "raw" / "inspect"
    assert {unit.name for unit in units_of(IMPORTER, folder)} == {case[0] for case in REAL}
    assert {path.name for path in folder.iterdir()} == {case[0] for case in REAL}


@pytest.mark.real_data
def test_what_a_real_log_says_of_its_items(data_folder: Path) -> None:
    ((run,), _) = read(data_folder / "raw" / "inspect" / f"{ANALYSIS}_choices__mmlu-summary-choices.eval")
    assert (run.model, run.task, run.metric) == ("openai/gpt-4o", "inspect_evals/mmlu_0_shot", "choice")
    assert run.items["options"].tolist() == [["6.0 e", "6.8 eV", "12.2 eV", "13.6 eV"]]
    assert run.items["text"][0].startswith("Positronium is an atom")
    ((cancelled,), _) = read(data_folder / "raw" / "inspect" / REAL[4][0])
    assert cancelled.provenance["note"] == "status 'cancelled': 3 samples are there, 0 of them failed"


# --- logs written by hand --------------------------------------------------------------------------------------------


def sample(key: Any, value: Any, epoch: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": key,
        "epoch": epoch,
        "input": f"ask {key}",
        "target": "x",
        "scores": {"match": {"value": value}},
        **more,
    }


def header(
    accuracy: float | None = None, scorer: str = "match", count: int | None = None, **more: Any
) -> dict[str, Any]:
    scores = (
        [] if accuracy is None else [{"name": scorer, "scorer": scorer, "metrics": {"accuracy": {"value": accuracy}}}]
    )
    results = {"completed_samples": count, "scores": scores}
    run = {"task": "toy", "model": "lab/m", "created": "2025-01-01T00:00:00"}
    return {"version": 2, "status": "success", "eval": run, "results": results, **more}


def log(folder: Path, samples: Any, **more: Any) -> Path:
    path = folder / "log.json"
    path.write_text(json.dumps({**header(**more), "samples": samples}))
    return path


def archive(path: Path, members: dict[str, Any], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A ZIP archive as Python writes it, or by hand in Zstandard, which Python 3.11 does not know."""
    if method != 93:
        with zipfile.ZipFile(path, "w", method) as made:
            for name, content in members.items():
                made.writestr(name, json.dumps(content))
        return path
    body, directory = b"", b""
    for name, content in members.items():
        data = json.dumps(content).encode()
        packed = pa.Codec("zstd").compress(data, asbytes=True)
        about = struct.pack("<HHHHHLLLHH", 63, 0, 93, 0, 0, zlib.crc32(data), len(packed), len(data), len(name), 0)
        directory += b"PK\x01\x02\x3f\x00" + about + struct.pack("<HHHLL", 0, 0, 0, 0, len(body)) + name.encode()
        body += b"PK\x03\x04" + about + name.encode() + packed
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, len(members), len(members), len(directory), len(body), 0)
    path.write_bytes(body + directory + end)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, 93])
def test_archives_of_every_packing(tmp_path: Path, method: int) -> None:
    members = {"header.json": header(0.5, count=2)}
    members |= {f"samples/{key}_epoch_1.json": sample(key, value) for key, value in (("b/x", "C"), (7, "I"))}
    ((run,), _) = read(archive(tmp_path / "log.eval", members, method))
    assert run.items["key"].tolist() == ["b/x", "7"]
    assert run.scores.tolist() == [1, 0]
    assert (run.stated, run.replicate) == (0.5, "2025-01-01T00:00:00")


def test_an_archive_of_a_run_that_was_killed(tmp_path: Path) -> None:
    members = {
        "_journal/start.json": {"version": 2, "eval": header()["eval"]},
        "samples/1_epoch_1.json": sample(1, "C"),
    }
    ((run,), _) = read(archive(tmp_path / "log.eval", members))
    assert run.stated is None
    assert run.provenance["note"] == "status 'started': 1 samples are there, 0 of them failed"


def test_a_sample_that_is_too_large_is_read_from_the_summaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = {
        "header.json": header(),
        "samples/1_epoch_1.json": sample(1, "I", events=["x" * 2000]),
        "samples/2_epoch_1.json": sample(2, "C"),
        "summaries.json": [sample(1, "I"), sample(2, "C")],
    }
    monkeypatch.setattr(inspect_files, "LARGEST_DOCUMENT", 1000)
    assert read(archive(tmp_path / "log.eval", members))[0][0].scores.tolist() == [0, 1]
    del members["summaries.json"]
    with pytest.raises(ResponseDataError, match=r"member 'samples/1_epoch_1\.json': is larger .* has no summary"):
        read(archive(tmp_path / "log.eval", members))


VALUES = [("C", 1.0), ("I", 0.0), ("P", 0.5), ("N", 0.0), (True, 1.0), (False, 0.0), (0.25, 0.25), (1, 1.0),
          ("0.5", 0.5), ("Yes", 1.0), ("no", 0.0), (float("nan"), np.nan), (None, np.nan), ("nan", np.nan)]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_values(tmp_path: Path, value: Any, expected: float) -> None:
    ((run,), _) = read(log(tmp_path, [sample(1, value), sample(2, "C")]))
    np.testing.assert_array_equal(run.scores, np.float32([expected, 1]))


@pytest.mark.parametrize("value", ["c", "excellent", "", 7, -0.1, "7", float("inf"), 10**400, [1], "1e400"])
def test_values_that_are_no_scores(tmp_path: Path, value: Any) -> None:
    path = log(tmp_path, [sample(1, "C"), sample("x", value)])
    with pytest.raises(ResponseDataError, match=r"byte \d+ \(sample 'x'\): match") as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_header_may_stand_behind_the_samples(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    about = header(0.5, count=2)
    behind = {"samples": [sample(1, "C"), sample(2, "I")], "results": about.pop("results")}
    path.write_text(json.dumps({**about, **behind}))
    assert read(path)[0][0].stated == 0.5


def test_unscored_samples_have_no_score_and_the_stated_mean_is_of_the_others(tmp_path: Path) -> None:
    samples = [sample(1, "C"), sample(2, "I"), sample(3, None, scores=None, error={"message": "x"}),
               sample(4, "C", invalidation={"author": "x"})]  # fmt: skip
    ((run,), _) = read(log(tmp_path, samples, accuracy=0.5, count=2, status="error"))
    np.testing.assert_array_equal(run.scores, np.float32([1, 0, np.nan, np.nan]))
    assert run.stated == 0.5
    assert run.provenance["note"] == "status 'error': 4 samples are there, 2 of them failed"
    ((run,), _) = read(log(tmp_path, samples[:1], accuracy=0.5, count=2))
    assert run.stated is None, "the mean is of samples that are not there"


def test_epochs_are_replicates(tmp_path: Path) -> None:
    samples = [sample(key, value, epoch) for key, epoch, value in ((1, 2, "C"), (1, 1, "I"), (2, 1, "C"))]
    runs, _ = read(log(tmp_path, samples, accuracy=2 / 3))
    assert [run.replicate for run in runs] == ["2025-01-01T00:00:00 epoch 1", "2025-01-01T00:00:00 epoch 2"]
    assert [run.scores.tolist() for run in runs] == [[0, 1], [1]]


def graded(key: int, style: float, fact: float, match: str) -> dict[str, Any]:
    return {"id": key, "scores": {"grader": {"value": {"style": style, "fact": fact}}, "match": {"value": match}}}


def test_of_several_scores_the_user_names_one(tmp_path: Path) -> None:
    path = log(tmp_path, [graded(1, 0.5, 1, "C"), graded(2, 0.25, 0, "C")])
    with pytest.raises(
        ResponseDataError, match=r"several scores; name one \(there are: grader/style, grader/fact, match"
    ):
        read(path)
    with pytest.raises(ResponseDataError, match="several scores"):
        read(path, metric="grader")
    with pytest.raises(ResponseDataError, match="has no score 'exact'"):
        read(path, metric="exact")
    for metric, expected in (("match", [1, 1]), ("grader/style", [0.5, 0.25]), ("grader/fact", [1, 0])):
        ((run,), _) = read(path, metric={"toy": metric})
        assert (run.metric, run.scores.tolist()) == (metric, expected)


def test_what_was_asked(tmp_path: Path) -> None:
    shown = [{"type": "text", "text": "a"}, {"type": "image"}]
    chat = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": shown},
        {"role": "user", "content": "attachment://h"},
    ]
    samples = [
        sample(1, "C", input=chat, attachments={"h": "long"}, choices=["p", "q"], metadata={"subject": "s"}),
        sample(2, "C", metadata={"subject": "t"}),
    ]
    ((run,), _) = read(log(tmp_path, samples))
    assert run.items["text"].tolist() == ["a\nlong", "ask 2"]
    assert run.items["options"].tolist() == [["p", "q"], None]
    assert run.items["subject"].tolist() == ["s", "t"]


FAULTS = [
    ("not an object", [3], "byte .*: 3 is not an object"),
    ("no id", [{"epoch": 1}], "id: None is not a name"),
    ("an epoch", [sample(1, "C", epoch="1")], "epoch '1' is not"),
    ("twice", [sample(1, "C"), sample("1", "C")], "item '1' of task 'toy' stands twice"),
    ("scores", [sample(1, "C", scores=[1])], "scores: a list of 1 is not an object"),
    ("no list", {"1": sample(1, "C")}, "samples are no list"),
]  # fmt: skip


@pytest.mark.parametrize(("samples", "message"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS])
def test_a_fault_names_the_place(tmp_path: Path, samples: Any, message: str) -> None:
    path = log(tmp_path, samples)
    with pytest.raises(ResponseDataError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_archives_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "log.eval"
    for content in (b"", b"PK\x03\x04 and so on", b"x" * 1000):
        path.write_bytes(content)
        with pytest.raises(ResponseDataError, match="is no ZIP archive"):
            read(path)
    with pytest.raises(ResponseDataError, match=r"holds neither header\.json nor _journal/start\.json"):
        read(archive(path, {"samples/1.json": {}}))
    with pytest.raises(ResponseDataError, match=r"member 'header\.json': 3 is not an object"):
        read(archive(path, {"header.json": 3}))


def test_other_json_is_not_a_log(tmp_path: Path) -> None:
    for n, content in enumerate(['{"version": 2}', '{"status": "success"}', "[]", "", '{"eval": {}, "status": "x"}']):
        (tmp_path / f"{n}.json").write_text(content)
    assert list(units_of(IMPORTER, tmp_path)) == []
    assert read(log(tmp_path, [sample(1, "C")]), tasks=("other",)) == ([], [])
