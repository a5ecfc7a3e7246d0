"""What a leaderboard says, for the terminal, the Markdown document and the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.anchors import AnchorSet
from anchoreval.leaderboard.standings import Standings
from anchoreval.numerics.item_statistics import difficulty, discrimination
from anchoreval.reporting.board_page.content import BoardPage
from anchoreval.reporting.page import PageFigure
from anchoreval.reporting.staleness_content import staleness_section
from anchoreval.reporting.tables import interval, markdown_table, points, text_table

SHOWN = 40
"""Models of the table on the terminal."""


def title(anchors: AnchorSet) -> str:
    """What is ranked, on what."""
    return f"{anchors.benchmark} from {_share(anchors)}"


def lead(anchors: AnchorSet) -> str:
    """What the scores are estimates of."""
    whole = f"all {anchors.n_items:,} items" if anchors.n_items else "all items"
    return (
        f"Each model's score on {whole} of {anchors.benchmark}, had it been evaluated in full, estimated from its "
        f"answers on {len(anchors.items)} anchors."
    )


def heads(standings: Standings) -> list[str]:
    """Heads of the table."""
    known = "full_score" in standings.table
    return ["model", "rank", "rank set", "score", f"{standings.level:.0%} interval", *(["full score"] if known else [])]


def rows(standings: Standings, most: int | None = None) -> list[list[str]]:
    """At most so many models, the best first."""
    table = standings.table if most is None else standings.table.head(most)
    return [_row(str(model), row) for model, row in table.iterrows()]


def terminal_report(anchors: AnchorSet, standings: Standings) -> str:
    """Headline, table, verdict."""
    hidden = len(standings.table) - SHOWN
    parts = [
        title(anchors),
        text_table(heads(standings), rows(standings, SHOWN)),
        f"... and {hidden} more in leaderboard.csv" if hidden > 0 else "",
        *sentences(standings),
        verdict(standings),
        *(f"warning: {caveat}" for caveat in standings.caveats),
    ]
    return "\n\n".join(part for part in parts if part)


def sentences(standings: Standings) -> list[str]:
    """What the estimates tell apart, a sentence each."""
    found = []
    if standings.expected_error is not None:
        found.append(f"Expected error of a score: {points(standings.expected_error, 2)} points.")
    if standings.targets is not None and len(standings.targets.pairs):
        pairs = standings.targets.pairs
        found.append(
            f"{int(pairs['resolved'].sum()):,} of {len(pairs):,} pairs of models are told apart "
            f"(all together at level {standings.targets.ranks.level:.0%})."
        )
    if np.isfinite(standings.smallest):
        found.append(
            f"Of two models that are {points(standings.smallest)} points apart, the difference is found with "
            f"probability {standings.power:.0%}."
        )
    return found


def verdict(standings: Standings) -> str:
    """Whether the anchors still fit, and why."""
    found = standings.staleness
    return "" if found is None else f"anchors: {found.verdict}. {' '.join(found.reasons)}".strip()


def markdown_report(
    anchors: AnchorSet, standings: Standings, failures: Mapping[str, str], facts: Mapping[str, object]
) -> str:
    """The leaderboard as a document."""
    listed = [f"- {_plain(name)}: {_plain(why)}" for name, why in failures.items()]
    parts = [
        f"# {title(anchors)}",
        f"{lead(anchors)} Scores and intervals are in percentage points.",
        markdown_table(heads(standings), rows(standings)),
        *sentences(standings),
        verdict(standings),
        *(f"**Note:** {caveat}" for caveat in standings.caveats),
        "\n".join(["## Not scored", "", *listed]) if listed else "",
        "## How it was made",
        markdown_table(["", ""], [[name, str(value)] for name, value in facts.items()], left=2),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def board_page(
    anchors: AnchorSet,
    standings: Standings,
    failures: Mapping[str, str],
    facts: Mapping[str, object],
    *,
    updated: str,
    figures: Sequence[tuple[Path, str]] = (),
) -> BoardPage:
    """The leaderboard as a page."""
    return BoardPage(
        title=title(anchors),
        lead=lead(anchors),
        updated=updated,
        verdict=None if standings.staleness is None else standings.staleness.verdict,
        reasons=() if standings.staleness is None else standings.staleness.reasons,
        findings=sentences(standings),
        warnings=standings.caveats,
        level=standings.level,
        models=standings.table.rename(columns={"full_score": "truth"}),
        subjects=standings.subjects if len(standings.subjects.columns) else None,
        failures=failures,
        pairs=standings.rule,
        anchors=anchor_table(anchors),
        answers=standings.answers.scores,
        cost={"full_items": anchors.n_items or len(anchors.items), "anchor_items": len(anchors.items)},
        sections=[] if standings.staleness is None else [staleness_section(standings.staleness)],
        figures=[PageFigure(path, caption) for path, caption in figures],
        facts=facts,
    )


def anchor_table(anchors: AnchorSet) -> pd.DataFrame:
    """The anchors with how the source models answered them."""
    sources = anchors.sources
    if sources is None:
        return anchors.table
    chosen = sources
    if anchors.roles is not None and (anchors.roles == "select").any():
        chosen = sources.subset(models=anchors.roles.index[anchors.roles == "select"])
    return anchors.table.assign(difficulty=difficulty(chosen.scores), discrimination=discrimination(chosen.scores))


def facts(anchors: AnchorSet, settings: Mapping[str, Any]) -> dict[str, object]:
    """How the leaderboard was made: name and value."""
    roles = {} if anchors.roles is None else anchors.roles.value_counts().to_dict()
    return {
        "benchmark": f"{anchors.benchmark}, {anchors.n_items:,} items" if anchors.n_items else anchors.benchmark,
        "anchors": f"{len(anchors.items)}, by {anchors.selector}, seed {anchors.seed}",
        "estimator": anchors.estimator or "auto",
        "models that chose": roles.get("select", 0),
        "models that size the errors": roles.get("calibrate", roles.get("select", 0) if anchors.crossed else 0),
        **settings,
    }


def _row(model: str, row: pd.Series[Any]) -> list[str]:
    known = pd.notna(row["rank"])
    ends = [str(row["rank"]), f"{row['rank_lower']} to {row['rank_upper']}"] if known else ["-", "-"]
    shown = [model, *ends, points(row["score"]), interval(row["lower"], row["upper"])]
    return [*shown, points(row["full_score"])] if "full_score" in row else shown


def _share(anchors: AnchorSet) -> str:
    count = len(anchors.items)
    return f"{count} of {anchors.n_items:,} items" if anchors.n_items else f"{count} anchors"


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;").replace("|", "\\|")
