"""Does EssenceBench's search find better anchors than trying as many random subsets? On models it has not seen.

Run `python -m anchoreval.studies.essence_search --data <folder>`; the table goes to standard output. For every seed,
30 % of the models are held out, whole groups at a time. The selector `essence` chooses k items by the rest. Best of B
draws as many random subsets as the search judged, from the same filtered pool, and takes the best by the same fitness:
the same curve and the same judges. Random anchors are the mean over some subsets of the whole benchmark. Each subset
is then read by an additive model fitted to its own mean on all models that are not held out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from anchor_selectors.essence import Essence
from anchoreval.arrays import IntArray
from anchoreval.contract import choose, generator
from anchoreval.groups import draw_groups, model_groups
from anchoreval.numerics.gam import fit_gam
from anchoreval.numerics.resampled_t import resolved_sign
from anchoreval.responses import ResponseMatrix
from anchoreval.studies.benchmarks import read_benchmark, study_arguments

BENCHMARKS = ("arc", "ifeval")
BUDGETS = (50, 100)
SEEDS = 5
HELD_OUT = 0.3
RANDOM = 20
"""Random subsets a seed, whose errors are averaged."""
BLOCK = 1000
"""Random subsets drawn and judged at a time."""
METHODS = ("random", "best of B random", "essence")


def one_split(matrix: ResponseMatrix, k: int, seed: int, selector: Essence) -> Iterator[dict[str, Any]]:
    """A row a method: fitness of its choice, and its error on held-out models, in percentage points."""
    old, new = halves(matrix, seed)
    chosen = choose(selector, old, k, seed)
    calls = int(chosen.details["evaluations"])
    best, fitness = best_of_random(old, k, seed, selector, calls)
    place = {item: number for number, item in enumerate(old.items.index)}
    rng = generator(seed, "random anchors")
    drawn = [np.sort(rng.permutation(matrix.n_items)[:k]) for _ in range(RANDOM)]
    shared = {"benchmark": matrix.name, "k": k, "seed": seed, "targets": new.n_models, "sources": old.n_models}
    errors = {
        "random": float(np.mean([held_out_error(old, new, subset) for subset in drawn])),
        "best of B random": held_out_error(old, new, best),
        "essence": held_out_error(old, new, np.array([place[item] for item in chosen.items])),
    }
    fit = {"best of B random": fitness, "essence": float(chosen.details["fitness"])}
    for method in METHODS:
        yield {**shared, "calls": calls, "method": method, "fitness": fit.get(method), "error": errors[method]}


def halves(matrix: ResponseMatrix, seed: int) -> tuple[ResponseMatrix, ResponseMatrix]:
    """Source models and held-out models, complete and in the order that selectors see."""
    groups = model_groups(matrix)
    drawn = draw_groups(groups, round(HELD_OUT * matrix.n_models), generator(seed, "held out"))
    ordered = matrix.sorted_by_id()
    out = groups.loc[ordered.models.index].isin(drawn)
    old, new = ordered.subset(models=out.index[~out]), ordered.subset(models=out.index[out])
    return old.completed(), new.completed(old.item_effects())


def best_of_random(old: ResponseMatrix, k: int, seed: int, selector: Essence, calls: int) -> tuple[IntArray, float]:
    """The best of `calls` random subsets of the selector's pool by its own fitness, and that fitness."""
    panel = selector.panel(old, generator(seed, "select", "essence"))  # the judges that the selector draws
    pool, _ = selector.pool_rule().pool(old.items, panel.scores, k)
    judge = panel.fitness(pool, k)
    rng = generator(seed, "best of random")
    best, least = pool[:k], np.inf
    for first in range(0, calls, BLOCK):
        subsets = simple_random(min(BLOCK, calls - first), len(pool), k, rng)
        errors = judge(subsets)
        if errors.min() < least:
            best, least = pool[subsets[np.argmin(errors)]], float(errors.min())
    return best, least


def simple_random(count: int, n_items: int, k: int, rng: np.random.Generator) -> IntArray:
    """(count, k) simple random subsets by Floyd's method, whose cost does not depend on the number of items."""
    subsets = np.empty((count, k), dtype=np.int64)
    for place, last in enumerate(range(n_items - k, n_items)):
        drawn = rng.integers(last + 1, size=count)
        there = (subsets[:, :place] == drawn[:, None]).any(axis=1)
        subsets[:, place] = np.where(there, last, drawn)
    return subsets


def held_out_error(old: ResponseMatrix, new: ResponseMatrix, items: IntArray) -> float:
    """Root mean square error on the new models, in percentage points, of a curve fitted on the old."""
    before, after = (one.scores[:, items].mean(axis=1, dtype=np.float64)[:, None] for one in (old, new))
    gam = fit_gam(before, np.asarray(old.full_scores, dtype=np.float64))
    return float(100.0 * np.sqrt(np.mean((gam.predict(after) - new.full_scores.to_numpy()) ** 2)))


def table(rows: pd.DataFrame) -> str:
    """Median and quartiles over seeds, as Markdown."""
    lines = [
        "| benchmark | k | anchors | fitness claimed | error on held-out models | quartiles |",
        "| :-- | --: | :-- | --: | --: | :-- |",
    ]
    for (benchmark, k, method), part in rows.groupby(["benchmark", "k", "method"], sort=False):
        low, middle, high = part["error"].quantile([0.25, 0.5, 0.75])
        claims = part["fitness"].dropna()  # random anchors claim nothing
        shown = f"{claims.median():.2f}" if len(claims) else ""
        lines.append(f"| {benchmark} | {k} | {method} | {shown} | {middle:.2f} | {low:.2f} to {high:.2f} |")
    return "\n".join(lines)


def verdict(rows: pd.DataFrame) -> str:
    """For every benchmark and budget, whether the search beats best of B, in words."""
    lines = []
    for (benchmark, k), part in rows.groupby(["benchmark", "k"], sort=False):
        wide = part.pivot(index="seed", columns="method", values="error")
        difference = (wide["essence"] - wide["best of B random"]).to_numpy(dtype=np.float64)
        sign = resolved_sign(difference, float((part["targets"] / part["sources"]).mean()))
        word = {-1: "beats", 0: "is not told apart from", 1: "is worse than"}[sign]
        lines.append(
            f"- {benchmark}, k = {k}: essence {word} best of B random (difference of errors {difference.mean():+.2f} "
            f"percentage points, below it in {int((difference < 0).sum())} of {len(difference)} splits; "
            f"B = {part['calls'].median():,.0f})."
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the study and print its table."""
    parser = study_arguments(main.__doc__ or "")
    parser.add_argument("--benchmarks", nargs="+", default=list(BENCHMARKS))
    parser.add_argument("--k", nargs="+", type=int, default=list(BUDGETS))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    options = parser.parse_args(arguments)
    rows: list[dict[str, Any]] = []
    for name in options.benchmarks:
        matrix = read_benchmark(options.data, name)
        for k in options.k:
            for seed in range(options.seeds):
                rows.extend(one_split(matrix, k, seed, Essence()))
    results = pd.DataFrame(rows)
    print(  # noqa: T201
        f"Root mean square errors of full scores in percentage points; median over {options.seeds} random splits.\n"
        "Made by `python -m anchoreval.studies.essence_search --data <folder>`.\n\n"
        f"{table(results)}\n\n{verdict(results)}"
    )


if __name__ == "__main__":
    main()
