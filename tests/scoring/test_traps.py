"""Each silent trap of lm-eval's `samples`: what lm-eval makes of the raw input, and what becomes of it here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import AnchorSetError, ConfigurationError, ScoringError
from anchoreval.scoring.live import score_live
from anchoreval.scoring.records import read_records
from anchoreval.scoring.run import _samples
from anchoreval.scoring.task_set import TaskSet, load_tasks

from .doubles import SIZES, HashLM, anchor_table, choice_task, write_group


def question(row: dict[str, Any]) -> str:
    return str(row["doc"]["question"])


def test_unsorted_ids_are_mislabelled_by_lm_eval_and_put_in_order_here(raw_run: Any, tasks: TaskSet) -> None:
    raw = raw_run(HashLM(), {"alpha": [7, 2, 19], "beta": [0]})["alpha"]
    assert {row["doc_id"]: question(row) for row in raw}[7] == "alpha question 2?"
    truth = {row["doc_id"]: row["acc"] for row in raw_run(HashLM())["alpha"]}
    ids = [7, 2, 19, 1, 0]
    scored = score_live(HashLM(), {"alpha": ids}, tasks=tasks, name="m")
    assert list(scored.items.index) == [f"alpha/{n}" for n in ids]
    assert scored.scores[0].tolist() == [truth[n] for n in ids]


def test_a_repeated_id_shifts_the_labels_in_lm_eval_and_is_refused_here(raw_run: Any, tasks: TaskSet) -> None:
    raw = raw_run(HashLM(), {"alpha": [2, 2, 7], "beta": [0]})["alpha"]
    assert [(row["doc_id"], question(row)) for row in raw] == [(2, "alpha question 2?"), (2, "alpha question 7?")]
    with pytest.raises(AnchorSetError, match="'alpha/2' is to be scored twice"):
        score_live(HashLM(), {"alpha": [2, 2, 7]}, tasks=tasks, name="m")
    table = anchor_table(("alpha", 2), ("alpha", 2)).set_axis(["a", "b"])
    with pytest.raises(AnchorSetError, match="items 'a' and 'b' are the same document"):
        score_live(HashLM(), table, tasks=tasks, name="m")


def test_an_empty_list_asks_everything_in_lm_eval_and_nothing_here(raw_run: Any, tasks: TaskSet) -> None:
    assert len(raw_run(HashLM(), {"alpha": [1], "beta": []})["beta"]) == SIZES["beta"]
    lm = HashLM()
    scored = score_live(lm, {"alpha": [1], "beta": []}, tasks=tasks, name="m")
    assert scored.n_items == 1
    assert set(lm.prompts) == {"alpha question 1?"}
    with pytest.raises(AnchorSetError, match="no items to score"):
        score_live(lm, {"alpha": [], "beta": []}, tasks=tasks, name="m")


@pytest.mark.parametrize("key", ["both", "alhpa"])
def test_a_group_or_a_misspelt_task_asks_everything_in_lm_eval_and_is_refused_here(
    raw_run: Any, tmp_path: Path, key: str
) -> None:
    loaded = load_tasks(["both"], include_path=write_group(tmp_path))
    assert loaded.sizes == SIZES
    assert len(raw_run(HashLM(), {key: [1]}, loaded)["alpha"]) == SIZES["alpha"]
    with pytest.raises(AnchorSetError, match=f"item '{key}/1': task '{key}' is not among those of this run"):
        score_live(HashLM(), {key: [1]}, tasks=loaded, name="m")
    lm = HashLM()
    score_live(lm, {"alpha": [1]}, tasks=loaded, name="m")
    assert set(lm.prompts) == {"alpha question 1?"}


def test_a_negative_id_shifts_the_labels_in_lm_eval_and_is_refused_here(raw_run: Any, tasks: TaskSet) -> None:
    raw = raw_run(HashLM(), {"alpha": [-1, 3], "beta": [0]})["alpha"]
    assert [(row["doc_id"], question(row)) for row in raw] == [(-1, "alpha question 3?")]
    with pytest.raises(AnchorSetError, match="item 'alpha/-1': doc_id -1 is not between 0 and 23"):
        score_live(HashLM(), {"alpha": [-1, 3]}, tasks=tasks, name="m")


def test_an_id_beyond_the_last_document_is_refused_by_both(raw_run: Any, tasks: TaskSet) -> None:
    with pytest.raises(AssertionError, match="interval"):
        raw_run(HashLM(), {"alpha": [24], "beta": [0]})
    with pytest.raises(AnchorSetError, match="item 'alpha/24': doc_id 24 is not between 0 and 23"):
        score_live(HashLM(), {"alpha": [24]}, tasks=tasks, name="m")


def test_numpy_ids_fail_or_leak_in_lm_eval_and_become_integers_here(raw_run: Any, tasks: TaskSet) -> None:
    with pytest.raises(ValueError, match="ambiguous"):
        raw_run(HashLM(), {"alpha": np.array([1, 2]), "beta": [0]})
    assert type(raw_run(HashLM(), {"alpha": list(np.array([1, 2])), "beta": [0]})["alpha"][0]["doc_id"]) is np.int64
    scored = score_live(HashLM(), {"alpha": np.array([2, 1])}, tasks=tasks, name="m")
    assert scored.items["doc_id"].tolist() == [2, 1]


def test_a_task_given_alone_and_in_its_group_is_refused_by_lm_eval_and_run_once_here(tmp_path: Path) -> None:
    from lm_eval.tasks import TaskManager

    folder = write_group(tmp_path)
    with pytest.raises(ValueError, match="Duplicate task 'alpha'"):
        TaskManager(include_path=str(folder), include_defaults=False).load(["both", "alpha"])
    lm = HashLM()
    anchors = {"alpha": [1], "beta": [2]}
    score_live(lm, anchors, tasks=["both", "alpha", "letters"], include_path=folder, name="m")
    assert sorted(lm.prompts) == ["alpha question 1?"] * 3 + ["beta question 2?"] * 4


def test_the_request_cache_answers_other_anchors_in_lm_eval_and_is_never_used_here(
    raw_run: Any, tasks: TaskSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lm_eval.caching.cache.PATH", str(tmp_path))
    # documents with equally many options; with others the second run would crash instead of passing unnoticed
    raw_run(HashLM(), {"alpha": [2, 8], "beta": [0]}, cache_requests=True)
    lm = HashLM()
    stale = raw_run(lm, {"alpha": [5, 11], "beta": [0]}, cache_requests=True)["alpha"]
    assert [(row["doc_id"], question(row)) for row in stale] == [(5, "alpha question 5?"), (11, "alpha question 11?")]
    assert {prompt for prompt in lm.prompts if "alpha" in prompt} == {"alpha question 2?", "alpha question 8?"}
    asked = pd.DataFrame({"item": ["alpha/5", "alpha/11"]}, index=[5, 11])
    with pytest.raises(ScoringError, match=f"item 'alpha/5': .*another document.*instead of {stale[0]['doc_hash']}"):
        read_records(stale, asked, task="alpha", metric="acc")
    settings: list[dict[str, Any]] = [{"cache_requests": True}, {"use_cache": "answers"}]
    for setting in settings:
        with pytest.raises(ConfigurationError, match=f"lm-eval setting '{next(iter(setting))}' cannot be used here"):
            score_live(HashLM(), {"alpha": [5]}, tasks=tasks, name="m", **setting)


def test_few_shot_examples_depend_on_the_anchors_in_lm_eval_and_are_those_of_a_full_run_here(
    raw_run: Any, tmp_path: Path
) -> None:
    loaded = load_tasks([choice_task(tmp_path, "alpha", num_fewshot=3)])
    ids = [3, 9, 20]
    full = {row["doc_id"]: row["arguments"] for row in raw_run(HashLM(), None, loaded)["alpha"]}
    subset = raw_run(HashLM(), {"alpha": ids}, loaded)["alpha"]
    assert not any(row["arguments"] == full[row["doc_id"]] for row in subset)
    lm = HashLM()
    scored = score_live(lm, {"alpha": ids}, tasks=loaded, name="m")
    assert sorted(set(lm.prompts)) == sorted({context for doc_id in ids for context, _ in full[doc_id]})
    again = score_live(HashLM(), {"alpha": ids}, tasks=loaded, name="m")
    np.testing.assert_array_equal(scored.probabilities, again.probabilities)


def raw_results(lm: Any, tasks: list[Any], folder: Path | None, samples: dict[str, list[int]]) -> dict[str, Any]:
    """lm-eval's own aggregates."""
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=None if folder is None else str(folder), include_defaults=False)
    result: dict[str, Any] = simple_evaluate(lm, tasks=tasks, task_manager=manager, samples=samples)
    return result


def test_a_group_is_weighted_by_the_anchors_in_lm_eval_and_by_the_benchmark_here(tmp_path: Path) -> None:
    folder = write_group(tmp_path)
    lines = ["group: both", "task: [alpha, beta]", "aggregate_metric_list: [{metric: acc, weight_by_size: true}]"]
    (folder / "both.yaml").write_text("\n".join(lines), encoding="utf-8")
    ids = {"alpha": list(range(12)), "beta": [0, 3]}
    raw = raw_results(HashLM("b"), ["both"], folder, ids)
    own = {task: raw["results"][task]["acc,none"] for task in ids}
    share = {task: SIZES[task] / sum(SIZES.values()) for task in ids}
    truth = sum(share[task] * own[task] for task in ids)
    assert raw["groups"]["both"]["acc,none"] == pytest.approx((12 * own["alpha"] + 2 * own["beta"]) / 14)
    assert abs(raw["groups"]["both"]["acc,none"] - truth) > 0.05
    places = [(task, doc_id) for task, of_task in ids.items() for doc_id in of_task]
    shares = [share[task] / len(ids[task]) for task, _ in places]
    scored = score_live(HashLM("b"), anchor_table(*places, share=shares), tasks=["both"], include_path=folder, name="m")
    assert (scored.scores[0] * scored.weights).sum() == pytest.approx(truth)
    some = score_live(
        HashLM("b"),
        anchor_table(*places, share=np.divide(shares, 2).tolist()),
        tasks=["both"],
        include_path=folder,
        name="m",
    )
    assert np.isnan(some.full_scores["m"]), "anchors that carry half of the benchmark make no full score"


def test_a_single_anchor_has_a_text_for_an_error_in_lm_eval_and_no_error_here(tmp_path: Path) -> None:
    config = choice_task(tmp_path, "alpha", ("acc", "acc_norm"))
    one = raw_results(HashLM(), [config], None, {"alpha": [3]})["results"]["alpha"]
    two = raw_results(HashLM(), [config], None, {"alpha": [3, 4]})["results"]["alpha"]
    assert one["acc_stderr,none"] == "N/A"
    assert isinstance(two["acc_stderr,none"], float)
    scored = score_live(HashLM(), {"alpha": [3]}, tasks=[config], name="m")
    assert scored.scores.tolist() == [[one["acc,none"]]]
    assert "N/A" not in repr(scored.provenance)
    assert "stderr" not in repr(scored.provenance)


def test_aggregates_that_fail_on_few_documents_stop_lm_eval_and_not_us(tmp_path: Path) -> None:
    config = choice_task(tmp_path, "alpha")
    config["metric_list"].append({"metric": "f1", "aggregation": "f1", "higher_is_better": True})
    with pytest.raises(ValueError, match="multiclass"):
        raw_results(HashLM(), [config], None, {"alpha": list(range(24))})
    assert score_live(HashLM(), {"alpha": list(range(24))}, tasks=[config], name="m").n_items == 24


def test_a_task_that_is_asked_in_full_is_not_searched_document_by_document() -> None:
    """lm-eval looks each document up in the list of ids: quadratic, half a second at 4,681 of 14,042."""
    assert _samples({"alpha": [0, 1], "beta": [4]}, {"alpha": 2, "beta": 5}) == {"beta": [4]}
    assert _samples({"alpha": [0, 1]}, {"alpha": 2}) is None
