"""What lm-eval and `datasets` leave behind and print, kept to what the user asked for."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def offline() -> None:
    """Keep lm-eval and what it imports from looking anything up in the network, unless the user decided otherwise.

    The variables are read when `datasets` and `huggingface_hub` are first imported and hold for the whole process.
    """
    for variable, value in OFFLINE.items():
        os.environ.setdefault(variable, value)


@contextmanager
def dataset_cache(folder: Path | None) -> Iterator[None]:
    """Let `datasets` keep what it builds in this folder instead of the user's home; None changes nothing."""
    import datasets

    before = datasets.config.HF_DATASETS_CACHE
    if folder is not None:
        datasets.config.HF_DATASETS_CACHE = folder
    try:
        yield
    finally:
        datasets.config.HF_DATASETS_CACHE = before


@contextmanager
def quiet(verbose: bool = False) -> Iterator[None]:
    """Show lm-eval's warnings only; no bars for every task, and a model's own bars on a terminal only."""
    if verbose:
        yield
        return
    import datasets
    from lm_eval.api import task as lm_eval_task

    logger, bar, shown = logging.getLogger("lm_eval"), lm_eval_task.tqdm, datasets.are_progress_bars_disabled()
    level = logger.level
    logger.setLevel(logging.WARNING)
    lm_eval_task.tqdm = partial(bar, disable=True)
    datasets.disable_progress_bars()
    try:
        with _bars_on_a_terminal_only():
            yield
    finally:
        logger.setLevel(level)
        lm_eval_task.tqdm = bar
        if not shown:
            datasets.enable_progress_bars()


@contextmanager
def no_bars() -> Iterator[None]:
    """Show no bars that are made meanwhile, where one of ours counts the same already."""
    with _bars_made(lambda disable: True):
        yield


@contextmanager
def _bars_on_a_terminal_only() -> Iterator[None]:
    """What tqdm does itself with `disable=None`; lm-eval's models say False and fill logs with their bars."""
    with _bars_made(lambda disable: disable or None):
        yield


@contextmanager
def _bars_made(disabled: Callable[[Any], bool | None]) -> Iterator[None]:
    """Change what bars are made with as `disable`."""
    from tqdm.std import tqdm

    original = tqdm.__init__

    def quieter(bar: Any, *args: Any, **options: Any) -> None:
        original(bar, *args, **{**options, "disable": disabled(options.get("disable"))})

    tqdm.__init__ = quieter  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        tqdm.__init__ = original  # type: ignore[method-assign]
