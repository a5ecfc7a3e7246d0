"""Tidy tables: one row a model and item, with optional tables of items, models and option logits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import IntArray, Probabilities
from anchoreval.errors import ResponseDataError
from anchoreval.importers.columns import identifiers, numbers, refuse_unknown, require
from anchoreval.importers.grid import Grid
from anchoreval.importers.option_columns import PREFIXES, option_names, option_probabilities
from anchoreval.importers.table_files import Table, TableSource, read_table
from anchoreval.importers.tidy_tables import items_in_responses, items_listed, models_listed, naming
from anchoreval.responses import ResponseMatrix
from anchoreval.tables import model_table

KEYS = ("model", "item")
RESPONSE_COLUMNS = (*KEYS, "score", "subject", "pred")
"""`pred`, the option that was chosen, may be there and is not kept."""


def read_tidy(
    responses: TableSource,
    *,
    items: TableSource | None = None,
    models: TableSource | None = None,
    logits: TableSource | None = None,
    name: str | None = None,
    aggregation: str = "micro",
) -> ResponseMatrix:
    """Read a benchmark from tidy tables: CSV, JSONL (both may be gzipped), Parquet, or DataFrames.

    Args:
        responses: columns `model`, `item`, `score` in [0, 1] (or true and false; empty: not answered); optional
            `subject`, the same in all rows of an item, and option columns `prob_*` (probabilities), `logit_*` or
            `logprob_*` (a softmax makes them probabilities), empty beyond an item's options. A pair of model and item
            that has no row was not answered.
        items: column `item` and any of `position`, `task`, `doc_id`, `subject`, `text`, `options` (lists, or JSON
            lists in text), `doc_hash`, `cost`, `label_status`; other columns are carried along. Its order is the
            benchmark's; without it, items come in order of appearance. An item that nobody answered stays, as a
            missing answer of every model.
        models: column `model` and any of `base_model`, `family`, `released`, `prompt`, `run`, `full_score`,
            `full_score/<subject>`; other columns are carried along. Its order is kept. A model without responses is
            left out.
        logits: columns `model`, `item` and option columns, instead of option columns in `responses`.
        name: the benchmark's name; by default the file's, or its folder's where the file is called `responses`.
        aggregation: `micro` (every item counts the same) or `macro` (every subject counts the same).

    Raises:
        ResponseDataError: one line that names the file and the row, item or option at fault (rows count from 1
            without the header; in JSONL it is the line).
    """
    answers = read_table(responses, "responses", (*KEYS, "subject"))
    require(answers, *KEYS, "score")
    refuse_unknown(answers, RESPONSE_COLUMNS, PREFIXES)
    model_rows, models_from = _models(models, answers)
    item_rows, items_from = (
        (items_in_responses(answers), answers.label) if items is None else items_listed(items, answers)
    )
    grid = Grid(model_rows.index, item_rows.index, models_from, items_from)
    cells = grid.cells(answers)
    scores = grid.scatter(_scores(answers, grid, cells), cells, np.float32)
    probabilities = _probabilities(answers, cells, logits, grid)
    with naming(answers):
        return ResponseMatrix.from_arrays(
            scores,
            models=model_rows,
            items=item_rows,
            probabilities=probabilities,
            aggregation=aggregation,
            name=name or _name_of(responses),
            provenance={"importer": "tidy"},
        )


def _models(source: TableSource | None, answers: Table) -> tuple[pd.DataFrame, str]:
    _, ids = identifiers(answers, "model")
    return (model_table(ids, len(ids)), answers.label) if source is None else models_listed(source, ids)


def _scores(answers: Table, grid: Grid, cells: IntArray) -> Any:
    values = numbers(answers, "score")
    outside = (values < 0.0) | (values > 1.0)
    if outside.any():
        row = int(np.argmax(outside))
        answers.refuse(row, f"{grid.name(cells[row])}: score {values[row]:g} is outside [0, 1]")
    return values


def _probabilities(answers: Table, cells: IntArray, logits: TableSource | None, grid: Grid) -> Probabilities | None:
    table, names = answers, option_names(answers)
    if logits is not None:
        if names:
            raise ResponseDataError(
                f"{answers.label}: has option columns ({names[0]}), and a logits table is given too"
            )
        table, names = _logits_table(logits)
        cells = grid.cells(table)
    if not names:
        return None
    probabilities: Probabilities = grid.scatter(option_probabilities(table, names), cells)
    return probabilities


def _logits_table(source: TableSource) -> tuple[Table, list[str]]:
    table = read_table(source, "logits", KEYS)
    require(table, *KEYS)
    refuse_unknown(table, KEYS, PREFIXES)
    names = option_names(table)
    if not names:
        raise ResponseDataError(f"{table.label}: has no option columns ({', '.join(f'{p}*' for p in PREFIXES)})")
    return table, names


def _name_of(source: TableSource) -> str:
    if isinstance(source, pd.DataFrame):
        return "benchmark"
    path = Path(source).absolute()
    stem = path.name.split(".")[0]
    return path.parent.name or stem if stem == "responses" else stem
