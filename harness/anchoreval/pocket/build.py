"""Regenerates the shipped response matrix: `python -m anchoreval.pocket.build --out DIR`.

Trains every model of the population and runs lm-eval over all items. `--direct` leaves lm-eval out (same answers, ten
times faster), `--models a,b` takes some models, `--check` compares the decoded arrays with what ships and ends with
status 1 where they differ.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from tqdm import tqdm

from anchoreval.errors import AnchorEvalError, RequestError, ScoringError
from anchoreval.pocket.direct import graded, score_directly
from anchoreval.pocket.items import all_items
from anchoreval.pocket.model import LanguageModel, train
from anchoreval.pocket.population import population
from anchoreval.pocket.shipped import item_table, load, model_table, save
from anchoreval.pocket.spec import ModelSpec
from anchoreval.pocket.tasks import write_tasks
from anchoreval.responses import ResponseMatrix

Answers: TypeAlias = tuple[Any, Any]
"""Scores (items,) and probabilities (items, options) of one model."""

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except AnchorEvalError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_status


def through_lm_eval(folder: str | Path) -> Callable[[LanguageModel], Answers]:
    """A function that scores a model on all items through lm-eval; the tasks are loaded once.

    Args:
        folder: where the tasks' files and lm-eval's cache of them go.
    """
    # Read when `datasets` is first imported, hence before lm-eval is.
    os.environ.update(OFFLINE)
    os.environ.setdefault("HF_DATASETS_CACHE", str(Path(folder) / "cache"))
    from lm_eval import evaluate
    from lm_eval.tasks import TaskManager

    from anchoreval.pocket.lm import PocketLM

    tasks = TaskManager(include_defaults=False).load(write_tasks(folder))

    def score(model: LanguageModel) -> Answers:
        with redirect_stderr(StringIO()):  # lm-eval draws a progress bar a task and model
            result = evaluate(PocketLM(model), tasks, bootstrap_iters=0, cache_requests=False)
        return _answers(result["samples"])

    return score


def _answers(samples: dict[str, list[dict[str, Any]]]) -> Answers:
    """Join lm-eval's records on (task, doc_id); its own `acc` must agree with the grade."""
    records = {(task, row["doc_id"]): row for task, rows in samples.items() for row in rows}
    missing = [item.id for item in all_items() if (item.task, item.doc_id) not in records]
    if missing:
        raise ScoringError(f"lm-eval returned no answer to item {missing[0]!r}")
    rows = [records[item.task, item.doc_id] for item in all_items()]
    values = np.array([[response[0][0] for response in row["resps"]] for row in rows])
    scores, probabilities = graded(values, np.array([item.gold for item in all_items()]))
    differ = np.flatnonzero(scores != np.array([row["acc"] for row in rows]))
    if differ.size:
        raise ScoringError(f"item {all_items()[differ[0]].id!r}: lm-eval's acc is not the grade of its log-likelihoods")
    return scores, probabilities


def _run(options: argparse.Namespace) -> int:
    specs = _chosen(options.models)
    with tempfile.TemporaryDirectory(prefix="anchoreval-pocket-") as folder:
        score = score_directly if options.direct else through_lm_eval(folder)
        shown = tqdm(specs, unit="model", disable=None)
        answers = [score(train(spec)) for spec in shown]
    scores, probabilities = (np.stack(part) for part in zip(*answers, strict=True))
    if options.out:
        save(options.out, specs, scores, probabilities)
    if not options.check:
        return 0
    difference = compare(load(), specs, scores, probabilities)
    print(difference or f"{len(specs)} models: equal to what ships")  # noqa: T201
    return 1 if difference else 0


def compare(shipped: ResponseMatrix, specs: tuple[ModelSpec, ...], scores: Any, probabilities: Any) -> str:
    """What differs first from the shipped matrix, in one line; empty where nothing does."""
    if list(shipped.items["doc_hash"]) != list(item_table()["doc_hash"]):
        return "the items differ from those that ship"
    expected = model_table(specs).set_index("model")
    for row, name in enumerate(expected.index):
        if name not in shipped.models.index:
            return f"model {name!r} does not ship"
        place = shipped.models.index.get_loc(name)
        if str(shipped.models["released"].iloc[place].date()) != expected.loc[name, "released"]:
            return f"model {name!r}: its release date differs"
        assert shipped.probabilities is not None
        for label, new, old in (
            ("scores", scores[row], shipped.scores[place]),
            ("probabilities", probabilities[row], shipped.probabilities[place]),
        ):
            if (differ := np.flatnonzero((new != old).reshape(len(all_items()), -1).any(axis=1))).size:
                return f"model {name!r}: {label} differ on {len(differ)} items, first {all_items()[differ[0]].id!r}"
    return ""


def _chosen(names: str | None) -> tuple[ModelSpec, ...]:
    known = {spec.name: spec for spec in population()}
    wanted = list(known) if names is None else names.split(",")
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise RequestError(f"pocket has no model {unknown[0]!r}; the first is {next(iter(known))!r}")
    return tuple(known[name] for name in wanted)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m anchoreval.pocket.build", description=__doc__)
    parser.add_argument("--out", help="folder for the four Parquet files")
    parser.add_argument("--models", help="names, separated by commas; all without it")
    parser.add_argument("--direct", action="store_true", help="leave lm-eval out")
    parser.add_argument("--check", action="store_true", help="compare with what ships; status 1 where it differs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
