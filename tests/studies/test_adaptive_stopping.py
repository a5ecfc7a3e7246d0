"""The study of stopping: what is counted at the stop, deals, and the page."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anchoreval.adaptive.course import SPENT, Course
from anchoreval.adaptive.rehearsal import Rehearsals
from anchoreval.studies import adaptive_stopping as study


def course(rng: np.random.Generator, steps: int = 20) -> Course:
    count = np.arange(1, steps + 1)
    belief = 0.2 / np.sqrt(count)
    estimate = 0.5 + belief * rng.standard_normal() * 0.5
    return Course(pd.Index([f"i{n}" for n in count]), np.ones(steps), count, count, estimate, belief, SPENT)


@pytest.fixture
def held() -> study.HeldOut:
    rng = np.random.default_rng(0)
    groups = np.repeat([f"g{n}" for n in range(40)], 2)
    sat = Rehearsals(pd.RangeIndex(80), [course(rng) for _ in range(80)], np.full(80, 0.5), groups)
    return study.HeldOut(sat, np.abs(rng.normal(0, 0.05, 80)), 20)


def test_what_is_counted_at_the_stop(held: study.HeldOut) -> None:
    one = held.sat.courses[0]
    asked, estimate, width = study._end(one, 2.0, 0.1)  # 0.4 / sqrt(n) <= 0.1 from n = 16 on
    assert (asked, width) == (16, 0.1)
    assert estimate == one.estimate[15]
    assert study._end(one, 4.0, 0.1)[2] == pytest.approx(0.8 / np.sqrt(20)), "the budget came first"


def test_every_deal_has_the_fixed_form_and_both_rules(held: study.HeldOut) -> None:
    table = study._dealt(held, 0)
    assert table.groupby("test").size().to_dict() == dict.fromkeys(["fixed form", *study.RULES], study.DEALS)
    by_deal = table.pivot(index="deal", columns="test")
    assert (by_deal["wanted"]["adaptive"] == by_deal["wanted"]["fixed form"]).all()
    assert (by_deal["half_width"]["adaptive"] >= by_deal["wanted"]["adaptive"] - 1e-12).all()
    assert (by_deal["items"]["adaptive"] >= by_deal["items"]["adaptive, unguarded"] - 1).all()
    assert by_deal["wanted"]["adaptive"].nunique() > 1, "deals differ"
    assert table["coverage"].mean() > 0.9


def test_the_page_shows_means_over_repeats(held: study.HeldOut) -> None:
    tables = [
        study._dealt(held, seed).assign(batch=batch, benchmark="arc", repeat=seed)
        for seed in (0, 1) for batch in study.BATCHES
    ]  # fmt: skip
    rows = pd.concat(tables, ignore_index=True)
    text = study.report(rows)
    assert "## arc (2 repeats)" in text
    some = rows[(rows["test"] == "adaptive") & (rows["batch"] == 5)].groupby("repeat")["items"].mean()
    error = abs(some[0] - some[1]) / 2
    assert f"| adaptive, 5 at a time | {some.mean():.1f} ({error:.1f}) |" in text
    assert text.count("| fixed form |") == 1
