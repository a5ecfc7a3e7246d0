"""The population and the newcomers: names, kin, dates and who is good at what."""

from __future__ import annotations

from collections import Counter
from datetime import date

import numpy as np

from anchoreval.pocket import ModelSpec, load, newcomers, population, score_directly, train
from anchoreval.pocket.families import FAMILIES, SIZES
from anchoreval.pocket.shipped import specialty


def test_there_are_about_160_models_in_at_least_16_families() -> None:
    specs = population()
    assert 150 <= len(specs) == len({spec.name for spec in specs}) <= 170
    assert len({spec.family for spec in specs}) == len(FAMILIES) >= 16
    assert sum(family.cache > 0 for family in FAMILIES) >= 2


def test_a_third_are_specialists() -> None:
    share = np.mean([bool(specialty(spec)) for spec in population()])
    assert 0.3 <= share <= 0.36


def test_variants_share_a_base_model_of_their_family() -> None:
    family = {spec.name: spec.family for spec in population()}
    assert all(family[spec.base_model] == spec.family for spec in population())
    sizes = Counter(Counter(spec.base_model for spec in population()).values())
    assert set(sizes) == {1, 2, 3}
    assert sizes[2] + sizes[3] >= 50


def test_sizes_run_from_630_to_two_and_a_half_million_lines() -> None:
    assert (SIZES[0], SIZES[-1], len(SIZES)) == (630, 2_500_000, 19)
    np.testing.assert_allclose(np.diff(np.log10(SIZES)), 0.2, atol=0.01)


def test_better_models_tend_to_be_later() -> None:
    models = load().models
    scores = load().full_scores
    days = (models["released"] - models["released"].min()).dt.days
    assert 900 < days.max() < 1300
    assert 0.5 < np.corrcoef(days, scores)[0, 1] < 0.9


def test_variants_resemble_their_base_model() -> None:
    matrix = load()
    agreement = np.array([(matrix.scores == row).mean(axis=1) for row in matrix.scores])
    base = matrix.models["base_model"].to_numpy()
    kin = (base[:, None] == base) & ~np.eye(len(base), dtype=bool)
    scores = matrix.full_scores.to_numpy()
    alike = (np.abs(scores[:, None] - scores) < 0.05) & (base[:, None] != base)
    assert agreement[kin].mean() > agreement[alike].mean() + 0.03


def test_specialists_stand_out_in_their_subjects() -> None:
    matrix = load()
    totals = matrix.totals()[list(matrix.subjects)].to_numpy()
    centred = totals - totals.mean(axis=0)
    own = np.array([[name in special.split("+") for name in matrix.subjects] for special in matrix.models["specialty"]])
    gains = np.array(
        [row[mine].mean() - row[~mine].mean() for row, mine in zip(centred, own, strict=True) if mine.any()]
    )
    assert gains.mean() > 0.1
    assert (gains > 0).mean() > 0.85


def test_newcomers_are_new_and_spread_over_quality() -> None:
    known = {spec.name for spec in population()}
    made = newcomers(3)
    assert len(made) == len({spec.name for spec in made} - known) == 3
    assert not {spec.name for spec in newcomers(3, seed=1)} & {spec.name for spec in made}
    scores = [float(score_directly(train(spec))[0].mean()) for spec in made]
    assert scores == sorted(scores)
    assert scores[2] - scores[0] > 0.2
    assert min(date.fromisoformat(spec.released) for spec in made) > max(released(spec) for spec in population())


def released(spec: ModelSpec) -> date:
    return date.fromisoformat(spec.released)
