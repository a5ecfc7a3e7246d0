"""Items in the plane of difficulty and discrimination, with their weights as anchors."""

from __future__ import annotations

import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.numerics.item_statistics import difficulty, discrimination
from anchoreval.responses import ResponseMatrix


def item_plane(sources: ResponseMatrix, anchors: AnchorSet) -> pd.DataFrame:
    """Difficulty and discrimination of every item among the models that chose, and its weight as an anchor.

    Args:
        sources: the benchmark with the models of the anchors' roles; all count where there are no roles.
        anchors: of this benchmark.

    Returns:
        A row an item: `difficulty`, `discrimination` (NaN where the item is constant) and `weight`, 0 for no anchor.
    """
    roles = anchors.roles
    chosen = (
        sources.models.index if roles is None else sources.models.index.intersection(roles.index[roles == "select"])
    )
    scores = sources.subset(models=chosen).scores if len(chosen) else sources.scores
    weight = pd.Series(anchors.weights, index=anchors.items).reindex(sources.items.index, fill_value=0.0)
    return pd.DataFrame(
        {"difficulty": difficulty(scores), "discrimination": discrimination(scores), "weight": weight},
        index=sources.items.index,
    )
