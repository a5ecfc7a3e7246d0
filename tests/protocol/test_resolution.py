"""Paired comparisons against closed forms, brute force, and simulations in which the truth is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest

from anchoreval.errors import ConfigurationError
from anchoreval.protocol.comparison import Comparison
from anchoreval.protocol.group_errors import Combination, GroupErrors
from anchoreval.protocol.marks import marks
from anchoreval.protocol.records import TrialRecord, packed
from anchoreval.protocol.resolution import Resolution

Errors = Mapping[str, np.ndarray]


def made(errors: Errors, groups: Sequence[str], held: np.ndarray, benchmark: str = "b", k: int = 10) -> Comparison:
    """A comparison from (repeats, models) errors in points by selector, and who is a target in which repeat."""
    rows, kept, targets = [], [], {}
    for repeat, out in enumerate(held):
        models = np.flatnonzero(out)
        targets[benchmark, "iid", repeat] = TrialRecord(
            f"{benchmark}{repeat}", tuple(f"m{n}" for n in models), tuple(groups[n] for n in models)
        )
        for selector, values in errors.items():
            mine = values[repeat, models]
            rows.append(
                {"benchmark": benchmark, "split": "iid", "repeat": repeat, "selector": selector, "estimator": "e"}
                | {"k": k, "status": "ok", "reason": "", "n_source": 3 * len(models), "n_target": len(models)}
                | {"mae": np.nanmean(np.abs(mine))}
            )
            kept.append(packed(mine / 100))
    return Comparison(pd.DataFrame(rows), tuple(kept), targets)


def joined(*parts: Comparison) -> Comparison:
    table = pd.concat([part.table for part in parts], ignore_index=True)
    targets = {name: trial for part in parts for name, trial in part.targets.items()}
    return Comparison(table, tuple(error for part in parts for error in part.errors), targets)


def method(selector: str, benchmark: str = "b", k: int = 10) -> Combination:
    return Combination(benchmark, "iid", selector, "e", k)


def drawn(models: int, repeats: int, seed: int, share: float = 0.25) -> tuple[np.random.Generator, np.ndarray]:
    rng = np.random.default_rng(seed)
    held = np.argsort(np.argsort(rng.random((repeats, models)), axis=1), axis=1) < share * models
    return rng, held


def test_the_ratio_is_that_of_the_mean_errors_of_the_table() -> None:
    rng, held = drawn(40, 6, 0)
    errors = {"a": np.round(rng.normal(size=(6, 40)), 2), "random": np.round(2 * rng.normal(size=(6, 40)), 2)}
    found = made(errors, [f"g{n // 2}" for n in range(40)], held)
    means = found.table.groupby("selector")["mae"].mean()
    result = Resolution(found, draws=500).paired(method("a"), method("random"))
    assert result.ratio == pytest.approx(means["a"] / means["random"])
    assert result.lower < result.ratio < result.upper
    assert result.groups == len({n // 2 for n in np.flatnonzero(held.any(axis=0))})
    swapped = Resolution(found, draws=500).paired(method("random"), method("a"))
    assert swapped.lower == pytest.approx(1 / result.upper, rel=0.02)
    assert (result.resolved, swapped.resolved) == (-1, 1)


def test_the_interval_of_groups_alone_is_that_of_the_delta_method() -> None:
    """Every model a target in the one repeat, each a group: the log ratio has a variance that can be written down."""
    rng = np.random.default_rng(2)
    one, other = np.abs(rng.normal(size=400)) + 1, np.abs(rng.normal(size=400)) + 1
    found = made({"a": one[None], "random": other[None]}, [f"g{n}" for n in range(400)], np.ones((1, 400), bool))
    result = Resolution(found, repeats=False).paired(method("a"), method("random"))
    error = np.std(one / one.mean() - other / other.mean()) / np.sqrt(400)
    assert np.log(result.upper / result.lower) == pytest.approx(2 * 1.96 * error, rel=0.05)


def test_variants_of_a_model_count_once() -> None:
    rng = np.random.default_rng(3)
    base = {name: np.repeat(rng.normal(size=(1, 50)), 8, axis=1) for name in ("a", "random")}
    held = np.ones((1, 400), bool)
    together = made(base, [f"g{n // 8}" for n in range(400)], held)
    apart = made(base, [f"g{n}" for n in range(400)], held)
    widths = [np.log(r.upper / r.lower) for r in _results(together, apart)]
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(8), rel=0.15)


def _results(*found: Comparison) -> list:
    return [Resolution(one, draws=4000).paired(method("a"), method("random")) for one in found]


def test_luck_of_the_anchors_is_not_taken_for_merit() -> None:
    """Two methods with errors common to all targets of a repeat, and no difference in the long run."""
    false = {True: 0, False: 0}
    for seed in range(60):
        rng, held = drawn(100, 10, seed)
        luck = {name: rng.normal(size=(10, 1)) + 0.7 * rng.normal(size=(10, 100)) for name in ("a", "random")}
        found = made(luck, [f"g{n}" for n in range(100)], held)
        for repeats in false:
            result = Resolution(found, draws=400, repeats=repeats).paired(method("a"), method("random"))
            false[repeats] += result.resolved != 0
    assert false[True] <= 8  # 3 expected at 5 %, 8 or more in 1 of 100 runs
    assert false[False] > 15, "drawing models alone takes the anchors for fixed"


def test_a_difference_in_the_targets_errors_is_found() -> None:
    rng, held = drawn(100, 10, 0)
    noise = rng.normal(size=(10, 100))
    found = made({"a": 0.8 * noise, "random": noise}, [f"g{n}" for n in range(100)], held)
    result = Resolution(found).paired(method("a"), method("random"))
    assert (result.resolved, result.by_repeats) == (-1, -1)
    assert result.ratio == pytest.approx(0.8, abs=0.01)
    assert result.upper - result.lower < 0.01, "the same noise on both sides cancels"


def test_pooled_ratios_are_geometric_means_drawn_together() -> None:
    rng, held = drawn(60, 8, 4)
    groups = [f"g{n}" for n in range(60)]
    noise = rng.normal(size=(8, 60))
    one = {"a": noise * rng.uniform(0.5, 1.1, size=(8, 60)), "random": noise}
    other = {"a": rng.normal(size=(8, 60)), "random": 2 * rng.normal(size=(8, 60))}
    found = joined(made(one, groups, held), made(one, groups, held, k=20), made(other, groups, held, "c"))
    resolution = Resolution(found, draws=4000)
    pairs = [(method("a", *cell), method("random", *cell)) for cell in (("b", 10), ("b", 20), ("c", 10))]
    single = [resolution.paired(*pair) for pair in pairs]
    pooled = resolution.pooled(pairs)
    assert pooled.cells == 3
    assert pooled.ratio == pytest.approx(np.exp(np.mean([np.log(one.ratio) for one in single])))
    same = resolution.pooled(pairs[:2])
    np.testing.assert_allclose((same.lower, same.upper), (single[0].lower, single[0].upper))
    apart = resolution.pooled([pairs[0], pairs[2]])
    widths = [np.log(r.upper / r.lower) for r in (single[0], single[2], apart)]
    assert widths[2] == pytest.approx(np.hypot(widths[0], widths[1]) / 2, rel=0.1), "benchmarks are independent"


def test_only_targets_that_both_methods_estimated_count() -> None:
    rng, held = drawn(40, 3, 5)
    errors = {"a": np.round(rng.normal(size=(3, 40)), 2), "random": np.round(rng.normal(size=(3, 40)), 2)}
    errors["a"][:, ::3] = np.nan
    found = made(errors, [f"g{n}" for n in range(40)], held)
    both = held & ~np.isnan(errors["a"])
    means = [np.mean([np.abs(errors[name][r, both[r]]).mean() for r in range(3)]) for name in ("a", "random")]
    assert Resolution(found, draws=100).paired(method("a"), method("random")).ratio == pytest.approx(
        means[0] / means[1]
    )
    within = GroupErrors(found).shared(method("a"), method("random"))
    sums = GroupErrors(found).sums(method("a"), within).sum(axis=0)
    np.testing.assert_allclose(sums, [np.abs(errors["a"][r, both[r]]).mean() for r in range(3)])


def test_few_groups_resolve_nothing() -> None:
    held = np.ones((4, 5), bool)
    found = made({"a": np.full((4, 5), 1.0), "random": np.full((4, 5), 9.0)}, list("abcde"), held)
    result = Resolution(found).paired(method("a"), method("random"))
    assert (result.resolved, result.groups) == (0, 5)
    assert np.isnan(result.lower)


def test_no_error_on_either_side_is_no_difference() -> None:
    held = np.ones((3, 10), bool)
    groups = [f"g{n}" for n in range(10)]
    nothing, some = np.zeros((3, 10)), np.ones((3, 10))
    result = Resolution(made({"a": nothing, "random": nothing}, groups, held)).paired(method("a"), method("random"))
    assert (result.ratio, result.resolved, result.by_repeats) == (1.0, 0, 0)
    better = Resolution(made({"a": nothing, "random": some}, groups, held)).paired(method("a"), method("random"))
    assert (better.ratio, better.resolved) == (0.0, -1)


def test_what_shares_no_targets_is_refused() -> None:
    held = np.ones((2, 10), bool)
    groups = [f"g{n}" for n in range(10)]
    found = joined(made({"a": np.ones((2, 10))}, groups, held), made({"a": np.ones((2, 10))}, groups, held, "c"))
    with pytest.raises(ConfigurationError, match="not of one benchmark and split"):
        Resolution(found).paired(method("a"), method("a", "c"))
    with pytest.raises(ConfigurationError, match="share no target"):
        Resolution(found).paired(method("a"), method("random"))
    with pytest.raises(ConfigurationError, match="nothing to compare"):
        Resolution(found).pooled([])


def test_order_of_rows_changes_nothing() -> None:
    rng, held = drawn(40, 5, 6)
    errors = {name: rng.normal(size=(5, 40)) for name in ("a", "b", "random")}
    groups = [f"g{n // 2}" for n in range(40)]
    one = marks(made(errors, groups, held), draws=300)
    turned = marks(made(dict(reversed(errors.items())), groups, held), draws=300)
    keys = list(Combination._fields)
    pd.testing.assert_frame_equal(
        one.sort_values(keys).reset_index(drop=True), turned.sort_values(keys).reset_index(drop=True)
    )


def test_marks_say_what_is_resolved_and_who_is_with_the_best() -> None:
    rng, held = drawn(200, 12, 7)
    noise = rng.normal(size=(12, 200))
    levels = {"random": 1.0, "good": 0.5, "as good": 0.502, "bad": 1.5}
    errors = {name: level * noise + 0.05 * rng.normal(size=(12, 200)) for name, level in levels.items()}
    found = marks(made(errors, [f"g{n}" for n in range(200)], held), draws=1000).set_index("selector")
    assert found["resolved"].to_dict() == {"random": 0, "good": -1, "as good": -1, "bad": 1}
    assert set(found.loc[["good", "as good"], "standing"]) == {"best", "peer"}
    assert found.loc[["random", "bad"], "standing"].tolist() == ["", ""]
    assert np.isnan(found.loc["random", "ratio"])
    bare = marks(made({"a": noise, "b": 2 * noise}, [f"g{n}" for n in range(200)], held), draws=300)
    assert bare["ratio"].isna().all()
    assert bare["standing"].tolist() == ["best", ""]
