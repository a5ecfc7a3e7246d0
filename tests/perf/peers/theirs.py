"""The peers' side of the study, run by the Python of their own environment: py-irt, girth, apricot.

`python theirs.py <task> <folder> [options]` reads .npy files from the folder, writes what it found there and says what
it measured (see `measured`). Imports and reading are not timed; what a package compiles when called is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from measured import Watch, machine, say


def py_irt(folder: Path, priors: str, epochs: int) -> None:
    """A 2PL by py-irt's variational inference, its own learning rate and decay."""
    import pyro
    from py_irt.config import IrtConfig
    from py_irt.dataset import Dataset
    from py_irt.training import IrtModelTrainer

    scores = np.load(folder / "scores.npy")
    models, items = scores.shape
    dataset = Dataset(
        item_ids={str(item) for item in range(items)},
        subject_ids={str(model) for model in range(models)},
        item_id_to_ix={str(item): item for item in range(items)},
        ix_to_item_id={item: str(item) for item in range(items)},
        subject_id_to_ix={str(model): model for model in range(models)},
        ix_to_subject_id={model: str(model) for model in range(models)},
        observation_subjects=np.repeat(np.arange(models), items).tolist(),
        observation_items=np.tile(np.arange(items), models).tolist(),
        observations=scores.ravel().tolist(),
        training_example=[True] * scores.size,
    )
    pyro.set_rng_seed(42)
    config = IrtConfig(model_type="2pl", priors=priors)
    with Watch() as watch:
        trainer = IrtModelTrainer(data_path=folder, config=config, dataset=dataset, verbose=False)
        trainer.train(epochs=epochs)
    found = trainer.last_params
    np.savez(folder / f"py_irt_{priors}.npz", a=found["disc"], b=found["diff"], theta=found["ability"])
    say(**watch.facts, epochs=epochs, machine=machine("py-irt", "torch", "pyro-ppl"))


def girth(folder: Path) -> None:
    """A 2PL by girth's marginal maximum likelihood, and abilities by its EAP."""
    from girth import ability_eap, twopl_mml

    answers = np.load(folder / "scores.npy").T.astype(int)
    with Watch() as watch:
        found = twopl_mml(answers)
        theta = ability_eap(answers, found["Difficulty"], found["Discrimination"])
    np.savez(folder / "girth.npz", a=found["Discrimination"], b=found["Difficulty"], theta=theta)
    say(**watch.facts, machine=machine("girth", "numpy"))


def apricot(folder: Path, optimizer: str, k: int) -> None:
    """Facility location on a precomputed similarity matrix."""
    from apricot import FacilityLocationSelection

    def select(matrix: np.ndarray, number: int) -> FacilityLocationSelection:
        return FacilityLocationSelection(number, metric="precomputed", optimizer=optimizer).fit(matrix)

    similarity = np.load(folder / "similarity.npy")  # float64, the only type it takes
    with Watch() as compiling:
        select(np.ascontiguousarray(similarity[:50, :50]), 5)
    with Watch() as watch:
        selector = select(similarity, k)
    np.save(folder / f"apricot_{optimizer}.npy", np.asarray(selector.ranking[:k], dtype=np.int64))
    say(
        **watch.facts,
        before=compiling.facts,
        machine=machine("apricot-select", "numba", "numpy"),
    )


def main() -> None:
    """Run the task that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=("py_irt", "girth", "apricot"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--priors", default="vague")
    parser.add_argument("--epochs", type=int, default=2000)
    parser.add_argument("--optimizer", default="lazy")
    parser.add_argument("-k", type=int, default=100)
    chosen = parser.parse_args()
    if chosen.task == "py_irt":
        py_irt(chosen.folder, chosen.priors, chosen.epochs)
    elif chosen.task == "girth":
        girth(chosen.folder)
    else:
        apricot(chosen.folder, chosen.optimizer, chosen.k)


if __name__ == "__main__":
    main()
