"""Whether power reports are right: what they state, against what happens to models held out.

Run `python -m anchoreval.studies.power_claims --data <folder>`. Writes `power_claims.md`. On every split the law of
differences is learnt on calibration models; the pairs of target models then show how often differences are found,
whether intervals of differences hold, whether probabilities of an order come true, and whether rank sets hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.atomic import write_text
from anchoreval.numerics.crossed_bootstrap import multiplicities
from anchoreval.power.law.checks import judged_pairs, reliability
from anchoreval.power.law.difference_intervals import difference_half_width
from anchoreval.power.law.difference_law import DifferenceLaw
from anchoreval.power.law.pair_test import PairTest
from anchoreval.reporting.tables import markdown_table
from anchoreval.studies.kept_cells import cell_arguments
from anchoreval.studies.power_frames import CALIBRATION, TARGET, frames

BUDGETS, ALPHA, POWER = (20, 50, 100), 0.05, 0.8
REPEATS = {"arc": 80, "musr": 30, "ifeval": 30}
"""Fewer models make fewer pairs a split."""
BINS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
"""Of stated power."""
ENOUGH = 200
"""Disjoint pairs that a share has to rest on to be judged."""
DRAWS = 400
Z = (1.959963984540054, 0.8416212335729143)
"""Normal quantiles of the textbook figure at alpha = 5 % and power 80 %: their sum times tau_D."""
CAPTION = """# Power reports against what happened

Splits at random (`iid`; {repeats}), 30 % of the sources calibrate.
Pairs of different groups among the held-out models.
*stated*: what the report of the calibration models states for pairs of that true gap; *found*: the share of held-out
pairs that the test found, in the right direction, with a standard error (bootstrap over models). *disjoint*: so many
pairs that share no model. Shares of fewer than {enough} disjoint pairs are in brackets and not judged.
Regenerate with `python -m anchoreval.studies.power_claims --data <folder>`.
"""

SUMMARY = """In percentage points and per cent. *smallest gap*: found with 80 %, median over splits. *found at no gap*:
pairs less than a quarter point apart that are called different, nominally 5 %. *textbook 80 %*: what (z + z) tau_D
promises as 80 % comes to. *P(order) error*: calibration error of probabilities of an order. *rank sets held*: splits in
which simultaneous 95 % rank sets hold the rank of every target; *width*: their mean share of all ranks.
"""


@dataclass(frozen=True, eq=False)
class Cell:
    """One benchmark, selector and budget: its pairs on all splits, and what was claimed on each."""

    name: tuple[str, str, int]
    pairs: pd.DataFrame
    claims: pd.DataFrame


def cells(rows: pd.DataFrame) -> Iterator[Cell]:
    """Claims and pairs of every cell."""
    for name, part in rows.groupby(["benchmark", "selector", "k"], sort=False):
        pairs, claims = [], []
        for repeat, split in part.groupby("repeat"):
            learnt = split[split["role"] == CALIBRATION].set_index("model")
            judged = split[(split["role"] == TARGET) & split["estimate"].notna()].set_index("model")
            found = judged_pairs(learnt, judged, ALPHA).assign(repeat=repeat)
            claim = _claims(learnt, judged)
            inside = np.abs(found["shown"] - found["gap"]) <= claim["half_width"]
            naive = found["shown"] > Z[0] / sum(Z) * claim["textbook"]
            pairs.append(found.assign(inside=inside, naive=naive))
            claims.append({**claim, "repeat": repeat, "models": len(judged)})
        benchmark, selector, k = name
        yield Cell((str(benchmark), str(selector), int(str(k))), pd.concat(pairs), pd.DataFrame(claims))


def _claims(learnt: pd.DataFrame, judged: pd.DataFrame) -> dict[str, Any]:
    """What is stated without looking at a target, and whether and how wide the rank sets held."""
    law = DifferenceLaw.learn(learnt)
    test = PairTest(law, ALPHA)
    width = difference_half_width(learnt.assign(residual=learnt["estimate"] - learnt["truth"]), 1.0 - ALPHA)
    residual = (learnt["estimate"] - learnt["truth"]).to_numpy(dtype=np.float64)
    textbook = sum(Z) * np.sqrt(2.0) * float(np.sqrt(np.mean(residual**2)))
    truth = judged["truth"].to_numpy(dtype=np.float64)
    above = (truth[None, :] > truth[:, None] + 1e-9).sum(axis=1)
    tied = (np.abs(truth[None, :] - truth[:, None]) <= 1e-9).sum(axis=1)
    held = (judged["rank_lower"] <= above + 1) & (judged["rank_upper"] >= above + tied)
    return {
        "slope": law.slope,
        "spread": law.spread(0.0).deviation,
        "smallest": test.smallest(POWER),
        "textbook": textbook,
        "half_width": width,
        "ranks_held": bool(held.all()),
        "rank_width": float((judged["rank_upper"] - judged["rank_lower"] + 1).mean() / len(judged)),
    }


def power_rows(cell: Cell) -> list[list[str]]:
    """Stated against found, by bins of stated power."""
    rows = []
    for low, high in pairwise(BINS):
        stated = cell.pairs["stated"]
        chosen = cell.pairs[(stated >= low) & ((stated < high) | (high == BINS[-1]))]
        if not len(chosen):
            continue
        disjoint = _disjoint(cell, chosen)
        found = chosen["found"].mean()
        text = f"{100 * found:.0f} ({100 * _error(chosen):.0f})"
        shown = text if disjoint >= ENOUGH else f"[{text}]"
        rows.append([*map(str, cell.name), f"{100 * chosen['stated'].mean():.0f}", shown, f"{disjoint:.0f}"])
    return rows


def largest_gap(cell: Cell) -> float:
    """The largest difference of found and stated share over bins that are judged, in percentage points."""
    found = [0.0]
    for low, high in pairwise(BINS):
        stated = cell.pairs["stated"]
        chosen = cell.pairs[(stated >= low) & ((stated < high) | (high == BINS[-1]))]
        if len(chosen) and _disjoint(cell, chosen) >= ENOUGH:
            found.append(abs(100.0 * float(chosen["found"].mean() - chosen["stated"].mean())))
    return max(found)


def _disjoint(cell: Cell, chosen: pd.DataFrame) -> float:
    """Pairs among them that one random matching a split gives on average."""
    counts = chosen.groupby("repeat").size()
    models = cell.claims.set_index("repeat")["models"].reindex(counts.index)
    return float((counts / (models - 1)).sum())


def _error(chosen: pd.DataFrame) -> float:
    """Standard error of the share found, models drawn anew with all their pairs and splits."""
    names = pd.unique(pd.concat([chosen["first"], chosen["second"]]))
    first, second = (pd.Index(names).get_indexer(chosen[side]) for side in ("first", "second"))
    found = chosen["found"].to_numpy(dtype=np.float64)
    shares: list[float] = []
    for times in multiplicities(len(names), DRAWS, np.random.default_rng(0)):
        weight: Float64Array = times[first] * times[second]
        if weight.sum() > 0:
            shares.append(float(weight @ found / weight.sum()))
    return float(np.std(shares, ddof=1))


def summary_row(cell: Cell) -> list[str]:
    """A cell in one line."""
    claims, pairs = cell.claims, cell.pairs
    near = pairs[pairs["gap"] <= 0.0025]
    wrong = float((near["found"] | near["wrong"]).mean()) if len(near) else float("nan")
    smallest = claims["smallest"]
    at_textbook = pairs.merge(claims[["repeat", "textbook"]], on="repeat")
    at_textbook = at_textbook[(at_textbook["gap"] / at_textbook["textbook"]).between(0.85, 1.15)]
    judged = reliability(pairs)
    told = f"{100 * smallest.median():.1f}" if smallest.notna().mean() > 0.5 else "none seen"
    return [
        *map(str, cell.name),
        f"{claims['slope'].mean():.2f}",
        f"{100 * claims['spread'].mean():.2f}",
        told,
        f"{largest_gap(cell):.0f}",
        f"{100 * wrong:.1f}",
        f"{100 * at_textbook['naive'].mean():.0f}" if len(at_textbook) else "",
        f"{100 * pairs['inside'].mean():.1f}",
        f"{judged.error:.3f}",
        f"{100 * claims['ranks_held'].mean():.0f}",
        f"{100 * claims['rank_width'].mean():.0f}",
    ]


def claim_tables(found: Sequence[Cell]) -> list[str]:
    """Every cell in a line, then stated against found power."""
    header = [
        "benchmark",
        "selector",
        "k",
        "slope",
        "spread",
        "smallest gap",
        "found - stated, largest",
        "found at no gap",
        "textbook 80 %",
        "95 % intervals",
        "P(order) error",
        "rank sets held",
        "width",
    ]
    return [
        "## In all\n",
        SUMMARY,
        markdown_table(header, [summary_row(cell) for cell in found], left=2),
        "\n## Power, stated and found\n",
        markdown_table(
            ["benchmark", "selector", "k", "stated", "found", "disjoint"],
            [row for cell in found for row in power_rows(cell)],
            left=2,
        ),
    ]


def report(found: Sequence[Cell]) -> str:
    """The page."""
    parts = [
        CAPTION.format(repeats=", ".join(f"{name}: {count}" for name, count in REPEATS.items()), enough=ENOUGH),
        *claim_tables(found),
    ]
    return "\n".join(parts) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing and write the tables."""
    parser = cell_arguments("Claims of power reports against what happens to models held out.")
    options = parser.parse_args(arguments)
    write_text(options.into / "power_claims.md", report(list(cells(frames(options, REPEATS, BUDGETS)))))


if __name__ == "__main__":
    main()
