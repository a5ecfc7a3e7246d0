"""How the error falls with the number of source models, and from how many on choosing anchors pays.

Run `python -m anchoreval.studies.source_curve --data <folder>`. Writes `source_curve.md` and `source_curve.png`. On the
two large sets some models are targets, and n of the others, drawn at random, choose anchors and fit the reconstruction;
groups of copies stay on one side. To the mean error of each method a floor plus a falling power of n is fitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.atomic import write_text
from anchoreval.contract import choose, fit, generator
from anchoreval.errors import AnchorEvalError
from anchoreval.groups import draw_groups, model_groups
from anchoreval.numerics.resampled_t import resolved_sign
from anchoreval.protocol.trial import answers_only
from anchoreval.registry import make_estimator, make_selector
from anchoreval.reporting.figure_sources import error_by_sources
from anchoreval.reporting.tables import markdown_table
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.studies.benchmarks import read_benchmark
from anchoreval.studies.kept_cells import LARGE, cell_arguments
from anchoreval.studies.task_pool import pooled_tables

SIZES = (10, 30, 100, 300, 1000, 3000)
BUDGET, REPEATS, TARGETS = 50, 6, 400
REFERENCE = "random"
SELECTORS: dict[str, dict[str, Any]] = {
    REFERENCE: {"name": "random"},
    "random_search": {"name": "random_search"},
    "mrmr": {"name": "mrmr"},
    "essence": {"name": "essence", "generations": 400},
    "optimal": {"name": "optimal"},
}
READING = "signature"
CAPTION = """# Error against the number of source models

Mean absolute error in percentage points on {targets} held-out models, k = {k}, {repeats} draws of targets and sources,
all anchors read by `{reading}`. *floor*: a of the curve a + b n^-c fitted to the means. *from*: the least n from which
on the error is below that of `random` by a resolved difference (corrected resampled t, 95 %) at every larger n as well.

![Error against the number of source models; shaded: one standard deviation over draws](source_curve.png)

Regenerate with `python -m anchoreval.studies.source_curve --data <folder>`.
"""


def one_repeat(data: str, benchmark: str, repeat: int) -> pd.DataFrame:
    """A row per method and number of sources: `mae` in percentage points, NaN where it does not apply."""
    matrix = read_benchmark(Path(data), benchmark)
    known = matrix.full_scores.notna()
    groups = model_groups(matrix)[known]
    drawn = draw_groups(groups, TARGETS, generator(repeat, "source curve", "targets"))
    targets = matrix.subset(models=groups.index[groups.isin(drawn)])
    left = np.sort(groups.index[~groups.isin(drawn)].to_numpy(dtype=str))
    others = generator(repeat, "source curve", "sources").permutation(left)
    rows = []
    for size in SIZES:
        sources = matrix.subset(models=others[:size])
        for label, spec in SELECTORS.items():
            rows.append({"selector": label, "n": sources.n_models, "mae": _error(sources, targets, spec, repeat)})
    return pd.DataFrame(rows).assign(benchmark=benchmark, repeat=repeat, n_target=targets.n_models)


def _error(sources: ResponseMatrix, targets: ResponseMatrix, spec: dict[str, Any], seed: int) -> float:
    options = {name: value for name, value in spec.items() if name != "name"}
    try:
        selection = choose(make_selector(spec["name"], **options), sources, BUDGET, seed)
    except AnchorEvalError:
        return float("nan")
    fitted = fit(make_estimator(READING), sources.part(selection.items), selection, seed)
    estimates = fitted.predict(answers_only(targets, selection.items))[SCORE].to_numpy(dtype=np.float64)
    return float(np.abs(estimates - targets.full_scores.to_numpy()).mean() * 100.0)


def floor_of(sizes: Float64Array, errors: Float64Array) -> float:
    """The level a that errors fall to: least squares of a + b n^-c with a, b >= 0 and c from 0.1 to 1.5."""
    from scipy.optimize import nnls

    best = (np.inf, float("nan"))
    for power in np.linspace(0.1, 1.5, 57):
        design = np.column_stack([np.ones_like(sizes), sizes**-power])
        coefficients, misfit = nnls(design / errors[:, None], np.ones_like(errors))  # relative misfits
        best = min(best, (float(misfit), float(coefficients[0])))
    return best[1]


def pays_from(part: pd.DataFrame, selector: str) -> int | None:
    """The least number of sources from which on a selector is better than random items, resolved; None: never."""
    wide = part.pivot_table(index="repeat", columns=["selector", "n"], values="mae")
    found = None
    for n in sorted(part["n"].unique(), reverse=True):
        if (selector, n) not in wide or (REFERENCE, n) not in wide:
            break
        difference = (wide[(selector, n)] - wide[(REFERENCE, n)]).dropna().to_numpy(dtype=np.float64)
        if resolved_sign(difference, float(part["n_target"].mean()) / n) >= 0:
            break
        found = int(n)
    return found


def report(rows: pd.DataFrame) -> str:
    """The page."""
    shown = CAPTION.format(targets=f"about {TARGETS}", k=BUDGET, repeats=rows["repeat"].nunique(), reading=READING)
    parts = [shown]
    for benchmark, part in rows.groupby("benchmark", sort=False):
        means = part.groupby(["selector", "n"], sort=False)["mae"].mean().unstack("n")
        lines = []
        for selector, errors in means.iterrows():
            known = errors.dropna()
            floor = floor_of(known.index.to_numpy(dtype=np.float64), known.to_numpy(dtype=np.float64))
            start = "" if selector == REFERENCE else str(pays_from(part, str(selector)) or "never")
            lines.append([str(selector), *("" if np.isnan(e) else f"{e:.2f}" for e in errors), f"{floor:.2f}", start])
        header = ["selector", *(f"n = {n}" for n in means.columns), "floor", "from"]
        parts.append(f"## {benchmark}\n\n{markdown_table(header, lines)}\n")
    return "\n".join(parts)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing and write the page."""
    options = cell_arguments("Error against the number of source models.").parse_args(arguments)
    tasks = list(product(LARGE, range(REPEATS)))
    rows = pooled_tables(options, "source_curve", one_repeat, tasks, ("benchmark", "repeat"))
    error_by_sources(options.into / "source_curve.png", rows, list(SELECTORS))
    write_text(options.into / "source_curve.md", report(rows))


if __name__ == "__main__":
    main()
