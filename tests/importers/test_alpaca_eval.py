"""AlpacaEval's annotations: scores by hand, ties, what was not judged, and the leaderboard beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import ResponseDataError
from anchoreval.importers.alpaca_eval import IMPORTER
from anchoreval.importers.imported import ReadOptions
from anchoreval.importers.recognising import units_of
from anchoreval.responses import ResponseMatrix

from .written import runs_of, scores_of, skipped_of, write_json

HEADER = ",win_rate,standard_error,mode,avg_length,n_wins,n_wins_base,n_draws,n_total,length_controlled_winrate\n"
JUDGE = "weighted_alpaca_eval_gpt4_turbo"


def annotation(instruction: str, preference: Any, model: str = "ours", **more: Any) -> dict[str, Any]:
    return {
        "instruction": instruction,
        "output_1": 'the "preference": of others',
        "generator_1": "gpt4_1106_preview",
        "dataset": "koala",
        "output_2": "yes",
        "generator_2": model,
        "annotator": JUDGE,
        "preference": preference,
        "raw_completion": {"logprobs": [1, 2]},
        **more,
    }


def by_text(path: Path) -> dict[str, float]:
    (run,) = runs_of(IMPORTER, path)
    return dict(zip(run.items["text"], map(float, run.scores), strict=True))


def test_a_preference_is_a_score_of_one_more(tmp_path: Path) -> None:
    preferences = {"a": 1, "b": 2.0, "c": 1.25, "tie": 1.5, "old tie": 0, "unjudged": None, "odd": float("nan")}
    path = write_json(tmp_path / "annotations.json", [annotation(text, p) for text, p in preferences.items()])
    read = by_text(path)
    assert read.pop("unjudged") != 0.0
    assert np.isnan(read.pop("odd"))
    assert read == {"a": 0.0, "b": 1.0, "c": 0.25, "tie": 0.5, "old tie": 0.5}
    (run,) = runs_of(IMPORTER, tmp_path)
    assert (run.model, run.task, run.metric, run.stated) == ("ours", JUDGE, "preference", None)
    assert set(run.items["subject"]) == {"koala"}
    assert run.provenance["ties"] == 2


def test_an_instruction_is_one_item_in_every_file(tmp_path: Path) -> None:
    one = write_json(tmp_path / "1" / "annotations.json", [annotation("x", 1), annotation("y", 2)])
    two = write_json(tmp_path / "2" / "renamed.json", [annotation("y", 1.5, "other"), annotation("z", 1, "other")])
    (first,), (second,) = runs_of(IMPORTER, one), runs_of(IMPORTER, two)
    assert len(set(first.items["key"]) & set(second.items["key"])) == 1
    assert first.items["key"][1] == second.items["key"][0]


def test_annotators_are_tasks_and_models_are_runs(tmp_path: Path) -> None:
    rows = [annotation("x", 1), annotation("x", 2, "b"), annotation("x", 2, annotator="claude")]
    path = write_json(tmp_path / "annotations.json", rows)
    assert [(run.model, run.task) for run in runs_of(IMPORTER, path)] == [
        ("ours", JUDGE),
        ("b", JUDGE),
        ("ours", "claude"),
    ]
    assert skipped_of(IMPORTER, path, ReadOptions(tasks=("claude",))) == [f"task {JUDGE} was not asked for"] * 2


@pytest.mark.parametrize(
    ("line", "stated"),
    [
        ("ours,37.5,1.4,community,9,1,1,0,2,35.5\n", 0.375),
        ("ours,90,1,x,9,1,1,0,3,1\n", None),
        ("b,1,1,x,9,1,1,0,2,1\n", None),
    ],
)
def test_the_leaderboard_states_the_mean(tmp_path: Path, line: str, stated: float | None) -> None:
    write_json(tmp_path / "annotations.json", [annotation("x", 1.25), annotation("y", 1.5), annotation("z", None)])
    (tmp_path / "leaderboard.csv").write_text(HEADER + line)
    (run,) = runs_of(IMPORTER, tmp_path)
    assert run.stated == stated
    assert run.mean == 0.375


def test_another_win_rate_is_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "annotations.json", [annotation("x", 1.25)])
    (tmp_path / "leaderboard.csv").write_text(HEADER + "ours,60,1.4,community,9,1,1,0,1,35.5\n")
    with pytest.raises(ResponseDataError, match=r"states a score of 0\.6000, its answers have a mean of 0\.2500"):
        runs_of(IMPORTER, tmp_path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([annotation("x", 1), annotation("y", 2.5)], "annotation 2: preference 2.5 is neither"),
        ([annotation("x", 0.5)], "annotation 1: preference 0.5"),
        ([annotation("x", "2")], "preference: '2' is not a number"),
        ([annotation("x", [2])], "preference: a list of 1 is not a number"),
        ([annotation("x", float("inf"))], "is not a finite number"),
        ([annotation("x", 10**400)], "is not a finite number"),
        ([annotation("x", 1), annotation("x", 1)], "annotation 2: its instruction stands in annotation 1 already"),
        ([annotation("x", 1), annotation(None, 1)], "annotation 2: instruction: None is not a text"),  # type: ignore[arg-type]
        ([annotation("x", 1), annotation("y", 1, " ")], "annotation 2: generator_2"),
        ([annotation("x", 1), 3], "annotation 2: 3 is not an object"),
    ],
)
def test_faults_name_the_annotation(tmp_path: Path, rows: list[Any], message: str) -> None:
    path = write_json(tmp_path / "annotations.json", rows)
    with pytest.raises(ResponseDataError, match=r"annotations\.json") as caught:
        runs_of(IMPORTER, path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_files_are_not_recognised(tmp_path: Path) -> None:
    write_json(tmp_path / "outputs.json", [{"instruction": "x", "output": '"preference": 2', "generator": "a"}])
    write_json(tmp_path / "config.json", {"instruction": 1, "preference": 2, "generator_2": 3})
    (tmp_path / "empty.json").touch()
    assert not list(units_of(IMPORTER, tmp_path))


@pytest.mark.real_data
def test_real_preferences_come_back_with_the_published_win_rates(
    tmp_path: Path, real: Callable[[str], ResponseMatrix], data_folder: Path
) -> None:
    matrix = real("alpacaeval2")
    published = pd.read_parquet(data_folder / "alpacaeval2" / "models.parquet").set_index("model")["published"]
    for row, model in enumerate(matrix.models.index[:6]):
        values = matrix.scores[row]
        rows = [
            annotation(str(text), None if np.isnan(s) else 1.0 + float(s), str(model), dataset=str(subject))
            for text, subject, s in zip(matrix.items["text"], matrix.items["subject"], values, strict=True)
        ]
        write_json(tmp_path / str(model) / "annotations.json", rows)
        line = f"{model},{published[model]},1,community,9,1,1,0,{int((~np.isnan(values)).sum())},1\n"
        (tmp_path / str(model) / "leaderboard.csv").write_text(HEADER + line)
    runs = runs_of(IMPORTER, tmp_path)
    assert sorted(run.model for run in runs) == sorted(matrix.models.index[:6])
    for run in runs:
        expected = matrix.scores[matrix.models.index.get_loc(run.model)]
        np.testing.assert_allclose(run.scores, expected, atol=1e-7)
        assert list(run.items["text"]) == list(matrix.items["text"])
        assert run.stated == pytest.approx(published[run.model] / 100, abs=1e-6)
        assert run.mean == pytest.approx(run.stated, abs=1e-3)
    assert scores_of(runs[0]).keys() == scores_of(runs[1]).keys()
