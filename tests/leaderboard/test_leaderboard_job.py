"""`job=leaderboard` from end to end, in processes of its own: what is missing is scored, what is there is kept."""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anchoreval.anchors import load_anchors
from anchoreval.reconstruction import IntervalWarning
from anchoreval.schema import load_schema
from anchoreval.store import read_benchmark

from .places import Place, counting

EVIL = "<script>alert(1)</script>"


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("leaderboard.*")}


def test_a_refresh_scores_ranks_and_writes_and_the_next_has_nothing_to_do(place: Place) -> None:
    place.list_models(*map(counting, ("one", "two", EVIL)), counting("bad", broken=True))
    said = place.refresh()
    assert "model bad failed: model 'bad': RuntimeError: out of memory" in said
    assert "changed: " in said
    assert "3 scored, 0 kept, 1 failed" in said
    asked, before = len(place.asked), snapshot(place.folder / "board")
    assert asked == len(set(place.asked)) > 3 * 20

    said = place.refresh("board", "exit_code=true", status=3)
    assert "unchanged: " in said
    assert "0 scored, 3 kept, 1 failed" in said
    assert len(place.asked) == asked
    assert snapshot(place.folder / "board") == before


def test_the_table_is_that_of_the_reconstruction(place: Place) -> None:
    place.list_models(*map(counting, ("one", "two", "three")))
    place.refresh()
    table = place.table()
    anchors = load_anchors(place.folder / "anchors")
    answers = read_benchmark(place.folder / "board" / "answers", models=list(table.index))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntervalWarning)
        expected = anchors.reconstruction().predict(answers, level=0.95)
    for column in ("score", "lower", "upper"):
        np.testing.assert_allclose(table[column], expected[column], rtol=1e-12)
    np.testing.assert_allclose(table["alpha"], expected["alpha"], rtol=1e-12)
    assert table["score"].is_monotonic_decreasing
    assert table["rank"].tolist() == [1, 2, 3]
    assert (table["rank_lower"] <= table["rank"]).all()
    assert (table["rank"] <= table["rank_upper"]).all()
    pd.testing.assert_frame_equal(
        pd.read_parquet(place.folder / "board" / "leaderboard.parquet").astype(table.dtypes.to_dict()),
        table,
        check_index_type=False,
        check_column_type=False,
    )


def test_the_document_is_valid_and_says_what_is_not_known(place: Place) -> None:
    from jsonschema import Draft202012Validator

    place.list_models({**counting("one"), "full_score": 0.4, "family": "x"}, counting("two"))
    place.refresh()
    document = json.loads((place.folder / "board" / "leaderboard.json").read_text(encoding="utf-8"))
    Draft202012Validator(load_schema("leaderboard")).validate(document)
    known = {row["name"]: (row["family"], row["full_score"]) for row in document["models"]}
    assert known == {"one": ("x", 0.4), "two": (None, None)}
    assert document["benchmark"]["items"] == 41


def test_what_is_missing_is_scored_and_what_changed_is_scored_again(place: Place) -> None:
    place.list_models(counting("one"))
    place.refresh()
    first = len(place.asked)
    place.list_models(counting("one"), counting("two"))
    assert "1 scored, 1 kept" in place.refresh()
    assert {line.split("|")[0] for line in place.asked[first:]} == {"two"}

    place.list_models(counting("one", salt="another"), counting("two"))
    scores = place.table()["score"]
    assert "1 scored, 1 kept" in place.refresh()
    assert place.table()["score"]["one"] != scores["one"]
    assert math.isclose(place.table()["score"]["two"], scores["two"], rel_tol=1e-9)


def test_a_model_off_the_list_leaves_the_table_and_costs_nothing_when_it_comes_back(place: Place) -> None:
    place.list_models(counting("one"), counting("two"))
    place.refresh()
    asked = len(place.asked)
    place.list_models(counting("two"))
    assert "changed: " in place.refresh()
    assert list(place.table().index) == ["two"]
    place.list_models(counting("one"), counting("two"))
    assert "0 scored, 2 kept" in place.refresh()
    assert len(place.asked) == asked


def test_damaged_answers_and_lost_files_are_made_anew(place: Place) -> None:
    place.list_models(counting("one"), counting("two"))
    place.refresh()
    before = snapshot(place.folder / "board")
    answers = place.folder / "board" / "answers" / "responses" / "one.parquet"
    answers.write_bytes(answers.read_bytes()[:-40])
    (place.folder / "board" / "leaderboard.html").unlink()
    asked = len(place.asked)
    assert "1 scored, 1 kept" in place.refresh()
    assert len(place.asked) == asked, "single answers are remembered"
    after = snapshot(place.folder / "board")
    assert after["leaderboard.csv"] == before["leaderboard.csv"]
    assert len(after) == len(before)


def test_models_that_are_recorded_or_pockets_own_need_no_tasks(tmp_path: Path) -> None:
    import anchoreval as ae

    matrix = ae.load_benchmark("pocket")
    targets = list(matrix.models.index[:3])
    sources = matrix.subset(models=matrix.models.index[12:])
    anchors = ae.select(sources, "stratified_difficulty", k=30, seed=0)
    anchors.with_reconstruction(ae.reconstruct(sources, anchors, "bayes_linear")).save(tmp_path / "anchors")
    recorded = [{"name": name, "model": "recorded", "full_score": 0.5} for name in targets]
    live = {"name": "live", "model": "pocket", "model_args": {"model": targets[0]}}
    renamed = {"name": "renamed", "model": "recorded", "model_args": {"model": targets[0]}}
    new = {"name": "new", "model": "pocket", "model_args": {"newcomer": 1, "of": 2, "seed": 3}}
    lost = [
        {"name": "lost", "model": "recorded", "model_args": {"benchmark": "nowhere"}},
        {"name": "odd", "model": "pocket", "model_args": {"newcomer": 3, "of": 2}},
    ]
    (tmp_path / "models.yaml").write_text(json.dumps([*recorded, live, renamed, new, *lost]), encoding="utf-8")
    said = Place(tmp_path)
    text = said.refresh("board", "leaderboard.tasks=[]", "leaderboard.include_path=null")
    assert "model lost failed: nowhere: not a stored benchmark" in text
    assert "model odd failed: model 'odd': newcomer = 3" in text
    table = said.table()
    assert table["score"]["live"] == pytest.approx(table["score"][targets[0]], abs=1e-6)
    assert table["score"]["renamed"] == table["score"][targets[0]]


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        (["anchors=null"], "job=leaderboard needs anchors=<folder>"),
        (["leaderboard.models=null"], "job=leaderboard needs leaderboard.models=<file>"),
        (["leaderboard.into=null"], "job=leaderboard needs leaderboard.into=<folder>"),
        (["leaderboard.limits.max_tokens=0"], "limit max_tokens = 0 is not a positive number"),
        (["+leaderboard.settings.limit=3"], "lm-eval setting 'limit' cannot be used here"),
        (["leaderboard.metrik=acc"], "leaderboard.metrik: there is no such key"),
        (["level=2"], "level = 2 is not between 0 and 1"),
    ],
)
def test_a_wrong_request_is_one_line_and_writes_nothing(
    place: Place, overrides: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from anchoreval.cli import main

    place.list_models(counting("one"))
    assert main(place.command()[2:] + overrides) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1
    assert not (place.folder / "board").exists()


def test_a_folder_of_other_anchors_is_refused(place: Place) -> None:
    import anchoreval as ae

    from .places import sources

    place.list_models(counting("one"))
    place.refresh()
    matrix = sources()
    other = ae.select(matrix, "random", k=20, seed=5)
    other.with_reconstruction(ae.reconstruct(matrix, other, "bayes_linear")).save(place.folder / "anchors")
    assert "holds answers to other anchors: item " in place.refresh(status=2)


def test_a_folder_that_holds_something_else_is_left_alone(place: Place) -> None:
    place.list_models(counting("one"))
    (place.folder / "board").mkdir()
    (place.folder / "board" / "thesis.tex").write_text("x", encoding="utf-8")
    assert "is not empty and holds no leaderboard" in place.refresh(status=2)
    assert "tasks: is not empty" in place.refresh("tasks", status=2)
    assert [path.name for path in (place.folder / "board").iterdir()] == ["thesis.tex"]


def test_where_no_model_can_be_scored_the_job_fails_and_says_why(place: Place) -> None:
    place.list_models(counting("bad", broken=True))
    said = place.refresh(status=1)
    assert "no model could be scored: bad: model 'bad': RuntimeError: out of memory" in said
    assert not (place.folder / "board" / "leaderboard.csv").exists()
