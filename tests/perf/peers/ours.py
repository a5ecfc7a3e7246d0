"""Our side of the study, and the judge of both: simulations, fits, selections, closeness to the truth.

`python ours.py <task> <folder> [options]` writes and reads .npy and .npz files in the folder and says what it measured
(see `measured`). Every task is a process of its own, so that peak memory is that of the task.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measured import Watch, machine, say

from anchoreval.arrays import Float32Array, Float64Array
from anchoreval.numerics.facility_location import lazy_greedy
from anchoreval.numerics.irt import IRTFit, eap_abilities, fit_hierarchical, fit_irt
from anchoreval.numerics.irt.multidimensional import fit_multidimensional
from anchoreval.numerics.item_similarity import ItemSimilarity

ROWS = 100
"""Models simulated at a time."""


def simulated(models: int, items: int, missing: float = 0.0) -> tuple[Float32Array, dict[str, Float64Array]]:
    """Right-or-wrong answers of N(0, 1) models to 2PL items, made in blocks of models, and the truth."""
    rng = np.random.default_rng(0)
    a, b, theta = np.exp(rng.normal(0, 0.4, items)), rng.normal(0, 1.2, items), rng.normal(size=models)
    scores = np.empty((models, items), dtype=np.float32)
    for first in range(0, models, ROWS):
        rows = slice(first, first + ROWS)
        chance = 1 / (1 + np.exp(-a * (theta[rows, None] - b)))
        scores[rows] = rng.random(chance.shape) < chance
        if missing:
            scores[rows][rng.random(chance.shape) < missing] = np.nan
    return scores, {"a": a, "b": b, "theta": theta}


def simulate(folder: Path, models: int, items: int) -> None:
    """The matrix that all fit, and its truth."""
    scores, truth = simulated(models, items)
    np.save(folder / "scores.npy", scores)
    np.savez(folder / "truth.npz", **truth)
    say()


def fit(folder: Path) -> None:
    """A 2PL with our defaults, standard errors included, and EAP abilities."""
    _fitted(folder, "ours", fit_irt)


def hierarchical(folder: Path) -> None:
    """A 2PL whose priors are learnt, and EAP abilities."""
    _fitted(folder, "ours_hierarchical", fit_hierarchical)


def _fitted(folder: Path, name: str, measured: Callable[[Float32Array], IRTFit]) -> None:
    scores = np.load(folder / "scores.npy")
    with Watch() as watch:
        parameters = measured(scores).parameters
        theta = eap_abilities(scores, parameters).ability
    np.savez(folder / f"{name}.npz", a=parameters.discrimination, b=parameters.difficulty, theta=theta)
    say(**watch.facts, machine=machine("anchoreval", "numpy", "scipy"))


def judge(folder: Path, fits: list[str]) -> None:
    """Closeness of fits to the truth, every one on the scale on which its own abilities have mean 0 and deviation 1."""
    truth = linked(folder / "truth.npz")
    found = {}
    for name in fits:
        fitted = linked(folder / f"{name}.npz")
        found[name] = {
            "corr_b": float(np.corrcoef(fitted["b"], truth["b"])[0, 1]),
            "corr_a": float(np.corrcoef(fitted["a"], truth["a"])[0, 1]),
            "rmse_b": root_mean_square(fitted["b"] - truth["b"]),
            "rmse_a": root_mean_square(fitted["a"] - truth["a"]),
            "rmse_p": root_mean_square(fitted["p"] - truth["p"]),
        }
    say(fits=found)


def linked(path: Path) -> dict[str, Float64Array]:
    """Parameters after linking, and the probabilities that they give."""
    with np.load(path) as file:
        a, b, theta = (np.asarray(file[name], dtype=np.float64) for name in ("a", "b", "theta"))
    chance = 1 / (1 + np.exp(-a * (theta[:, None] - b)))
    return {"a": a * theta.std(), "b": (b - theta.mean()) / theta.std(), "p": chance}


def root_mean_square(difference: Float64Array) -> float:
    """Of an array's cells."""
    return float(np.sqrt(np.mean(difference**2)))


def similarity(folder: Path, models: int, items: int) -> None:
    """Scores, and the similarity matrix of their items in the double precision that apricot takes."""
    scores = simulated(models, items)[0]
    np.save(folder / "items.npy", scores)
    np.save(folder / "similarity.npy", ItemSimilarity(scores).block(slice(None)).astype(np.float64))
    say()


def facility(folder: Path, k: int) -> None:
    """Similarity and lazy greedy selection from the scores."""
    scores = np.load(folder / "items.npy")
    with Watch() as preparing:
        alike = ItemSimilarity(scores)
    with Watch() as watch:
        choice = lazy_greedy(alike, np.ones(alike.n_items), k)
    np.save(folder / "ours.npy", choice.items)
    say(**watch.facts, before=preparing.facts, machine=machine("anchoreval", "numpy"))


def objective(folder: Path, choices: list[str]) -> None:
    """Facility-location value of choices, as a share of what choosing every item gives."""
    matrix = np.load(folder / "similarity.npy", mmap_mode="r")
    ours = set(np.load(folder / "ours.npy").tolist())
    found = {}
    for name in choices:
        chosen = np.load(folder / f"{name}.npy")
        value = float(np.asarray(matrix[chosen]).max(axis=0).mean())
        found[name] = {"value": value, "shared": len(ours & set(chosen.tolist()))}
    say(choices=found)


def scale(models: int, items: int, missing: float) -> None:
    """A 2PL on a matrix of the given size."""
    scores, truth = simulated(models, items, missing)
    with Watch() as watch:
        fitted = fit_irt(scores)
    found = {"a": fitted.parameters.discrimination, "b": fitted.parameters.difficulty}
    close = {f"corr_{name}": float(np.corrcoef(found[name], truth[name])[0, 1]) for name in found}
    shape = {"steps": len(fitted.trace), "scores_gib": scores.nbytes / 2**30}
    say(**watch.facts, **shape, **close)


def several(models: int, items: int, dimensions: int) -> None:
    """A 2PL in several abilities, the first of which all items share, and how well these are recovered."""
    rng = np.random.default_rng(0)
    slopes = 0.7 * rng.normal(size=(items, dimensions)) + np.eye(dimensions)[0]
    ability, intercept = rng.normal(size=(models, dimensions)), rng.normal(0, 1.2, items)
    scores = (rng.random((models, items)) < 1 / (1 + np.exp(-(ability @ slopes.T + intercept)))).astype(np.float32)
    with Watch() as watch:
        fitted = fit_multidimensional(scores, dimensions)
    bases = [np.linalg.qr(columns - columns.mean(axis=0))[0] for columns in (fitted.ability, ability)]
    least = float(np.linalg.svd(bases[0].T @ bases[1])[1].min())
    shape = {"steps": len(fitted.trace), "scores_gib": scores.nbytes / 2**30}
    say(**watch.facts, least_canonical=least, **shape)


def main() -> None:
    """Run the task that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task")
    parser.add_argument("folder", type=Path, nargs="?", default=Path())
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--missing", type=float, default=0.0)
    parser.add_argument("--dimensions", type=int, default=2)
    parser.add_argument("--names", nargs="*", default=["ours"])
    parser.add_argument("-k", type=int, default=100)
    chosen = parser.parse_args()
    folder = chosen.folder
    tasks = {
        "simulate": lambda: simulate(folder, chosen.models, chosen.items),
        "fit": lambda: fit(folder),
        "hierarchical": lambda: hierarchical(folder),
        "judge": lambda: judge(folder, chosen.names),
        "similarity": lambda: similarity(folder, chosen.models, chosen.items),
        "facility": lambda: facility(folder, chosen.k),
        "objective": lambda: objective(folder, chosen.names),
        "scale": lambda: scale(chosen.models, chosen.items, chosen.missing),
        "several": lambda: several(chosen.models, chosen.items, chosen.dimensions),
    }
    if chosen.task not in tasks:
        parser.error(f"there is no task {chosen.task!r}, only {', '.join(tasks)}")
    tasks[chosen.task]()


if __name__ == "__main__":
    main()
