"""The language models against a slow reference, and as probability distributions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from anchoreval.errors import MethodOptionError
from anchoreval.pocket import LanguageModel, ModelSpec, train
from anchoreval.pocket.corpus import read_lines
from anchoreval.pocket.items import SUBJECTS, all_items
from anchoreval.pocket.smoothing import SMOOTHING
from anchoreval.pocket.tokens import START, vocabulary

from .reference import SlowModel

SPEC = ModelSpec(
    name="m",
    family="f",
    base_model="m",
    released="2024-01-01",
    size=3000,
    order=5,
    smoothing="witten_bell",
    strength=0.5,
    mixture=(1,) * len(SUBJECTS),
    seed=3,
)
SHOTS = "the capital of france is paris\nthe symbol of gold is au\n"
KINDS = [
    pytest.param(replace(SPEC, smoothing=name, unit=unit, order=order, cache=cache), id=f"{name}-{unit}-{cache}")
    for name in SMOOTHING
    for unit, order, cache in (("word", 5, 0), ("char", 9, 0), ("word", 3, 2), ("char", 7, 4))
]


def slow(spec: ModelSpec, model: LanguageModel) -> SlowModel:
    names = vocabulary(spec.unit).pieces
    return SlowModel(spec, read_lines(spec), dict(zip(names, model._untrained.tolist(), strict=True)))


@pytest.mark.parametrize("spec", KINDS)
def test_loglikelihood_equals_the_slow_reference(spec: ModelSpec) -> None:
    model = train(spec)
    reference = slow(spec, model)
    texts = [(item.prompt, f" {item.options[k % 4]}") for k, item in enumerate(all_items()[::200])]
    texts += [(SHOTS + context, rest) for context, rest in texts]
    texts += [("", "the capital of"), ("ann is", " taller than bob\nthe zyx"), ("", "qu\tÿ")]
    found = [model.loglikelihood(*text)[0] for text in texts]
    np.testing.assert_allclose(found, [reference.loglikelihood(*text) for text in texts], rtol=1e-9, atol=2e-9)


@pytest.mark.parametrize("spec", KINDS)
def test_probabilities_over_the_vocabulary_sum_to_one(spec: ModelSpec) -> None:
    model, vocab = train(spec), vocabulary(spec.unit)
    texts = ["", "the", "the capital of france is", "zyx zyx", SHOTS, SHOTS + "the capital of france is", "\n\n"]
    spread = model.next_token([vocab.encode(text) for text in texts])
    np.testing.assert_allclose(spread.sum(axis=1), 1.0, atol=1e-12)
    assert (spread[:, START] == 0).all()
    assert (np.delete(spread, START, axis=1) > 0).all()


@pytest.mark.parametrize("spec", [SPEC, replace(SPEC, unit="char", order=12, cache=3)])
def test_distribution_and_loglikelihood_agree(spec: ModelSpec) -> None:
    model, vocab = train(spec), vocabulary(spec.unit)
    context = "the capital of france is"
    spread = model.next_token([vocab.encode(context)])[0]
    for token in (5, 17, 25):
        continuation = vocab.pieces[token]
        assert model.loglikelihood(context, continuation)[0] == pytest.approx(np.log(spread[token]), abs=1e-9)


@pytest.mark.parametrize("spec", [SPEC, replace(SPEC, unit="char", order=14), replace(SPEC, cache=2)])
def test_greedy_flag_is_what_greedy_generation_produces(spec: ModelSpec) -> None:
    model = train(spec)
    asked = all_items()[::40]
    flags = 0
    for item in asked:
        made = model.generate(item.prompt)
        for option in item.options:
            greedy = model.loglikelihood(item.prompt, f" {option}")[1]
            assert greedy == (f"{made} ".startswith(f" {option}") if spec.unit == "char" else _starts(made, option))
            flags += greedy
    assert flags >= 3


def _starts(made: str, option: str) -> bool:
    return made.split()[: len(option.split())] == option.split()


def test_generation_stops_at_a_stop_string_and_at_the_limit() -> None:
    model = train(replace(SPEC, unit="char", order=16, size=100_000))
    whole = model.generate("the capital of france is")
    assert len(whole) > 3
    assert model.generate("the capital of france is", until=[whole[2:4]]) == whole[:2]
    assert model.generate("the capital of france is", limit=2) == whole[:2]


def test_empty_continuation_is_certain() -> None:
    assert train(SPEC).loglikelihood("the capital", "") == (0.0, True)


def test_training_is_reproducible_and_seeded() -> None:
    answer = train(SPEC).loglikelihood("the capital of france is", " paris")
    assert answer == train(SPEC).loglikelihood("the capital of france is", " paris")
    assert answer != train(replace(SPEC, seed=4)).loglikelihood("the capital of france is", " paris")


def test_a_prompt_changes_the_answers_of_models_with_a_prompt_cache_only() -> None:
    context, rest = "the capital of kenya is", " paris"
    plain, cached = train(SPEC), train(replace(SPEC, cache=2))
    assert plain.loglikelihood(SHOTS + context, rest) == plain.loglikelihood(context, rest)
    assert cached.loglikelihood(SHOTS + context, rest)[0] > cached.loglikelihood(context, rest)[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": "byte"}, "unit 'byte'"),
        ({"smoothing": "none"}, "smoothing 'none'"),
        ({"order": 13}, "order 13 is not in 1 to 12"),
        ({"cache": 4}, "cache 4 is not in 0 to 3"),
        ({"smoothing": "absolute", "strength": 1.5}, "strength 1.5 of absolute"),
        ({"size": -1}, "size -1 is negative"),
        ({"patience": 0.0}, "patience 0 is not positive"),
        ({"mixture": (1, 2)}, "12 whole parts"),
        ({"mixture": (0,) * 12}, "not all 0"),
        ({"tuned_size": 5}, "needs a mixture"),
    ],
)
def test_an_impossible_recipe_is_refused_by_name(change: dict[str, object], message: str) -> None:
    with pytest.raises(MethodOptionError, match=f"model 'm': .*{message}"):
        replace(SPEC, **change)  # type: ignore[arg-type]
