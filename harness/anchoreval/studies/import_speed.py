"""How fast, and in how much memory, many gigabytes of lm-eval sample logs become a stored benchmark.

Run `python -m anchoreval.studies.import_speed --models 400 --items 14042`. Writes logs of generated models (about 1 kB
a row) into a temporary folder, imports them with `job=import` in a process of its own, kills that once half-way and
goes on, and writes `import_speed.md`: megabytes of text a second, the largest memory of the process and its workers
together, and what the kill cost. `--models 40` gives the same figures in a tenth of the time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from anchoreval.atomic import write_text
from anchoreval.reporting.tables import markdown_table
from anchoreval.store import read_benchmark

SUBJECTS, OPTIONS = 57, 4


@dataclass(frozen=True)
class Timed:
    """One import: seconds, the largest resident memory of all its processes in bytes, and whether it was killed."""

    seconds: float
    memory: int
    killed: bool


def main(arguments: Sequence[str] | None = None) -> None:
    """Generate, import, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=400)
    parser.add_argument("--items", type=int, default=14042)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--into", type=Path, default=Path("results/published"))
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="anchoreval-import-") as folder:
        place = Path(folder)
        size = write_logs(place / "logs", asked.models, asked.items)
        killed = _import(place, asked.workers, stop_after=_half(size))
        resumed = _import(place, asked.workers)
        whole = _import(place, asked.workers, into="again")
        same = read_benchmark(place / "bench").scores.tobytes() == read_benchmark(place / "again").scores.tobytes()
    text = report(asked.models, asked.items, size, (killed, resumed, whole), same)
    write_text(asked.into / "import_speed.md", text)
    sys.stdout.write(text)


def write_logs(folder: Path, models: int, items: int, subjects: int = SUBJECTS, seed: int = 0) -> int:
    """Write sample logs as lm-eval does, a file a subject and model; returns bytes.

    The text of an item and its prompt is that of all models; log-likelihoods are each model's own.
    """
    rng = np.random.default_rng(seed)
    shared = [_shared(n) for n in range(items)]
    ends = np.linspace(0, items, subjects + 1).astype(int)
    total = 0
    for model in range(models):
        place = folder / f"org__model-{model:03d}"
        place.mkdir(parents=True)
        values = -10.0 * rng.random((items, OPTIONS))
        results = {}
        for subject, (first, last) in enumerate(pairwise(ends)):
            task = f"mmlu_subject{subject:02d}"
            rows, right = [], []
            for n in range(first, last):
                right.append(float(values[n].argmax() == n % OPTIONS))
                rows.append(_row(shared[n], n - first, values[n], right[-1]))
            data = "".join(rows).encode()
            (place / f"samples_{task}_2026-01-01T00-00-00.000000.jsonl").write_bytes(data)
            total += len(data)
            results[task] = {"alias": task, "acc,none": float(np.mean(right))}
        document = {"results": results, "model_name": f"org/model-{model:03d}", "config": {"model": "hf"}}
        (place / "results_2026-01-01T00-00-00.000000.json").write_text(json.dumps(document))
    return total


def _shared(n: int) -> tuple[str, str]:
    """What the rows of all models have in common: the document and the prompts, and the hashes."""
    words = " ".join(hashlib.sha256(f"{n}{m}".encode()).hexdigest()[:9] for m in range(8))
    choices = [f"choice {n} {letter}" for letter in "ABCD"]
    document = {"question": words, "choices": choices, "answer": n % OPTIONS}
    hashes = {name: hashlib.sha256(f"{name}{n}".encode()).hexdigest() for name in ("prompt_hash", "target_hash")}
    text = json.dumps(document, indent=2, ensure_ascii=False)
    hashes["doc_hash"] = hashlib.sha256(text.encode()).hexdigest()
    arguments = {
        f"gen_args_{c}": {"arg_0": f"Q: {words}\nAnswer:", "arg_1": f" {choice}"} for c, choice in enumerate(choices)
    }
    end = json.dumps({"filter": "none", "metrics": ["acc"], **hashes})[1:-1]
    return f'"doc": {json.dumps(document)}, "target": "{n % OPTIONS}", "arguments": {json.dumps(arguments)}', end


def _row(shared: tuple[str, str], number: int, values: np.ndarray, right: float) -> str:
    pairs = [[f"{value:.6f}", "False"] for value in values]
    responses = json.dumps([[pair] for pair in pairs])
    return (
        f'{{"doc_id": {number}, {shared[0]}, "resps": {responses}, "filtered_resps": {json.dumps(pairs)}, '
        f'{shared[1]}, "acc": {right}}}\n'
    )


def _half(size: int) -> float:
    """Seconds after which an import is killed: about half-way at 120 MB a second."""
    return max(3.0, size / 120e6 / 2)


def _import(place: Path, workers: int, stop_after: float | None = None, into: str = "bench") -> Timed:
    command = [sys.executable, "-m", "anchoreval", "job=import", f"path={place / 'logs'}", f"into={place / into}"]
    begin = time.perf_counter()
    process = subprocess.Popen([*command, f"reading.workers={workers}"], start_new_session=True)
    peak = _Peak(process.pid)
    try:
        process.wait(timeout=stop_after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    seconds = time.perf_counter() - begin
    if process.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(process.returncode)
    return Timed(seconds, peak.stop(), process.returncode != 0)


class _Peak:
    """The largest resident memory of a process group, looked at ten times a second."""

    def __init__(self, group: int) -> None:
        self.group, self.most, self._on = group, 0, True
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Stop looking; bytes."""
        self._on = False
        self._thread.join()
        return self.most

    def _watch(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while self._on:
            pages = 0
            for entry in Path("/proc").glob("[0-9]*/stat"):
                try:
                    fields = entry.read_text().rsplit(")", 1)[1].split()
                except OSError:
                    continue
                if int(fields[2]) == self.group:
                    pages += int(fields[21])
            self.most = max(self.most, pages * page)
            time.sleep(0.1)


def report(models: int, items: int, size: int, timed: Sequence[Timed], same: bool) -> str:
    """The page."""
    killed, resumed, whole = timed
    rows = [
        [
            name,
            f"{one.seconds:.0f}",
            f"{size / 1e6 / one.seconds:.0f}" if rate else "",
            f"{one.memory / 2**30:.2f}",
        ]
        for name, one, rate in (
            ("killed half-way", killed, False),
            ("going on", resumed, False),
            ("without a kill", whole, True),
        )
    ]
    return (
        "# Speed of imports\n\n"
        f"{models:,} models x {items:,} items as lm-eval's sample logs, {size / 1e9:.2f} GB of text, two processes on "
        f"this machine's {os.cpu_count()} cores. Memory is the largest of all processes together (shared pages count "
        "in each). The benchmark that was killed and went on and the other one are "
        f"{'equal to the byte' if same else 'NOT EQUAL'}.\n"
        "Regenerate with `python -m anchoreval.studies.import_speed`.\n\n"
        + markdown_table(["import", "seconds", "MB a second", "memory (GiB)"], rows)
        + "\n"
    )


if __name__ == "__main__":
    main()
