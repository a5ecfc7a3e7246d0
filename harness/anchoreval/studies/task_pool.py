"""Tables of a study, one a task, worked off by several processes and kept in one compact file as they are finished."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd

from anchoreval.atomic import write_bytes

BETWEEN_WRITES = 10
"""Finished tasks that a kill may lose."""


def pooled_tables(
    options: argparse.Namespace,
    name: str,
    work: Callable[..., pd.DataFrame],
    tasks: Sequence[tuple[Any, ...]],
    keys: Sequence[str],
) -> pd.DataFrame:
    """The tables of all tasks as one; those that are not in the published file are computed and added to it.

    Args:
        options: `data`, `into` and `workers` of the study.
        name: of the file under `<into>/cells/by_target`.
        work: given the folder of the data and a task, its table, which holds the task in the columns `keys`.
        tasks: each a tuple.
        keys: columns that tell tasks apart.
    """
    path = _path(options, name)
    done = pd.read_parquet(path) if path.is_file() else pd.DataFrame(columns=list(keys))
    there = set(done[list(keys)].drop_duplicates().itertuples(index=False, name=None))
    fresh: list[pd.DataFrame] = []
    for table in _worked_off(options, name, work, [task for task in tasks if task not in there]):
        fresh.append(table)
        if len(fresh) % BETWEEN_WRITES == 0:
            _write(options, name, [done, *fresh], keys)
    whole = pd.concat([done, *fresh], ignore_index=True) if len(done) else pd.concat(fresh, ignore_index=True)
    if fresh:
        _write(options, name, [whole], keys)
    return whole


def _write(options: argparse.Namespace, name: str, tables: Sequence[pd.DataFrame], keys: Sequence[str]) -> None:
    whole = pd.concat([table for table in tables if len(table)], ignore_index=True)
    ordered = whole.sort_values(list(keys), kind="stable").reset_index(drop=True)
    content = ordered.to_parquet(index=False, compression="zstd")
    write_bytes(_path(options, name), content)


def _path(options: argparse.Namespace, name: str) -> Path:
    """Beside the cells of comparisons, whose format is another."""
    return Path(options.into) / "cells" / "by_target" / f"{name}.parquet"


def _worked_off(
    options: argparse.Namespace, name: str, work: Callable[..., pd.DataFrame], tasks: Sequence[tuple[Any, ...]]
) -> Iterator[pd.DataFrame]:
    from tqdm import tqdm

    if not tasks:
        return
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        futures = [pool.submit(work, str(options.data), *task) for task in tasks]
        try:
            for future in tqdm(as_completed(futures), total=len(futures), desc=name, disable=None):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _one_thread() -> None:
    """Processes share the cores, not threads."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    threadpool_limits(1)
