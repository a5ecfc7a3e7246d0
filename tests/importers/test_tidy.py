"""Tidy tables: what is read, and that every fault is one line naming the file and the row."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchoreval.errors import ResponseDataError
from anchoreval.importers.columns import _is_misspelt, _one_slip
from anchoreval.importers.tidy import read_tidy
from anchoreval.responses import ResponseMatrix
from anchoreval.tables import ITEM_COLUMNS, MODEL_COLUMNS

from ..conftest import simulate

FORMATS = ("csv", "csv.gz", "jsonl", "jsonl.gz", "parquet")


def write(frame: pd.DataFrame, path: Path) -> Path:
    """The table in the format that the name asks for, written with nothing of ours."""
    if path.name.endswith(".parquet"):
        frame.to_parquet(path, index=False)
    elif ".csv" in path.name:
        frame.to_csv(path, index=False)
    else:
        frame.to_json(path, orient="records", lines=True)
    return path


def long_table(matrix: ResponseMatrix) -> pd.DataFrame:
    """A row a cell that was answered, with probabilities where there are any."""
    rows, columns = np.nonzero(~np.isnan(matrix.scores))
    table = pd.DataFrame(
        {"model": matrix.models.index[rows], "item": matrix.items.index[columns], "score": matrix.scores[rows, columns]}
    )
    if matrix.probabilities is not None:
        for n in range(matrix.probabilities.shape[2]):
            table[f"prob_{n}"] = matrix.probabilities[rows, columns, n]
    return table


def by_hand(table: pd.DataFrame) -> pd.DataFrame:
    """The matrix as pandas makes it."""
    return table.pivot(index="model", columns="item", values="score")


# --- what is read ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_the_same_matrix(tmp_path: Path, suffix: str) -> None:
    matrix = simulate(7, 15, n_subjects=3, options=3, missing=0.1, variants=2, seed=2)
    items = matrix.items.assign(text=[f'"{n}", a\nb' for n in range(15)], doc_id=range(15)).rename_axis("item")
    models = matrix.models.assign(released=matrix.models["released"].dt.strftime("%Y-%m-%d"), full_score=0.5)
    back = read_tidy(
        write(long_table(matrix).sample(frac=1, random_state=0), tmp_path / f"answers.{suffix}"),
        items=write(items.reset_index(), tmp_path / f"items.{suffix}"),
        models=write(models.reset_index(), tmp_path / f"models.{suffix}"),
    )
    np.testing.assert_array_equal(back.scores, matrix.scores)
    assert back.probabilities is not None
    assert matrix.probabilities is not None
    np.testing.assert_allclose(back.probabilities, matrix.probabilities, atol=1e-6)
    assert list(back.items.index) == list(matrix.items.index)
    assert back.items["text"].tolist() == items["text"].tolist()
    assert back.items["doc_id"].dtype == np.int64
    assert back.subjects == matrix.subjects
    pd.testing.assert_frame_equal(back.models[matrix.models.columns], matrix.models, check_dtype=False)
    assert back.name == "answers"


def test_data_frames_are_read_and_left_as_they_are(tmp_path: Path) -> None:
    matrix = simulate(5, 9, n_subjects=2)
    table = long_table(matrix)
    before = table.copy()
    back = read_tidy(table, items=matrix.items, models=matrix.models, aggregation="macro")
    np.testing.assert_array_equal(back.scores, matrix.scores)
    pd.testing.assert_frame_equal(back.models, matrix.models)
    pd.testing.assert_frame_equal(table, before)
    np.testing.assert_array_equal(read_tidy(table.set_index(["model", "item"])).scores, matrix.scores)


@settings(max_examples=40, deadline=None)
@given(
    cells=st.dictionaries(
        st.tuples(st.sampled_from(["m", "M", "1", "01", "ü|", "a b"]), st.sampled_from(["i", "7", "007", "x/1", "é"])),
        st.one_of(st.none(), st.floats(0, 1)),
        min_size=1,
    ),
    suffix=st.sampled_from(["csv", "jsonl", "parquet"]),
)
def test_any_table_is_the_pivot_of_its_rows(
    tmp_path_factory: pytest.TempPathFactory, cells: dict[tuple[str, str], float | None], suffix: str
) -> None:
    table = pd.DataFrame([(*key, score) for key, score in cells.items()], columns=["model", "item", "score"])
    table["score"] = table["score"].astype(float)
    back = read_tidy(write(table, tmp_path_factory.mktemp("tidy") / f"r.{suffix}"))
    expected = by_hand(table).reindex(index=back.models.index, columns=back.items.index)
    # JSON as pandas writes it keeps ten digits
    np.testing.assert_allclose(back.scores, expected.to_numpy(np.float64).astype(np.float32), atol=1e-7)
    assert list(back.models.index) == list(dict.fromkeys(table["model"]))
    assert list(back.items.index) == list(dict.fromkeys(table["item"]))


def csv(tmp_path: Path, text: str, name: str = "responses.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_ids_are_texts(tmp_path: Path) -> None:
    back = read_tidy(csv(tmp_path, "model,item,score\n1,007,1\n1,7,0\nNA,true,1\nnull,2024-01-01,0\n"))
    assert list(back.models.index) == ["1", "NA", "null"]
    assert list(back.items.index) == ["007", "7", "true", "2024-01-01"]
    numbers = pd.DataFrame({"model": [1, 1], "item": [7.0, 8.0], "score": [1, 0]})
    assert list(read_tidy(numbers).items.index) == ["7", "8"]
    mixed = pd.DataFrame({"model": ["m", "m", "n"], "item": [7, "8", "7"], "score": [1, 0, 0.5]})
    np.testing.assert_array_equal(read_tidy(mixed).scores, np.float32([[1, 0], [0.5, np.nan]]))


@pytest.mark.parametrize("true", ["True", "true", "TRUE"])
def test_booleans_and_empty_scores(tmp_path: Path, true: str) -> None:
    text = f"model,item,score\na,x,{true}\na,y,\na,z,0.25\nb,x,False\nb,y,NaN\n"
    scores = read_tidy(csv(tmp_path, text)).scores
    np.testing.assert_array_equal(scores, np.float32([[1, np.nan, 0.25], [0, np.nan, np.nan]]))
    path = tmp_path / "r.jsonl"
    path.write_text('{"model":"a","item":"x","score":true}\n\n{"model":"a","item":"y","score":null}\n')
    np.testing.assert_array_equal(read_tidy(path).scores, np.float32([[1, np.nan]]))


def test_a_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes("\ufeffmodel,item,score\r\na,x,1\r\n".encode())
    assert read_tidy(path).scores.tolist() == [[1.0]]


def test_item_and_model_tables_set_order_and_extras(tmp_path: Path) -> None:
    responses = csv(tmp_path, "model,item,score\nb,y,1\na,x,0\n")
    items = csv(tmp_path, 'item,difficulty_guess,options\nx,0.5,"[""p"", ""q""]"\nz,0.1,\ny,0.2,"[1]"\n', "items.csv")
    models = csv(tmp_path, "model,step,family\na,3,\nnobody,4,f\nb,5,g\n", "models.csv")
    back = read_tidy(responses, items=items, models=models)
    assert list(back.items.index) == ["x", "z", "y"], "an item that nobody answered stays"
    assert list(back.models.index) == ["a", "b"], "a model without responses is left out"
    assert back.items["options"].tolist() == [["p", "q"], None, ["1"]]
    assert back.items["difficulty_guess"].tolist() == [0.5, 0.1, 0.2]
    assert back.models["step"].tolist() == [3, 5]
    assert back.models["family"].isna().tolist() == [True, False]
    assert np.isnan(back.scores[:, 1]).all()


def test_subjects_may_stand_in_the_responses(tmp_path: Path) -> None:
    text = "model,item,score,subject\na,x,1,s\na,y,0,t\nb,x,1,s\n"
    assert read_tidy(csv(tmp_path, text)).items["subject"].tolist() == ["s", "t"]
    items = csv(tmp_path, "item,text\ny,why\nx,\n", "items.csv")
    assert read_tidy(csv(tmp_path, text), items=items).items["subject"].tolist() == ["t", "s"]


def test_logits_become_probabilities_in_their_own_table_too() -> None:
    logits = np.array([[1.0, 2.0, np.nan], [-np.inf, 0.0, 0.0], [np.nan, np.nan, np.nan]])
    table = pd.DataFrame({"model": ["a", "a", "b"], "item": ["x", "y", "x"], "score": [1, 0, 1]})
    options = pd.DataFrame(logits, columns=["logit_A", "logit_B", "logit_C"])
    inside = read_tidy(pd.concat([table, options], axis=1)).probabilities
    assert inside is not None
    sigmoid = 1 / (1 + np.exp(1.0))
    np.testing.assert_allclose(inside[0, 0], [sigmoid, 1 - sigmoid, np.nan], rtol=1e-6)
    np.testing.assert_allclose(inside[0, 1], [0.0, 0.5, 0.5])
    assert np.isnan(inside[1]).all()
    beside = pd.concat([table[["model", "item"]], options], axis=1).iloc[[1, 0, 2]]
    other = read_tidy(table, logits=beside).probabilities
    assert other is not None
    np.testing.assert_array_equal(other, inside)
    renamed = options.rename(columns=lambda name: name.replace("logit", "logprob"))
    np.testing.assert_array_equal(read_tidy(pd.concat([table, renamed], axis=1)).probabilities, inside)


def test_half_precision_probabilities_stay_so(tmp_path: Path) -> None:
    table = pd.DataFrame({"model": ["a"], "item": ["x"], "score": [1.0]})
    half = table.assign(prob_A=np.float16([0.3]), prob_B=np.float16([0.7]))
    path = tmp_path / "r.parquet"
    half.to_parquet(path)
    probabilities = read_tidy(path).probabilities
    assert probabilities is not None
    assert probabilities.dtype == np.float16


@pytest.mark.parametrize(("file", "name"), [("responses.csv", "folder"), ("musr.csv", "musr")])
def test_the_name_is_that_of_the_file_or_its_folder(tmp_path: Path, file: str, name: str) -> None:
    (tmp_path / "folder").mkdir()
    path = csv(tmp_path / "folder", "model,item,score\na,x,1\n", file)
    assert read_tidy(path).name == name
    assert read_tidy(path, name="mine").name == "mine"


# --- faults in one table ---------------------------------------------------------------------------------------------

HEAD = "model,item,score"
FAULTS = [
    ("above 1", f"{HEAD}\na,x,1\na,y,1.5\n", "row 2: model 'a', item 'y': score 1.5 is outside"),
    ("below 0", f"{HEAD}\na,x,-0.1\n", "row 1: model 'a', item 'x': score -0.1 is outside"),
    ("infinite", f"{HEAD}\na,x,1\nb,x,inf\n", "row 2: model 'b', item 'x': score inf is outside"),
    ("no number", f"{HEAD}\na,x,1\na,y,0.5x\n", "row 2: score '0.5x' is not a number"),
    ("a date", f"{HEAD}\na,x,2024-01-01\n", "row 1: score .*2024.* is not a number"),
    ("twice", f"{HEAD}\na,x,1\nb,x,1\na,x,1\n", "row 3: model 'a', item 'x' stands twice"),
    ("no model", f"{HEAD}\na,x,1\n,x,1\n", "row 2: no model"),
    ("no item", f"{HEAD}\na,x,1\na,,1\n", "row 2: no item"),
    ("no score column", "model,item\na,x\n", "has no column 'score' .it has 'model', 'item'"),
    ("unknown column", f"{HEAD},scroe\na,x,1,1\n", "unknown column 'scroe' .did you mean 'score'"),
    ("no subject", f"{HEAD},subject\na,x,1,s\na,y,1,\n", "row 2: no subject"),
    ("two subjects", f"{HEAD},subject\na,x,1,s\nb,x,1,t\n", "row 2: item 'x' has subject 't', in an earlier row 's'"),
    ("reserved", f"{HEAD},subject\na,x,1,lower\n", "a subject cannot be called 'lower'"),
    ("too few values", f"{HEAD}\na,x,1\nb,x\n", "row 2: Expected 3 columns, got 2: b,x"),
    ("too many values", f"{HEAD}\na,x,1,2\n", "row 1: Expected 3 columns, got 4"),
    ("column twice", "model,item,score,score\na,x,1,1\n", "column 'score' stands twice"),
    ("empty", "", "is empty"),
    ("no rows", f"{HEAD}\n", "holds no rows"),
    ("sum", f"{HEAD},prob_A,prob_B\na,x,1,0.5,0.5\na,y,1,0.5,0.4\n", "row 2: option probabilities sum to 0.9000"),
    ("outside", f"{HEAD},prob_A,prob_B\na,x,1,1.5,-0.5\n", "row 1: prob_A 1.5 is outside"),
    ("gap", f"{HEAD},prob_A,prob_B\na,x,1,,1\n", "row 1: prob_A is missing, prob_B is not"),
    ("option text", f"{HEAD},logit_A,logit_B\na,x,1,0,?\n", "row 1: logit_B '\\?' is not a number"),
    ("infinite logit", f"{HEAD},logit_A,logit_B\na,x,1,0,inf\n", "row 1: logit_B is infinite"),
    ("all impossible", f"{HEAD},logit_A,logit_B\na,x,1,-inf,-inf\n", "row 1: no option has a finite value"),
    ("two kinds", f"{HEAD},logit_A,prob_B\na,x,1,0,1\n", "option columns of two kinds, logit_. and prob_."),
    ("option count", f"{HEAD},prob_A,prob_B\na,x,1,1,\nb,x,1,0.5,0.5\n", "item 'x': has probabilities for 1 options"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS])
@pytest.mark.parametrize("suffix", ["csv", "csv.gz"])
def test_a_fault_is_one_line_that_names_file_and_row(tmp_path: Path, text: str, message: str, suffix: str) -> None:
    path = tmp_path / f"answers.{suffix}"
    path.write_bytes(gzip.compress(text.encode()) if suffix.endswith("gz") else text.encode())
    with pytest.raises(ResponseDataError, match=message) as caught:
        read_tidy(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rows", [3, 120_000])
def test_a_fault_far_down_is_found(tmp_path: Path, rows: int) -> None:
    """Beyond the first block, where a reader that guesses types has settled on numbers."""
    lines = [f"m{n // 1000},i{n % 1000},1" for n in range(rows)]
    lines[-1] = lines[-1] + "x"
    path = csv(tmp_path, "\n".join([HEAD, *lines]) + "\n")
    with pytest.raises(ResponseDataError, match=f"row {rows}: score '1x' is not a number"):
        read_tidy(path)


LINES = [
    ("not JSON", ['{"model":"a","item":"x","score":1}', "", "{model}"], "line 3: is not JSON"),
    ("not an object", ['{"model":"a","item":"x","score":1}', "[1]"], "line 2: not a JSON object"),
    ("two objects", ['{"model":"a","item":"x","score":1},{"model":"b","item":"x","score":1}'], "line 1: is not JSON"),
    ("blank lines count", ["", "", '{"model":"a","item":"x","score":2}'], "line 3: model 'a', item 'x': score 2"),
    ("key missing", ['{"model":"a","item":"x","score":1}', '{"model":"a","score":1}'], "line 2: no item"),
    ("a list", ['{"model":"a","item":"x","score":1}', '{"model":"a","item":"y","score":[1]}'], r"line 2: score \[1\]"),
    ("text", ['{"model":"a","item":"x","score":"0.5x"}'], "line 1: score '0.5x' is not a number"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "message"), [case[1:] for case in LINES], ids=[case[0] for case in LINES])
def test_a_bad_line_is_named(tmp_path: Path, lines: Sequence[str], message: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ResponseDataError, match=message) as caught:
        read_tidy(path)
    assert str(caught.value).startswith(f"{path}, line")
    assert "\n" not in str(caught.value)


def test_files_that_are_no_tables(tmp_path: Path) -> None:
    good = write(long_table(simulate(3, 4)), tmp_path / "good.parquet")
    (tmp_path / "cut.parquet").write_bytes(good.read_bytes()[:-40])
    (tmp_path / "noise.csv.gz").write_bytes(b"not gzip")
    (tmp_path / "noise.jsonl.gz").write_bytes(gzip.compress(b"{}\n" * 100)[:-9])
    (tmp_path / "latin.csv").write_bytes(b"model,item,score\na,\xe9,1\n")
    (tmp_path / "late.csv").write_bytes(b"model,item,score\n" + b"a,\xc3\xa9,1\n" * 9999 + b"a,\xe9,1\n")
    (tmp_path / "table.xlsx").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    expected = {
        "cut.parquet": "not a complete Parquet file",
        "late.csv": "row 10000: CSV conversion error to .*invalid UTF8",
        "noise.csv.gz": "cannot be read",
        "noise.jsonl.gz": "cannot be read",
        "latin.csv": "cannot be read.*utf-8",
        "table.xlsx": "not a table by its name; .parquet, .csv and .jsonl",
        "folder": "is a folder, not a file",
        "nothing.csv": "there is no such file",
    }
    for name, message in expected.items():
        with pytest.raises(ResponseDataError, match=message) as caught:
            read_tidy(tmp_path / name)
        assert str(caught.value).startswith(str(tmp_path / name))
        assert "\n" not in str(caught.value)


# --- faults between tables -------------------------------------------------------------------------------------------


def test_what_another_table_lacks_is_named(tmp_path: Path) -> None:
    responses = csv(tmp_path, "model,item,score\na,x,1\nb,y,1\n")
    for text, key, message in (
        ("item\nx\n", "items", "responses.csv, row 2: item 'y' is not in .*extra.csv"),
        ("model\na\n", "models", "responses.csv, row 2: model 'b' is not in .*extra.csv"),
        ("model,item,logit_A\na,x,1\nb,z,1\n", "logits", "extra.csv, row 2: item 'z' is not in .*responses.csv"),
        ("model,item,logit_A\na,x,1\na,x,1\n", "logits", "extra.csv, row 2: model 'a', item 'x' stands twice"),
        ("model,item,logits\na,x,1\n", "logits", "extra.csv: unknown column 'logits' .did you mean 'logit_'"),
        ("model,item\na,x\n", "logits", "extra.csv: has no option columns"),
        ("item,subject\nx,s\nx,s\ny,s\n", "items", "extra.csv, row 2: item 'x' stands twice"),
        ("item,subjct\nx,s\ny,s\n", "items", "extra.csv: column 'subjct': did you mean 'subject'"),
        ("model,Family\na,f\nb,f\n", "models", "extra.csv: column 'Family': did you mean 'family'"),
        ("model,full_score\na,0.5\nb,high\n", "models", "extra.csv, row 2: full_score 'high' is not a number"),
        ("model,full_score\na,0.5\nb,50\n", "models", "extra.csv: model 'b': full_score 50 is outside"),
        ("model,released\na,soon\nb,\n", "models", "extra.csv: model 'a': released 'soon' is not a date"),
        ("item,options\nx,yes\ny,\n", "items", "extra.csv, row 1: options are neither a list nor a JSON list"),
        ("item,subject\nx,s\ny,\n", "items", "extra.csv: item 'y' has no subject"),
        ("name\nx\n", "items", "extra.csv: has no column 'item'"),
    ):
        other = csv(tmp_path, text, "extra.csv")
        with pytest.raises(ResponseDataError, match=message) as caught:
            read_tidy(responses, **{key: other})  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)


def test_subjects_that_contradict_each_other_are_named(tmp_path: Path) -> None:
    responses = csv(tmp_path, "model,item,score,subject\na,x,1,s\na,y,1,t\n")
    items = csv(tmp_path, "item,subject\nx,s\ny,u\n", "items.csv")
    with pytest.raises(ResponseDataError, match=r"row 2: item 'y' has subject 't', in .*items\.csv 'u'"):
        read_tidy(responses, items=items)


def test_options_in_two_places_are_refused() -> None:
    table = pd.DataFrame({"model": ["a"], "item": ["x"], "score": [1], "prob_A": [1.0]})
    with pytest.raises(ResponseDataError, match=r"has option columns \(prob_A\), and a logits table is given too"):
        read_tidy(table, logits=table)


def test_macro_needs_subjects(tmp_path: Path) -> None:
    with pytest.raises(ResponseDataError, match=r"responses\.csv: aggregation 'macro' needs the items' subjects"):
        read_tidy(csv(tmp_path, "model,item,score\na,x,1\n"), aggregation="macro")


# --- names that are nearly right -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["subjct", "Subject", "subjects", "sbuject", "docid", "doc-id", "Text", "base_modle",
                                  "fullscore", "relased", "taks", "doc_hsah", "optoins", "modell"])  # fmt: skip
def test_misspelt_columns_are_noticed(name: str) -> None:
    assert any(_is_misspelt(name, known) for known in ("model", *MODEL_COLUMNS, *ITEM_COLUMNS))


@pytest.mark.parametrize("name", ["n_options", "answer", "source_index", "published", "series", "step", "src", "host",
                                  "test", "coverage", "rank", "size", "lab", "gold", "url", "mask"])  # fmt: skip
def test_other_columns_are_left_alone(name: str) -> None:
    assert not any(_is_misspelt(name, known) for known in ("item", "model", *MODEL_COLUMNS, *ITEM_COLUMNS))


def slips(word: str) -> set[str]:
    """Every word that is one slip away, by brute force over a small alphabet."""
    splits = [(word[:n], word[n:]) for n in range(len(word) + 1)]
    return (
        {a + b[1:] for a, b in splits if b}
        | {a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1}
        | {a + c + b[1:] for a, b in splits if b for c in "abc"}
        | {a + c + b for a, b in splits for c in "abc"}
    )


@settings(max_examples=400, deadline=None)
@given(st.text("abc", min_size=1, max_size=5), st.text("abc", min_size=1, max_size=6))
def test_one_slip_is_what_brute_force_says(meant: str, name: str) -> None:
    if name != meant:
        assert _one_slip(name, meant) == (name in slips(meant))


# --- real data, speed ------------------------------------------------------------------------------------------------


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["arc", "livebench", "mmlu_options", "mmlu_pro_cot", "openllm_large_truthfulqa"])
def test_real_folders_are_read(real: Callable[[str], ResponseMatrix], data_folder: Path, name: str) -> None:
    files = {key: data_folder / name / f"{key}.parquet" for key in ("items", "models", "logits")}
    found = {key: path for key, path in files.items() if path.exists()}
    expected = real(name)
    matrix = read_tidy(
        data_folder / name / "responses.parquet", aggregation="macro" if name == "livebench" else "micro", **found
    )
    np.testing.assert_array_equal(matrix.scores, expected.scores)
    pd.testing.assert_frame_equal(matrix.models, expected.models)
    assert matrix.items_digest == expected.items_digest
    assert matrix.name == name
    if expected.probabilities is not None:
        assert matrix.probabilities is not None
        np.testing.assert_array_equal(matrix.probabilities, expected.probabilities)


@pytest.mark.perf
def test_a_million_rows_take_less_than_a_pivot(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    matrix = ResponseMatrix.from_arrays(rng.integers(0, 2, (500, 2000)))
    path = write(long_table(matrix), tmp_path / "r.parquet")
    begin = time.perf_counter()
    back = read_tidy(path)
    ours = time.perf_counter() - begin
    begin = time.perf_counter()
    pivoted = by_hand(pq.read_table(path).to_pandas())
    pivot = time.perf_counter() - begin
    print(f"\n{ours:.2f} s, pandas' pivot {pivot:.2f} s")  # noqa: T201
    np.testing.assert_array_equal(back.scores, pivoted.loc[back.models.index, back.items.index])
    assert ours < pivot


def test_messages_show_values_in_short(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    row: dict[str, Any] = {"model": "a", "item": "x", "score": "y" * 10_000}
    path.write_text(json.dumps(row))
    with pytest.raises(ResponseDataError) as caught:
        read_tidy(path)
    assert len(str(caught.value)) < 300
