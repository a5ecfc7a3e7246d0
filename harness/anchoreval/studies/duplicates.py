"""How many models of a leaderboard are copies of another, and how much flatter errors look where copies are let in.

Run `python -m anchoreval.studies.duplicates --data <folder>` (a minute). Two tables: the copies and the groups
that they make, at several ceilings of what a near-copy may differ by; and errors on the same targets with and without
their copies among the sources. Writes `duplicates.md` to the folder that `--into` names.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anchoreval.arrays import BoolArray
from anchoreval.atomic import write_text
from anchoreval.contract import choose, fit, generator
from anchoreval.groups import model_groups
from anchoreval.near_duplicates import CEILING, EXACT, NEAR, near_duplicates
from anchoreval.protocol.trial import answers_only
from anchoreval.registry import make_estimator, make_selector
from anchoreval.reporting.tables import markdown_table
from anchoreval.responses import SCORE, ResponseMatrix
from anchoreval.store import load_benchmark
from anchoreval.studies.benchmarks import read_benchmark, study_arguments

LARGE = ("openllm_large_truthfulqa", "openllm_large_winogrande")
SMALL = ("arc", "musr", "ifeval")
COUNTED = (*SMALL, "livebench", "alpacaeval2", "mmlu_options", "cosmosqa_options", "mmlu_pro_cot", *LARGE, "pocket")
SIZES: dict[str, tuple[int | None, ...]] = {**dict.fromkeys(SMALL, (None,)), **dict.fromkeys(LARGE, (800, None))}
"""Benchmarks of the second table, and to how many models they are thinned at random."""
CEILINGS = (0.01, CEILING, 0.03, 0.05)
K, TEST_SHARE = 50, 0.25
COUNTS = f"""# Copies of models

## How many there are

Exact copies gave the same answers as another model. Near-copies differ on at most so many of the items, and on far
fewer than two distinct models of the same ability would (`anchoreval.near_duplicates`). Groups join them with the
variants of a base model; each cell shows the pairs of near-copies, the groups, and the models of the largest group.
Above a tenth of the models chains of near-copies are broken. The default ceiling is {100 * CEILING:.0f} %.
"""
ERRORS = f"""## What they are worth to a method that is tested on them

{100 * TEST_SHARE:.0f} % of the models are targets, drawn one by one, so that copies fall on both sides;
{K} random anchors are read by `signature`. The targets stay the same while sources are taken away: exact copies of a
target, then everything in a target's group, which is what the protocol does; and, for comparison, as many models at
random, copies or not. Mean absolute errors in percentage points, over {{repeats}} draws, and in brackets the number of
sources. `flattery` is the error without the targets' groups less that with as many models gone at random: what copies
take off the error, with its standard error over draws.
"""


def counts(matrices: Iterator[ResponseMatrix], ceilings: Sequence[float] = CEILINGS) -> str:
    """The first table: a row a benchmark."""
    header = ["benchmark", "models", "items", "exact copies", "groups without near-copies"]
    body = [
        [m.name, str(m.n_models), str(m.n_items), *_exact(m), *(_joined(m, ceiling) for ceiling in ceilings)]
        for m in matrices
    ]
    return (
        f"{COUNTS}\n{markdown_table([*header, *(f'{100 * c:g} %: pairs, groups, largest' for c in ceilings)], body)}\n"
    )


def _exact(matrix: ResponseMatrix) -> list[str]:
    pairs = near_duplicates(matrix)
    return [str(int((pairs["kind"] == EXACT).sum())), str(model_groups(matrix, near=None).nunique())]


def _joined(matrix: ResponseMatrix, ceiling: float) -> str:
    pairs, sizes = near_duplicates(matrix, ceiling), model_groups(matrix, ceiling).value_counts()
    return f"{int((pairs['kind'] == NEAR).sum())}, {len(sizes)}, {sizes.max()}"


def errors(matrix: ResponseMatrix, repeats: int) -> pd.DataFrame:
    """Errors on targets with their copies let in and taken away.

    Returns:
        A row per repeat, sources (`all`, `no exact copies`, `no copies`, `as few`) and targets (`all`, and `copied`
        for those with a copy among the sources): `mae` in percentage points, NaN without targets; `n_source` and
        `n_target`.
    """
    groups = {"no exact copies": model_groups(matrix, near=None), "no copies": model_groups(matrix)}
    return pd.DataFrame(
        [
            {"benchmark": matrix.name, "repeat": repeat, **row}
            for repeat in range(repeats)
            for row in _repeat(matrix.sorted_by_id(), groups, repeat)
        ]
    )


def _repeat(matrix: ResponseMatrix, groups: dict[str, pd.Series[str]], seed: int) -> Iterator[dict[str, Any]]:
    models, rng = matrix.models.index, generator(seed, "copies")
    target = rng.permutation(len(models)) < round(TEST_SHARE * len(models))
    targets, truth = matrix.subset(models=models[target]), matrix.full_scores[models[target]]
    sides = {"all": ~target}
    for name, group in groups.items():
        labels = group[models].to_numpy(dtype=str)
        sides[name] = ~target & ~np.isin(labels, labels[target])
    sides["as few"] = _drawn(~target, int(sides["no copies"].sum()), rng)
    copied = np.isin(labels, labels[~target])[target]
    selection = choose(make_selector("random"), matrix.subset(models=models[~target]), K, seed)
    for name, side in sides.items():
        fitted = fit(make_estimator("signature"), matrix.subset(models=models[side]), selection, seed)
        wrong = 100 * (fitted.predict(answers_only(targets, selection.items))[SCORE] - truth).abs().to_numpy()
        for kind, which in (("all", np.ones(len(copied), dtype=np.bool_)), ("copied", copied)):
            mae = float(wrong[which].mean()) if which.any() else np.nan
            yield {"sources": name, "targets": kind, "mae": mae, "n_source": side.sum(), "n_target": which.sum()}


def _drawn(side: BoolArray, count: int, rng: np.random.Generator) -> BoolArray:
    kept = np.zeros(len(side), dtype=np.bool_)
    kept[rng.choice(np.nonzero(side)[0], count, replace=False)] = True
    return kept


def errors_report(table: pd.DataFrame) -> str:
    """The second table: a row per benchmark and kind of targets."""
    arms = ["all", "no exact copies", "no copies", "as few"]
    header = ["benchmark", "models", "targets", *(f"sources: {arm}" for arm in arms), "flattery (standard error)"]
    body = []
    for (benchmark, models, kind), part in table.groupby(["benchmark", "models", "targets"], sort=False):
        mae = part.pivot(index="repeat", columns="sources", values="mae").dropna()
        sizes = part.groupby("sources")["n_source"].mean()
        number = part.loc[part["sources"] == "all", "n_target"].mean()
        cells = [f"{mae[arm].mean():.2f} ({sizes[arm]:.0f})" if len(mae) else "" for arm in arms]
        label = f"all ({number:.0f})" if kind == "all" else f"with a copy ({number:.0f})"
        body.append([str(benchmark), str(models), label, *cells, _flattery(mae["no copies"] - mae["as few"])])
    repeats = table["repeat"].nunique()
    return f"{ERRORS.format(repeats=repeats)}\n{markdown_table(header, body)}\n"


def _flattery(differences: pd.Series[float]) -> str:
    if len(differences) < 2:
        return ""
    return f"{round(differences.mean(), 2) + 0.0:.2f} ({differences.std() / np.sqrt(len(differences)):.2f})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the tables."""
    parser = study_arguments("Copies of models, and what they are worth.")
    parser.add_argument("--into", type=Path, default=Path("results/published"), help="where the tables go")
    parser.add_argument("--counted", nargs="*", default=list(COUNTED), help="benchmarks of the first table")
    parser.add_argument("--let-in", nargs="*", default=list(SIZES), help="benchmarks of the second table")
    parser.add_argument("--repeats", type=int, default=5, help="draws of targets")
    _run(parser.parse_args(arguments))


def _run(options: argparse.Namespace) -> None:
    parts = [counts(_matrix(options.data, name) for name in options.counted)]
    tables = [
        errors(matrix, options.repeats).assign(models=matrix.n_models)
        for name in options.let_in
        for most in SIZES.get(name, (None,))
        for matrix in [_thinned(_matrix(options.data, name), most)]
    ]
    if tables:
        parts.append(errors_report(pd.concat(tables, ignore_index=True)))
    text = "\n".join(parts)
    write_text(options.into / "duplicates.md", text)
    sys.stdout.write(text)


def _matrix(data: Path, name: str) -> ResponseMatrix:
    return load_benchmark(name) if name == "pocket" else read_benchmark(data, name)


def _thinned(matrix: ResponseMatrix, most: int | None) -> ResponseMatrix:
    if most is None or matrix.n_models <= most:
        return matrix
    models = np.sort(matrix.models.index.to_numpy(dtype=str))
    return matrix.subset(models=generator(0, "thinned").choice(models, most, replace=False))


if __name__ == "__main__":
    main()
