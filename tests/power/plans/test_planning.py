"""Plans against brute force, closed forms, published figures and a simulation whose truth is known."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from anchoreval.errors import MethodOptionError, StoreError, TooFewModelsError
from anchoreval.power.law.item_sampling import ItemSampling
from anchoreval.power.plans.frontier import frontier
from anchoreval.power.plans.plan_curves import plan_curves
from anchoreval.power.plans.plan_document import from_document, to_document
from anchoreval.power.plans.plan_points import Aim, Measured, plan_points, resolved
from anchoreval.power.plans.planning import CLOSED_FORM, CURVE, MEASURED, NONE, Plan, Prices, Subject, make_plan
from anchoreval.power.plans.random_plan import RandomPlan
from anchoreval.responses import ResponseMatrix
from anchoreval.schema import read_document

Z = float(stats.norm.ppf(0.975) + stats.norm.ppf(0.8))


def residuals(error: float, n: int = 200, slope: float = 1.0, seed: int = 0) -> pd.DataFrame:
    """Models of evenly spread true scores whose estimates shrink by `slope` and err by `error`."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.3, 0.8, n)
    estimate = 0.55 + slope * (truth - 0.55) + error * rng.normal(size=n)
    table = {"estimate": estimate, "truth": truth, "residual": estimate - truth, "group": [f"g{i}" for i in range(n)]}
    return pd.DataFrame(table)


def measured(selector: str, k: int, error: float, seed: int = 0, **options: Any) -> Measured:
    return Measured(selector, k, float(k), float(k), residuals(error, seed=seed, **options))


def offers(gaps: dict[int, float], selector: str = "random") -> pd.DataFrame:
    rows = [
        {"selector": selector, "k": k, "anchors": float(k), "cost": 2.0 * k}
        | dict.fromkeys(("smallest", "lowest", "highest"), gap)
        for k, gap in gaps.items()
    ]
    return pd.DataFrame(rows)


def subject(matrix: ResponseMatrix) -> Subject:
    return Subject(matrix.name, matrix.n_items, matrix.n_models, matrix.n_models, "auto")


def planned(matrix: ResponseMatrix, parts: list[Measured], wanted: float, budgets: tuple[int, ...] = (20, 50)) -> Plan:
    return make_plan(matrix, subject(matrix), Aim(wanted), Prices("items", float(matrix.n_items)), parts, budgets)


def test_the_frontier_is_what_brute_force_finds() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        costs, gaps = rng.integers(1, 6, 12).astype(float), rng.integers(1, 6, 12).astype(float)
        gaps[rng.random(12) < 0.2] = np.nan
        expected = [
            not np.isnan(g)
            and not any(c2 <= c and g2 <= g and (c2 < c or g2 < g) for c2, g2 in zip(costs, gaps, strict=True))
            for c, g in zip(costs, gaps, strict=True)
        ]
        assert frontier(costs, gaps).tolist() == expected


def test_the_frontier_refuses_what_does_not_go_together() -> None:
    with pytest.raises(MethodOptionError, match="do not go together"):
        frontier([1.0], [1.0, 2.0])
    with pytest.raises(MethodOptionError, match="not a number"):
        frontier([np.nan], [1.0])


@pytest.mark.parametrize(
    ("wanted", "power", "alpha"), [(0.0, 0.8, 0.05), (1.0, 0.8, 0.05), (0.1, 0.4, 0.05), (0.1, 0.8, 0.0)]
)
def test_an_impossible_aim_is_refused(wanted: float, power: float, alpha: float) -> None:
    with pytest.raises(MethodOptionError):
        Aim(wanted, power, alpha)


def test_without_shrinkage_the_smallest_gap_is_the_textbook_one() -> None:
    found = resolved(residuals(0.02, n=600), Aim(0.1), item_variance=0.03**2)
    assert found.error == pytest.approx(0.02, rel=0.06)
    assert found.slope == pytest.approx(1.0, abs=0.02)
    assert found.smallest == pytest.approx(Z * 0.02 * np.sqrt(2), rel=0.06)
    assert found.population == pytest.approx(Z * np.sqrt(2 * 0.02**2 + 0.03**2), rel=0.06)
    assert found.groups == 600


def test_shrunken_estimates_find_larger_gaps_only() -> None:
    found = resolved(residuals(0.02, n=600, slope=0.7), Aim(0.1), 0.0)
    assert found.slope == pytest.approx(0.7, abs=0.02)
    assert found.smallest == pytest.approx(Z * 0.02 * np.sqrt(2) / 0.7, rel=0.06)


def test_the_smallest_gap_is_found_as_often_as_is_said() -> None:
    rng = np.random.default_rng(3)
    rates, sizes = [], []
    for seed in range(20):
        found = resolved(residuals(0.03, n=80, slope=0.8, seed=seed), Aim(0.1, power=0.8), 0.0)
        shown = 0.8 * found.smallest + 0.03 * np.sqrt(2) * rng.normal(size=4000)
        rates.append(np.mean(shown > found.critical))
        sizes.append(np.mean(np.abs(0.03 * np.sqrt(2) * rng.normal(size=4000)) > found.critical))
    assert np.mean(rates) == pytest.approx(0.8, abs=0.03)
    assert np.mean(sizes) <= 0.05 + 0.01


def test_repeats_are_averaged_as_is_said() -> None:
    parts = [measured("optimal", 50, error, seed) for seed, error in enumerate((0.02, 0.03, 0.05))]
    table, left_out = plan_points(parts, Aim(0.12), 0.0)
    each = [resolved(part.residuals, Aim(0.12), 0.0) for part in parts]
    (row,) = table.to_dict("records")
    assert left_out == []
    assert row["error"] == pytest.approx(np.sqrt(np.mean([one.error**2 for one in each])))
    assert row["slope"] == pytest.approx(np.mean([one.slope for one in each]))
    assert row["smallest"] == each[1].smallest
    assert (row["lowest"], row["highest"]) == (each[0].smallest, each[2].smallest)
    assert (row["repeats"], row["reached"]) == (3, sum(one.smallest <= 0.12 for one in each))


def test_a_gap_beyond_those_seen_is_larger_than_any() -> None:
    two_of_three = [measured("a", 10, error, seed) for seed, error in enumerate((0.02, 0.5, 0.5))]
    one_of_three = [measured("b", 10, error, seed) for seed, error in enumerate((0.02, 0.03, 0.5))]
    table, _ = plan_points(two_of_three + one_of_three, Aim(0.1), 0.0)
    rows = {row["selector"]: row for row in table.to_dict("records")}
    assert np.isnan(rows["a"]["smallest"])
    assert np.isnan(rows["b"]["highest"])
    assert rows["b"]["smallest"] == pytest.approx(Z * 0.03 * np.sqrt(2), rel=0.15)
    assert rows["a"]["largest_gap"] < 0.5


def test_a_repeat_with_too_few_groups_is_left_out_with_the_reason() -> None:
    table, left_out = plan_points([measured("a", 10, 0.02), measured("a", 10, 0.02, n=4)], Aim(0.1), 0.0)
    assert table["repeats"].tolist() == [1]
    assert left_out == [
        "a k = 10: 1 of 2 repeats: 4 groups of calibration models; 5 are needed to learn how estimated differences "
        "follow true ones"
    ]


def test_curves_give_the_budget_that_their_formula_says() -> None:
    gaps = {k: float(np.sqrt(0.02**2 + 0.5 * (1 / k - 1 / 2000))) for k in (25, 50, 100)}
    needed = {gap: np.ceil(1 / ((gap**2 - 0.02**2) / 0.5 + 1 / 2000)) for gap in (0.05, 0.1)}
    (row,) = plan_curves(offers(gaps), 0.05, 2000).to_dict("records")
    assert row["floor"] == pytest.approx(0.02)
    assert row["needed"] == row["fewest"] == row["most"] == needed[0.05]
    assert row["cost"] == 2 * row["needed"]
    assert row["extrapolated"]
    (inside,) = plan_curves(offers(gaps), 0.1, 2000).to_dict("records")
    assert (inside["needed"], inside["extrapolated"]) == (needed[0.1], False)


@pytest.mark.parametrize(
    ("gaps", "wanted", "reason"),
    [
        ({25: 0.1, 100: 0.1}, 0.05, "its curve does not fall below 10.0 points"),
        ({25: 0.2, 100: float("nan")}, 0.01, "its smallest gap is known at fewer than two budgets"),
    ],
)
def test_curves_say_why_no_budget_will_do(gaps: dict[int, float], wanted: float, reason: str) -> None:
    (row,) = plan_curves(offers(gaps), wanted, 2000).to_dict("records")
    assert row["reason"] == reason
    assert np.isnan(row["needed"])


def test_random_anchors_in_closed_form_give_the_tabled_figures() -> None:
    """Table of section 10 of the digest: gaps by k and discordance, at 80 % power and 5 %."""
    table = {(50, 0.2): 17.3, (100, 0.1): 8.8, (100, 0.2): 12.4, (200, 0.05): 4.4, (500, 0.3): 6.8, (1000, 0.2): 4.0}
    for (k, discordance), expected in table.items():
        plan = RandomPlan(discordance, Aim(expected / 100))
        assert 100 * float(plan.smallest(k)) == pytest.approx(expected, abs=0.05)
        assert plan.needed() == pytest.approx(k, rel=0.03)
    assert np.isnan(RandomPlan(0.05, Aim(0.1)).smallest(25))
    assert np.isnan(RandomPlan(0.05, Aim(0.1)).needed())


def test_discordance_is_that_of_models_of_like_score(synthetic: Callable[..., ResponseMatrix]) -> None:
    matrix = synthetic(60, 400)
    found = RandomPlan.learn(ItemSampling.learn(matrix), Aim(0.1)).discordance
    totals, scores = matrix.full_scores.to_numpy(), matrix.scores
    near = [
        np.mean((scores[a] - scores[b]) ** 2) for a in range(60) for b in range(a) if abs(totals[a] - totals[b]) < 0.02
    ]
    assert found == pytest.approx(np.mean(near), rel=0.08)


def test_the_cheapest_that_was_measured_is_recommended(synthetic: Callable[..., ResponseMatrix]) -> None:
    parts = [measured("random", k, 0.3 / np.sqrt(k), k) for k in (25, 50, 100, 200)]
    parts += [measured("optimal", k, 0.2 / np.sqrt(k), k) for k in (25, 50, 100, 200)]
    plan = planned(synthetic(60, 400), parts, 0.12)
    chosen = plan.recommendation
    assert (chosen.basis, chosen.selector, chosen.anchors) == (MEASURED, "optimal", 50.0)
    assert chosen.smallest == pytest.approx(Z * 0.2 / np.sqrt(50) * np.sqrt(2), rel=0.15)
    assert set(plan.points.query("frontier")["selector"]) == {"optimal"}
    assert (plan.curves["selector"].iloc[0], len(plan.curves)) == ("optimal", 2)


def test_failing_that_the_curves_say_what_is_needed(synthetic: Callable[..., ResponseMatrix]) -> None:
    parts = [measured("random", k, 0.3 / np.sqrt(k), k) for k in (25, 50, 100)]
    chosen = planned(synthetic(60, 400), parts, 0.08).recommendation
    assert (chosen.basis, chosen.selector, chosen.extrapolated) == (CURVE, "random", True)
    assert chosen.anchors == pytest.approx((Z * 0.3 * np.sqrt(2) / 0.08) ** 2, rel=0.25)


def test_or_that_none_will_and_why(synthetic: Callable[..., ResponseMatrix]) -> None:
    parts = [measured("random", k, 0.04, k) for k in (25, 50, 100)]
    plan = planned(synthetic(60, 400), parts, 0.05)
    assert plan.recommendation.basis == NONE
    assert "its curve does not fall below 1" in plan.curves["reason"].iloc[0]


def test_with_too_few_models_the_closed_form_stands_alone(synthetic: Callable[..., ResponseMatrix]) -> None:
    matrix = synthetic(4, 400)
    plan = planned(matrix, [], 0.15, budgets=(50, 100))
    assert plan.points["smallest"].isna().all()
    assert plan.points["closed_form"].iloc[1] == RandomPlan(plan.discordance, plan.aim).smallest(100)
    assert (plan.recommendation.basis, plan.recommendation.anchors) == (CLOSED_FORM, plan.random_needed)
    assert "too few models" in plan.caveats[0]
    with pytest.raises(TooFewModelsError, match="two models"):
        planned(synthetic(1, 50), [], 0.1)


def test_caveats_come_from_what_was_measured(synthetic: Callable[..., ResponseMatrix]) -> None:
    matrix = synthetic(60, 400)
    assert planned(matrix, [measured("random", k, 0.2 / np.sqrt(k), k) for k in (50, 300)], 0.2).caveats == ()
    few = planned(matrix, [measured("random", 50, 0.004, s, n=12) for s in range(2)], 0.02).caveats
    assert [text.split()[0] for text in few] == ["Some", "For"]
    assert "12 groups" in few[0]
    assert "less than the full benchmark itself resolves" in few[-1]
    parts = [measured("random", 50, error, s) for s, error in enumerate((0.02, 0.02, 0.05))]
    assert "2 of 3 repeats" in planned(matrix, parts, 0.1).caveats[0]


def test_a_plan_comes_back_from_its_document(synthetic: Callable[..., ResponseMatrix], tmp_path: Path) -> None:
    parts = [measured("random", 25, error, s) for s, error in enumerate((0.02, 0.5, 0.5))]
    parts += [measured("random", 100, 0.03)]
    for plan in (planned(synthetic(60, 400), parts, 0.1), planned(synthetic(4, 400), [], 0.1)):
        path = tmp_path / "plan.json"
        path.write_text(json.dumps(to_document(plan), allow_nan=False), encoding="utf-8")
        back = from_document(read_document(path, "plan", StoreError))
        for field in dataclasses.fields(Plan):
            one, other = getattr(plan, field.name), getattr(back, field.name)
            if isinstance(one, pd.DataFrame):
                pd.testing.assert_frame_equal(one, other, check_dtype=False, check_exact=True)
            else:
                assert repr(one) == repr(other)


def test_a_document_that_says_more_than_the_schema_is_refused(
    synthetic: Callable[..., ResponseMatrix], tmp_path: Path
) -> None:
    document = to_document(planned(synthetic(4, 400), [], 0.1)) | {"verdict": "good"}
    (tmp_path / "plan.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(StoreError, match="verdict"):
        read_document(tmp_path / "plan.json", "plan", StoreError)
