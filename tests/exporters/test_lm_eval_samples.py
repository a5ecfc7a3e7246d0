from __future__ import annotations

import json
from pathlib import Path

import pytest

from anchoreval.errors import AnchorSetError, ConfigurationError
from anchoreval.exporters.lm_eval_samples import read_samples, samples_difference, samples_of, write_samples
from anchoreval.scoring.request import sample_request
from anchoreval.scoring.task_set import TaskSet

from .sets import anchors_of


def test_samples_are_the_request_of_live_scoring(tasks: TaskSet, tmp_path: Path) -> None:
    anchors = anchors_of(tasks, 9)
    write_samples(anchors, tmp_path / "samples.json")
    read = read_samples(tmp_path / "samples.json")
    assert read == sample_request(anchors.table, tasks.sizes) == json.loads((tmp_path / "samples.json").read_text())
    assert samples_difference(read, anchors) is None
    before = (tmp_path / "samples.json").read_bytes()
    write_samples(anchors, tmp_path / "samples.json")
    assert (tmp_path / "samples.json").read_bytes() == before


def test_the_first_difference_is_named(tasks: TaskSet) -> None:
    anchors = anchors_of(tasks, 9)
    samples = samples_of(anchors)
    gone = samples["alpha"].pop(0)
    assert samples_difference(samples, anchors) == f"task 'alpha': document {gone} is missing"
    samples = {**samples_of(anchors), "gamma": [3]}
    assert samples_difference(samples, anchors) == "task 'gamma': document 3 is no anchor"


@pytest.mark.parametrize(
    ("ids", "problem"),
    [
        ([7, 2, 19], "not sorted and unique"),
        ([2, 2, 7], "not sorted and unique"),
        ([], "would ask every document"),
        ([-1, 3], "-1 is no document id"),
        ([True], "True is no document id"),
        ([1.0], "1.0 is no document id"),
    ],
)
def test_what_lm_eval_would_read_otherwise_is_refused(tmp_path: Path, ids: list[int], problem: str) -> None:
    (tmp_path / "samples.json").write_text(json.dumps({"alpha": ids}), encoding="utf-8")
    with pytest.raises(AnchorSetError, match=problem):
        read_samples(tmp_path / "samples.json")


def test_other_files_stay(tasks: TaskSet, tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text('{"mine": "text"}', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"notes\.json: is there already and is no export"):
        write_samples(anchors_of(tasks), tmp_path / "notes.json")
    assert (tmp_path / "notes.json").read_text(encoding="utf-8") == '{"mine": "text"}'
    with pytest.raises(ConfigurationError, match="is a folder"):
        write_samples(anchors_of(tasks), tmp_path)
