from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anchor_selectors.bento import Bento
from anchoreval.contract import choose
from anchoreval.errors import MethodOptionError, NotApplicableError, ResponseDataError
from anchoreval.methods import Selection
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


@pytest.fixture
def matrix(synthetic: Simulator) -> ResponseMatrix:
    """Nine subjects of unequal size."""
    base = synthetic(40, 150, seed=4)
    subject = np.random.default_rng(0).choice(list("abcdefghi"), 150, p=np.arange(1, 10) / 45)
    return ResponseMatrix.from_arrays(
        base.scores, models=base.models, items=base.items.assign(subject=subject), weights=1.0 + np.arange(150) % 3
    )


@pytest.fixture
def transfer(tmp_path: Path) -> Path:
    path = tmp_path / "transfer.csv"
    table(np.random.default_rng(1).random((9, 9))).to_csv(path)
    return path


def table(values: np.ndarray, names: str = "abcdefghi") -> pd.DataFrame:
    return pd.DataFrame(values, index=list(names), columns=list(names))


def run(matrix: ResponseMatrix, k: int, **options: object) -> Selection:
    return choose(Bento(**options), matrix, k)  # type: ignore[arg-type]


def subject_scores(matrix: ResponseMatrix) -> pd.DataFrame:
    """Models by subjects, by pandas."""
    long = pd.DataFrame(matrix.scores.astype(float).T * matrix.weights[:, None]).groupby(matrix.items["subject"].values)
    return long.sum().T / pd.Series(matrix.weights).groupby(matrix.items["subject"].values).sum()


def k_medoids(signatures: np.ndarray, k: int) -> list[int]:
    """Greedy k-medoids on Euclidean distances, which is what form sim amounts to."""
    between = np.linalg.norm(signatures[:, None] - signatures[None], axis=2)
    chosen: list[int] = []
    for _ in range(k):
        cost = {t: between[:, [*chosen, t]].min(axis=1).sum() for t in range(len(between)) if t not in chosen}
        chosen.append(min(cost, key=lambda task: (round(cost[task], 9), task)))
    return chosen


@pytest.mark.parametrize("c", [1.0, 1.5, 2.0, 10.0])
def test_form_sim_is_greedy_k_medoids_whatever_c_is(matrix: ResponseMatrix, c: float) -> None:
    expected = k_medoids(subject_scores(matrix).to_numpy().T, 9)
    order = run(matrix, 9, c=c).details["order"]
    assert order == ["abcdefghi"[place] for place in expected]
    for k in range(1, 9):
        assert run(matrix, k, c=c).details["order"] == order[:k]


def test_transferability_decides_in_its_place(matrix: ResponseMatrix, transfer: Path) -> None:
    values = pd.read_csv(transfer, index_col=0).to_numpy()
    expected = ["abcdefghi"[place] for place in k_medoids(values, 4)]
    assert run(matrix, 4, transfer=str(transfer)).details["order"] == expected
    assert expected != run(matrix, 4).details["order"]


def test_the_table_may_be_parquet_in_another_order_and_hold_more(
    matrix: ResponseMatrix, transfer: Path, tmp_path: Path
) -> None:
    known = pd.read_csv(transfer, index_col=0)
    wider = known.reindex(index=[*"zihgfedcba"], columns=[*"abcdefzghi"]).fillna(9.0)
    wider.to_parquet(tmp_path / "wider.parquet")
    wider.rename_axis("source").reset_index().to_parquet(tmp_path / "plain.parquet", index=False)
    expected = run(matrix, 4, transfer=str(transfer)).details["order"]
    for name in ("wider", "plain"):
        assert run(matrix, 4, transfer=str(tmp_path / f"{name}.parquet")).details["order"] == expected


def test_size_weights_are_those_of_the_benchmark(matrix: ResponseMatrix) -> None:
    chosen = run(matrix, 3)
    weights = pd.Series(matrix.weights, matrix.items.index)[chosen.items]
    np.testing.assert_allclose(chosen.weights, weights / weights.sum())
    assert run(matrix, 3, weights="none").weights is None


def test_cluster_weights_are_the_mass_that_each_subject_stands_for(matrix: ResponseMatrix) -> None:
    chosen = run(matrix, 3, weights="cluster")
    scores = subject_scores(matrix)
    sizes = pd.Series(matrix.weights).groupby(matrix.items["subject"].values).sum()
    expected = dict.fromkeys(chosen.details["order"], 0.0)
    for subject in scores:
        nearest = min(expected, key=lambda other: np.linalg.norm(scores[subject] - scores[other]))
        expected[nearest] += sizes[subject]
    given = pd.Series(chosen.weights, matrix.items.loc[chosen.items, "subject"].to_numpy())
    assert given.groupby(level=0).sum().to_dict() == pytest.approx(expected)
    within = pd.Series(matrix.weights, matrix.items.index)[chosen.items].to_numpy()
    ratio = chosen.weights / within
    for subject in expected:
        assert np.ptp(ratio[matrix.items.loc[chosen.items, "subject"] == subject]) < 1e-9


def test_details_judge_the_choice_beside_random_ones(matrix: ResponseMatrix) -> None:
    chosen = run(matrix, 3)
    scores = subject_scores(matrix)
    sizes = pd.Series(matrix.weights).groupby(matrix.items["subject"].values).sum()
    own = chosen.details["order"]
    truth = matrix.full_scores.to_numpy()
    estimate = np.average(scores[own], axis=1, weights=sizes[own])
    nrmse = np.sqrt(np.mean((estimate - truth) ** 2)) / np.sqrt(np.mean(truth**2))
    assert chosen.details["nrmse"] == pytest.approx(nrmse, abs=1e-6)
    assert chosen.details["random_subsets"] == 84
    assert chosen.details["random_subsets_are_all"]
    assert 1 / 84 <= chosen.details["random_as_good"] <= 1
    everything = run(matrix, 9).details
    assert (everything["nrmse"], everything["random_as_good"]) == (pytest.approx(0, abs=1e-6), 1.0)


def test_residuals_forget_difficulty(matrix: ResponseMatrix) -> None:
    order = run(matrix, 4, residual=True).details["order"]
    scores = subject_scores(matrix)
    twisted = scores - scores.mean(axis=0)
    expected = k_medoids(twisted.sub(twisted.mean(axis=1), axis=0).to_numpy().T, 4)
    assert order == ["abcdefghi"[place] for place in expected]
    shifted = 0.5 * matrix.scores
    shifted[:, matrix.items["subject"] == "c"] += 0.5  # one subject becomes easy for everybody
    other = ResponseMatrix.from_arrays(shifted, models=matrix.models, items=matrix.items, weights=matrix.weights)
    assert run(other, 4, residual=True).details["order"] == order
    assert run(other, 4).details["order"] != run(matrix, 4).details["order"]


def test_form_le_depends_on_the_number_of_eigenvectors(matrix: ResponseMatrix) -> None:
    lists = {tuple(run(matrix, 4, form="le", eigenvectors=count).details["order"]) for count in range(1, 8)}
    assert len(lists) > 1
    with pytest.raises(MethodOptionError, match=r"selector bento: eigenvectors = 9 is not between 1 and 8"):
        run(matrix, 4, form="le", eigenvectors=9)


def test_nobody_scoring_anything_is_no_division_by_zero(matrix: ResponseMatrix) -> None:
    zero = ResponseMatrix.from_arrays(np.zeros_like(matrix.scores), items=matrix.items)
    assert run(zero, 2).details["nrmse"] is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no such file"),
        ("", "cannot be read"),
        ("s,a,b\na,1,2\nb,3,x\n", "row 'b', column 'b': 'x' is not a finite number"),
        ("s,a,b\na,1,2\nb,3,inf\n", "row 'b', column 'b': 'inf' is not"),
        ("s,a,b\na,1,2\nb,3,\n", "row 'b', column 'b': '' is not"),
        ("s,a,b\na,1,2\n", "is not square: 'b' stands as a column only (1 rows, 2 columns)"),
        ("s,a,b\na,1,2\na,3,4\n", "row 'a' stands twice"),
        ("s,a,a\na,1,2\nb,3,4\n", "column 'a' stands twice"),
    ],
)
def test_a_wrong_table_is_one_line(matrix: ResponseMatrix, tmp_path: Path, content: str | None, words: str) -> None:
    path = tmp_path / "wrong.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ResponseDataError) as refusal:
        run(matrix, 2, transfer=str(path))
    assert words in str(refusal.value)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_table_of_other_subjects_or_kind_is_refused(matrix: ResponseMatrix, tmp_path: Path) -> None:
    table(np.eye(8), "abcdefgh").to_csv(tmp_path / "small.csv")
    with pytest.raises(NotApplicableError, match=r"selector bento: .*small.csv has no subject 'i' of benchmark"):
        run(matrix, 2, transfer=str(tmp_path / "small.csv"))
    (tmp_path / "table.txt").write_text("a")
    with pytest.raises(ResponseDataError, match=r"table.txt: not a table of transferability by its name"):
        run(matrix, 2, transfer=str(tmp_path / "table.txt"))
    (tmp_path / "broken.parquet").write_text("a")
    with pytest.raises(ResponseDataError, match=r"broken.parquet: cannot be read"):
        run(matrix, 2, transfer=str(tmp_path / "broken.parquet"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"form": "both"}, "form = 'both' is not one of sim, le"),
        ({"weights": "equal"}, "weights = 'equal' is not one of size, cluster, none"),
        ({"metric": "manhattan"}, "metric"),
        ({"normalise": "rank"}, "normalise"),
        ({"c": 0.5}, "c = 0.5 is not a number of at least 1"),
        ({"eigenvectors": 0}, "eigenvectors = 0"),
        ({"eigenvectors": True}, "eigenvectors = True"),
        ({"transfer": "t.csv", "residual": True}, "residual"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(MethodOptionError) as refusal:
        Bento(**options)  # type: ignore[arg-type]
    assert str(refusal.value).startswith("selector bento: ")
    assert words in str(refusal.value)


def test_the_papers_reading_goes_with_the_selection(matrix: ResponseMatrix) -> None:
    assert run(matrix, 2).details["reconstruction"] == {"name": "weighted"}


@pytest.mark.real_data
def test_fourteen_subjects_of_mmlu_pro(real: Callable[[str], ResponseMatrix]) -> None:
    chosen = run(real("mmlu_pro_cot"), 3)
    assert len(set(chosen.details["order"])) == 3
    assert chosen.details["nrmse"] < 0.2
