"""pocket through lm-eval: the tasks, the documents' hashes, and answers equal to direct scoring."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anchoreval.errors import ResponseDataError
from anchoreval.pocket import ModelSpec, load, population, score_directly, train, write_tasks
from anchoreval.pocket.build import main, through_lm_eval
from anchoreval.pocket.direct import graded, option_loglikelihoods
from anchoreval.pocket.items import all_items

SPECS = {spec.name: spec for spec in population()}
SLICE = ("birch-2", "olive-1", "ivy-3-tuned")  # words, characters with a prompt cache, words with one


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return write_tasks(tmp_path_factory.mktemp("tasks"))


def evaluate(spec: ModelSpec, tasks: list[dict[str, Any]], samples: dict[str, list[int]], shots: int = 0) -> Any:
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    from anchoreval.pocket.lm import PocketLM

    return simple_evaluate(
        PocketLM(spec),
        tasks=[task | {"num_fewshot": shots} for task in tasks if task["task"] in samples],
        samples=samples,
        task_manager=TaskManager(include_defaults=False),
        bootstrap_iters=0,
    )["samples"]


def loglikelihoods(rows: list[dict[str, Any]]) -> list[list[float]]:
    return [[response[0][0] for response in row["resps"]] for row in rows]


@pytest.mark.parametrize("name", SLICE)
def test_lm_eval_gives_the_log_likelihoods_of_direct_scoring(tasks: list[dict[str, Any]], name: str) -> None:
    samples = {"pocket_capitals": [0, 3, 50, 166], "pocket_units": [7], "pocket_ordering": list(range(20))}
    direct = option_loglikelihoods(train(SPECS[name]))
    place = {item.id: number for number, item in enumerate(all_items())}
    result = evaluate(SPECS[name], tasks, samples)
    for task, ids in samples.items():
        assert [row["doc_id"] for row in result[task]] == ids
        rows = [place[f"{task}/{doc_id}"] for doc_id in ids]
        assert loglikelihoods(result[task]) == direct[rows].tolist()


def test_document_hashes_are_those_of_lm_eval(tasks: list[dict[str, Any]]) -> None:
    samples = {task["task"]: list(range(0, 167, 40)) for task in tasks}
    hashes = load().items["doc_hash"]
    for task, rows in evaluate(SPECS["alder-1"], tasks, samples).items():
        assert {row["doc_id"]: row["doc_hash"] for row in rows} == {
            doc_id: hashes[f"{task}/{doc_id}"] for doc_id in samples[task]
        }


def test_exemplars_change_the_answers_of_prompt_cache_models_only(tasks: list[dict[str, Any]]) -> None:
    samples = {"pocket_kinds": list(range(60))}
    moved = {}
    for name in ("ivy-2", "olive-2", "birch-2", "kapok-2"):
        bare, shown = (evaluate(SPECS[name], tasks, samples, shots)["pocket_kinds"] for shots in (0, 5))
        moved[name] = np.mean([a["acc"] != b["acc"] for a, b in zip(bare, shown, strict=True)])
        assert all("\n" in row["arguments"][0][0] for row in shown)
    assert min(moved["ivy-2"], moved["olive-2"]) > 0.03
    assert moved["birch-2"] == moved["kapok-2"] == 0


def test_a_slice_of_the_shipped_matrix_regenerates_through_lm_eval(tmp_path: Path) -> None:
    matrix = load()
    assert matrix.probabilities is not None
    score = through_lm_eval(tmp_path)
    for name in SLICE:
        row = matrix.models.index.get_loc(name)
        scores, probabilities = score(train(SPECS[name]))
        np.testing.assert_array_equal(scores, matrix.scores[row])
        np.testing.assert_array_equal(probabilities, matrix.probabilities[row])


def test_the_whole_matrix_regenerates_directly(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--direct", "--check"]) == 0
    assert "equal to what ships" in capsys.readouterr().out


def test_check_says_what_differs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import anchoreval.pocket.build as build

    def biased(model: Any) -> Any:
        scores, probabilities = score_directly(model)
        scores[5] = 1 - scores[5]
        return scores, probabilities

    monkeypatch.setattr(build, "score_directly", biased)
    assert main(["--direct", "--check", "--models", "fir-1"]) == 1
    expected = "model 'fir-1': scores differ on 1 items, first 'pocket_agreement/5'"
    assert expected in capsys.readouterr().out


def test_build_writes_what_load_reads(tmp_path: Path) -> None:
    assert main(["--direct", "--models", "fir-1,elm-4-wide", "--out", str(tmp_path)]) == 0
    part, whole = load(tmp_path), load().subset(models=["fir-1", "elm-4-wide"])
    np.testing.assert_array_equal(part.scores, whole.scores)
    np.testing.assert_array_equal(part.probabilities, whole.probabilities)
    assert part.models.equals(whole.models)


def test_an_unknown_model_is_the_users_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--models", "nobody"]) == 2
    assert capsys.readouterr().err == "error: pocket has no model 'nobody'; the first is 'alder-1'\n"


def test_score_directly_takes_items_in_any_order() -> None:
    model = train(SPECS["fir-1"])
    ids = ["pocket_units/3", "pocket_agreement/0"]
    scores, probabilities = score_directly(model, ids)
    place = [[item.id for item in all_items()].index(name) for name in ids]
    np.testing.assert_array_equal(scores, score_directly(model)[0][place])
    np.testing.assert_array_equal(probabilities, score_directly(model)[1][place])
    with pytest.raises(ResponseDataError, match="no item 'pocket_units/167'"):
        score_directly(model, ["pocket_units/167"])


def test_grading_is_softmax_and_first_maximum() -> None:
    values = np.array([[-1.0, -2.0, -1.0, -900.0], [-3.0, -2.0, -1.0, -4.0]])
    scores, probabilities = graded(values, np.array([2, 2]))
    assert scores.tolist() == [0.0, 1.0]
    total = 2 * math.exp(-1) + math.exp(-2)
    np.testing.assert_allclose(
        probabilities[0], [math.exp(-1) / total, math.exp(-2) / total, math.exp(-1) / total, 0], atol=5e-4
    )


def test_rolling_and_generation_through_lm_eval_requests() -> None:
    from lm_eval.api.instance import Instance

    from anchoreval.pocket.lm import PocketLM

    model = train(SPECS["gorse-4"])
    lm = PocketLM(model)
    text = "the capital of france is paris"
    rolling = Instance("loglikelihood_rolling", {}, (text,), 0)
    assert lm.loglikelihood_rolling([rolling]) == [model.loglikelihood("", text)[0]]
    generate = [
        Instance("generate_until", {}, ("the capital of france is", {"until": until}), 0) for until in (["\n"], "ar")
    ]
    assert lm.generate_until(generate) == [" paris", " p"]
