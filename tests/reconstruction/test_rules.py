"""Interval rules on simulated residuals: levels hold, widths follow the errors, and shifts are seen."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from anchoreval.numerics.conformal import conformal_quantile
from anchoreval.numerics.residual_scale import ResidualScale
from anchoreval.reconstruction.rules import (
    IntervalRule,
    Mondrian,
    Normalised,
    Split,
    Weighted,
    effective_groups,
    likeness,
)
from anchoreval.reconstruction.scale import cross_fitted_scales, features_of

LEVEL, REPEATS = 0.9, 150


def draw(rng: np.random.Generator, groups: int, kin: int = 1, shift: float = 0.0) -> pd.DataFrame:
    """Residuals whose spread grows with the estimate and the distance; rows of a group are alike."""
    estimate = np.repeat(np.clip(rng.beta(2, 2, groups) + shift, 0, 1), kin)
    distance = np.repeat(0.2 + 0.2 * rng.random(groups), kin)
    common = np.repeat(rng.normal(size=groups), kin)
    size = 0.01 + 0.08 * estimate**2 * (distance / 0.3)
    residual = size * (0.9 * common + 0.43 * rng.normal(size=len(estimate)))
    return pd.DataFrame(
        {
            "residual": residual,
            "estimate": estimate,
            "truth": estimate - residual,
            "group": np.repeat([f"g{n}" for n in range(groups)], kin),
            "distance": distance,
            "family": np.repeat(rng.choice(["a", "b", "c"], groups), kin),
        }
    )


def learnt(rng: np.random.Generator) -> IntervalRule:
    sample = draw(rng, 100)
    return Normalised(ResidualScale.learn(sample["residual"], features_of(sample), np.ones(100)))


def tried(rule: Callable[[np.random.Generator, pd.DataFrame], IntervalRule], shift: float = 0.0) -> pd.DataFrame:
    """A row a repeat: coverage and mean width of new groups, overall and for low and high estimates."""
    rows = []
    for seed in range(REPEATS):
        rng = np.random.default_rng(seed)
        residuals, targets = draw(rng, 60, kin=2), draw(rng, 100, shift=shift)
        widths = rule(rng, residuals).half_widths(residuals, targets, LEVEL)
        inside, high = targets["residual"].abs() <= widths, targets["estimate"] > 0.5
        rows.append((inside.mean(), widths.mean(), inside[~high].mean(), inside[high].mean()))
    return pd.DataFrame(rows, columns=["coverage", "width", "low", "high"])


def holds(coverage: pd.Series) -> bool:
    error = coverage.std(ddof=1) / math.sqrt(len(coverage))
    return bool(LEVEL - 4 * error <= coverage.mean() <= LEVEL + 2 / 61 + 4 * error)


def crossed(rng: np.random.Generator, residuals: pd.DataFrame) -> IntervalRule:
    own, scale = cross_fitted_scales(residuals, seed=0)
    return Normalised(scale, own)


def test_one_width_is_the_grouped_quantile_and_covers() -> None:
    table = tried(lambda rng, residuals: Split())
    assert holds(table["coverage"])
    assert table["low"].mean() > 0.95  # too wide for the one half
    assert table["high"].mean() < 0.85  # too narrow for the other
    residuals = draw(np.random.default_rng(0), 30, kin=3)
    widths = Split().half_widths(residuals, residuals, 0.8)
    assert set(widths) == {conformal_quantile(residuals["residual"].abs(), 0.8, residuals["group"])}


@pytest.mark.parametrize("rule", [lambda rng, residuals: learnt(rng), crossed])
def test_normalised_widths_hold_the_level_and_are_narrower_on_average(
    rule: Callable[[np.random.Generator, pd.DataFrame], IntervalRule],
) -> None:
    table, constant = tried(rule), tried(lambda rng, residuals: Split())
    assert holds(table["coverage"]), table["coverage"].mean()
    gain = constant["width"] - table["width"]
    assert gain.mean() > 4 * gain.std(ddof=1) / math.sqrt(len(gain))
    assert abs(table["low"].mean() - LEVEL) < 0.05
    assert abs(table["high"].mean() - LEVEL) < 0.05


def test_a_scale_of_the_very_residuals_would_cover_too_little() -> None:
    """Why the scale is never fitted to what the quantile is taken of: with few residuals the quantile shrinks."""

    def rule(rng: np.random.Generator, residuals: pd.DataFrame) -> IntervalRule:
        ordered = residuals.sort_values("estimate")
        near = ordered["residual"].abs().rolling(4, min_periods=1, center=True).mean()  # hugs its own residual
        nearest = np.abs(np.subtract.outer(residuals["estimate"].to_numpy(), ordered["estimate"].to_numpy())).argmin(1)
        own = near.to_numpy()[nearest]
        flat = ResidualScale(np.zeros(3), np.zeros(3), np.zeros(3))
        return Normalised(flat, own / own.mean())

    assert tried(rule)["coverage"].mean() < LEVEL - 0.02


def test_every_bin_has_its_level() -> None:
    table = tried(lambda rng, residuals: Mondrian(np.array([0.5])))
    for column in ("coverage", "low", "high"):
        error = table[column].std(ddof=1) / math.sqrt(REPEATS)
        assert table[column].mean() >= LEVEL - 4 * error, column
    assert table["coverage"].mean() < LEVEL + 0.05


def test_families_and_what_falls_back() -> None:
    residuals = draw(np.random.default_rng(1), 60)
    residuals["family"] = ["many"] * 40 + ["few"] * 5 + [None] * 15
    targets = residuals.iloc[[0, 41, 50]].assign(family=["many", "few", None])
    targets = pd.concat([targets, targets.iloc[:1].assign(family="unheard of")])
    sizes = residuals["residual"].abs()
    everyone = conformal_quantile(sizes, LEVEL)
    widths = Mondrian().half_widths(residuals, targets, LEVEL)
    assert widths.tolist() == [conformal_quantile(sizes[:40], LEVEL), everyone, everyone, everyone]
    errors = Mondrian().standard_errors(residuals, targets)
    root = math.sqrt((residuals["residual"] ** 2).mean())
    np.testing.assert_allclose(errors, [math.sqrt((residuals["residual"][:40] ** 2).mean()), root, root, root])


def test_weights_restore_coverage_where_targets_drift() -> None:
    constant = tried(lambda rng, residuals: Split(), shift=0.25)
    weighted = tried(lambda rng, residuals: Weighted(), shift=0.25)
    assert constant["coverage"].mean() < LEVEL - 0.05
    assert weighted["coverage"].mean() >= LEVEL - 0.015


def test_weights_cost_little_where_nothing_drifts() -> None:
    constant, weighted = tried(lambda rng, residuals: Split()), tried(lambda rng, residuals: Weighted())
    assert holds(weighted["coverage"])
    assert weighted["width"].mean() < 1.1 * constant["width"].mean()


def test_the_effective_number_of_groups_falls_with_the_drift() -> None:
    rng = np.random.default_rng(2)
    residuals = draw(rng, 100, kin=2)
    numbers = [
        effective_groups(residuals, likeness(residuals, draw(rng, 100, shift=shift))[0]) for shift in (0, 0.2, 0.4)
    ]
    assert numbers[0] > 85
    assert numbers[0] > numbers[1] > numbers[2]


def test_targets_like_no_calibration_model_get_everything() -> None:
    rng = np.random.default_rng(3)
    residuals, targets = draw(rng, 100), draw(rng, 50)
    residuals["estimate"], targets["estimate"] = 0.4 * residuals["estimate"], 0.8 + 0.2 * targets["estimate"]
    assert np.isinf(Weighted().half_widths(residuals, targets, 0.95)).all()


@pytest.mark.parametrize("rule", [Split(), crossed, Mondrian(np.array([0.4, 0.6])), Mondrian(), Weighted()])
def test_few_groups_give_infinity_and_silent_targets_no_error(rule: IntervalRule | Callable) -> None:
    rng = np.random.default_rng(4)
    residuals, targets = draw(rng, 8, kin=3), draw(rng, 5)
    targets.loc[2, ["estimate", "distance"]] = np.nan
    made = rule if not callable(rule) else rule(rng, residuals)
    assert np.isinf(made.half_widths(residuals, targets, LEVEL)).all()
    assert np.isfinite(made.standard_errors(residuals, targets)).all()


@pytest.mark.parametrize("rule", [Split(), crossed, Mondrian(np.array([0.4, 0.6])), Mondrian(), Weighted()])
def test_the_order_of_models_changes_nothing(rule: IntervalRule | Callable) -> None:
    rng = np.random.default_rng(5)
    residuals, targets = draw(rng, 50, kin=2), draw(rng, 9)
    residuals.index = pd.Index([f"m{n:03d}" for n in range(len(residuals))])
    turned, others = residuals.sample(frac=1, random_state=1), targets.sample(frac=1, random_state=2)
    made, again = (rule, rule) if not callable(rule) else (rule(rng, residuals), rule(rng, turned))
    widths = pd.Series(made.half_widths(residuals, targets, 0.8), targets.index)
    np.testing.assert_allclose(widths[others.index], again.half_widths(turned, others, 0.8), rtol=1e-9)
    errors = pd.Series(made.standard_errors(residuals, targets), targets.index)
    np.testing.assert_allclose(errors[others.index], again.standard_errors(turned, others), rtol=1e-9)
