"""Every original of lm-eval that is at hand: imported to the score that its own results state, or refused by line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anchoreval.errors import ResponseDataError
from anchoreval.importers.imported import ImportedRun, ReadOptions
from anchoreval.importers.lm_eval_logs import IMPORTER
from anchoreval.importers.recognising import units_of

from .lm_eval_samples import read_run

pytestmark = pytest.mark.real_data
EDITED = "its row goes on to line {}: the log was edited"
LLAMA, DEPRECATED = "llama3.1-pro16-0827-Inst", "gpt-4o_deprecated_dir"

# file, rows, metric, score (None: refused), how: the stated score, its absence, or the complaint
FILES: list[tuple[str, int, str, float | None, str]] = [
    ("LGAI-EXAONE__EXAONE-3.0-7.8B-Instruct/samples_winogrande_2024-12-23T14-45-44.695233.jsonl",
     10, "exact_match", 0.0, "stated"),
    ("gpt-4o/samples_kobest_copa_2024-11-28T18-09-15.647260.jsonl", 1000, "exact_match", 0.98, "stated"),
    ("gpt-4o/samples_leaderboard_musr_team_allocation_2024-11-22T00-34-56.917977.jsonl",
     250, "exact_match", 0.12, "stated"),
    ("gpt-4o/samples_winogrande_2024-12-23T14-29-31.806745.jsonl", 10, "exact_match", 0.3, "stated"),
    (f"{DEPRECATED}/samples_leaderboard_bbh_boolean_expressions_2024-11-18T14-00-17.345644.jsonl",
     10, "exact_match", 0.9, "stated"),
    (f"{DEPRECATED}/samples_leaderboard_bbh_causal_judgement_2024-11-21T16-28-31.022190.jsonl",
     10, "exact_match", 0.8, "stated"),
    (f"{DEPRECATED}/samples_leaderboard_bbh_navigate_2024-11-21T16-28-31.022190.jsonl",
     10, "exact_match", 0.8, "stated"),
    (f"{DEPRECATED}/samples_leaderboard_bbh_sports_understanding_2024-11-21T16-28-31.022190.jsonl",
     10, "exact_match", 1.0, "stated"),
    (f"{DEPRECATED}/samples_leaderboard_mmlu_pro_2024-11-22T17-03-57.490101.jsonl",
     30, "exact_match", 0.0, "stated"),
    (f"{LLAMA}/samples_ko_winogrande_2024-11-19T14-14-28.505615.jsonl", 10, "exact_match", 0.0, "stated"),
    (f"{LLAMA}/samples_ko_winogrande_2024-11-19T14-19-15.115705.jsonl",
     10, "exact_match", None, "line 1: is not JSON.*" + EDITED.format(5)),
    (f"{LLAMA}/samples_leaderboard_mmlu_pro_2024-12-23T09-13-20.697490.jsonl",
     30, "exact_match", 5 / 30, "stated"),
    (f"{LLAMA}/samples_leaderboard_mmlu_pro_2024-12-23T09-40-35.713773.jsonl",
     30, "exact_match", 5 / 30, "stated"),
    (f"{LLAMA}/samples_winogrande_2024-12-23T13-17-27.691350.jsonl", 10, "acc", 0.7, "stated"),
    (f"{LLAMA}/samples_winogrande_2024-12-23T13-34-22.211412.jsonl", 10, "exact_match", 0.7, "stated"),
    ("meta-llama__Llama-3.1-8B-Instruct/samples_ko_winogrande_2024-11-19T15-07-36.131394.jsonl",
     10, "exact_match", 0.5, "stated"),
    ("every_eval_ever__samples_math_perturbed_full_2026-01-21T03-44-18.458309.jsonl",
     10, "exact_match", 0.0, "0.0 of 5,000 documents, and 10 are here"),
    ("_edge_cases/hand_edited_multiline_samples_leaderboard_musr_team_allocation_2024-11-21T23-09-31.275580.jsonl",
     10, "exact_match", None, "line 1: is not JSON.*" + EDITED.format(34)),
    ("_edge_cases/odd_14_lines_samples_ko_winogrande_2024-11-19T14-19-15.115705.jsonl",
     10, "exact_match", None, "line 1: is not JSON.*" + EDITED.format(5)),
    ("_edge_cases/odd_short_samples_leaderboard_bbh_tracking_shuffled_objects_seven_objects_"
     "2024-11-21T16-28-31.022190.jsonl",
     10, "exact_match", None, "line 1: has no doc_id"),
]  # fmt: skip
READ = [entry for entry in FILES if entry[3] is not None]


@pytest.fixture
def originals(data_folder: Path) -> Path:
    return data_folder / "raw" / "lm_eval"


def stated_in_results(path: Path, run: ImportedRun) -> Any:
    """What the results of the same time state, read without anything of ours."""
    (results,) = path.parent.glob(f"*results_{run.replicate}.json")
    stated = json.loads(results.read_text(encoding="utf-8"))["results"][run.task]
    return next(value for key, value in stated.items() if key.startswith(f"{run.metric},"))


def test_the_table_names_every_original(originals: Path) -> None:
    there = {str(path.relative_to(originals)) for path in originals.rglob("*samples*.jsonl")}
    assert there == {entry[0] for entry in FILES}
    found = {str(path.relative_to(originals)) for path in units_of(IMPORTER, originals)}
    assert found == {str(path.relative_to(originals)) for path in originals.rglob("*.json*")}


@pytest.mark.parametrize(("name", "rows", "metric", "score", "how"), READ, ids=[entry[0][-60:] for entry in READ])
def test_it_imports_to_the_score_that_its_results_state(
    originals: Path, name: str, rows: int, metric: str, score: float, how: str
) -> None:
    run = read_run(originals / name)
    assert (len(run.scores), run.metric) == (rows, metric)
    assert run.mean == pytest.approx(score)
    assert stated_in_results(originals / name, run) == pytest.approx(score)
    if how == "stated":
        assert run.stated == pytest.approx(score)
    else:
        assert run.stated is None
        assert run.provenance["stated"] == how


REFUSED = [(entry[0], entry[4]) for entry in FILES if entry[3] is None]


@pytest.mark.parametrize(("name", "complaint"), REFUSED, ids=[entry[0][-60:] for entry in REFUSED])
def test_what_was_damaged_or_edited_is_refused_by_line(originals: Path, name: str, complaint: str) -> None:
    with pytest.raises(ResponseDataError, match=complaint) as caught:
        list(IMPORTER.read(originals / name, ReadOptions()))
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_results_files_give_nothing_of_their_own(originals: Path) -> None:
    results = [path for path in originals.rglob("*results_*.json") if path.name.count("T14-19") == 0]
    assert len(results) > 10
    for path in results:
        assert list(IMPORTER.read(path, ReadOptions())) == []


def test_likelihoods_become_probabilities(originals: Path) -> None:
    path = originals / LLAMA / "samples_winogrande_2024-12-23T13-17-27.691350.jsonl"
    run = read_run(path)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    gap = np.array([float(row["resps"][0][0][0]) - float(row["resps"][1][0][0]) for row in rows])
    assert run.probabilities is not None
    np.testing.assert_allclose(run.probabilities[:, 0], 1 / (1 + np.exp(-gap)), rtol=1e-5, atol=1e-30)
    right = [int(row["doc"]["answer"]) - 1 for row in rows]
    np.testing.assert_array_equal(run.probabilities.argmax(axis=1) == right, run.scores == 1)
    assert run.items["options"][0] == ["Sarah", "Maria"]


def test_hashes_are_those_of_the_documents(originals: Path, tmp_path: Path) -> None:
    for name in (entry[0] for entry in READ):
        lines = (originals / name).read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        bare = tmp_path / "samples_bare_2025-01-01T00-00-00.jsonl"
        bare.write_text("\n".join(json.dumps({**row, "doc_hash": None}) for row in rows), encoding="utf-8")
        assert list(read_run(bare).items["doc_hash"]) == [row["doc_hash"] for row in rows]


def test_what_is_known_of_items_and_run(originals: Path) -> None:
    bbh = read_run(originals / DEPRECATED / "samples_leaderboard_bbh_navigate_2024-11-21T16-28-31.022190.jsonl")
    assert set(bbh.items["subject"]) == {"navigate"}
    assert (bbh.model, bbh.replicate) == ("gpt-4o", "2024-11-21T16-28-31.022190")
    assert bbh.provenance["filter"] == "none"
    assert (bbh.provenance["limit"], bbh.provenance["n_shot"]) == (10.0, 3)
    pro = read_run(originals / LLAMA / "samples_leaderboard_mmlu_pro_2024-12-23T09-13-20.697490.jsonl")
    assert pro.items["subject"][0] == "business"
    assert len(pro.items["options"][0]) == 9
    assert pro.items["text"][0].startswith("Typical advertising regulatory bodies")
    assert list(pro.items["key"]) == [str(n) for n in range(30)]
    copa = read_run(originals / "gpt-4o" / "samples_kobest_copa_2024-11-28T18-09-15.647260.jsonl")
    assert len(set(copa.items["text"])) > 900
    assert copa.items["options"][0] == ["바지의 밑단을 잘랐다.", "벨트를 바지에 끼워 사이즈를 조절했다."]


def test_a_changed_score_is_noticed(originals: Path, tmp_path: Path) -> None:
    name = "gpt-4o/samples_leaderboard_musr_team_allocation_2024-11-22T00-34-56.917977.jsonl"
    source = originals / name
    text = source.read_text(encoding="utf-8").replace('"exact_match": 0.0}', '"exact_match": 1.0}', 1)
    copy = tmp_path / source.name
    copy.write_text(text, encoding="utf-8")
    results = source.with_name("results_2024-11-22T00-34-56.917977.json")
    (tmp_path / results.name).write_bytes(results.read_bytes())
    assert hashlib.sha256(text.encode()).digest() != hashlib.sha256(source.read_bytes()).digest()
    with pytest.raises(ResponseDataError, match=r"is 0\.124 on average, but .* states 0\.12$"):
        read_run(copy)
