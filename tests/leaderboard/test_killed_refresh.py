"""Refreshes that are killed at random moments, and two at once: the end is always that of one undisturbed refresh."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter

import pytest

from .places import Place, counting

KILLS = 20
MODELS = ("one", "two", "three", "four", "five", "six")


def results(place: Place, into: str = "board") -> dict[str, bytes]:
    """The files that do not hold a time."""
    return {name: (place.folder / into / name).read_bytes() for name in ("leaderboard.csv", "leaderboard.parquet")}


def kill_after(process: subprocess.Popen[str], place: Place, requests: int, pause: float) -> bool:
    """Kill the process so long after so many requests were asked altogether; whether it was still there."""
    while process.poll() is None and len(place.asked) < requests:
        time.sleep(0.005)
    time.sleep(pause)
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    return alive


@pytest.mark.slow
def test_refreshes_killed_at_random_moments_lose_nothing_and_ask_nothing_twice(place: Place) -> None:
    place.list_models(*map(counting, MODELS))
    place.refresh("undisturbed")
    expected, once = results(place, "undisturbed"), Counter(place.asked)
    assert set(once.values()) == {1}
    place.log.unlink()

    rng = random.Random(0)
    moments = sorted(rng.sample(range(1, len(once)), KILLS - 4)) + [len(once)] * 4
    killed = tries = 0
    while killed < KILLS and tries < 4 * KILLS:
        # when all is asked, kills fall into the start of a refresh and into the writing of tables and the page
        moment = moments[tries] if tries < len(moments) else len(once)
        pause = rng.uniform(0.0, 0.004 if moment < len(once) else 2.5)
        killed += kill_after(place.start(seconds=0.004), place, moment, pause)
        tries += 1
    assert killed == KILLS
    finished = place.start()
    _, complaint = finished.communicate(timeout=300)
    assert finished.returncode == 0, complaint
    asked = Counter(place.asked)
    assert set(asked) == set(once), "nothing is lost"
    assert sum(asked.values()) - len(asked) <= killed, "only what was in flight is asked again"
    assert results(place) == expected


@pytest.mark.slow
def test_two_refreshes_at_once_share_the_work_and_end_in_the_same_table(place: Place) -> None:
    place.list_models(*map(counting, MODELS))
    place.refresh("undisturbed")
    expected, once = results(place, "undisturbed"), Counter(place.asked)
    place.log.unlink()
    both = [place.start(seconds=0.02), place.start(seconds=0.02)]
    said = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert Counter(place.asked) == once, "every request is asked once, by one of them"
    assert results(place) == expected
    scored = [int(out.split(" scored, ")[0].rpartition("(")[2]) for out, _ in said]
    assert sum(scored) == len(MODELS)
    assert min(scored) > 0, "both took part"
