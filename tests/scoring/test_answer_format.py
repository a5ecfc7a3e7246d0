"""Keys of requests and the form of answers on disk."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchoreval.errors import ScoringError
from anchoreval.scoring.memory.answer_format import lm_eval_form, request_key, request_places, stored_form


def round_trip(method: str, answer: Any) -> Any:
    return lm_eval_form(method, json.loads(json.dumps(stored_form(method, answer), allow_nan=False)))


@given(st.floats(allow_nan=False), st.booleans())
def test_log_likelihoods_come_back_bit_for_bit(value: float, greedy: bool) -> None:
    assert round_trip("loglikelihood", (value, greedy)) == (value, greedy)
    again = round_trip("loglikelihood_rolling", value)
    assert math.copysign(1.0, again) == math.copysign(1.0, value)
    assert again == value


@given(st.text(st.characters()) | st.just("half of a pair: \ud800"))
def test_texts_come_back_character_for_character(text: str) -> None:
    assert round_trip("generate_until", text) == text


def test_numbers_in_arrays_of_one_are_taken_out() -> None:
    assert round_trip("loglikelihood", (np.array(-1.5), np.array(True))) == (-1.5, True)
    assert round_trip("loglikelihood_rolling", np.float64(-2.5)) == -2.5


def test_numbers_that_json_does_not_know_are_tagged() -> None:
    assert stored_form("loglikelihood_rolling", float("-inf")) == {"float": "-inf"}
    assert round_trip("loglikelihood", (float("-inf"), True)) == (-math.inf, True)
    assert math.isnan(round_trip("loglikelihood", [float("nan"), False])[0])
    value, greedy = round_trip("loglikelihood", (np.float32(-1.1), np.bool_(True)))
    assert (type(value), type(greedy), value) == (float, bool, float(np.float32(-1.1)))


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("loglikelihood", -1.0),
        ("loglikelihood", (-1.0, None)),
        ("loglikelihood", (True, True)),
        ("loglikelihood_rolling", (-1.0,)),
        ("generate_until", None),
        ("generate_until", -1.0),
        ("no_method", "x"),
    ],
)
def test_what_is_no_answer_is_not_kept(method: str, answer: Any) -> None:
    with pytest.raises(ValueError, match=f"a {method} request was answered with"):
        stored_form(method, answer)


@pytest.mark.parametrize("stored", [None, "x", [1], [1.0, 1], [True, True], [{"float": "1.0"}, True], {"a": 1}])
def test_what_is_no_answer_is_not_believed(stored: Any) -> None:
    with pytest.raises(ValueError, match="holds"):
        lm_eval_form("loglikelihood", stored)


def test_a_key_is_the_model_the_method_and_the_arguments_in_order() -> None:
    keys = [
        request_key(*parts)
        for parts in (
            ("m", "loglikelihood", ("a", "b")),
            ("n", "loglikelihood", ("a", "b")),
            ("m", "generate_until", ("a", "b")),
            ("m", "loglikelihood", ("b", "a")),
            ("m", "loglikelihood", ("ab", "")),
            ("m", "generate_until", ("a", {"until": ["\n"], "temperature": 0.0})),
            ("m", "generate_until", ("a", {"until": ["\n"], "temperature": 0.5})),
        )
    ]
    assert len(set(keys)) == len(keys)
    assert request_key("m", "generate_until", ("a", {"temperature": 0.0, "until": ["\n"]})) == keys[5]
    assert request_key("m", "loglikelihood", ["a", "b"]) == keys[0]


def test_repeats_have_places_of_their_own() -> None:
    places = request_places("m", "generate_until", [("a", {}), ("b", {}), ("a", {}), ("a", {})])
    assert [n for _, n in places] == [0, 0, 1, 2]
    assert len(set(places)) == 4
    with pytest.raises(ScoringError, match=r"a generate_until request cannot be remembered: .*bytes"):
        request_places("m", "generate_until", [(b"image", {})])
