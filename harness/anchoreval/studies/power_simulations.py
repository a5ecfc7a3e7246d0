"""Power reports on simulated leaderboards, whose truth is known, and what naive error bars do there.

Run `python -m anchoreval.studies.power_simulations`. Writes `power_simulations.md`. Answers follow a logistic model in
two abilities; anchors are random, or the items with the highest point-biserial correlation, which is what makes naive
error bars fail: their mean is no estimate of the full score, and its binomial interval knows nothing of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from anchoreval.atomic import write_text
from anchoreval.methods import Selection, Selector
from anchoreval.numerics.item_statistics import discrimination
from anchoreval.protocol.trial import Conditions, Trial
from anchoreval.registry import make_estimator, make_selector
from anchoreval.reporting.tables import markdown_table
from anchoreval.responses import ResponseMatrix
from anchoreval.studies.kept_cells import cell_arguments
from anchoreval.studies.power_claims import ENOUGH, cells, claim_tables
from anchoreval.studies.power_frames import TARGET, judged_frame, selected
from anchoreval.studies.task_pool import pooled_tables

MODELS, ITEMS, BUDGET, BOARDS = 200, 1000, 100, 200
RANDOM, TOP = "random", "top point-biserial"
CAPTION = """# Power reports on simulated leaderboards

{boards} boards of {models} models and {items} items (two abilities, logistic), k = {k}, read by ridge regression; a
quarter of the models are targets, 30 % of the others calibrate. *naive*: the mean of the anchors with its binomial
(Wald) interval, as if the anchors were a random sample. *conformal*: in brackets the standard error over boards.
Shares of fewer than {enough} disjoint pairs are in brackets and not judged.
Regenerate with `python -m anchoreval.studies.power_simulations`.
"""


@dataclass
class TopPointBiserial:
    """The items that go best with the score on the others; chosen by many benchmarks' users, and a trap."""

    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset()

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        """The k items with the highest correlation."""
        order = np.argsort(-np.nan_to_num(discrimination(sources.scores)), kind="stable")
        return Selection(items=sources.items.index[np.sort(order[:k])])


def simulated_board(seed: int) -> ResponseMatrix:
    """Answers of models with two abilities."""
    rng = np.random.default_rng(seed)
    ability = rng.normal(size=(MODELS, 2))
    slopes = np.column_stack([np.exp(0.3 * rng.normal(size=ITEMS)), 0.7 * rng.normal(size=ITEMS)])
    chance = 1.0 / (1.0 + np.exp(-(ability @ slopes.T - rng.normal(size=ITEMS))))
    return ResponseMatrix.from_arrays(
        (rng.random(chance.shape) < chance).astype(np.float32),
        models=[f"m{n:03d}" for n in range(MODELS)],
        items=[f"i{n:04d}" for n in range(ITEMS)],
        name="simulated",
    )


def one_board(data: str, selector: str, repeat: int) -> pd.DataFrame:
    """The rows of `judged_frame`, and `naive`, `naive_width`: the anchors' mean and its half-width at 95 %."""
    matrix = simulated_board(repeat)
    trial = Trial.divide(matrix, "iid", repeat, Conditions(0.95, 0.3, None, "refuse"))
    chosen: Selector = make_selector("random") if selector == RANDOM else TopPointBiserial()
    selection = selected(trial, chosen, BUDGET)
    rows = judged_frame(matrix, trial, selection, make_estimator("signature"))
    mean = matrix.subset(items=selection.items).scores.mean(axis=1)
    naive = pd.Series(mean, index=matrix.models.index).reindex(rows["model"]).to_numpy(dtype=np.float64)
    width = 1.959963984540054 * np.sqrt(naive * (1.0 - naive) / BUDGET)
    return rows.assign(naive=naive, naive_width=width, selector=selector, repeat=repeat)


def naive_row(selector: str, rows: pd.DataFrame) -> list[str]:
    """Coverage of naive and of conformal intervals of targets' scores."""
    targets = rows[rows["role"] == TARGET]
    inside = (targets["naive"] - targets["truth"]).abs() <= targets["naive_width"]
    error = 100.0 * (targets["naive"] - targets["truth"])
    ours = 100.0 * (targets["estimate"] - targets["truth"])
    held = [_conformal(part) for _, part in rows.groupby("repeat")]
    return [
        selector,
        f"{np.sqrt(np.mean(error**2)):.2f}",
        f"{np.sqrt(np.mean(ours**2)):.2f}",
        f"{100 * inside.mean():.1f}",
        f"{100 * np.mean(held):.1f} ({100 * np.std(held, ddof=1) / np.sqrt(len(held)):.1f})",
    ]


def _conformal(board: pd.DataFrame) -> float:
    """Share of targets inside split-conformal intervals at 95 %."""
    from anchoreval.numerics.conformal import conformal_quantile

    error = (board["estimate"] - board["truth"]).abs()
    target = board["role"] == TARGET
    return float((error[target] <= conformal_quantile(error[~target], 0.95)).mean())


def report(rows: pd.DataFrame) -> str:
    """The page."""
    found = list(cells(rows.assign(benchmark="simulated", k=BUDGET)))
    heads = ["anchors", "RMSE, naive", "RMSE, reconstructed", "95 % binomial", "95 % conformal"]
    lines = [naive_row(str(name), part) for name, part in rows.groupby("selector", sort=False)]
    caption = CAPTION.format(boards=BOARDS, models=MODELS, items=ITEMS, k=BUDGET, enough=ENOUGH)
    parts = [caption, "## Intervals of scores\n", markdown_table(heads, lines), "", *claim_tables(found)]
    return "\n".join(parts) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing and write the tables."""
    options: Any = cell_arguments("Power reports on simulated leaderboards.").parse_args(arguments)
    tasks = list(product((RANDOM, TOP), range(BOARDS)))
    rows = pooled_tables(options, "power_simulations", one_board, tasks, ("selector", "repeat"))
    write_text(options.into / "power_simulations.md", report(rows))


if __name__ == "__main__":
    main()
