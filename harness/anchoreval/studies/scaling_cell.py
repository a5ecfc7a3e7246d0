"""One measured cell of the study of cost: a method at one size, in a process of its own, on one thread.

Seconds are of the processor, so that other work on the machine counts little. Memory is the process's peak while the
method works, less what it held before there were data: the data and everything the method makes of them.
"""

from __future__ import annotations

import resource
import signal
import statistics
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from anchoreval.contract import choose, fit
from anchoreval.registry import make_estimator, make_selector
from anchoreval.studies.scaling_data import Size, anchors_for, generated

OK, TOO_LONG, TOO_LARGE, REFUSED = "ok", "time", "memory", "refused"
SHORT, REPEATS = 0.3, 3
"""A method that takes less than so many seconds is run so many times; the median counts."""
TARGETS = 100
"""Models whose scores are predicted once an estimator is fitted."""
SMALL = Size(40, 60, 4)
"""Run first, so that imports are not measured."""
PRELOADED = (
    "anchoreval.studies.scaling_page",
    "scipy.stats",
    "scipy.optimize",
    "sklearn.cluster",
    "sklearn.ensemble",
    "sklearn.feature_extraction.text",
    "sklearn.gaussian_process",
    "deap.tools",
)


@dataclass(frozen=True)
class Measured:
    """What a cell cost: processor seconds and mebibytes (NaN unless `status` is ok), and how many runs were timed."""

    seconds: float
    mebibytes: float
    runs: int
    status: str


def measure(kind: str, method: str, size: Size, limit: float, memory: int) -> Measured:
    """Measure a selector or an estimator in a process of its own.

    Args:
        kind: "selector" or "estimator".
        method: its registered name.
        size: of the problem.
        limit: processor seconds after which it is ended.
        memory: bytes that its process may hold.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(kind, method, size, limit, memory, theirs))
    process.start()
    theirs.close()
    try:
        found: Measured = ours.recv()
    except EOFError:
        found = _nothing(REFUSED)
    process.join()
    return found if process.exitcode == 0 else _nothing(TOO_LONG if process.exitcode == -signal.SIGXCPU else REFUSED)


def work(kind: str, method: str, size: Size, limit: float, memory: int, answer: Connection) -> None:
    """What the process does; `answer` gets a `Measured`."""
    warnings.simplefilter("ignore")
    prepared(kind, method, SMALL)()
    before = resident_bytes()
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        task = prepared(kind, method, size)
        _limit_seconds(limit)
        answer.send(_timed(task, before))
    except MemoryError:
        answer.send(_nothing(TOO_LARGE))
    except Exception as error:  # a method may refuse a size; whatever it is, the page shows it
        sys.stderr.write(f"{kind} {method} at {size}: {type(error).__name__}: {error}\n")
        answer.send(_nothing(REFUSED))


def prepared(kind: str, method: str, size: Size) -> Callable[[], object]:
    """What is timed: choosing k anchors, or fitting on given ones and predicting some models."""
    benchmark = generated(method, size)
    if kind == "selector":
        selector = make_selector(method)
        return lambda: choose(selector, benchmark, size.k)
    estimator, selection = make_estimator(method), anchors_for(method, benchmark, size.k)
    sources = benchmark if estimator.whole_matrix else benchmark.part(selection.items)
    targets = benchmark.subset(models=benchmark.models.index[:TARGETS]).part(selection.items)
    return lambda: fit(estimator, sources, selection).predict(targets)


def resident_bytes(peak: bool = False) -> int:
    """Memory that this process holds, or the most that it held since `forget_peak`."""
    field = "VmHWM:" if peak else "VmRSS:"
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:  # not Linux: the most since the process began
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def forget_peak() -> None:
    """Let the peak count from now on, where the system can (Linux)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _nothing(status: str) -> Measured:
    return Measured(float("nan"), float("nan"), 0, status)


def _timed(task: Callable[[], object], before: int) -> Measured:
    forget_peak()
    seconds = [_seconds(task)]
    mebibytes = max(0, resident_bytes(peak=True) - before) / 2**20
    while len(seconds) < REPEATS and seconds[0] < SHORT:
        seconds.append(_seconds(task))
    return Measured(statistics.median(seconds), mebibytes, len(seconds), OK)


def _seconds(task: Callable[[], object]) -> float:
    begin = _processor()
    task()
    return _processor() - begin


def _processor() -> float:
    """Seconds of the processor; `time.process_time` counts in ticks once a limit is set."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _limit_seconds(limit: float) -> None:
    """Let the system end this process once it has used so many more seconds of the processor (plus repeats)."""
    until = int(_processor() + limit + REPEATS * SHORT) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (until, until + 5))
