"""Live scoring against full runs of lm-eval itself, item by item."""

from __future__ import annotations

import random
import subprocess
import sys
import weakref
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from anchoreval.errors import AnchorSetError, ConfigurationError, ScoringError
from anchoreval.protocol.anchoring import select
from anchoreval.responses import ResponseMatrix
from anchoreval.scoring.live import score_full, score_live, score_models
from anchoreval.scoring.model_source import RegisteredModel
from anchoreval.scoring.replay import replay
from anchoreval.scoring.task_set import TaskSet, load_tasks

from .doubles import SIZES, BrokenLM, HashLM, anchor_table, choice_task, documents, generation_task, write_documents

PLACES = [("beta", 16), ("alpha", 2), ("alpha", 23), ("beta", 0), ("alpha", 7)]


def recorded(records: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    return {f"{task}/{row['doc_id']}": row for task, rows in records.items() for row in rows}


def test_answers_on_anchors_are_those_of_a_full_run(raw_run: Any, tasks: TaskSet) -> None:
    full = recorded(raw_run(HashLM("a")))
    scored = score_live(HashLM("a"), anchor_table(*PLACES), tasks=tasks, name="new")
    assert list(scored.models.index) == ["new"]
    assert list(scored.items.index) == [f"{task}/{doc_id}" for task, doc_id in PLACES]
    assert scored.probabilities is not None
    for column, item in enumerate(scored.items.index):
        values = [response[0][0] for response in full[item]["resps"]]
        assert scored.scores[0, column] == full[item]["acc"]
        np.testing.assert_allclose(scored.probabilities[0, column, : len(values)], softmax(values), rtol=1e-6)
        assert np.isnan(scored.probabilities[0, column, len(values) :]).all()
    assert scored.option_counts.tolist() == [2 + doc_id % 3 for _, doc_id in PLACES]


def test_only_the_anchors_are_asked(tasks: TaskSet) -> None:
    lm = HashLM()
    score_live(lm, anchor_table(*PLACES), tasks=tasks, name="m")
    assert set(lm.prompts) == {f"{task} question {doc_id}?" for task, doc_id in PLACES}
    assert len(lm.prompts) == sum(2 + doc_id % 3 for _, doc_id in PLACES)


def test_the_score_is_the_metric_that_was_chosen(raw_run: Any, tasks: TaskSet) -> None:
    full = recorded(raw_run(HashLM()))
    assert any(row["acc"] != row["acc_norm"] for row in full.values())
    for chosen in ("acc_norm", {"alpha": "acc_norm", "beta": "acc"}):
        scored = score_full(HashLM(), tasks=tasks, name="m", metric=chosen)
        metric_of = {task: chosen if isinstance(chosen, str) else chosen[task] for task in SIZES}
        expected = [full[item][metric_of[task]] for item, task in scored.items["task"].items()]  # type: ignore[index]
        assert scored.scores[0].tolist() == expected


def test_a_metric_that_a_task_lacks_is_refused_before_the_model_runs(tasks: TaskSet) -> None:
    lm = HashLM()
    with pytest.raises(ConfigurationError, match=r"task 'alpha' has no metric 'f1' \(there are: acc, acc_norm\)"):
        score_live(lm, {"alpha": [1]}, tasks=tasks, name="m", metric="f1")
    with pytest.raises(ConfigurationError, match="task 'beta' has no metric among those given for alpha"):
        score_live(lm, {"alpha": [1], "beta": [1]}, tasks=tasks, name="m", metric={"alpha": "acc"})
    assert not lm.prompts


def test_a_metric_that_is_no_number_is_refused(tmp_path: Path) -> None:
    config = choice_task(tmp_path, "alpha")
    config["metric_list"].append({"metric": "f1", "aggregation": "f1", "higher_is_better": True})
    tasks = load_tasks([config])
    # lm-eval's own aggregation would fail first: f1 takes two classes only
    with pytest.raises(ScoringError, match=r"item 'alpha/1': metric 'f1' is \(1, .* \(numbers there: acc\)"):
        score_live(HashLM(), {"alpha": [1, 2]}, tasks=tasks, name="m", metric="f1")
    assert score_live(HashLM(), {"alpha": [1, 2]}, tasks=tasks, name="m").n_items == 2


def test_mutual_information_keeps_the_probabilities_given_the_question(tmp_path: Path) -> None:
    plain = load_tasks([choice_task(tmp_path, "alpha")])
    mutual = load_tasks([choice_task(tmp_path, "alpha", ("acc", "acc_mutual_info"))])
    expected, found = (score_full(HashLM(), tasks=tasks, name="m") for tasks in (plain, mutual))
    np.testing.assert_array_equal(found.probabilities, expected.probabilities)
    np.testing.assert_array_equal(found.scores, expected.scores)
    other = score_full(HashLM(), tasks=mutual, name="m", metric="acc_mutual_info")
    assert (other.scores != expected.scores).any()


def test_free_text_has_scores_and_no_probabilities(raw_run: Any, tmp_path: Path) -> None:
    tasks = load_tasks([generation_task(tmp_path, "alpha")])
    full = recorded(raw_run(HashLM(), None, tasks))
    scored = score_live(HashLM(), {"alpha": [9, 1, 4, 0, 13]}, tasks=tasks, name="m", metric="exact_match")
    assert scored.scores[0].tolist() == [full[item]["exact_match"] for item in scored.items.index]
    assert scored.probabilities is None
    mixed = load_tasks([generation_task(tmp_path, "alpha"), choice_task(tmp_path, "beta")])
    metric = {"alpha": "exact_match", "beta": "acc"}
    both = score_live(HashLM(), {"alpha": [9], "beta": [1]}, tasks=mixed, name="m", metric=metric)
    assert both.option_counts.tolist() == [0, 3]


def test_one_of_several_filters_has_to_be_named(raw_run: Any, tmp_path: Path) -> None:
    steps = [{"function": "take_first"}]
    digit = [{"function": "regex", "regex_pattern": "([01])"}, *steps]
    filters = [{"name": "any", "filter": steps}, {"name": "low", "filter": digit}]
    tasks = load_tasks([generation_task(tmp_path, "alpha", filter_list=filters)])
    lm = HashLM()
    with pytest.raises(ConfigurationError, match=r"task 'alpha' has several filters; .*\(there are: any, low\)"):
        score_live(lm, {"alpha": [1]}, tasks=tasks, name="m", metric="exact_match")
    with pytest.raises(ConfigurationError, match=r"task 'alpha' has no filter 'high' \(there are: any, low\)"):
        score_live(lm, {"alpha": [1]}, tasks=tasks, name="m", metric="exact_match", filter_name="high")
    assert not lm.prompts
    rows = raw_run(HashLM(), None, tasks)["alpha"]
    for name in ("any", "low"):
        truth = [row["exact_match"] for row in rows if row["filter"] == name]
        scored = score_full(HashLM(), tasks=tasks, name="m", metric="exact_match", filter_name=name)
        assert scored.scores[0].tolist() == truth


@pytest.mark.parametrize("fewshot_split", ["test", "train"])
@pytest.mark.parametrize("seed", [1234, 7])
def test_few_shot_prompts_are_those_of_a_full_run(raw_run: Any, tmp_path: Path, fewshot_split: str, seed: int) -> None:
    config = choice_task(tmp_path, "alpha", num_fewshot=None, fewshot_split=fewshot_split)
    config["dataset_kwargs"]["data_files"]["train"] = str(write_documents(tmp_path, "train", documents("train", 12)))
    tasks = load_tasks([config])
    raw = raw_run(HashLM(), None, tasks, num_fewshot=2, fewshot_random_seed=seed)
    full = recorded(raw)
    tasks = load_tasks([config])
    settings: dict[str, Any] = {"num_fewshot": 2, "fewshot_random_seed": seed}
    scored = score_live(HashLM(), {"alpha": [21, 4, 5]}, tasks=tasks, name="m", **settings)
    for column, item in enumerate(scored.items.index):
        values = [response[0][0] for response in full[item]["resps"]]
        assert scored.probabilities is not None
        np.testing.assert_allclose(scored.probabilities[0, column, : len(values)], softmax(values), rtol=1e-6)


def test_settings_of_one_run_do_not_reach_the_next(tmp_path: Path) -> None:
    tasks = load_tasks([choice_task(tmp_path, "alpha", num_fewshot=None), generation_task(tmp_path, "beta")])
    metric = {"alpha": "acc", "beta": "exact_match"}
    anchors = {"alpha": [5, 6], "beta": [3]}
    before = score_live(HashLM(), anchors, tasks=tasks, name="m", metric=metric)
    changed: dict[str, Any] = {"num_fewshot": 1, "gen_kwargs": {"max_gen_toks": 3}}
    with pytest.raises(ConfigurationError, match="task 'beta' fixes num_fewshot at 0"):
        score_live(HashLM(), anchors, tasks=tasks, name="m", metric=metric, **changed)
    lm = HashLM()
    score_live(lm, {"alpha": [5, 6]}, tasks=tasks, name="m", **changed)
    assert all(prompt.count("?") == 2 for prompt in lm.prompts)
    score_live(HashLM(), {"beta": [3]}, tasks=tasks, name="m", metric=metric, gen_kwargs={"max_gen_toks": 3})
    assert "max_gen_toks" not in tasks.tasks["beta"].config.generation_kwargs
    after = score_live(HashLM(), anchors, tasks=tasks, name="m", metric=metric)
    np.testing.assert_array_equal(after.probabilities, before.probabilities)


def test_the_global_generators_are_left_as_they_were(tasks: TaskSet) -> None:
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    expected = random.random(), np.random.random()  # noqa: NPY002
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    score_live(HashLM(), {"alpha": [1]}, tasks=tasks, name="m")
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002


def test_an_unknown_setting_is_refused(tasks: TaskSet) -> None:
    with pytest.raises(ConfigurationError, match="no lm-eval setting 'num_fewshots'"):
        score_live(HashLM(), {"alpha": [1]}, tasks=tasks, name="m", num_fewshots=3)
    with pytest.raises(ConfigurationError, match="'limit' cannot be used here: the anchors say"):
        score_live(HashLM(), {"alpha": [1]}, tasks=tasks, name="m", limit=3)


def test_a_changed_document_is_an_error_before_the_model_runs(tmp_path: Path) -> None:
    config = choice_task(tmp_path, "alpha")
    recorded_hashes = score_hashes(load_tasks([config]))
    rows = documents("alpha", SIZES["alpha"])
    rows[7]["question"] += " "
    write_documents(tmp_path, "alpha", rows)
    edited = load_tasks([config])
    lm = HashLM()
    table = anchor_table(("alpha", 6), ("alpha", 7), doc_hash=[recorded_hashes[6], recorded_hashes[7]])
    found = score_hashes(edited)[7]
    with pytest.raises(
        ScoringError, match=rf"item 'alpha/7': the task's data have changed .*{found} instead of {recorded_hashes[7]}"
    ):
        score_live(lm, table, tasks=edited, name="m")
    assert not lm.prompts
    score_live(lm, table.iloc[:1], tasks=edited, name="m")
    score_live(lm, table.assign(doc_hash=None), tasks=edited, name="m")


def score_hashes(tasks: TaskSet) -> list[str]:
    """lm-eval's own hashes of all documents, from a run of its own."""
    from lm_eval import evaluate

    rows = evaluate(HashLM(), {"tasks": dict(tasks.tasks)}, bootstrap_iters=0)["samples"]["alpha"]
    return [str(row["doc_hash"]) for row in rows]


def test_a_failing_model_is_named_in_one_line(tasks: TaskSet) -> None:
    with pytest.raises(ScoringError, match=r"^model 'big': RuntimeError: out of memory$"):
        score_live(BrokenLM(), {"alpha": [1]}, tasks=tasks, name="big")


class NanLM(HashLM):
    def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
        return [(float("nan"), False) for _ in requests]


def test_log_likelihoods_that_are_no_numbers_are_refused(tasks: TaskSet) -> None:
    with pytest.raises(ScoringError, match=r"item 'alpha/1': the model gave the options log-likelihoods .*nan"):
        score_live(NanLM(), {"alpha": [1]}, tasks=tasks, name="m")


def test_several_models_are_scored_and_failures_told_apart(tasks: TaskSet) -> None:
    made: list[str] = []

    def later() -> HashLM:
        made.append("later")
        return HashLM("c")

    models: dict[str, Any] = {
        "first": HashLM("a"),
        "broken": BrokenLM(),
        "absent": lambda: Path("/no/weights").read_text(encoding="utf-8"),
        "text": lambda: "no model",
        "unknown": RegisteredModel("no-such-kind"),
        "later": later,
    }
    result = score_models(models, anchor_table(*PLACES), tasks=tasks)
    assert result.responses is not None
    assert list(result.responses.models.index) == ["first", "later"]
    for row, salt in enumerate("ac"):
        alone = score_live(HashLM(salt), anchor_table(*PLACES), tasks=tasks, name="m")
        np.testing.assert_array_equal(result.responses.scores[row], alone.scores[0])
        np.testing.assert_array_equal(result.responses.probabilities[row], alone.probabilities[0])  # type: ignore[index]
    assert {name: str(error) for name, error in result.failures.items()} == {
        "broken": "model 'broken': RuntimeError: out of memory",
        "absent": "model 'absent' does not load: FileNotFoundError: [Errno 2] No such file or directory: '/no/weights'",
        "text": "model 'text' is a str, not an lm_eval.api.model.LM",
        "unknown": "lm-eval has no kind of model 'no-such-kind'",
    }
    nobody = score_models({"broken": BrokenLM()}, anchor_table(*PLACES), tasks=tasks)
    assert nobody.responses is None
    assert list(nobody.failures) == ["broken"]


def test_a_model_is_released_before_the_next_is_made(tasks: TaskSet) -> None:
    alive: list[weakref.ref[HashLM]] = []
    seen: list[int] = []

    def made(kind: type[HashLM]) -> HashLM:
        seen.append(sum(model() is not None for model in alive))
        lm = kind()
        alive.append(weakref.ref(lm))
        return lm

    models = {str(n): partial(made, kind) for n, kind in enumerate([HashLM, BrokenLM, BrokenLM, HashLM])}
    result = score_models(models, {"alpha": [1]}, tasks=tasks)
    assert list(result.failures) == ["1", "2"]
    assert seen == [0, 0, 0, 0]


def test_a_wrong_request_stops_before_any_model_is_made(tasks: TaskSet) -> None:
    def never() -> HashLM:
        raise AssertionError

    with pytest.raises(AnchorSetError, match="alpha/99"):
        score_models({"m": never}, {"alpha": [99]}, tasks=tasks)


def test_a_full_score_has_the_weights_of_the_benchmark(raw_run: Any, tasks: TaskSet) -> None:
    rows = recorded(raw_run(HashLM()))
    truth = pd.Series({item: float(row["acc"]) for item, row in rows.items()})
    task = truth.index.str.partition("/").get_level_values(0)
    assert score_full(HashLM(), tasks=tasks, name="m").full_scores["m"] == pytest.approx(truth.mean())
    places = [(task, doc_id) for task, size in SIZES.items() for doc_id in range(size)]
    table = anchor_table(*places).assign(subject=[task for task, _ in places])
    macro = ResponseMatrix.from_arrays(np.zeros((1, len(table))), items=table, aggregation="macro", name="letters")
    scored = score_full(HashLM(), macro, tasks=tasks, name="m")
    assert scored.full_scores["m"] == pytest.approx(truth.groupby(task).mean().mean())
    assert (scored.name, scored.subjects) == ("letters", ("alpha", "beta"))
    both = score_models({"m": HashLM(), "n": HashLM("n")}, macro, tasks=tasks).responses
    assert both is not None
    np.testing.assert_array_equal(both.scores[0], scored.scores[0])


def test_answers_on_anchors_make_up_no_full_score(tasks: TaskSet) -> None:
    table = anchor_table(*PLACES, share=[0.2, 0.1, 0.1, 0.05, 0.05], subject=["x", "x", "y", "y", "y"])
    scored = score_live(HashLM(), table, tasks=tasks, name="m")
    assert scored.totals().isna().all(axis=None)
    np.testing.assert_allclose(scored.weights, [0.4, 0.2, 0.2, 0.1, 0.1])
    np.testing.assert_allclose(scored.shares["score"], table["share"])


def test_an_anchor_set_hands_on_its_part_of_the_benchmark(tasks: TaskSet) -> None:
    places = [(task, doc_id) for task, size in SIZES.items() for doc_id in range(size)]
    table = anchor_table(*places).assign(subject=[task for task, _ in places])
    matrix = ResponseMatrix.from_arrays(np.ones((3, len(table))), items=table, aggregation="macro", name="letters")
    anchors = select(matrix, "random", k=5, calibration=0)
    part = matrix.part(anchors.items)
    scored = score_live(HashLM(), anchors, tasks=tasks, name="m")
    assert scored.name == "letters"
    assert list(scored.items.index) == list(anchors.items)
    assert scored.coverage == part.coverage
    np.testing.assert_allclose(scored.weights, part.weights)
    np.testing.assert_allclose(scored.shares[list(part.shares)], part.shares)
    assert scored.totals().isna().all(axis=None)
    truth = score_full(HashLM(), matrix, tasks=tasks, name="m")
    np.testing.assert_array_equal(scored.scores, replay(truth, anchors).scores)


def test_items_without_a_place_in_a_task_cannot_be_asked(tasks: TaskSet) -> None:
    with pytest.raises(AnchorSetError, match="no column 'doc_id'"):
        score_live(HashLM(), anchor_table(("alpha", 1)).drop(columns="doc_id"), tasks=tasks, name="m")


def test_a_model_of_the_users_own_does_not_hide_those_of_lm_eval() -> None:
    script = (
        "from lm_eval.api.model import LM\n"
        "from lm_eval.api.registry import register_model\n"
        "@register_model('mine')\n"
        "class Mine(LM):\n"
        "    loglikelihood = loglikelihood_rolling = generate_until = lambda self, requests: []\n"
        "from anchoreval.scoring.model_source import RegisteredModel, opened\n"
        "from anchoreval.scoring.settings import RunSettings\n"
        "for kind in ('mine', 'dummy'):\n"
        "    print(type(opened(RegisteredModel(kind, None), RunSettings.of({}), kind)).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["Mine", "DummyLM"], done.stderr
