"""Costs in words and bars."""

from __future__ import annotations

import pytest

from anchoreval.reporting.board_page.cost import compared_costs


def test_items_and_money() -> None:
    items, money = compared_costs(
        {"full_items": 14000, "anchor_items": 100, "full_cost": 31.5, "anchor_cost": 1.625, "cost_unit": "dollars"}
    )
    assert (items.unit, items.full, items.anchors, items.saving) == ("items", "14,000", "100", "140.0 times less")
    assert items.width == pytest.approx(100 / 140)
    assert (money.unit, money.full, money.anchors, money.saving) == ("dollars", "31.5", "1.62", "19.4 times less")


def test_what_is_not_known_is_left_out() -> None:
    assert [measure.unit for measure in compared_costs({"full_items": 10, "anchor_items": 5})] == ["items"]
    assert compared_costs({"full_items": float("nan"), "anchor_items": 5, "full_cost": 3.0}) == []


def test_anchors_for_nothing_or_dearer_than_all() -> None:
    free, dear = compared_costs({"full_items": 10, "anchor_items": 0, "full_cost": 1, "anchor_cost": 4})
    assert (free.saving, free.width) == ("", 0.0)
    assert dear.width == 100.0
