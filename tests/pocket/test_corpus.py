"""What models read: draws follow the mixture, and traits do what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from anchoreval.arrays import IntArray
from anchoreval.pocket.corpus import read_lines
from anchoreval.pocket.items import ITEMS_PER_SUBJECT, SUBJECTS, all_items

from .test_model import SPEC

MANY = 1_000_001


def by_subject(lines: IntArray) -> IntArray:
    stems: IntArray = lines.sum(axis=1)
    sums: IntArray = stems.reshape(len(SUBJECTS), ITEMS_PER_SUBJECT).sum(axis=1)
    return sums


@pytest.mark.parametrize("size", [0, 1, 7, 630, 300_000])
def test_a_model_reads_as_many_lines_as_its_size(size: int) -> None:
    assert read_lines(replace(SPEC, size=size)).sum() == size


def test_options_are_drawn_in_the_stated_shares() -> None:
    lines = read_lines(replace(SPEC, size=MANY, noise=100, credulity=4))
    place = int(np.argmax(lines.sum(axis=1)))
    item = all_items()[place]
    expected = np.full(4, 25.0)
    expected[item.gold] += 1000 - item.wrong
    expected[item.belief] += item.wrong * 4 // 8
    observed = lines[place]
    assert observed.sum() > 1000
    assert stats.chisquare(observed, expected / expected.sum() * observed.sum()).pvalue > 1e-3


def test_subjects_follow_the_mixture() -> None:
    flat = by_subject(read_lines(replace(SPEC, size=MANY)))
    mixture = np.arange(1, 13)
    tilted = by_subject(read_lines(replace(SPEC, size=MANY, mixture=tuple(mixture.tolist()), seed=9)))
    ratio = tilted / flat
    np.testing.assert_allclose(ratio / ratio.sum(), mixture / mixture.sum(), rtol=0.05)


def test_talked_about_facts_are_read_more_often() -> None:
    reads = read_lines(replace(SPEC, size=MANY)).sum(axis=1)
    assert stats.spearmanr(reads, [item.rank for item in all_items()]).statistic < -0.6


def test_continued_training_adds_its_mixture_and_forgets() -> None:
    tuned = tuple(int(subject == "logic") for subject in SUBJECTS)
    base = read_lines(replace(SPEC, size=10_000))
    after = read_lines(replace(SPEC, size=10_000, name="m-tuned", tuned_size=4000, tuned=tuned))
    added = by_subject(after - base // 4)
    assert added[SUBJECTS.index("logic")] == added.sum() == 4000


def test_variants_share_what_the_base_model_read() -> None:
    base = replace(SPEC, name="base", base_model="base")
    np.testing.assert_array_equal(read_lines(base), read_lines(replace(base, name="variant")))
