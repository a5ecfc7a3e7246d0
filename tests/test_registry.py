"""Methods by name: unknown names and options are refused with what there is; the contract verifies outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from anchoreval import registry
from anchoreval.contract import choose, fit, generator, unmet_need
from anchoreval.errors import BudgetError, MethodError, MethodOptionError, NotApplicableError, UnknownMethodError
from anchoreval.methods import Estimator, Selection, Selector
from anchoreval.responses import ResponseMatrix

from .conftest import simulate


@dataclass
class Fixed:
    """A selector that returns what it is told to."""

    unit: ClassVar[str] = "item"
    needs: ClassVar[frozenset[str]] = frozenset()
    items: list[str] = field(default_factory=list)
    weights: list[float] | None = None

    def select(self, sources: ResponseMatrix, k: int, rng: np.random.Generator) -> Selection:
        weights = None if self.weights is None else np.array(self.weights)
        return Selection(pd.Index(self.items), weights=weights)


def test_every_registered_method_satisfies_its_protocol() -> None:
    assert {"random", "stratified", "disco"} <= set(registry.selectors())
    assert {"mean", "weighted", "signature", "auto"} <= set(registry.estimators())
    for name in registry.selectors():
        selector = registry.make_selector(name)
        assert isinstance(selector, Selector)
        assert registry.method_name(selector) == name
        assert registry.provider("selector", name).startswith("anchoreval ")
    for name in registry.estimators():
        assert isinstance(registry.make_estimator(name), Estimator)


def test_unknown_names_and_options_say_what_there_is() -> None:
    with pytest.raises(UnknownMethodError, match=r"no selector is called 'disko' .*did you mean 'disco'"):
        registry.make_selector("disko")
    with pytest.raises(MethodOptionError, match=r"selector disco has no option 'scor' .*did you mean 'score'"):
        registry.make_selector("disco", scor="pds")


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        (Fixed(["item0001", "item0001"]), "item 'item0001' twice"),
        (Fixed(["item0001", "elsewhere"]), "unknown item 'elsewhere'"),
        (Fixed(["item0001"]), "returned 1 items, 2 were asked for"),
        (Fixed(["item0001", "item0002"], [1.0, -1.0]), "weights that are not 2 valid numbers"),
        (Fixed(["item0001", "item0002"], [1.0, float("nan")]), "weights that are not 2 valid numbers"),
        (Fixed(["item0001", "item0002"], [0.0, 0.0]), "weights that sum to 0"),
    ],
)
def test_a_selector_that_breaks_the_contract_is_named(selector: Fixed, message: str) -> None:
    with pytest.raises(MethodError, match=message):
        choose(selector, simulate(5, 10), 2)


def test_anchors_come_in_the_benchmarks_order_with_scaled_weights() -> None:
    chosen = choose(Fixed(["item0007", "item0002"], [3.0, 1.0]), simulate(5, 10), 2)
    assert chosen.items.tolist() == ["item0002", "item0007"]
    assert chosen.weights is not None
    assert chosen.weights.tolist() == [0.25, 0.75]


@pytest.mark.parametrize("k", [0, 11, -1, 2.5, True])
def test_an_impossible_budget_is_refused(k: object) -> None:
    with pytest.raises(BudgetError, match=f"k = {k} is not between 1 and the 10 items of benchmark simulated"):
        choose(Fixed(["item0001"]), simulate(5, 10), k)  # type: ignore[arg-type]


def test_unmet_needs_are_named() -> None:
    bare, rich = simulate(5, 10, continuous=True), simulate(5, 10, n_subjects=2, options=3)
    assert unmet_need({"binary"}, bare) == "scores that are 0 or 1"
    assert unmet_need({"probabilities"}, bare) == "option probabilities"
    assert unmet_need({"probabilities", "subjects", "complete", "binary"}, rich) is None
    with pytest.raises(NotApplicableError, match="selector disco needs option probabilities; benchmark simulated"):
        choose(registry.make_selector("disco"), bare, 3)
    with pytest.raises(NotApplicableError, match="estimator mean needs anchors drawn at random"):
        fit(registry.make_estimator("mean"), bare, Selection(bare.items.index[:3]))


def test_generators_for_different_purposes_differ_and_repeat() -> None:
    first = generator(1, "select", "random").random(4)
    assert np.array_equal(first, generator(1, "select", "random").random(4))
    assert not np.array_equal(first, generator(1, "fit", "random").random(4))
    assert not np.array_equal(first, generator(2, "select", "random").random(4))
