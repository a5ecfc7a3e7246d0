"""The shipped matrix: it loads, refuses damage, and has the structure of a real benchmark."""

from __future__ import annotations

import subprocess
import sys
from importlib import resources
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from scipy import stats

from anchoreval.errors import StoreError
from anchoreval.pocket import load
from anchoreval.pocket.items import all_items
from anchoreval.pocket.shipped import FILES
from anchoreval.responses import ResponseMatrix

SHIPPED = Path(str(resources.files("anchoreval.pocket"))) / "data"


@pytest.fixture(scope="module")
def matrix() -> ResponseMatrix:
    return load()


def test_it_holds_every_item_and_agrees_with_the_generator(matrix: ResponseMatrix) -> None:
    assert matrix.probabilities is not None
    assert (matrix.name, matrix.n_items, matrix.probabilities.shape[2]) == ("pocket", 2004, 4)
    assert list(matrix.items.index) == [item.id for item in all_items()]
    for column, values in {
        "text": [item.prompt for item in all_items()],
        "options": [list(item.options) for item in all_items()],
        "fact": [item.fact for item in all_items()],
        "doc_id": [item.doc_id for item in all_items()],
        "task": [item.task for item in all_items()],
        "subject": [item.subject for item in all_items()],
    }.items():
        assert list(matrix.items[column]) == values, column


def test_scores_are_the_likeliest_option_wherever_float16_can_tell(matrix: ResponseMatrix) -> None:
    golds = np.array([item.gold for item in all_items()])
    assert matrix.probabilities is not None
    chances = matrix.probabilities.astype(np.float64)
    ranked = np.sort(chances, axis=2)
    clear = ranked[:, :, 3] > ranked[:, :, 2]
    np.testing.assert_array_equal((chances.argmax(axis=2) == golds)[clear], matrix.scores[clear] == 1)
    assert 0.005 < (~clear).mean() < 0.05  # the reason why scores are stored


def test_it_is_small_enough_to_ship() -> None:
    assert sum((SHIPPED / f"{name}.parquet").stat().st_size for name in FILES) < 2_500_000


def test_full_scores_spread_over_the_range(matrix: ResponseMatrix) -> None:
    scores = matrix.full_scores
    assert scores.min() < 0.30
    assert scores.max() > 0.85
    assert 0.13 < scores.std() < 0.2


def test_item_difficulty_spreads(matrix: ResponseMatrix) -> None:
    easy = matrix.scores.mean(axis=0)
    low, lower, middle, upper, high = np.quantile(easy, [0.05, 0.25, 0.5, 0.75, 0.95])
    assert low < 0.2 < lower < 0.45 < middle < 0.7 < upper < 0.85 < high


def test_items_correlate_as_those_of_real_benchmarks_do(matrix: ResponseMatrix) -> None:
    varied = matrix.scores[:, matrix.scores.std(axis=0) > 0].astype(np.float64)
    correlation = np.corrcoef(varied.T)
    n = varied.shape[1]
    assert 0.08 < (correlation.sum() - n) / (n * (n - 1)) < 0.16
    assert 0.12 < np.linalg.eigvalsh(correlation)[-1] / n < 0.22


def test_some_items_are_missed_by_better_models(matrix: ResponseMatrix) -> None:
    wrong = np.array([item.wrong > 500 for item in all_items()])
    total = matrix.full_scores.to_numpy()
    slopes = [stats.pointbiserialr(s, total - s / 2004).statistic if s.std() else 0.0 for s in matrix.scores.T]
    negative = np.array(slopes) < -0.2
    assert 0.02 < negative.mean() < 0.14
    assert wrong[negative].mean() > 0.75 > 0.2 > wrong.mean()


@pytest.mark.parametrize("name", FILES)
def test_a_missing_or_truncated_file_is_named(tmp_path: Path, name: str) -> None:
    folder = copytree(SHIPPED, tmp_path / "data")
    broken = folder / f"{name}.parquet"
    broken.write_bytes(broken.read_bytes()[:-200])
    with pytest.raises(StoreError, match=f"{name}.parquet: not a readable Parquet file"):
        load(folder)
    broken.unlink()
    with pytest.raises(StoreError, match=f"{name}.parquet: no such file"):
        load(folder)


def test_changed_content_and_foreign_schema_are_refused(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    folder = copytree(SHIPPED, tmp_path / "data")
    path = folder / "models.parquet"
    table = pq.read_table(path)
    sizes = table.column("size").to_pylist()
    position = table.column_names.index("size")
    changed = table.set_column(position, table.field("size"), [[sizes[0] + 1, *sizes[1:]]])
    pq.write_table(changed, path)
    with pytest.raises(StoreError, match=r"models\.parquet: the content does not match its digest"):
        load(folder)
    pq.write_table(table.replace_schema_metadata({"anchoreval.schema": "anchoreval-pocket/2"}), path)
    with pytest.raises(StoreError, match=r"models\.parquet: schema anchoreval-pocket/2 is not anchoreval-pocket/1"):
        load(folder)


def test_loading_needs_neither_lm_eval_nor_training() -> None:
    code = (
        "import sys, anchoreval.pocket as p; p.load();"
        "heavy = {'lm_eval', 'datasets', 'torch', 'sklearn', 'scipy', 'matplotlib', 'deap'} & set(sys.modules);"
        "from anchoreval.pocket.ngrams import ngram_index;"
        "sys.exit(f'{heavy}' if heavy or ngram_index.cache_info().currsize else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
