"""Units of work in one process or several, always with one thread for linear algebra.

How a sum is split among threads changes its last bits, and a selector may turn a last bit into another anchor. With one
thread everywhere, the same unit gives the same result in whatever process it is worked off.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from anchoreval.errors import MethodError
from anchoreval.protocol.cells import Done, Unit, Workplace

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Variables that a new process reads its number of threads from."""


def work_off(place: Workplace, units: Sequence[Unit], workers: int) -> Generator[Done, None, None]:
    """What came of every unit, in the order in which they are finished.

    Args:
        place: of this process; others get a copy, once each.
        units: in an order that keeps those of one division of the models together.
        workers: processes; 1 works here.

    Raises:
        MethodError: a process died, or its methods cannot be handed to another process.
    """
    if workers == 1 or len(units) < 2:
        with one_thread():
            for unit in units:
                yield place.work(unit)
    else:
        yield from _in_processes(place, units, min(workers, len(units)))


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for linear algebra in this process, and in those that it starts."""
    import sklearn.utils  # noqa: F401  limits reach only libraries that are loaded
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        with threadpool_limits(1):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _in_processes(place: Workplace, units: Sequence[Unit], workers: int) -> Generator[Done, None, None]:
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import active_children, get_context

    others, finished = set(active_children()), False
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin, initargs=(place,))
    try:
        with one_thread():
            futures = [pool.submit(_work, unit) for unit in units]
            for future in as_completed(futures):
                yield future.result()
        finished = True
    except BrokenProcessPool as error:
        raise MethodError(
            "a worker process died: out of memory, or its methods cannot be imported there (a script that asks for "
            'workers needs `if __name__ == "__main__":`); finished cells are kept'
        ) from error
    finally:
        if not finished:  # whatever ended it, nobody waits for the units in flight
            for child in set(active_children()) - others:
                child.terminate()
        pool.shutdown(wait=True, cancel_futures=True)


_places: list[Workplace] = []
"""The workplace of a worker process."""


def _begin(place: Workplace) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the parent, which ends its workers
    frozen = {name: matrix.subset() for name, matrix in place.request.benchmarks.items()}
    _places.append(dataclasses.replace(place, request=dataclasses.replace(place.request, benchmarks=frozen)))


def _work(unit: Unit) -> Any:
    return _places[0].work(unit)
