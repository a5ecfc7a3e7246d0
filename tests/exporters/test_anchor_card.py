"""Anchor cards: the facts are there, the caveats are there, and names are text."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from anchoreval.anchors import AnchorSet
from anchoreval.errors import ConfigurationError
from anchoreval.exporters.anchor_card import Resolution, anchor_card, resolution, told_apart, write_anchor_card
from anchoreval.exporters.identity import anchors_digest
from anchoreval.exporters.markdown import code, escaped
from anchoreval.power.report.power_report import power_report
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.responses import ResponseMatrix
from anchoreval.scoring.task_set import TaskSet

from .sets import anchors_of


@pytest.fixture(scope="module")
def benchmark(synthetic: Callable[..., ResponseMatrix]) -> ResponseMatrix:
    return synthetic(150, 300, seed=3)


@pytest.fixture(scope="module")
def anchors(benchmark: ResponseMatrix) -> AnchorSet:
    chosen = select(benchmark, "stratified_difficulty", k=60, seed=0)
    return chosen.with_reconstruction(reconstruct(benchmark, chosen, "weighted"))


def test_the_facts_are_on_the_card(benchmark: ResponseMatrix, anchors: AnchorSet) -> None:
    card = anchor_card(anchors)
    assert f"{100 * float(anchors.expected_error or 0):.1f} percentage points" in card
    assert "150 source models" in card
    assert "105 chose and fitted, 45 were kept out to measure errors" in card
    assert "6 families: family0, family1" in card
    assert anchors_digest(anchors) in card
    assert "Selector `stratified_difficulty`" in card
    assert "mean" in card.split("## Caveats")[1]


def test_what_is_told_apart_is_the_power_report_s(benchmark: ResponseMatrix, anchors: AnchorSet) -> None:
    report = power_report(benchmark, anchors, reconstruction=anchors.reconstruction())
    assert np.isfinite(report.smallest)
    own = resolution(anchors)
    assert own.smallest == pytest.approx(report.smallest)
    said = f"Two models whose full scores are {100 * report.smallest:.1f} percentage points apart are told apart"
    assert said in anchor_card(anchors, power=report)
    assert said in anchor_card(anchors)


def test_what_is_not_known_is_said(anchors: AnchorSet, tasks: TaskSet) -> None:
    assert "do not rank models by these anchors" in told_apart(Resolution(None, 0.05, 0.8))
    bare = dataclasses.replace(anchors, sources=None, roles=None, groups=None, expected_error=None, estimator=None)
    card = anchor_card(bare)
    assert "Not known: no estimator is attached" in card
    assert "Not known: there are too few calibration models" in card
    assert "holds no source models" in card
    assert "not documents of lm-eval tasks" in card
    assert "--tasks anchors_letters_8 " in anchor_card(anchors_of(tasks, 8))


def test_a_license_is_stated_only_where_it_is_given(anchors: AnchorSet) -> None:
    def head(card: str) -> dict[str, object]:
        found: dict[str, object] = yaml.safe_load(card.split("---\n")[1])
        return found

    assert "license" not in head(anchor_card(anchors))
    assert head(anchor_card(anchors, license="cc-by-4.0"))["license"] == "cc-by-4.0"


def test_names_are_text(anchors: AnchorSet) -> None:
    name = "x\n---\nlicense: mit\n<script>alert(1)</script> [a](javascript:b) `c` | **d** \u202e"
    card = anchor_card(dataclasses.replace(anchors, benchmark=name, selector="`<b>`"))
    head, body = card.split("---\n")[1], card.split("\n---\n", 1)[1]
    assert "license" not in yaml.safe_load(head)
    assert "<script>" not in body
    assert "[a](javascript" not in body
    assert "\u202e" not in card
    assert "**d**" not in body


def test_the_raw_mean_is_an_estimate_of_random_designs_alone(benchmark: ResponseMatrix, anchors: AnchorSet) -> None:
    drawn = select(benchmark, "random", k=30, seed=0)
    assert "The anchors were drawn at random" in anchor_card(drawn)
    chosen = dataclasses.replace(anchors, table=anchors.table.drop(columns="inclusion", errors="ignore"))
    assert "is not an estimate of the benchmark's score" in anchor_card(chosen)


def test_only_cards_are_replaced(anchors: AnchorSet, tmp_path: Path) -> None:
    card = anchor_card(anchors)
    assert write_anchor_card(anchors, tmp_path / "README.md", card)
    assert not write_anchor_card(anchors, tmp_path / "README.md", card)
    assert anchor_card(anchors) == card
    (tmp_path / "README.md").write_text("# my project\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"README\.md: is there already and is no export"):
        write_anchor_card(anchors, tmp_path / "README.md", card)


def test_markup_is_shown_as_it_is() -> None:
    assert escaped("a_b *c* <i>\n# d | e") == r"a\_b \*c\* &lt;i&gt; \# d \| e"
    assert code("a`b\x00\nc") == "`a'b c`"
