"""Reading sample logs costs little more than parsing their JSON, and memory that does not grow with the file's text."""

from __future__ import annotations

import hashlib
import json
import random
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anchoreval.importers.imported import ImportedRun, ReadOptions
from anchoreval.importers.lm_eval_logs import IMPORTER
from anchoreval.importers.merging import Policies
from anchoreval.importers.recognising import find_units
from anchoreval.jobs.import_formats import forget, read_units
from anchoreval.studies.import_speed import write_logs

pytestmark = pytest.mark.perf
ROWS = 24_000
FACTOR = 5.0
"""Times the processor time of plain `json.loads` on every line: 2.5 to 3.3, on an overloaded machine more than 4."""
WHOLE_FACTOR = 7.0
"""As much for everything from recognising files to the matrix: 4.3, on a busy machine up to 5.7."""
SHARE = 1.2
"""Of the file's size, kept in memory at most; all rows as they are parsed would take some four times as much."""
ATTEMPTS = 6
"""Measurements, of which one must do: another process may hold the processor's memory, our code cannot."""


def row(number: int, rng: random.Random, words: list[str]) -> dict[str, Any]:
    """As lm-eval writes a row of MMLU, of about 1.2 kB."""
    question = " ".join(rng.choices(words, k=20))
    likelihoods = [str(-10 * rng.random()) for _ in range(4)]
    answer = rng.randrange(4)
    context = f"{question}\nAnswer:"
    return {
        "doc_id": number,
        "doc": {"question": question, "subject": "law", "choices": rng.choices(words, k=4), "answer": answer},
        "target": str(answer),
        "arguments": {f"gen_args_{n}": {"arg_0": context[-60:], "arg_1": f" {'ABCD'[n]}"} for n in range(4)},
        "resps": [[[value, "False"]] for value in likelihoods],
        "filtered_resps": [[value, "False"] for value in likelihoods],
        "filter": "none",
        "metrics": ["acc"],
        "doc_hash": hashlib.sha256(question.encode()).hexdigest(),
        "prompt_hash": hashlib.sha256(context.encode()).hexdigest(),
        "target_hash": "0" * 64,
        "acc": float(max(range(4), key=lambda n: float(likelihoods[n])) == answer),
    }


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of some 30 MB."""
    rng = random.Random(0)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 10))) for _ in range(900)]
    path = tmp_path_factory.mktemp("model") / "samples_mmlu_2025-01-01T00-00-00.jsonl"
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row(number, rng, words)) + "\n" for number in range(ROWS))
    return path


def parse_every_line(path: Path) -> None:
    for log in [path] if path.is_file() else path.rglob("*.jsonl"):
        with log.open("rb") as stream:
            for line in stream:
                json.loads(line)


def read(log: Path) -> ImportedRun:
    (run,) = IMPORTER.read(log, ReadOptions())
    assert isinstance(run, ImportedRun)
    return run


def processor_seconds(call: Callable[[Path], object], log: Path) -> float:
    start = time.process_time()
    call(log)
    return time.process_time() - start


def check_against_parsing(call: Callable[[Path], object], path: Path, megabytes: float, factor: float) -> None:
    for _ in range(ATTEMPTS):
        parsing, taken = processor_seconds(parse_every_line, path), processor_seconds(call, path)
        print(f"\n{megabytes:.0f} MB: {megabytes / taken:.0f} MB/s, {taken / parsing:.2f} x parsing")  # noqa: T201
        if taken <= factor * parsing:
            return
    pytest.fail(f"in none of {ATTEMPTS} measurements within {factor:g} times parsing; the last: {taken / parsing:.2f}")


def test_reading_takes_a_few_times_as_long_as_parsing(log: Path) -> None:
    check_against_parsing(read, log, log.stat().st_size / 1e6, FACTOR)


def test_an_import_of_many_small_logs_takes_little_longer_than_reading_them(tmp_path: Path) -> None:
    size = write_logs(tmp_path / "logs", models=6, items=14_042)

    def imported(logs: Path) -> None:
        units, left = find_units(logs)
        into = tmp_path / "bench"
        read_units(units, left, into, "bench", "micro", ReadOptions(), Policies(), workers=1)
        forget(into)

    check_against_parsing(imported, tmp_path / "logs", size / 1e6, WHOLE_FACTOR)


def test_memory_holds_what_is_kept_and_no_more(log: Path) -> None:
    tracemalloc.start()
    try:
        run = read(log)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(run.scores) == ROWS
    print(f"\npeak {peak / 1e6:.0f} MB for a file of {log.stat().st_size / 1e6:.0f} MB")  # noqa: T201
    assert peak < SHARE * log.stat().st_size
