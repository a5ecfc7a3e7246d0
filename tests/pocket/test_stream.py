"""The random stream against the published reference values and plain integer arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from anchoreval.pocket.stream import Stream

MASK = (1 << 64) - 1


def splitmix64(state: int, count: int) -> list[int]:
    """SplitMix64 on Python integers, after the published C code."""
    values = []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        values.append(z ^ (z >> 31))
    return values


def test_stream_gives_the_reference_values() -> None:
    # Published with the algorithm for seed 1234567 (Rosetta Code, "Pseudo-random numbers/Splitmix64").
    expected = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert Stream.seeded(1234567).integers(5).tolist() == expected


@pytest.mark.parametrize("state", [0, 1, MASK, 0x9E3779B97F4A7C15])
def test_stream_equals_plain_integers(state: int) -> None:
    assert Stream.seeded(state).integers(50).tolist() == splitmix64(state, 50)


def test_stream_continues_where_it_stopped() -> None:
    whole, parts = Stream("a", 1), Stream("a", 1)
    together = np.concatenate([parts.integers(0), parts.integers(3), parts.integers(7)])
    np.testing.assert_array_equal(whole.integers(10), together)


def test_streams_of_other_names_differ() -> None:
    values = {int(Stream(*name).integers(1)[0]) for name in [("a",), ("b",), ("a", 1), ("a1",), ("a", "1", "")]}
    assert len(values) == 5


def test_shuffled_is_a_fair_permutation() -> None:
    stream = Stream("fair")
    places = [tuple(stream.shuffled("abc")) for _ in range(6000)]
    counts = [places.count(p) for p in sorted(set(places))]
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-3
