"""What the reduced search budgets of the study `literature` cost EssenceBench and metabench.

Run `python -m anchoreval.studies.published_budgets --data <folder>` (extra `ebm`). Writes `published_budgets.md`: both
at the budgets that their papers publish (EssenceBench with explainable boosting machines) beside the reduced ones, on
musr and arc, k = 50, on splits of that study.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anchoreval.atomic import write_text
from anchoreval.protocol.comparison import Comparison
from anchoreval.protocol.group_errors import Combination
from anchoreval.protocol.resolution import Resolution
from anchoreval.reporting.tables import markdown_table
from anchoreval.studies.kept_cells import cell_arguments, drawn_benchmark, publish, run
from anchoreval.studies.literature import ESTIMATORS, SELECTORS, ratio_text

BENCHMARKS, BUDGET, REPEATS = ("arc", "musr"), 50, 3
FULL: dict[str, dict[str, Any]] = {
    "essence": {
        "name": "essence",
        "population": 200,
        "generations": 1000,
        "rounds": 2,
        "attribution": "ebm",
        "attributed": 20,
    },
    "metabench": {
        "name": "metabench",
        "candidates": 10_000,
        "start": 15,
        "iterations": 40,
        "models": ["2pl", "3pl", "4pl"],
    },
}
CAPTION = """# EssenceBench and metabench at their published budgets

Mean absolute error in percentage points, k = {k}, {repeats} splits of the study `literature`; seconds of selection.
*published*: {essence}; {metabench}. *reduced*: as in `literature.md`. With {repeats} splits little is resolved.
EssenceBench fits its boosting machines to the best 200 subsets of each round; here it is the best 20, since a fit takes
some 8 seconds and 200 of them, twice, most of an hour a selection.
Regenerate with `python -m anchoreval.studies.published_budgets --data <folder>` (extra `ebm`).
"""


def report(found: Comparison) -> str:
    """The page."""
    words = {
        name: ", ".join(f"{key} {value}" for key, value in spec.items() if key != "name") for name, spec in FULL.items()
    }
    paired, rows = Resolution(found), []
    grouped = found.table.groupby(["benchmark", "selector", "estimator"])[["mae", "select_seconds"]].mean()
    means = dict(zip(grouped.index, grouped.to_dict("records"), strict=True))
    for benchmark in BENCHMARKS:
        for name in FULL:
            for estimator in ESTIMATORS:
                full = Combination(benchmark, "iid", f"{name} (published)", estimator, BUDGET)
                reduced = full._replace(selector=name)
                cells = [means[benchmark, one.selector, estimator] for one in (full, reduced)]
                rows.append(
                    [
                        benchmark,
                        name,
                        estimator,
                        *(f"{cell['mae']:.2f}" for cell in cells),
                        ratio_text(paired.paired(full, reduced)),
                        *(f"{cell['select_seconds']:.0f}" for cell in cells),
                    ]
                )
    header = ["benchmark", "selector", "reading", "published", "reduced", "ratio", "seconds", "seconds, reduced"]
    return CAPTION.format(k=BUDGET, repeats=REPEATS, **words) + "\n" + markdown_table(header, rows) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing and write the table."""
    options = cell_arguments("What reduced search budgets cost two rivals.").parse_args(arguments)
    matrices = {name: drawn_benchmark(options.data, name) for name in BENCHMARKS}
    selectors = {name: SELECTORS[name] for name in FULL} | {f"{name} (published)": spec for name, spec in FULL.items()}
    found = run(options, matrices, selectors, ESTIMATORS, [BUDGET], repeats=REPEATS)
    publish(options, [found])
    write_text(options.into / "published_budgets.md", report(found))


if __name__ == "__main__":
    main()
