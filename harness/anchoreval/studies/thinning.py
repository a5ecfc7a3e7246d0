"""What it costs to choose anchors from fewer models, or from a random part of the items, than there are.

Run `python -m anchoreval.studies.thinning --data <folder>` (two minutes). Writes `thinning.md`. Where a benchmark is
too large for a selector, a random part of it will do, if little is lost: here anchors are chosen from a part and read
by a regression that is fitted on all sources either way, so that the part's error stands beside the whole's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from anchoreval.arrays import Float64Array
from anchoreval.atomic import write_text
from anchoreval.contract import choose, fit, generator
from anchoreval.groups import draw_groups, model_groups
from anchoreval.numerics.resampled_t import resolved_sign
from anchoreval.protocol.trial import answers_only
from anchoreval.protocol.workers import one_thread
from anchoreval.registry import make_estimator, make_selector
from anchoreval.reporting.tables import markdown_table
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.studies.benchmarks import read_benchmark
from anchoreval.studies.kept_cells import LARGE, cell_arguments

MODELS, ITEM_SETS = LARGE, ("arc", "musr")
SIZES = (100, 300, 1000)
"""Models that choose, on the large sets; the last column is all sources."""
SHARES = (8, 4, 2)
"""One item in so many is left to choose from."""
SELECTORS, REFERENCE, READING = ("optimal", "mrmr"), "random", "signature"
BUDGET, REPEATS, TARGET_SHARE = 50, 10, 0.3
ALL = "all"
CAPTION = """# Choosing from a part of the models or of the items

Mean absolute error in percentage points on held-out models (30 % of the groups), k = {k}, {repeats} draws of targets
and of the part. Anchors are chosen from the part and read by `{reading}` fitted on **all** sources, which needs their
answers on the anchors and their full scores alone. * differs from choosing from all (corrected resampled t, 95 %).
`{reference}` looks at no answers: its error is that of not choosing at all.
Regenerate with `python -m anchoreval.studies.thinning --data <folder>`.
"""


def one_draw(matrix: ResponseMatrix, repeat: int, thin: str) -> Iterator[dict[str, object]]:
    """A row per selector and part: `mae` in percentage points.

    Args:
        matrix: a benchmark.
        repeat: number of the draw.
        thin: "models" or "items".
    """
    known = matrix.full_scores.notna()
    groups = model_groups(matrix)[known]
    wanted = int(TARGET_SHARE * len(groups))
    held = groups.isin(draw_groups(groups, wanted, generator(repeat, "thinning", "targets")))
    targets, sources = matrix.subset(models=groups.index[held]), matrix.subset(models=groups.index[~held])
    rng = generator(repeat, "thinning", thin)
    models, items = rng.permutation(sources.models.index), rng.permutation(sources.items.index)
    parts: dict[str, ResponseMatrix] = {ALL: sources}
    if thin == "models":
        parts |= {str(size): sources.subset(models=np.sort(models[:size])) for size in SIZES if size < len(models)}
    else:
        parts |= {f"1/{share}": sources.part(np.sort(items[: len(items) // share])) for share in SHARES}
    yield {"selector": REFERENCE, "part": ALL, "mae": _error(sources, sources, targets, REFERENCE, repeat)}
    for part, seen in parts.items():
        for selector in SELECTORS:
            yield {"selector": selector, "part": part, "mae": _error(seen, sources, targets, selector, repeat)}


def _error(seen: ResponseMatrix, sources: ResponseMatrix, targets: ResponseMatrix, selector: str, seed: int) -> float:
    """Error of anchors that were chosen from what is seen and read by a fit on all sources."""
    selection = choose(make_selector(selector), seen, BUDGET, seed)
    fitted = fit(make_estimator(READING), sources.part(selection.items), selection, seed)
    estimates = fitted.predict(answers_only(targets, selection.items))[SCORE].to_numpy(dtype=np.float64)
    return float(np.abs(estimates - targets.full_scores.to_numpy()).mean() * 100.0)


def report(rows: pd.DataFrame) -> str:
    """The page from rows of all draws."""
    parts = [CAPTION.format(k=BUDGET, repeats=rows["repeat"].nunique(), reading=READING, reference=REFERENCE)]
    for thin, title, columns in (
        ("models", "Fewer models", [*map(str, SIZES), ALL]),
        ("items", "A part of the items", [*(f"1/{share}" for share in SHARES), ALL]),
    ):
        lines = []
        for (benchmark, selector), part in rows[rows["thin"] == thin].groupby(["benchmark", "selector"], sort=False):
            wide = part.pivot_table(index="repeat", columns="part", values="mae")
            ratio = TARGET_SHARE / (1.0 - TARGET_SHARE)
            cells = [_cell(wide, column, ratio) if column in wide else "" for column in columns]
            lines.append([str(benchmark).removeprefix("openllm_large_"), str(selector), *cells])
        table = markdown_table(["benchmark", "selector", *columns], lines, left=2)
        parts.append(f"## {title}\n\n{table}\n")
    return "\n".join(parts)


def _cell(wide: pd.DataFrame, column: str, test_to_train: float) -> str:
    differences: Float64Array = (wide[column] - wide[ALL]).to_numpy(dtype=np.float64)
    mark = "*" if column != ALL and resolved_sign(differences, test_to_train) else ""
    return f"{wide[column].mean():.2f}{mark}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the page."""
    options = cell_arguments("Choosing from a part of the models or of the items.").parse_args(arguments)
    rows = []
    with one_thread():
        for thin, names in (("models", MODELS), ("items", ITEM_SETS)):
            for name in names:
                matrix = read_benchmark(options.data, name)
                for repeat in range(REPEATS):
                    rows += [
                        {"benchmark": name, "thin": thin, "repeat": repeat, **row}
                        for row in one_draw(matrix, repeat, thin)
                    ]
    write_text(options.into / "thinning.md", report(pd.DataFrame(rows)))


if __name__ == "__main__":
    main()
