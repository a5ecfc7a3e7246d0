"""The embedded benchmark, and a selection and a reconstruction on a slice of it, as `job=doctor` tries them."""

from __future__ import annotations

import time

import numpy as np

from anchoreval.errors import AnchorEvalError
from anchoreval.jobs.doctor_findings import OK, PROBLEM, Finding
from anchoreval.pocket.shipped import load
from anchoreval.protocol.anchoring import reconstruct, select
from anchoreval.reporting.tables import points
from anchoreval.responses import SCORE, ResponseMatrix

MODELS, ITEMS, ANCHORS, TARGETS = 60, 240, 30, 10
WORST = 0.15
"""Mean absolute error that a sound installation stays well below on this slice (measured: 0.05)."""
AGAIN = "install anchoreval again (pip install --force-reinstall --no-deps .)"


def self_test() -> list[Finding]:
    """Whether pocket is whole, and whether the whole chain gives a sensible error."""
    try:
        matrix = load()
    except AnchorEvalError as error:
        return [Finding(PROBLEM, "pocket", str(error), AGAIN)]
    whole = Finding(OK, "pocket", f"{matrix.n_models} models x {matrix.n_items:,} items, whole")
    return [whole, _tried(matrix)]


def _tried(matrix: ResponseMatrix) -> Finding:
    begin = time.perf_counter()
    try:
        error = chain_error(matrix)
    except Exception as raised:  # whatever it was, the installation does not do its work
        return Finding(PROBLEM, "self-test", f"{type(raised).__name__}: {raised}", AGAIN)
    text = f"{ANCHORS} of {ITEMS} items: mean error {points(error)} points, {time.perf_counter() - begin:.1f} seconds"
    if not error < WORST:
        return Finding(PROBLEM, "self-test", f"{text}; below {points(WORST)} was expected", AGAIN)
    return Finding(OK, "self-test", text)


def chain_error(matrix: ResponseMatrix) -> float:
    """Mean absolute error of reconstructed scores of models that are held out, on a slice of the benchmark."""
    models, items = _spread(matrix.n_models, MODELS + TARGETS), _spread(matrix.n_items, ITEMS)
    part = matrix.subset(models=matrix.models.index[models], items=matrix.items.index[items])
    held = part.models.index[:: len(part.models) // TARGETS][:TARGETS]
    sources, targets = part.subset(models=part.models.index.difference(held)), part.subset(models=held)
    anchors = select(sources, "stratified", k=ANCHORS, seed=0)
    found = reconstruct(sources, anchors, estimator="signature", seed=0).predict(targets)[SCORE]
    return float(np.abs(found.to_numpy() - targets.full_scores.to_numpy()).mean())


def _spread(count: int, wanted: int) -> list[int]:
    """Places spread evenly over so many."""
    return [int(place) for place in np.linspace(0, count - 1, wanted).round()]
