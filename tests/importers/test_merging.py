"""Merging: what becomes of repeated, conflicting and partial runs, checked by hand; nothing missing becomes a score."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchoreval.errors import ConfigurationError, ResponseDataError
from anchoreval.importers.gathering import gather
from anchoreval.importers.imported import ImportedRun
from anchoreval.importers.merging import CHOICES, Policies, merged

from .written import scores_of

NAN = float("nan")


def run(
    model: str,
    scores: dict[str, float],
    task: str = "t",
    *,
    replicate: str = "",
    hashes: Sequence[str | None] | None = None,
    source: str = "a.json",
    probabilities: Any = None,
    **more: Any,
) -> ImportedRun:
    items = pd.DataFrame({"key": list(scores)})
    if hashes is not None:
        items["doc_hash"] = pd.Series(hashes, dtype=object)
    return ImportedRun(
        model=model,
        task=task,
        items=items,
        scores=np.array(list(scores.values()), dtype=np.float32),
        metric=more.pop("metric", "acc"),
        replicate=replicate,
        source=Path(source),
        probabilities=None if probabilities is None else np.array(probabilities, dtype=np.float32),
        **more,
    )


def told(runs: Sequence[ImportedRun], **policies: str) -> tuple[dict[tuple[str, str], dict[str, float]], list[str]]:
    """Scores by model and task, and what was done."""
    together, notes = merged(runs, Policies(**policies))
    found = {(one.model, one.task): scores_of(one) for one in together}
    assert len(found) == len(together), "at most one run a model and task"
    return found, notes


# --- one model's runs ------------------------------------------------------------------------------------------------


def test_runs_that_do_not_meet_are_left_alone() -> None:
    runs = [run("a", {"1": 1, "2": 0}), run("b", {"1": 0, "2": 0.5}), run("a", {"1": 1}, "u"), run("b", {"1": 0}, "u")]
    together, notes = merged(runs)
    assert sorted(map(id, together)) == sorted(map(id, runs))
    assert notes == []


def test_identical_runs_are_one() -> None:
    runs = [run("a", {"1": 1, "2": NAN}), run("a", {"2": NAN, "1": 1}, source="b.json")]
    found, notes = told(runs)
    assert found["a", "t"]["1"] == 1
    assert notes[0] == "b.json: model 'a', task 't': the same answers again, left out"


def test_parts_are_joined_and_gaps_filled() -> None:
    runs = [run("a", {"1": 1, "2": NAN}, stated=1.0), run("a", {"2": 0, "3": 0.5}, source="b.json")]
    together, notes = merged(runs)
    assert scores_of(together[0]) == {"1": 1.0, "2": 0.0, "3": 0.5}
    assert together[0].stated is None
    assert together[0].provenance["joined_with"] == ["b.json"]
    assert notes == ["b.json: model 'a', task 't': joined with a.json"]


def test_joined_parts_keep_their_probabilities() -> None:
    left = run("a", {"1": 1, "2": 0}, probabilities=[[0.75, 0.25], [NAN, NAN]])
    right = run("a", {"2": 0, "3": 1}, probabilities=[[0.5, 0.5, NAN], [0.2, 0.3, 0.5]])
    (joined,), _ = merged([left, right])
    assert joined.probabilities is not None
    np.testing.assert_allclose(joined.probabilities, np.float32([[0.75, 0.25, NAN], [0.5, 0.5, NAN], [0.2, 0.3, 0.5]]))


CONFLICT = [run("a", {"1": 1, "2": 0}), run("a", {"2": 1, "1": 1}, source="b.json")]


def test_a_conflict_is_refused() -> None:
    with pytest.raises(ResponseDataError) as caught:
        merged(CONFLICT)
    assert str(caught.value) == (
        "b.json: model 'a', task 't': 1 answer differs from that in a.json (the first is item '2'); "
        "reading.on_conflict=first, last or replicates decides"
    )


@pytest.mark.parametrize(("policy", "second"), [("first", 0.0), ("last", 1.0)])
def test_a_conflict_is_settled_by_order(policy: str, second: float) -> None:
    found, notes = told(CONFLICT, on_conflict=policy)
    assert found == {("a", "t"): {"1": 1.0, "2": second}}
    assert notes == [f"b.json: model 'a', task 't': differs from a.json; the {policy} is kept"]


def test_a_conflict_is_kept_as_replicates() -> None:
    third = run("a", {"1": 0, "2": 0}, source="c.json")
    again = run("a", {"1": 1, "2": 1}, source="d.json")
    found, notes = told([*CONFLICT, third, again], on_conflict="replicates")
    assert found == {
        ("a@1", "t"): {"1": 1.0, "2": 0.0},
        ("a@2", "t"): {"2": 1.0, "1": 1.0},
        ("a@3", "t"): {"1": 0.0, "2": 0.0},
    }
    assert "d.json: model 'a', task 't': the same answers again, left out" in notes
    mean, _ = told(CONFLICT, on_conflict="replicates", replicates="mean")
    assert mean == {("a", "t"): {"1": 1.0, "2": 0.5}}


def test_other_probabilities_are_a_conflict_too() -> None:
    runs = [run("a", {"1": 1}, probabilities=[[p, 1 - p]]) for p in (0.9, 0.8)]
    with pytest.raises(ResponseDataError, match="1 answer differs"):
        merged(runs)


def test_metrics_are_never_mixed_within_a_model() -> None:
    with pytest.raises(ResponseDataError, match=r"b.json: model 'a', task 't': scored by f1, in a.json by acc"):
        merged([run("a", {"1": 1}), run("a", {"1": 1}, metric="f1", source="b.json")], Policies(on_conflict="last"))
    _, notes = told([run("a", {"1": 1}), run("b", {"1": 0}, metric="f1")])
    assert notes == ["task 't': models are scored by different metrics (acc, f1)"]


# --- replicates ------------------------------------------------------------------------------------------------------

SEEDS = [
    run("a", {"1": 1, "2": 0}, replicate="s1", model_facts={"family": "f"}),
    run("a", {"2": 1, "1": 1, "3": 0.5}, replicate="s2", model_facts={"family": "f"}),
    run("a", {"1": 0}, "u"),
    run("b", {"1": 0, "2": 0, "3": 0}),
    run("b", {"1": 1}, "u"),
]


def test_replicates_are_rows_of_one_base_model() -> None:
    found, notes = told(SEEDS)
    assert found["a@s1", "t"] == {"1": 1.0, "2": 0.0}
    assert found["a@s2", "t"] == {"2": 1.0, "1": 1.0, "3": 0.5}
    assert found["a", "u"] == {"1": 0.0}
    assert notes[0] == "model 'a': 3 replicates (without a name, 's1', 's2') are rows of their own"
    matrix = gather(merged(SEEDS)[0], "bench")
    assert matrix.models.loc["a@s1", ["base_model", "run", "family"]].tolist() == ["a", "s1", "f"]
    assert np.isnan(matrix.scores[list(matrix.models.index).index("a@s1"), list(matrix.items.index).index("t/3")])


def test_replicates_are_averaged_over_those_that_answered() -> None:
    found, notes = told(SEEDS, replicates="mean")
    assert found["a", "t"] == {"1": 1.0, "2": 0.5, "3": 0.5}
    assert found["a", "u"] == {"1": 0.0}
    assert notes[0] == "model 'a', task 't': the mean of 2 replicates is its score"
    assert not any("partial" in note for note in notes)


def test_a_mean_of_nothing_is_missing_and_of_distributions_a_distribution() -> None:
    runs = [
        run("a", {"1": NAN, "2": 1}, replicate="1", probabilities=[[NAN, NAN], [0.9, 0.1]]),
        run("a", {"1": NAN, "2": 0}, replicate="2", probabilities=[[NAN, NAN], [0.3, 0.7]]),
    ]
    (mean,), _ = merged(runs, Policies(replicates="mean"))
    np.testing.assert_array_equal(mean.scores, np.float32([NAN, 0.5]))
    np.testing.assert_allclose(mean.probabilities, [[NAN, NAN], [0.6, 0.4]], rtol=1e-6)


def test_replicates_that_are_equal_are_one() -> None:
    runs = [run("a", {"1": 1, "2": 0}, replicate=when) for when in ("2024", "2025")]
    together, notes = merged(runs)
    assert [(one.model, one.replicate, one.model_facts["run"]) for one in together] == [("a", "", "2024")]
    assert notes == ["model 'a', task 't': 2 replicates are equal; one is kept"]


def test_a_replicates_name_may_be_taken() -> None:
    with pytest.raises(ResponseDataError, match="model 'a@s1' is called as a replicate of 'a' is"):
        merged([*SEEDS, run("a@s1", {"1": 1})])


# --- items by their documents ----------------------------------------------------------------------------------------


def test_a_shifted_version_is_matched_by_documents() -> None:
    old = run("a", {"0": 1, "1": 0, "2": 1}, hashes=["x", "y", "z"])
    new = run("b", {"0": 0.5, "1": 1, "2": 0, "3": 1}, hashes=["new", "x", "y", "z"], source="b.json")
    with pytest.raises(ResponseDataError, match=r"b.json: item '0' of task 't' is another document than in a.json"):
        merged([old, new])
    found, notes = told([old, new], changed_items="separate")
    assert found["b", "t"] == {"0#new": 0.5, "0": 1.0, "1": 0.0, "2": 1.0}
    assert notes[:2] == [
        "b.json: 3 items of task 't' have other keys than in earlier files; matched by document",
        "b.json: 1 item of task 't' has the key of another document; kept apart",
    ]


def test_documents_that_stand_twice_keep_their_keys() -> None:
    runs = [
        run("a", {"0": 1, "1": 0, "2": 1}, hashes=["x", "y", "x"]),
        run("b", {"2": 1}, hashes=["x"]),
        run("c", {"7": 1, "8": 0, "9": 0}, hashes=["x", "y", "x"]),
    ]
    found, _ = told(runs)
    assert found["b", "t"] == {"2": 1.0}
    assert found["c", "t"] == {"0": 1.0, "1": 0.0, "2": 0.0}


def test_without_hashes_keys_decide() -> None:
    runs = [run("a", {"0": 1, "1": 1}, hashes=["x", None]), run("b", {"0": 0, "1": 1})]
    found, notes = told(runs)
    assert found["b", "t"] == {"0": 0.0, "1": 1.0}
    assert notes == []


def test_tasks_are_apart() -> None:
    runs = [run("a", {"0": 1}, "t", hashes=["x"]), run("a", {"0": 1}, "u", hashes=["y"])]
    assert merged(runs)[1] == []


def test_shared_tables_stay_shared() -> None:
    first = run("a", {"0": 1, "1": 0}, hashes=["x", "y"])
    shifted = run("b", {"5": 1, "6": 1}, hashes=["x", "y"])
    other = ImportedRun("c", "t", shifted.items, np.float32([0, 0]), "acc")
    together, _ = merged([first, shifted, other])
    assert together[0].items is first.items
    assert together[1].items is together[2].items


def test_two_items_cannot_become_one() -> None:
    runs = [run("a", {"0": 1}, hashes=["x"]), run("b", {"5": 1, "0": 0}, hashes=["x", None])]
    with pytest.raises(ResponseDataError, match="items of task 't' have the same document and key '0'"):
        merged(runs)


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(list("abcdef")), size=st.integers(1, 6))
def test_whatever_the_numbering_documents_meet(order: list[str], size: int) -> None:
    first = run("one", {str(n): n / 8 for n in range(6)}, hashes=list("abcdef"))
    second = run(
        "two", {str(n): "abcdef".index(letter) / 8 for n, letter in enumerate(order[:size])}, hashes=order[:size]
    )
    found, _ = told([first, second])
    assert found["two", "t"].items() <= found["one", "t"].items()


# --- parts, and models under two names -------------------------------------------------------------------------------

PART = [run("a", {"1": 1, "2": 0}), run("b", {"1": 1}), run("c", {"1": 0, "2": NAN})]


def test_partial_models_are_kept_with_missing_answers() -> None:
    found, notes = told(PART)
    assert found["b", "t"] == {"1": 1.0}
    assert notes == ["answers that models lack, of 2 items: 'b' 1, 'c' 1; these are missing, not wrong"]
    matrix = gather(merged(PART)[0], "bench")
    assert np.isnan(matrix.scores[1:, 1]).all()


def test_partial_models_are_dropped_or_refused() -> None:
    found, notes = told(PART, partial="drop")
    assert list(found) == [("a", "t")]
    assert notes == ["answers that models lack, of 2 items: 'b' 1, 'c' 1; dropped"]
    with pytest.raises(ResponseDataError, match=r"'b' 1, 'c' 1; reading\.partial=keep or drop decides"):
        told(PART, partial="refuse")
    with pytest.raises(ResponseDataError, match=r"reading\.partial=drop leaves no model"):
        told([run("a", {"1": 1}), run("b", {"2": 1})], partial="drop")
    many = [run(f"m{n}", {"1": n % 2}) for n in range(9)]
    assert "and 4 more models" in told([run("whole", {"1": 1, "2": 1}), *many])[1][0]


def test_a_model_that_lacks_a_task_is_partial() -> None:
    _, notes = told([run("a", {"1": 1}), run("a", {"1": 0}, "u"), run("b", {"1": 0})])
    assert notes == ["answers that models lack, of 2 items: 'b' 1; these are missing, not wrong"]


def test_models_under_two_names_are_reported() -> None:
    runs = [run("a", {"1": 1, "2": 0}), run("b", {"2": 0, "1": 1}), run("c", {"1": 1, "2": 1}), *SEEDS[:0]]
    _, notes = told(runs)
    assert notes == ["models 'a', 'b' have the same 2 scores: one model under several names?"]
    seeds = [run("a", {"1": 1}, replicate="1"), run("a", {"1": 0}, replicate="2"), run("a", {"1": 1}, replicate="3")]
    assert not any("same" in note for note in told(seeds)[1])


def test_policies_are_checked() -> None:
    for name in CHOICES:
        with pytest.raises(ConfigurationError, match=f"{name}=never is not one of"):
            Policies(**{name: "never"})


# --- properties ------------------------------------------------------------------------------------------------------

ANSWERS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from([0.0, 0.5, 1.0, NAN]), min_size=1)


@settings(max_examples=60, deadline=None)
@given(
    answers=st.lists(
        st.tuples(st.sampled_from(["m", "n"]), st.sampled_from(["", "1"]), ANSWERS), min_size=1, max_size=6
    ),
    on_conflict=st.sampled_from(["first", "last", "replicates"]),
    replicates=st.sampled_from(["rows", "mean"]),
)
def test_no_answer_is_made_up(
    answers: list[tuple[str, str, dict[str, float]]], on_conflict: str, replicates: str
) -> None:
    runs = [run(model, scores, replicate=label, source=str(n)) for n, (model, label, scores) in enumerate(answers)]
    together, _ = merged(runs, Policies(on_conflict=on_conflict, replicates=replicates))
    assert len({(one.model, one.task) for one in together}) == len(together)
    for one in together:
        base = str(one.model_facts.get("base_model", one.model))
        given_by = [scores for model, _, scores in answers if model == base]
        for key, score in scores_of(one).items():
            known = [scores[key] for scores in given_by if key in scores and not np.isnan(scores[key])]
            assert np.isnan(score) or (known and min(known) <= score <= max(known))
            assert replicates == "mean" or np.isnan(score) or score in known
