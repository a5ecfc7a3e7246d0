from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import anchoreval as ae
from anchoreval.contract import choose, fit
from anchoreval.errors import NotApplicableError
from anchoreval.methods import Selection
from anchoreval.registry import estimators, make_estimator, make_selector, selectors
from anchoreval.responses import ResponseMatrix

Simulator = Callable[..., ResponseMatrix]


def test_it_predicts_what_the_named_estimator_predicts(synthetic: Simulator) -> None:
    matrix = synthetic(30, 60, n_subjects=3, seed=1)
    chosen = choose(make_selector("stratified"), matrix, 20)
    published, mean = (fit(make_estimator(name), matrix, chosen) for name in ("published", "mean"))
    targets = matrix.subset(models=matrix.models.index[:7])
    pd.testing.assert_frame_equal(published.predict(targets), mean.predict(targets))


@pytest.mark.parametrize("name", [name for name in selectors() if hasattr(make_selector(name), "reconstruction")])
def test_every_selector_names_an_estimator_that_there_is(name: str) -> None:
    named = dict(make_selector(name).reconstruction)  # type: ignore[attr-defined]
    assert named["name"] in estimators()
    make_estimator(named.pop("name"), **named)


def test_anchors_without_a_reconstruction_of_their_own_are_refused(synthetic: Simulator) -> None:
    matrix = synthetic(20, 30, seed=1)
    elsewhere = Selection(items=matrix.items.index[:5])
    with pytest.raises(NotApplicableError, match="estimator published"):
        fit(make_estimator("published"), matrix, elsewhere)


def test_an_unmet_need_of_the_named_estimator_is_refused_by_name(synthetic: Simulator) -> None:
    matrix = synthetic(20, 30, seed=1)
    unweighted = Selection(items=matrix.items.index[:5], details={"reconstruction": {"name": "weighted"}})
    with pytest.raises(NotApplicableError, match="estimator weighted needs anchors whose selector gives weights"):
        fit(make_estimator("published"), matrix, unweighted)


def test_a_saved_anchor_set_works_from_its_folder_alone(synthetic: Simulator, tmp_path) -> None:  # type: ignore[no-untyped-def]
    matrix = synthetic(60, 80, seed=2)
    anchors = ae.select(matrix, "random", k=20)
    reconstruction = ae.reconstruct(matrix, anchors, "published")
    anchors.with_reconstruction(reconstruction).save(tmp_path / "anchors")
    targets = matrix.subset(models=matrix.models.index[:4], items=anchors.items)
    again = ae.load_anchors(tmp_path / "anchors").reconstruction().predict(targets)
    np.testing.assert_array_equal(again.to_numpy(), reconstruction.predict(targets).to_numpy())
