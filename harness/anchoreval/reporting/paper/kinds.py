"""All kinds of figures by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from anchoreval.reporting.paper import (
    budget_curves,
    cost_frontier,
    rank_bump,
    regret_map,
    source_curve,
    transfer_matrix,
)
from anchoreval.reporting.paper.anchor_plane import anchor_plane
from anchoreval.reporting.paper.estimate_truth import estimate_truth
from anchoreval.reporting.paper.kind import Caption, FigureKind, Inputs
from anchoreval.reporting.paper.power_curve import power_curve
from anchoreval.reporting.paper.redundancy_map import redundancy_map
from anchoreval.reporting.paper.style import Sheet


def _kind(draw: Callable[[Inputs, Sheet], Caption], needs: str, options: Mapping[str, str] | None = None) -> FigureKind:
    """The kind that a drawing function gives its name to; `needs` separated by blanks."""
    return FigureKind(draw.__name__, frozenset(needs.split()), draw, options or {})


KINDS: dict[str, FigureKind] = {
    kind.name: kind
    for kind in (
        _kind(budget_curves.error_curve, "compare", budget_curves.OPTIONS),
        _kind(budget_curves.rank_curve, "compare", budget_curves.OPTIONS),
        _kind(source_curve.source_curve, "sources", source_curve.OPTIONS),
        _kind(cost_frontier.cost_frontier, "compare", cost_frontier.OPTIONS),
        _kind(regret_map.regret_map, "compare", regret_map.OPTIONS),
        _kind(estimate_truth, "run"),
        _kind(rank_bump.rank_bump, "run", rank_bump.OPTIONS),
        _kind(anchor_plane, "run matrix"),
        _kind(power_curve, "run"),
        _kind(redundancy_map, "matrix"),
        _kind(transfer_matrix.transfer_matrix, "transfer", transfer_matrix.OPTIONS),
        _kind(cost_frontier.gap_frontier, "plan"),
    )
}
"""What can be drawn, in the order in which it is shown."""
