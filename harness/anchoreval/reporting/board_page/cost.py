"""What a model costs on the anchors against on the full benchmark, in words and as a pair of bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WIDTH = 100.0


@dataclass(frozen=True)
class ComparedCost:
    """One measure of cost, per model.

    Attributes:
        unit: what is counted, such as `items`.
        full, anchors: how much of it, in words.
        saving: how many times less the anchors take, in words; empty where that is unknown.
        width: of the anchors' bar where the full benchmark's is 100.
    """

    unit: str
    full: str
    anchors: str
    saving: str
    width: float


def compared_costs(cost: Mapping[str, float | str]) -> list[ComparedCost]:
    """Items, and the cost in its own unit where both sides of it are known.

    Args:
        cost: `full_items`, `anchor_items`; optional `full_cost`, `anchor_cost` and `cost_unit`.
    """
    measures = [
        ("full_items", "anchor_items", "items"),
        ("full_cost", "anchor_cost", str(cost.get("cost_unit", "cost"))),
    ]
    found = [_compared(cost.get(full), cost.get(anchors), unit) for full, anchors, unit in measures]
    return [measure for measure in found if measure is not None]


def _compared(full: float | str | None, anchors: float | str | None, unit: str) -> ComparedCost | None:
    if full is None or anchors is None:
        return None
    whole, part = float(full), float(anchors)
    if not (whole > 0 and part >= 0):  # NaN is neither
        return None
    saving = f"{whole / part:,.1f} times less" if part > 0 else ""
    return ComparedCost(unit, _amount(whole), _amount(part), saving, min(WIDTH * part / whole, WIDTH))


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value.is_integer() else f"{value:,.3g}"
