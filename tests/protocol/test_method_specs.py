"""Every accepted way to name methods, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from anchor_selectors.simple_random import Random
from anchor_selectors.stratified import Stratified
from anchoreval.errors import MethodOptionError, UnknownMethodError
from anchoreval.estimators.signature import Signature
from anchoreval.protocol.method_specs import labelled_estimators, labelled_selectors
from anchoreval.registry import method_options


@pytest.mark.parametrize(
    ("specs", "labels"),
    [
        ("random", ["random"]),
        (["random", "stratified"], ["random", "stratified"]),
        (("random", "stratified"), ["random", "stratified"]),
        (("stratified", {"by": "task"}), ["stratified(by=task)"]),
        ([("stratified", {"by": "task"}), ["stratified", {}]], ["stratified(by=task)", "stratified"]),
        ({"name": "stratified", "by": "task"}, ["stratified(by=task)"]),
        ([{"name": "stratified", "by": "task", "label": "tasks"}], ["tasks"]),
        ({"a": "random", "b": ("stratified", {"by": "task"}), "c": Random()}, ["a", "b", "c"]),
        (Stratified(by="task"), ["stratified(by=task)"]),
        ([Random(), Stratified()], ["random", "stratified"]),
    ],
)
def test_accepted_forms(specs: Any, labels: list[str]) -> None:
    assert [one.label for one in labelled_selectors(specs)] == labels


def test_options_reach_the_method() -> None:
    made = labelled_selectors({"a": ("stratified", {"by": "task", "allocation": "equal"})})[0].method
    assert method_options(made) == {"by": "task", "allocation": "equal"}
    assert labelled_estimators(Signature(regressor="knn"))[0].label == "signature(regressor=knn)"


@pytest.mark.parametrize(
    ("specs", "error", "message"),
    [
        ("nosuch", UnknownMethodError, "no selector is called 'nosuch'"),
        ([("random", {"speed": 1})], MethodOptionError, "random has no option 'speed'"),
        (["random", "random"], MethodOptionError, "two methods are labelled 'random'"),
        ([], MethodOptionError, "no method"),
        ([("random", 3)], MethodOptionError, "not a pair"),
        ([3], MethodOptionError, "3 is neither"),
        ([Random], MethodOptionError, "neither the name of a method"),
        ([{"score": "jsd", "label": "x"}], MethodOptionError, "None is neither"),
        ([Signature()], MethodOptionError, "a verb 'select'"),
    ],
)
def test_refusals(specs: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        labelled_selectors(specs)
