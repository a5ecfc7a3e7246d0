"""Whether an exported task asks and grades as the original does: it is loaded by lm-eval and compared.

No export is written before this has passed. Requests must be equal byte for byte; grading is compared on answers that
are made up here, right ones and wrong ones.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from anchoreval.errors import ConfigurationError
from anchoreval.exporters.rendering import Rendered, refusal, request_arguments
from anchoreval.schema import one_line
from anchoreval.scoring.plan import MULTIPLE_CHOICE
from anchoreval.scoring.settings import RunSettings, configured, seeded
from anchoreval.scoring.surroundings import quiet

TRIALS = 3
"""Made-up answers to each multiple-choice document."""


def check_metric(original: Any, document: Rendered, settings: RunSettings, name: str, metric: str) -> None:
    """Refuse a metric that grading does not give: it would be missed only after a run.

    Raises:
        ConfigurationError: naming the metrics that there are.
    """
    with configured(original, settings):
        graded = _graded(original, document.document, _answers(original, document)[0])
    if isinstance(graded, Mapping) and metric not in graded:
        raise ConfigurationError(f"task {name!r} gives no metric {metric!r} (there are: {', '.join(map(str, graded))})")


def check_exported(
    folder: Path, exported: str, original: Any, documents: Sequence[Rendered], settings: RunSettings, name: str
) -> None:
    """Load one exported task and compare it with the original.

    Args:
        folder: that holds the export.
        exported: name of the exported task.
        original: lm-eval's task.
        documents: what a full run asks of the original.
        settings: of the original's run.
        name: of the original.

    Raises:
        ConfigurationError: the export does not load, or does not ask or grade the same; names the first difference.
    """
    try:
        task = _loaded(folder, exported)
        with seeded(RunSettings()), configured(task, RunSettings()):
            asked = request_arguments(task, range(len(documents)), RunSettings().of_prompt)
    except Exception as error:
        raise refusal(name, f"lm-eval does not load it ({type(error).__name__}: {one_line(error)})") from error
    for n, (document, arguments) in enumerate(zip(documents, asked, strict=True)):
        if arguments != document.arguments:
            raise refusal(name, f"anchor {n} would be asked otherwise than in a full run")
    with configured(original, settings):
        for n, document in enumerate(documents):
            if not _graded_alike(task, original, task.eval_docs[n], document):
                raise refusal(name, f"anchor {n} would be graded otherwise than in a full run")


def _loaded(folder: Path, exported: str) -> Any:
    from lm_eval.tasks import TaskManager

    with quiet(), _no_bytecode():
        logging.getLogger("lm_eval").setLevel(logging.ERROR)  # `quiet` puts it back; it warns of every own loader
        manager = TaskManager(include_path=str(folder), include_defaults=False)
        return manager.load([exported])["tasks"][exported]


@contextmanager
def _no_bytecode() -> Iterator[None]:
    """Leave no compiled files in the folder, which is to hold what `export.json` lists."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _graded_alike(task: Any, original: Any, row: Any, document: Rendered) -> bool:
    return all(
        _same(_graded(task, row, answers), _graded(original, document.document, answers))
        for answers in _answers(original, document)
    )


def _graded(task: Any, document: Any, answers: Sequence[Any]) -> Any:
    """The metrics, or how grading fails: it must then fail in the same way."""
    try:
        return task.process_results(document, list(answers))
    except Exception as error:
        return type(error).__name__


def _answers(task: Any, document: Rendered) -> list[list[Any]]:
    if task.OUTPUT_TYPE == "generate_until":
        return [[text] for text in _texts(document)]
    rng = np.random.default_rng(0)
    draws = rng.normal(-5.0, 2.0, (TRIALS if task.OUTPUT_TYPE == MULTIPLE_CHOICE else 2, len(document.arguments)))
    return [[(float(value), bool(n % 2)) for value in values] for n, values in enumerate(draws)]


def _texts(document: Rendered) -> list[str]:
    target = document.columns["target"]
    right = target[0] if isinstance(target, list) and target else target
    if isinstance(right, int) and "choices" in document.columns:
        right = document.columns["choices"][right]
    return [str(right), f" {right}.", "", "[invalid]"]


def _same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)
