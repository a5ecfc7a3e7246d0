"""The response matrices that studies run on, read from a folder with one sub-folder a benchmark."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from anchoreval.errors import ResponseDataError
from anchoreval.importers.tidy import read_tidy
from anchoreval.responses import ResponseMatrix

MACRO = frozenset({"livebench"})
"""Benchmarks that count every subject the same."""
TABLES = ("items", "models", "logits")


def read_benchmark(folder: Path, name: str) -> ResponseMatrix:
    """One benchmark: `responses.parquet` and, where they are, `items`, `models` and `logits`.

    Raises:
        ResponseDataError: the folder holds no such benchmark.
    """
    responses = folder / name / "responses.parquet"
    if not responses.is_file():
        raise ResponseDataError(f"{responses}: there is no such file (name the folder of the benchmarks with --data)")
    found = {table: folder / name / f"{table}.parquet" for table in TABLES}
    given = {table: path for table, path in found.items() if path.is_file()}
    return read_tidy(responses, **given, name=name, aggregation="macro" if name in MACRO else "micro")


def study_arguments(description: str) -> argparse.ArgumentParser:
    """The arguments that every study takes: `--data`, by default the folder that ANCHOREVAL_DATA names."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get("ANCHOREVAL_DATA", "../shared/data")),
        help="folder with one sub-folder a benchmark (default: $ANCHOREVAL_DATA)",
    )
    return parser
